"""What was only called otherwise keeps what is in it: renamings that were noted, that are guessed, and making room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.schema.compare import difference
from gitmig.schema.model import ObjectKind
from gitmig.schema.noted_renames import Renaming, Undo
from tests.schema.samples import Objects, column, constraint, function, index, one, partitioned, schema, table

if TYPE_CHECKING:
    from gitmig.schema.model import Schema

COUNTER = ("integer", 1, 1, 1, 2147483647, 1, False, "p")
POST = table("public.post", id="integer not null", title="text")
A, B = table("s.a", x="integer"), table("s.b", y="text")


def undo(*noted: tuple[str, str, str], whole: bool = True) -> Undo:
    """The renamings of one script: kind, name before and after it."""
    return Undo([Renaming(ObjectKind(kind), before, after) for kind, before, after in noted], whole)


def serial(schema_name: str) -> Objects:
    """A table with a serial column, in a schema."""
    name = f"{schema_name}.t"
    default = f"nextval('{name}_id_seq'::regclass)"
    return (
        table(name, n="text")
        | column(f"{name}.id", "integer", not_null=True, default=default)
        | one("sequence", f"{name}_id_seq", *COUNTER, f"{name}.id", None, None)
    )


def identity(name: str) -> Objects:
    """A column of a table, `s.t.a`, that counts by itself."""
    counter = one("sequence", f"{name.rpartition('.')[0]}_{name.rpartition('.')[2]}_seq", *COUNTER, name, None, None)
    return column(name, "integer", not_null=True, identity="a") | counter


def trigger(name: str) -> Objects:
    """A trigger of the table `public.post`."""
    text = f"CREATE TRIGGER {name} BEFORE INSERT ON public.post FOR EACH ROW EXECUTE FUNCTION public.f()"
    return one("trigger", f"public.post.{name}", text, "O", None)


def by_title(name: str) -> Objects:
    """An index of the table `public.post`."""
    return index(f"public.post.{name}", f"CREATE INDEX {name} ON public.post USING btree (title)")


NOTED: dict[str, tuple[Schema, Schema, list[Undo], list[str]]] = {
    "a table before its column": (
        schema(table("public.article", id="integer not null", name="text")),
        schema(POST),
        [undo(("column", "public.post.title", "public.post.name"), ("table", "public.post", "public.article"))],
        [
            "ALTER TABLE public.article RENAME TO post",
            "ALTER TABLE public.post RENAME COLUMN name TO title",
        ],
    ),
    "two that have each other's name": (
        schema(table("s.a", y="text"), table("s.b", x="integer")),
        schema(A, B),
        [undo(("table", "s.a", "s.b"), ("table", "s.b", "s.a"))],
        [
            "ALTER TABLE s.a RENAME TO a_gitmig",
            "ALTER TABLE s.b RENAME TO b_gitmig",
            "ALTER TABLE s.b_gitmig RENAME TO a",
            "ALTER TABLE s.a_gitmig RENAME TO b",
        ],
    ),
    "another one has the name": (
        schema(table("s.new", x="integer"), table("s.a", z="text")),
        schema(A, table("s.c", z="text")),
        [undo(("table", "s.a", "s.new"))],
        [
            "ALTER TABLE s.a RENAME TO a_gitmig",
            "ALTER TABLE s.new RENAME TO a",
            "DROP TABLE s.a_gitmig",
            "CREATE TABLE s.c (\n    z text\n)",
        ],
    ),
    "a schema takes along what is in it": (
        schema(one("schema", "r", None, None), table("r.t", a="text"), index("r.t.i", "CREATE INDEX i ON r.t (a)")),
        schema(one("schema", "s", None, None), table("s.t", a="text"), index("s.t.i", "CREATE INDEX i ON s.t (a)")),
        [undo(("schema", "s", "r"))],
        ["ALTER SCHEMA r RENAME TO s"],
    ),
    "a table takes its sequence to another schema": (
        schema(serial("r")),
        schema(serial("s")),
        [undo(("table", "s.t", "r.t"))],
        ["ALTER TABLE r.t SET SCHEMA s"],
    ),
    "an identity takes its sequence to another schema": (
        schema(table("r.t"), identity("r.t.a")),
        schema(table("s.t"), identity("s.t.a")),
        [undo(("table", "s.t", "r.t"))],
        ["ALTER TABLE r.t SET SCHEMA s"],
    ),
    "another schema and another name": (
        schema(table("r.u", x="integer")),
        schema(table("s.t", x="integer")),
        [undo(("table", "s.t", "r.u"))],
        ["ALTER TABLE r.u SET SCHEMA s", "ALTER TABLE s.u RENAME TO t"],
    ),
    "a function is named with its arguments": (
        schema(function("s.g(integer)", "s.f(a integer)\n RETURNS integer")),
        schema(function("s.f(integer)", "s.f(a integer)\n RETURNS integer")),
        [undo(("function", "s.f(integer)", "s.g(integer)"))],
        ["ALTER FUNCTION s.g(integer) RENAME TO f"],
    ),
    "whatever belongs to a table": (
        schema(
            POST,
            constraint("public.post.k2", "CHECK ((id > 0))"),
            by_title("i2"),
            trigger("t2"),
            one("sequence", "public.s2", *COUNTER, None, None, None),
        ),
        schema(
            POST,
            constraint("public.post.k", "CHECK ((id > 0))"),
            by_title("i"),
            trigger("t"),
            one("sequence", "public.s", *COUNTER, None, None, None),
        ),
        [
            undo(
                ("constraint", "public.post.k", "public.post.k2"),
                ("index", "public.post.i", "public.post.i2"),
                ("trigger", "public.post.t", "public.post.t2"),
                ("sequence", "public.s", "public.s2"),
            )
        ],
        [
            "ALTER SEQUENCE public.s2 RENAME TO s",
            "ALTER TABLE public.post RENAME CONSTRAINT k2 TO k",
            "ALTER INDEX public.i2 RENAME TO i",
            "ALTER TRIGGER t2 ON public.post RENAME TO t",
        ],
    ),
    "two scripts, newest first": (
        schema(table("s.c", x="integer")),
        schema(A),
        [undo(("table", "s.b", "s.c")), undo(("table", "s.a", "s.b"))],
        ["ALTER TABLE s.c RENAME TO b", "ALTER TABLE s.b RENAME TO a"],
    ),
    "what is not there any more": (schema(), schema(), [undo(("table", "s.b", "s.c"))], []),
    "behind a down that has not taken it back": (
        schema(table("s.t", b="text")),
        schema(table("s.t", a="text")),
        [undo(("column", "s.t.a", "s.t.b"), whole=False)],
        ["ALTER TABLE s.t RENAME COLUMN b TO a"],
    ),
    "behind a down that has made the old one anew": (
        schema(table("s.t", a="text", b="integer")),
        schema(table("s.t", a="text")),
        [undo(("column", "s.t.a", "s.t.b"), whole=False)],
        ["ALTER TABLE s.t DROP COLUMN b"],
    ),
    "behind a down where both are wanted": (
        schema(table("s.t", b="text")),
        schema(table("s.t", a="text", b="text")),
        [undo(("column", "s.t.a", "s.t.b"), whole=False)],
        ["ALTER TABLE s.t ADD COLUMN a text"],
    ),
}


@pytest.mark.parametrize(("found", "wanted", "undos", "statements"), list(NOTED.values()), ids=list(NOTED))
def test_what_was_noted_is_given_its_old_name(
    found: Schema, wanted: Schema, undos: list[Undo], statements: list[str]
) -> None:
    computed = difference(found, wanted, renames=False, undos=undos)
    assert list(computed.statements) == statements
    assert computed.unhandled == ()


def test_each_statement_of_a_renaming_is_about_what_is_renamed() -> None:
    found, wanted, undos, _ = NOTED["another one has the name"]
    work = difference(found, wanted, renames=False, undos=undos).work
    assert [str(name) for name, _ in work] == ["table s.a", "table s.new", "table s.a_gitmig", "table s.c"]


# --- making room

ONE = table("s.t", id="integer not null")
ROUND = "OVERRIDING SYSTEM VALUE SELECT id FROM"


def by_default(name: str) -> str:
    """What lets the rows of a table without partitions in."""
    source, target = f"{name}_gitmig", name
    return (
        f"DO $$BEGIN IF EXISTS (SELECT FROM {source}) THEN "
        f"CREATE TABLE {target}_default PARTITION OF {target} DEFAULT; END IF; END$$"
    )


def test_a_table_makes_room_for_one_that_is_partitioned_and_so_do_the_names_of_its_parts() -> None:
    key = constraint("s.t.t_pkey", "PRIMARY KEY (id)")
    found = schema(ONE, key, index("s.t.i", "CREATE INDEX i ON s.t USING btree (id)"))
    computed = difference(found, schema(partitioned("s.t", "RANGE (id)", id="integer not null"), key))
    assert list(computed.statements) == [
        "ALTER TABLE s.t RENAME TO t_gitmig",
        "ALTER TABLE s.t_gitmig RENAME CONSTRAINT t_pkey TO t_pkey_gitmig",
        "ALTER INDEX s.i RENAME TO i_gitmig",
        "CREATE TABLE s.t (\n    id integer NOT NULL,\n    CONSTRAINT t_pkey PRIMARY KEY (id)\n)"
        " PARTITION BY RANGE (id)",
        by_default("s.t"),
        f"INSERT INTO s.t (id) {ROUND} s.t_gitmig",
        "DROP TABLE s.t_gitmig",
    ]


def test_an_identity_makes_room_with_the_name_of_its_sequence() -> None:
    found = schema(table("s.t"), identity("s.t.id"))
    wanted = schema(partitioned("s.t", "RANGE (id)"), identity("s.t.id"))
    assert list(difference(found, wanted).statements[:2]) == [
        "ALTER TABLE s.t RENAME TO t_gitmig",
        "ALTER SEQUENCE s.t_id_seq RENAME TO t_id_seq_gitmig",
    ]


def test_a_table_may_be_partitioned_and_renamed_at_once() -> None:
    computed = difference(schema(ONE), schema(partitioned("s.u", "RANGE (id)", id="integer not null")))
    assert list(computed.statements) == [
        "ALTER TABLE s.t RENAME TO u_gitmig",
        "CREATE TABLE s.u (\n    id integer NOT NULL\n) PARTITION BY RANGE (id)",
        by_default("s.u"),
        f"INSERT INTO s.u (id) {ROUND} s.u_gitmig",
        "DROP TABLE s.u_gitmig",
    ]


TWO_ALIKE = table("s.v", id="integer not null")
PARTED = partitioned("s.u", "RANGE (id)", id="integer not null")


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        pytest.param([ONE, TWO_ALIKE], [PARTED], id="two could be it"),
        pytest.param([ONE], [PARTED, partitioned("s.w", "LIST (id)", id="integer not null")], id="it could be two"),
        pytest.param([table("s.t", id="bigint not null")], [PARTED], id="another type"),
        pytest.param([ONE], [table("s.u", id="integer")], id="neither is partitioned"),
    ],
)
def test_in_doubt_no_table_makes_room_for_one_of_another_name(found: list[Objects], wanted: list[Objects]) -> None:
    texts = difference(schema(*found), schema(*wanted)).statements
    assert not any("_gitmig" in text for text in texts)


# --- guessed


def renamed(found: Schema, wanted: Schema, *, rows: bool = True) -> list[str]:
    """The renamings among the statements."""
    return [text for text in difference(found, wanted, renames=rows).statements if " RENAME " in text]


def with_columns(**types: str) -> Schema:
    """The table `s.t` with these columns and one that stays."""
    return schema(table("s.t", stays="boolean", **types))


@pytest.mark.parametrize(
    ("found", "wanted", "pairs"),
    [
        pytest.param({"a": "text"}, {"b": "text"}, ["a b"], id="one for one"),
        pytest.param({"a": "text"}, {"b": "integer"}, [], id="of another type"),
        pytest.param(
            {"published": "date", "x": "date"}, {"published_at": "date", "y": "date"}, ["published published_at"]
        ),
        pytest.param({"id": "date", "x": "date"}, {"user_id": "date", "y": "date"}, ["id user_id"]),
        pytest.param({"a": "date", "b": "date"}, {"ax": "date", "xb": "date"}, [], id="not akin"),
        pytest.param({"a": "date", "x": "date"}, {"a_b": "date", "c_a": "date"}, [], id="akin to two"),
        pytest.param({"a_b": "date", "a_c": "date"}, {"a": "date", "z": "date"}, [], id="two akin to one"),
    ],
)
def test_columns_are_guessed_where_no_doubt_is(found: dict[str, str], wanted: dict[str, str], pairs: list[str]) -> None:
    said = [f"ALTER TABLE s.t RENAME COLUMN {one.replace(' ', ' TO ')}" for one in pairs]
    assert renamed(with_columns(**found), with_columns(**wanted)) == said


def defaulted(name: str, default: str | None = None, **more: object) -> Schema:
    """A table with one column of this name, and its default."""
    return schema(table("s.t"), column(f"s.t.{name}", "integer", default=default, **more))


@pytest.mark.parametrize(
    ("found", "wanted", "is_guessed"),
    [
        pytest.param(defaulted("a", "1"), defaulted("b", "1"), True, id="the same default"),
        pytest.param(defaulted("a", "1"), defaulted("b", "2"), False, id="another default"),
        pytest.param(defaulted("a", "1"), defaulted("b"), False, id="no default any more"),
        pytest.param(defaulted("a", "nextval('s.x')"), defaulted("b", "nextval('s.y')"), True, id="sequences"),
        pytest.param(defaulted("a", "nextval('s.x')"), defaulted("b", "1"), False, id="a sequence and a value"),
        pytest.param(
            schema(table("s.t"), column("s.t.a", "integer", not_null=True)),
            schema(table("s.t"), identity("s.t.b")),
            False,
            id="an identity",
        ),
        pytest.param(defaulted("a", local=False), defaulted("b", local=False), False, id="inherited"),
        pytest.param(defaulted("a", generated="s"), defaulted("b", generated="s"), False, id="generated"),
    ],
)
def test_a_column_is_the_same_one_if_it_gets_its_values_alike(found: Schema, wanted: Schema, is_guessed: bool) -> None:
    assert bool(renamed(found, wanted)) == is_guessed


@pytest.mark.parametrize(
    ("found", "wanted", "statement"),
    [
        pytest.param([trigger("t2")], [trigger("t")], "ALTER TRIGGER t2 ON public.post RENAME TO t", id="a trigger"),
        pytest.param([by_title("i2")], [by_title("i")], "ALTER INDEX public.i2 RENAME TO i", id="an index"),
        pytest.param(
            [constraint("public.post.k2", "CHECK (true)")],
            [constraint("public.post.k", "CHECK (true)")],
            "ALTER TABLE public.post RENAME CONSTRAINT k2 TO k",
            id="a constraint",
        ),
    ],
)
def test_what_holds_no_rows_is_guessed_also_where_rows_are_none_of_the_guesses(
    found: list[Objects], wanted: list[Objects], statement: str
) -> None:
    assert renamed(schema(POST, *found), schema(POST, *wanted), rows=False) == [statement]


def test_two_that_are_alike_are_not_guessed() -> None:
    found = schema(POST, trigger("a"), trigger("b"))
    assert renamed(found, schema(POST, trigger("c"))) == []
    assert renamed(schema(POST, trigger("c")), found) == []


def test_tables_are_guessed_by_their_columns_and_rules_and_not_without_rows() -> None:
    found = schema(A, constraint("s.a.k", "CHECK ((s.a.x > 0))"))
    wanted = schema(table("s.c", x="integer"), constraint("s.c.k", "CHECK ((s.c.x > 0))"))
    assert renamed(found, wanted) == ["ALTER TABLE s.a RENAME TO c"]
    assert renamed(found, wanted, rows=False) == []
    assert renamed(found, schema(table("s.c", x="integer"))) == []
    assert renamed(schema(table("s.a")), schema(table("s.c"))) == []


def test_a_name_that_another_one_keeps_is_not_given() -> None:
    """What stays has it as a view, say: the new table is made under it once that is gone."""
    view = one("view", "s.c", "p", False, False, *[None] * 9, " SELECT 1;", [], None, None)
    assert renamed(schema(A, view), schema(table("s.c", x="integer"))) == []
