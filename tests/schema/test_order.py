"""Work in an order in which everything finds what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from gitmig.schema.compare import difference
from gitmig.schema.model import ObjectKind, ObjectName, Schema, Tie
from gitmig.schema.order import ordered
from tests.schema.samples import (
    Objects,
    column,
    constraint,
    enum,
    function,
    index,
    named,
    one,
    schema,
    table,
    view,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_an_order_respects_what_waits_and_then_priority() -> None:
    assert ordered("abcd", {"a": {"d"}, "b": {"a"}}, priority=lambda node: node) == ["c", "d", "a", "b"]


def test_a_ring_is_broken_at_the_lowest_priority() -> None:
    assert ordered("cba", {"a": {"b"}, "b": {"a"}, "c": {"b"}}, priority=lambda node: node) == ["a", "b", "c"]


def test_what_is_no_part_of_the_work_is_not_waited_for() -> None:
    assert ordered("a", {"a": {"z"}}, priority=lambda node: node) == ["a"]


# --- what is done together, and what waits for what

COUNTER = ("integer", 1, 1, 1, 2147483647, 1, False, "p")
# A function that takes a row of the table s.t, and one that needs nothing.
OF_ROW = function("s.f(s.t)", "s.f(r s.t)\n RETURNS integer")
ALONE = function("s.g()", "s.g()\n RETURNS integer")
MAKES_OF_ROW = "CREATE OR REPLACE FUNCTION s.f(r s.t)\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$"
MAKES_ALONE = "CREATE OR REPLACE FUNCTION s.g()\n RETURNS integer\n LANGUAGE sql\nAS $function$SELECT 1$function$"
NEEDS_ROW = {"function s.f(s.t)": ["table s.t"]}


def inheriting(name: str, parent: str, **columns: str) -> Objects:
    """A table that has all its columns from another one."""
    found = one("table", name, "p", False, False, *[None] * 7, [parent], None, None, None, None, None)
    for part, type_ in columns.items():
        found |= column(f"{name}.{part}", type_, local=False)
    return found | {ObjectName(ObjectKind.COLUMN_ORDER, name): ", ".join(columns)}


def along(found: Schema, pairs: dict[str, str]) -> Schema:
    """The same, where some objects go along with others when these are dropped."""
    edges = {name: dict(needed) for name, needed in found.edges.items()}
    for dependent, needed in pairs.items():
        edges.setdefault(named(dependent), {})[named(needed)] = Tie.GOES_ALONG
    return Schema(found.objects, edges)


def domain(type_: str, **more: Any) -> Objects:
    """The domain `s.d`."""
    fields = {"type": type_, "not_null": False, "default": None, "collation": None, "constraints": None}
    return one("domain", "s.d", *(fields | more).values(), None, None)


MADE = {
    "what has its columns from another table": (
        schema(
            table("s.p", a="integer"),
            inheriting("s.c", "s.p", a="integer"),
            needs={"table s.c": ["table s.p"], "column s.c.a": ["column s.p.a", "table s.c"]},
        ),
        ["CREATE TABLE s.p (\n    a integer\n)", "CREATE TABLE s.c () INHERITS (s.p)"],
    ),
    "a default in its column, behind the function that it calls": (
        schema(
            table("s.t"),
            column("s.t.a", "integer", default="s.g()"),
            ALONE,
            needs={"default s.t.a": ["function s.g()"]},
        ),
        ["SET LOCAL check_function_bodies = off", MAKES_ALONE, "CREATE TABLE s.t (\n    a integer DEFAULT s.g()\n)"],
    ),
    "a default whose function takes a row of the table": (
        schema(
            table("s.t"),
            column("s.t.a", "integer", default="s.f(NULL::s.t)"),
            OF_ROW,
            needs={**NEEDS_ROW, "default s.t.a": ["function s.f(s.t)"]},
        ),
        [
            "SET LOCAL check_function_bodies = off",
            "CREATE TABLE s.t (\n    a integer\n)",
            MAKES_OF_ROW,
            "ALTER TABLE s.t ALTER COLUMN a SET DEFAULT s.f(NULL::s.t)",
        ],
    ),
    "a check whose function takes a row of the table": (
        schema(
            table("s.t", a="integer"),
            constraint("s.t.k", "CHECK (s.f(t.*) > 0)"),
            OF_ROW,
            needs={**NEEDS_ROW, "constraint s.t.k": ["function s.f(s.t)", "table s.t"]},
        ),
        [
            "SET LOCAL check_function_bodies = off",
            "CREATE TABLE s.t (\n    a integer\n)",
            MAKES_OF_ROW,
            "ALTER TABLE s.t ADD CONSTRAINT k CHECK (s.f(t.*) > 0)",
        ],
    ),
    "a check that is not valid": (
        schema(table("s.t", a="integer"), constraint("s.t.k", "CHECK ((a > 0)) NOT VALID")),
        ["CREATE TABLE s.t (\n    a integer\n)", "ALTER TABLE s.t ADD CONSTRAINT k CHECK ((a > 0)) NOT VALID"],
    ),
    "a foreign key behind both tables": (
        schema(
            table("s.z", id="integer"),
            constraint("s.z.z_pkey", "PRIMARY KEY (id)"),
            table("s.a", z="integer"),
            constraint("s.a.k", "FOREIGN KEY (z) REFERENCES s.z(id)"),
            needs={"constraint s.a.k": ["constraint s.z.z_pkey", "table s.z", "table s.a"]},
        ),
        [
            "CREATE TABLE s.a (\n    z integer\n)",
            "CREATE TABLE s.z (\n    id integer,\n    CONSTRAINT z_pkey PRIMARY KEY (id)\n)",
            "ALTER TABLE s.a ADD CONSTRAINT k FOREIGN KEY (z) REFERENCES s.z(id)",
        ],
    ),
    "a view behind the one that it reads": (
        schema(
            view("s.a", " SELECT b.x\n   FROM s.b;", x="integer"),
            view("s.b", " SELECT 1 AS x;", x="integer"),
            needs={"view s.a": ["view s.b"]},
        ),
        ["CREATE VIEW s.b AS\nSELECT 1 AS x", "CREATE VIEW s.a AS\nSELECT b.x\n   FROM s.b"],
    ),
    "what is said of the parts of a table behind it": (
        schema(table("s.t"), column("s.t.a", "integer", comment="a part", grants=["x=SELECT"])),
        [
            "CREATE TABLE s.t (\n    a integer\n)",
            "GRANT SELECT (a) ON s.t TO x",
            "COMMENT ON COLUMN s.t.a IS 'a part'",
        ],
    ),
    "a serial whose sequence counts otherwise is none": (
        schema(
            table("s.t"),
            column("s.t.id", "integer", not_null=True, default="nextval('s.t_id_seq'::regclass)"),
            one("sequence", "s.t_id_seq", "integer", 5, 1, 1, 2147483647, 1, False, "p", "s.t.id", None, None),
            needs={"default s.t.id": ["sequence s.t_id_seq"]},
        ),
        [
            "CREATE SEQUENCE s.t_id_seq AS integer START WITH 5",
            "CREATE TABLE s.t (\n    id integer NOT NULL DEFAULT nextval('s.t_id_seq'::regclass)\n)",
            "ALTER SEQUENCE s.t_id_seq OWNED BY s.t.id",
        ],
    ),
}


@pytest.mark.parametrize(("wanted", "statements"), list(MADE.values()), ids=list(MADE))
def test_what_is_made_finds_what_it_needs(wanted: Schema, statements: list[str]) -> None:
    assert list(difference(schema(), wanted).statements) == statements


T = table("s.t", a="integer")
BY_A = index("s.t.i", "CREATE INDEX i ON s.t USING btree (a)")
ON_ROW = one("trigger", "s.t.g", "CREATE TRIGGER g BEFORE INSERT ON s.t FOR EACH ROW EXECUTE FUNCTION s.f()", "O", None)
DROPPED = {
    "what goes along with a table": (
        along(schema(T, BY_A, ON_ROW), {"index s.t.i": "table s.t", "trigger s.t.g": "table s.t"}),
        schema(),
        ["DROP TABLE s.t"],
    ),
    "what goes along with a column": (
        along(schema(table("s.t", a="integer", b="text"), BY_A), {"index s.t.i": "column s.t.a"}),
        schema(table("s.t", b="text")),
        ["ALTER TABLE s.t DROP COLUMN a"],
    ),
    "what would go along, but needs what needs the table": (
        along(
            schema(
                table("s.t"),
                column("s.t.a", "integer", default="s.f(NULL::s.t)"),
                OF_ROW,
                needs={**NEEDS_ROW, "default s.t.a": ["function s.f(s.t)"]},
            ),
            {"default s.t.a": "column s.t.a"},
        ),
        schema(),
        ["ALTER TABLE s.t ALTER COLUMN a DROP DEFAULT", "DROP FUNCTION s.f(s.t)", "DROP TABLE s.t"],
    ),
    "a view ahead of the one that it reads": (
        schema(
            view("s.a", " SELECT 1 AS x;", x="integer"),
            view("s.b", " SELECT a.x\n   FROM s.a;", x="integer"),
            needs={"view s.b": ["view s.a"]},
        ),
        schema(),
        ["DROP VIEW s.b", "DROP VIEW s.a"],
    ),
    "a column behind the view that does without it now": (
        schema(
            table("s.t", a="integer", b="text"),
            view("s.v", " SELECT t.a\n   FROM s.t\n  WHERE t.b IS NULL;", a="integer"),
            needs={"view s.v": ["column s.t.a", "column s.t.b", "table s.t"]},
        ),
        schema(
            T, view("s.v", " SELECT t.a\n   FROM s.t;", a="integer"), needs={"view s.v": ["column s.t.a", "table s.t"]}
        ),
        [
            "DROP VIEW s.v",
            "ALTER TABLE s.t DROP COLUMN b",
            "CREATE VIEW s.v AS\nSELECT t.a\n   FROM s.t",
        ],
    ),
}


@pytest.mark.parametrize(("found", "wanted", "statements"), list(DROPPED.values()), ids=list(DROPPED))
def test_what_is_dropped_is_needed_by_nothing_any_more(found: Schema, wanted: Schema, statements: list[str]) -> None:
    assert list(difference(found, wanted).statements) == statements


@pytest.mark.parametrize(
    ("found", "wanted", "statements"),
    [
        pytest.param(
            schema(table("s.v", a="integer")),
            schema(view("s.v", " SELECT 1 AS a;", a="integer")),
            ["DROP TABLE s.v", "CREATE VIEW s.v AS\nSELECT 1 AS a"],
            id="a view under a table's name",
        ),
        pytest.param(
            schema(view("s.t", " SELECT 1 AS a;", a="integer")),
            schema(enum("s.t", "x")),
            ["DROP VIEW s.t", "CREATE TYPE s.t AS ENUM ('x')"],
            id="a type under a view's name",
        ),
        pytest.param(
            schema(T, BY_A),
            schema(T, one("sequence", "s.i", *COUNTER, None, None, None)),
            ["DROP INDEX s.i", "CREATE SEQUENCE s.i AS integer"],
            id="a sequence under an index's name",
        ),
        pytest.param(
            schema(T),
            schema(
                table("s.t", a="integer", b="text"),
                view("s.a", " SELECT t.b\n   FROM s.t;", b="text"),
                needs={"view s.a": ["column s.t.b"]},
            ),
            ["ALTER TABLE s.t ADD COLUMN b text", "CREATE VIEW s.a AS\nSELECT t.b\n   FROM s.t"],
            id="a view of a column that is new",
        ),
        pytest.param(
            schema(domain("integer"), table("s.t", a="s.d"), needs={"column s.t.a": ["domain s.d"]}),
            schema(domain("integer", default="1"), table("s.t", a="s.d"), needs={"column s.t.a": ["domain s.d"]}),
            ["ALTER DOMAIN s.d SET DEFAULT 1"],
            id="a domain that is changed in its place",
        ),
        pytest.param(
            schema(domain("integer"), table("s.t", a="s.d"), needs={"column s.t.a": ["domain s.d"]}),
            schema(domain("bigint"), table("s.t", a="s.d"), needs={"column s.t.a": ["domain s.d"]}),
            [
                "ALTER DOMAIN s.d RENAME TO d_old",
                "CREATE DOMAIN s.d AS bigint",
                "ALTER TABLE s.t ALTER COLUMN a TYPE s.d USING a::text::s.d",
                "DROP DOMAIN s.d_old",
            ],
            id="a domain of another type",
        ),
    ],
)
def test_what_is_made_waits_for_its_name_and_for_what_is_changed(
    found: Schema, wanted: Schema, statements: Sequence[str]
) -> None:
    assert list(difference(found, wanted).statements) == statements


def test_an_order_of_many_takes_the_next_in_priority_each_time() -> None:
    after = {3: {5}, 1: {3}, 4: {5}}
    assert ordered([1, 2, 3, 4, 5], after, priority=lambda node: -node) == [5, 4, 3, 2, 1]
    assert ordered([1, 2, 3, 4, 5], after, priority=lambda node: node) == [2, 5, 3, 1, 4]


def test_of_two_with_one_priority_the_first_stays_the_first() -> None:
    assert ordered("cab", {}, priority=lambda _: 0) == ["c", "a", "b"]


def test_nobody_waits_for_oneself() -> None:
    assert ordered("ab", {"a": {"a", "b"}}, priority=lambda node: node) == ["b", "a"]
