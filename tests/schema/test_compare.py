"""What a difference says, word for word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.schema.compare import BODIES_UNSEEN, ComputedDifference, difference
from gitmig.schema.model import ObjectKind, ObjectName
from tests.schema.samples import (
    column,
    constraint,
    enum,
    function,
    index,
    one,
    schema,
    table,
    view,
)

if TYPE_CHECKING:
    from gitmig.schema.model import Schema

POST = table("public.post", id="integer not null", title="text")
KEY = constraint("public.post.post_pkey", "PRIMARY KEY (id)")
COUNTER = ("integer", 1, 1, 1, 2147483647, 1, False, "p")
NEXT = "nextval('public.post_id_seq'::regclass)"
SERIAL = (
    table("public.post", title="text")
    | column("public.post.id", "integer", not_null=True, default=NEXT)
    | one("sequence", "public.post_id_seq", *COUNTER, "public.post.id", None, None)
)
F = "public.f(a integer)\n RETURNS integer"
F_NAME = "public.f(integer)"
STATE = "public.state"
WITH_STATE = table("public.post", id="integer not null", state=STATE)
NEEDS_STATE = {"column public.post.state": ["enum public.state"]}
TITLES = view("public.titles", " SELECT post.title\n   FROM public.post;", title="text")
NEEDS_TITLE = {"view public.titles": ["column public.post.title", "table public.post"]}

CASES = {
    "nothing": (schema(POST, KEY), schema(POST, KEY), []),
    "a table with its key": (
        schema(),
        schema(POST, KEY),
        [
            """
CREATE TABLE public.post (
    id integer NOT NULL,
    title text,
    CONSTRAINT post_pkey PRIMARY KEY (id)
)"""
        ],
    ),
    "a serial column": (
        schema(),
        schema(SERIAL),
        ["CREATE TABLE public.post (\n    id serial,\n    title text\n)"],
    ),
    "a serial column for a table that is there": (
        schema(table("public.post", title="text")),
        schema(SERIAL),
        ["ALTER TABLE public.post ADD COLUMN id serial"],
    ),
    "a table goes with all that is on it": (
        schema(POST, KEY, index("public.post.i", "CREATE INDEX i ON public.post USING btree (title)")),
        schema(),
        ["DROP TABLE public.post"],
    ),
    "a foreign key goes before the table it refers to": (
        schema(
            POST,
            KEY,
            table("public.note", post_id="integer"),
            constraint("public.note.k", "FOREIGN KEY (post_id) REFERENCES public.post(id)"),
            needs={"constraint public.note.k": ["constraint public.post.post_pkey", "table public.post"]},
        ),
        schema(table("public.note", post_id="integer")),
        ["ALTER TABLE public.note DROP CONSTRAINT k", "DROP TABLE public.post"],
    ),
    "a column with a default": (
        schema(POST),
        schema(POST, column("public.post.draft", "boolean", not_null=True, default="false")),
        ["ALTER TABLE public.post ADD COLUMN draft boolean NOT NULL DEFAULT false"],
    ),
    "a renamed column": (
        schema(POST, index("public.post.i", "CREATE INDEX i ON public.post USING btree (title)")),
        schema(
            table("public.post", id="integer not null", name="text"),
            index("public.post.i", "CREATE INDEX i ON public.post USING btree (name)"),
        ),
        [
            "ALTER TABLE public.post RENAME COLUMN title TO name",
            "DROP INDEX public.i",
            "CREATE INDEX i ON public.post USING btree (name)",
        ],  # without edges nobody knows that the index is about that column
    ),
    "a renamed column of another type": (
        schema(POST),
        schema(table("public.post", id="integer not null", name="integer")),
        [
            "ALTER TABLE public.post DROP COLUMN title",
            "ALTER TABLE public.post ADD COLUMN name integer",
        ],
    ),
    "a renamed table": (
        schema(POST, KEY),
        schema(
            table("public.article", id="integer not null", title="text"),
            constraint("public.article.article_pkey", "PRIMARY KEY (id)"),
        ),
        [
            "ALTER TABLE public.post RENAME TO article",
            "ALTER TABLE public.article RENAME CONSTRAINT post_pkey TO article_pkey",
        ],
    ),
    "a type that converts by itself": (
        schema(POST),
        schema(table("public.post", id="bigint not null", title="text")),
        ["ALTER TABLE public.post ALTER COLUMN id TYPE bigint"],
    ),
    "a type that has to be asked for": (
        schema(POST),
        schema(table("public.post", id="integer not null", title="integer")),
        ["ALTER TABLE public.post ALTER COLUMN title TYPE integer USING title::integer"],
    ),
    "a type without a cast": (
        schema(POST),
        schema(table("public.post", id="uuid not null", title="text")),
        ["ALTER TABLE public.post ALTER COLUMN id TYPE uuid USING id::text::uuid"],
    ),
    "a view steps aside for the type of its column": (
        schema(POST, TITLES, needs=NEEDS_TITLE),
        schema(
            table("public.post", id="integer not null", title="character varying(9)"),
            view("public.titles", " SELECT post.title\n   FROM public.post;", title="character varying(9)"),
            needs=NEEDS_TITLE,
        ),
        [
            "DROP VIEW public.titles",
            "ALTER TABLE public.post ALTER COLUMN title TYPE character varying(9)",
            "CREATE VIEW public.titles AS\nSELECT post.title\n   FROM public.post",
        ],
    ),
    "a view with one column more is replaced": (
        schema(POST, TITLES),
        schema(POST, view("public.titles", " SELECT title, id\n FROM public.post;", title="text", id="integer")),
        ["CREATE OR REPLACE VIEW public.titles AS\nSELECT title, id\n FROM public.post"],
    ),
    "an enum gets values": (
        schema(enum(STATE, "b")),
        schema(enum(STATE, "a", "b", "c")),
        [
            "ALTER TYPE public.state ADD VALUE 'a' BEFORE 'b'",
            "ALTER TYPE public.state ADD VALUE 'c'",
        ],
    ),
    "an enum loses a value": (
        schema(enum(STATE, "a", "b"), WITH_STATE, needs=NEEDS_STATE),
        schema(enum(STATE, "a"), WITH_STATE, needs=NEEDS_STATE),
        [
            "ALTER TYPE public.state RENAME TO state_old",
            "CREATE TYPE public.state AS ENUM ('a')",
            "ALTER TABLE public.post ALTER COLUMN state TYPE public.state USING state::text::public.state",
            "DROP TYPE public.state_old",
        ],
    ),
    "an enum that no column has loses a value": (
        schema(enum(STATE, "a", "b")),
        schema(enum(STATE, "a")),
        ["DROP TYPE public.state", "CREATE TYPE public.state AS ENUM ('a')"],
    ),
    "a function's body": (
        schema(function(F_NAME, F)),
        schema(function(F_NAME, F, "SELECT 2")),
        [
            "SET LOCAL check_function_bodies = off",
            f"CREATE OR REPLACE FUNCTION {F}\n LANGUAGE sql\nAS $function$SELECT 2$function$",
        ],
    ),
    "a function's result": (
        schema(function(F_NAME, F)),
        schema(function(F_NAME, "public.f(a integer)\n RETURNS bigint")),
        [
            "SET LOCAL check_function_bodies = off",
            "DROP FUNCTION public.f(integer)",
            "CREATE OR REPLACE FUNCTION public.f(a integer)\n RETURNS bigint\n LANGUAGE sql\n"
            "AS $function$SELECT 1$function$",
        ],
    ),
    "a default and a comment": (
        schema(POST),
        schema(
            table("public.post", id="integer not null"),
            column("public.post.title", "text", default="''::text", comment="it's short"),
        ),
        [
            "COMMENT ON COLUMN public.post.title IS 'it''s short'",
            "ALTER TABLE public.post ALTER COLUMN title SET DEFAULT ''::text",
        ],
    ),
    "grants": (
        schema(one("sequence", "public.s", *COUNTER, None, None, None)),
        schema(
            one(
                "sequence", "public.s", *COUNTER, None, ["owner=SELECT", "owner=UPDATE", "owner=USAGE", "x=USAGE"], None
            )
        ),
        ["GRANT USAGE ON SEQUENCE public.s TO x"],
    ),
}


@pytest.mark.parametrize(
    ("found", "wanted", "statements"), [pytest.param(*case, id=name) for name, case in CASES.items()]
)
def test_statements_say_no_more_than_they_have_to(found: Schema, wanted: Schema, statements: list[str]) -> None:
    computed = difference(found, wanted)
    assert list(computed.statements) == [statement.lstrip("\n") for statement in statements]
    assert computed.unhandled == ()


def test_what_there_is_no_rule_for_is_named_and_left_alone() -> None:
    subscription = one("subscription", "s", "slot", "off", False, False, ["p"], None)
    computed = difference(schema(subscription), schema(POST))
    assert [str(name) for name in computed.unhandled] == ["subscription s"]
    assert computed.statements == ("CREATE TABLE public.post (\n    id integer NOT NULL,\n    title text\n)",)


def test_default_privileges_that_are_there_count_for_what_is_made() -> None:
    defaults = one("default privileges", "public.owner.r", ["reader=SELECT"])
    for grants, statements in (
        (None, ["REVOKE SELECT ON public.t FROM reader"]),
        (
            ("owner=SELECT", "reader=SELECT"),
            ["REVOKE DELETE, INSERT, REFERENCES, TRIGGER, TRUNCATE, UPDATE ON public.t FROM CURRENT_USER"],
        ),
    ):
        made = one("table", "public.t", "p", False, False, *[None] * 11, grants, None)
        computed = difference(schema(defaults), schema(defaults, made))
        assert list(computed.statements) == ["CREATE TABLE public.t ()", *statements]


# Several scripts: each with the one whose rows its statements may take along

A, B = ObjectName(ObjectKind.TABLE, "s.a"), ObjectName(ObjectKind.COLUMN, "s.b.c")
VIEW, INDEX = ObjectName(ObjectKind.VIEW, "s.v"), ObjectName(ObjectKind.INDEX, "s.b.i")


def parts(*names: ObjectName) -> list[tuple[int, tuple[str, ...]]]:
    work = tuple((name, f"DROP {name}") for name in names)
    return ComputedDifference(work=work, unhandled=()).parts({A: 3, B: 5})


def test_what_takes_no_rows_goes_with_what_does() -> None:
    assert parts(VIEW, B, INDEX, A) == [
        (5, ("DROP view s.v", "DROP column s.b.c", "DROP index s.b.i")),
        (3, ("DROP table s.a",)),
    ]


def test_the_order_stays_also_where_the_owners_take_turns() -> None:
    assert [place for place, _ in parts(A, B, A)] == [3, 5, 3]


def test_what_nobody_owns_is_the_first_owners() -> None:
    assert parts(ObjectName(ObjectKind.TABLE, "s.other"), VIEW) == [(3, ("DROP table s.other", "DROP view s.v"))]


def test_a_body_that_is_not_looked_into_is_so_in_its_own_script() -> None:
    body = "CREATE OR REPLACE FUNCTION s.f() RETURNS int\n LANGUAGE sql\nAS $function$SELECT 1$function$"
    work = ((A, "DROP TABLE s.a"), (B, "ALTER TABLE s.b DROP c"), (ObjectName(ObjectKind.FUNCTION, "s.f()"), body))
    found = ComputedDifference(work=work, unhandled=()).parts({A: 0, B: 1})
    assert found == [(0, ("DROP TABLE s.a",)), (1, (BODIES_UNSEEN, "ALTER TABLE s.b DROP c", body))]
