"""Bodies of functions behind both orders: asked about in the scratch database, and nothing is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.check.bodies import Ask, Routine, UnseenBody, questions
from gitmig.check.proof import OrderResult, PlannedRun, PlannedScript, RunOrder
from gitmig.migrations.plan import Direction
from gitmig.trials.orders import founded_scratch, run_orders
from tests.conftest import url_of
from tests.samples import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from gitmig.trials.orders import FoundedScratch

BASE = """CREATE TABLE votes (id int PRIMARY KEY, kind text, amount int);
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';"""
TRIGGER = "CREATE TRIGGER fills BEFORE INSERT ON votes FOR EACH ROW EXECUTE FUNCTION f();"


def in_plpgsql(body: str, returns: str = "void") -> str:
    return f"CREATE FUNCTION f() RETURNS {returns} LANGUAGE plpgsql AS $$ {body} $$;"


@pytest.fixture(scope="module")
def founded(server: str) -> Iterator[FoundedScratch]:
    with founded_scratch(url_of(server, "postgres"), "", [content(BASE).up]) as scratch:
        yield scratch


def behind(founded: FoundedScratch, ours: str, theirs: str) -> OrderResult:
    scripts = [
        PlannedScript(label=label, direction=Direction.APPLY, script=content(sql).up)
        for label, sql in (("ours", ours), ("theirs", theirs))
    ]
    return run_orders(founded, {RunOrder.OURS_FIRST: PlannedRun(ups=tuple(scripts))})[RunOrder.OURS_FIRST]


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        (
            in_plpgsql("BEGIN NEW.kind := 'x'; RETURN NEW; END", "trigger") + TRIGGER,
            "ALTER TABLE votes RENAME kind TO sort;",
            'column "kind" not found in data type votes',
        ),
        (
            in_plpgsql("BEGIN INSERT INTO votes (id, kind) VALUES (1, 'x'); END"),
            "ALTER TABLE votes ALTER amount SET NOT NULL;",
            "null value in column amount of votes",
        ),
        (
            in_plpgsql("BEGIN INSERT INTO votes (id, kind) VALUES (1, 'x'); END"),
            "ALTER TABLE votes ALTER amount SET DEFAULT 1, ALTER amount SET NOT NULL;",
            None,
        ),
        (in_plpgsql("DECLARE n int; BEGIN n := twice(n); END"), "DROP FUNCTION twice;", "function twice(integer)"),
        (in_plpgsql("DECLARE n int; BEGIN n := twice(n); END"), "ALTER TABLE votes DROP kind;", None),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT max(amount) FROM votes';",
            "ALTER TABLE votes RENAME amount TO n;",
            'column "amount" does not exist',
        ),
        (in_plpgsql("BEGIN PERFORM 1 FROM never_there; END"), "ALTER TABLE votes DROP kind;", None),
        (
            in_plpgsql("DECLARE kind text; BEGIN EXECUTE 'SELECT kind FROM votes WHERE id = $1' USING 1; END"),
            "ALTER TABLE votes RENAME kind TO sort;",
            'column "kind" does not exist',
        ),
        (
            in_plpgsql("BEGIN RETURN QUERY EXECUTE 'SELECT id FROM votes; SELECT amount FROM votes'; END", "SETOF int"),
            "ALTER TABLE votes RENAME amount TO n;",
            'column "amount" does not exist',
        ),
        (
            in_plpgsql(
                "DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT id FROM votes' LOOP r := twice(1); END LOOP; END"
            ),
            "DROP FUNCTION twice;",
            "function twice(integer)",
        ),
    ],
)
def test_a_body_that_worked_and_does_not_any_more_is_told(
    founded: FoundedScratch, ours: str, theirs: str, said: str | None
) -> None:
    found = behind(founded, ours, theirs).bodies
    assert [fault.routine for fault in found] == (["public.f"] if said else [])
    assert not said or said in found[0].message


PUT_TOGETHER = "runs a text that it puts together"


@pytest.mark.parametrize(
    ("body", "returns", "reason"),
    [
        ("BEGIN EXECUTE 'DROP TABLE ' || 'votes'; END", "void", PUT_TOGETHER),
        ("BEGIN RETURN QUERY EXECUTE 'SELECT ' || 1; END", "SETOF int", PUT_TOGETHER),
        ("DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'SELECT ' || 1; END", "void", PUT_TOGETHER),
        ("DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT ' || 1 LOOP END LOOP; END", "void", PUT_TOGETHER),
        ("BEGIN EXECUTE 'SELECT FROM FROM'; END", "void", "does not parse"),
        ("BEGIN EXECUTE format('SELECT %I FROM votes', 'id'); END", "void", None),
    ],
)
def test_what_a_body_puts_together_is_not_looked_into(
    founded: FoundedScratch, body: str, returns: str, reason: str | None
) -> None:
    found = behind(founded, in_plpgsql(body, returns), "SELECT 1;").unseen
    assert found == {UnseenBody(reason=reason, routine="public.f")} if reason else found == set()


def test_bodies_are_asked_about_where_an_order_needs_commits(server: str) -> None:
    ours = in_plpgsql("BEGIN PERFORM kind FROM votes; END")
    theirs = "ALTER TABLE votes RENAME kind TO sort;\nCREATE INDEX CONCURRENTLY i ON votes (sort);"
    with founded_scratch(url_of(server, "postgres"), "", [content(BASE).up]) as scratch:
        (fault,) = behind(scratch, ours, theirs).bodies
    assert (fault.routine, fault.message) == ("public.f", 'column "kind" does not exist')


def routine(language: str, returns: str = "void", tables: tuple[str, ...] = ()) -> Routine:
    body = "BEGIN NULL; END"
    return Routine(
        name="public.f",
        language=language,
        definition="",
        head=f"FUNCTION f() RETURNS {returns}",
        body=body,
        tables=tables,
    )


@pytest.mark.parametrize(
    ("language", "unseen"), [("sql", None), ("plpgsql", None), ("plpython3u", "is in plpython3u"), ("c", "is in c")]
)
def test_another_language_is_not_looked_into(language: str, unseen: str | None) -> None:
    assert questions(routine(language)).unseen == unseen


@pytest.mark.parametrize(
    ("language", "returns", "tables", "asked"),
    [
        ("plpgsql", "void", (), "ARRAY['0']"),
        ("plpgsql", "trigger", ("public.a", "public.b"), "ARRAY['public.a', 'public.b']"),
        ("plpgsql", "trigger", (), None),
        ("plpgsql", "event_trigger", (), "ARRAY['0']"),
        ("sql", "void", (), None),
    ],
)
def test_plpgsql_check_is_asked_where_it_can_say_something(
    language: str, returns: str, tables: tuple[str, ...], asked: str | None
) -> None:
    assert not any("plpgsql_check" in one.sql for one in questions(routine(language, returns, tables)).questions)
    found = [
        one for one in questions(routine(language, returns, tables), "x").questions if one.about == "plpgsql_check"
    ]
    assert [(one.ask, asked in one.sql) for one in found if asked] == ([(Ask.LOOK, True)] if asked else [])
    assert bool(found) == bool(asked)


def test_plpgsql_check_knows_what_is_returned_and_leaves_nothing_behind(
    founded: FoundedScratch, maintenance: psycopg.Connection
) -> None:
    if not maintenance.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'plpgsql_check'").fetchone():
        pytest.skip("the server does not have plpgsql_check")
    ours = in_plpgsql("BEGIN RETURN QUERY SELECT amount FROM votes; END", "SETOF int")
    (fault,) = behind(founded, ours, "ALTER TABLE votes ALTER amount TYPE bigint;").bodies
    assert fault.message == "structure of query does not match function result type"
    assert behind(founded, "SELECT 1;", "SELECT 1;").schema == founded.before
