"""Verifying migrations: what a down leaves behind, and which scripts fail."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError
from gitmig.operations.verify import Verified, verify
from gitmig.project.project import Project
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.trials.round_trip import Observation, RoundTripOutcome, Stage, Weight

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

SCRATCH = f"SELECT datname FROM pg_database WHERE datname ~ '^gitmig_scratch_[0-9]+_{os.getpid()}'"


@pytest.fixture
def sandbox(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """Without hooks, which would sync the database, and with a layout that is detected."""
    return make_sandbox(url=database.url)


@pytest.fixture
def run(sandbox: Sandbox, database: Database) -> Callable[..., Verified]:
    """Verify the sandbox's migrations, all of them unless told otherwise; nothing is left on the server."""

    def call(what: str | None = None, *, everything: bool = True) -> Verified:
        found = verify(Project.load(sandbox.root, database.url), what, everything=everything)
        assert database.rows(SCRATCH) == []
        assert database.tables() == []
        return found

    return call


def outcomes(found: Verified) -> dict[str, list[RoundTripOutcome]]:
    return {v.migration.label: [finding.outcome for finding in v.findings] for v in found.verdicts}


def only(found: Verified) -> Observation:
    """The only finding of the last migration."""
    (finding,) = found.verdicts[-1].findings
    return finding


def test_a_down_that_undoes_its_up_is_undone_exactly(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "ALTER TABLE a ADD b text; CREATE INDEX ON a (b);", "ALTER TABLE a DROP b;")
    found = run()
    assert outcomes(found) == {"0001_a": [RoundTripOutcome.UNDONE], "0002_b": [RoundTripOutcome.UNDONE]}
    assert not found.has(Weight.FINDING)
    assert not found.has(Weight.NOTE)


def test_what_a_down_forgot_is_named(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "CREATE TYPE mood AS ENUM ('ok'); CREATE INDEX odd ON a (id);", "DROP INDEX odd;")
    assert only(run()) == Observation(
        outcome=RoundTripOutcome.NOT_UNDONE, objects=(ObjectName(ObjectKind.ENUM, "public.mood"),)
    )


@pytest.mark.parametrize("down", ["", "-- nothing"])
def test_an_empty_down_undoes_nothing(sandbox: Sandbox, run: Callable[..., Verified], down: str) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a ();", down)
    assert only(run()).outcome is RoundTripOutcome.NOT_UNDONE


def test_an_empty_down_is_enough_for_an_up_that_changes_rows_only(
    sandbox: Sandbox, run: Callable[..., Verified]
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "INSERT INTO a VALUES (7) ON CONFLICT DO NOTHING;", "")
    assert only(run()).outcome is RoundTripOutcome.UNDONE


def test_a_column_that_comes_back_at_the_end_is_a_note(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (x int, y int);", "DROP TABLE a;")
    sandbox.migration("0002_b", "ALTER TABLE a DROP x;", "ALTER TABLE a ADD x int;")
    found = run()
    assert only(found) == Observation(
        outcome=RoundTripOutcome.COLUMN_ORDER, objects=(ObjectName(ObjectKind.TABLE, "public.a"),)
    )
    assert found.has(Weight.NOTE)
    assert not found.has(Weight.FINDING)


def test_a_migration_without_a_down_is_a_note(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a ();", None)
    assert only(run()) == Observation(outcome=RoundTripOutcome.IRREVERSIBLE)


def test_a_syntax_error_in_a_down_is_found_and_the_next_migration_starts_from_an_exact_state(
    sandbox: Sandbox, run: Callable[..., Verified]
) -> None:
    path = sandbox.migration("0001_a", "CREATE TABLE a ();", "DROP TABLE a;\nDROP TABEL a;")
    sandbox.table("0002_b", "b")
    found = run()
    assert outcomes(found) == {"0001_a": [RoundTripOutcome.DOWN_FAILS], "0002_b": [RoundTripOutcome.UNDONE]}
    failure = found.verdicts[0].findings[0].failure
    assert failure is not None
    assert (failure.stage, failure.path, failure.line) == (Stage.DOWN, path, 5)
    assert failure.message == 'syntax error at or near "TABEL"'


def test_an_up_that_works_on_empty_tables_only_is_found_with_the_row(
    sandbox: Sandbox, run: Callable[..., Verified]
) -> None:
    sandbox.table("0001_a", "a")
    path = sandbox.migration("0002_b", "ALTER TABLE a ADD b int NOT NULL;", "ALTER TABLE a DROP b;")
    sandbox.migration("0003_c", "ALTER TABLE a ADD c int;", "ALTER TABLE a DROP c;")
    found = run()
    assert outcomes(found) == {
        "0001_a": [RoundTripOutcome.UNDONE],
        "0002_b": [RoundTripOutcome.UP_FAILS_ON_ROWS],
        "0003_c": [RoundTripOutcome.UNDONE],
    }
    failure = found.verdicts[1].findings[0].failure
    assert failure is not None
    assert (failure.stage, failure.path, failure.line) == (Stage.UP, path, 2)
    assert failure.message == 'column "b" of relation "a" contains null values'
    assert json.loads(failure.row or "") == {"id": 1}


def test_a_down_that_works_on_empty_tables_only_is_told_apart(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (b int NOT NULL);", "DROP TABLE a;")
    sandbox.migration("0002_b", "ALTER TABLE a DROP b;", "ALTER TABLE a ADD b int NOT NULL;")
    assert only(run()).outcome is RoundTripOutcome.DOWN_FAILS_ON_ROWS


def test_what_fails_on_rows_is_still_compared_without(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "ALTER TABLE a ADD b int NOT NULL; CREATE TABLE left_over ();", "ALTER TABLE a DROP b;")
    assert outcomes(run())["0002_b"] == [RoundTripOutcome.UP_FAILS_ON_ROWS, RoundTripOutcome.NOT_UNDONE]


def test_a_second_up_that_fails_is_found(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "INSERT INTO a VALUES (-1); CREATE TABLE b ();", "DROP TABLE b;")
    finding = only(run())
    assert finding.outcome is RoundTripOutcome.SECOND_UP_FAILS
    assert finding.failure is not None
    assert finding.failure.detail == "Key (id)=(-1) already exists."


def test_a_second_up_that_gives_another_schema_is_found(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.table("0001_a", "a")
    up = """
        INSERT INTO a SELECT coalesce(max(id), 0) + 100 FROM a;
        DO $$ BEGIN IF (SELECT max(id) FROM a) > 200 THEN CREATE TABLE again (); ELSE CREATE TABLE b (); END IF; END $$;
    """
    sandbox.migration("0002_b", up, "DROP TABLE IF EXISTS b, again;")
    finding = only(run())
    assert finding.outcome is RoundTripOutcome.SECOND_UP_DIFFERS
    assert [name.name for name in finding.objects] == ["public.again", "public.b"]


def test_behind_an_up_that_fails_nothing_is_reached(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "ALTER TABLE nope ADD b int;")
    sandbox.table("0003_c", "c")
    found = run()
    assert outcomes(found) == {"0001_a": [RoundTripOutcome.UNDONE], "0002_b": [RoundTripOutcome.UP_FAILS]}
    assert [migration.label for migration in found.unreached] == ["0003_c"]


def test_an_up_that_fails_before_what_was_asked_for_is_an_error(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.migration("0001_a", "ALTER TABLE nope ADD b int;")
    sandbox.commit("a")
    sandbox.table("0002_b", "b")
    with pytest.raises(GitmigError, match=r'on a fresh database migrations/0001_a.sql:2 fails: relation "nope" does'):
        run(everything=False)


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("CREATE INDEX CONCURRENTLY b ON a (id);", "DROP INDEX CONCURRENTLY b;"),
        ("VACUUM a; CREATE INDEX b ON a (id);", "VACUUM a; DROP INDEX b;"),
        ("CREATE TABLE b (); COMMIT; VACUUM a;", "DROP TABLE b;"),
    ],
)
def test_scripts_outside_a_transaction_leave_nothing_behind(
    sandbox: Sandbox, run: Callable[..., Verified], up: str, down: str
) -> None:
    sandbox.table("0001_a", "a")
    options = "transaction:false"
    sandbox.write("migrations/0002_b.sql", f"-- migrate:up {options}\n{up}\n-- migrate:down {options}\n{down}\n")
    sandbox.write("migrations/0003_c.sql", f"-- migrate:up {options}\n{up}\n-- migrate:down {options}\n{down}\n")
    found = run()
    assert outcomes(found)["0002_b"] == [RoundTripOutcome.UNDONE]
    assert found.verdicts[2].findings[0].outcome is RoundTripOutcome.UP_FAILS  # 0002 is there when 0003 is built


def test_a_new_enum_value_that_is_used_at_once_needs_a_transaction_of_its_own(
    sandbox: Sandbox, run: Callable[..., Verified]
) -> None:
    sandbox.migration("0001_a", "CREATE TYPE e AS ENUM ('x'); CREATE TABLE a (e e);", "DROP TABLE a; DROP TYPE e;")
    sandbox.migration("0002_b", "ALTER TYPE e ADD VALUE 'y';", "DELETE FROM a WHERE e = 'y';")
    assert only(run()) == Observation(
        outcome=RoundTripOutcome.NOT_UNDONE, objects=(ObjectName(ObjectKind.ENUM, "public.e"),)
    )


def test_a_new_enum_value_that_is_used_behind_a_commit_runs_block_by_block(
    sandbox: Sandbox, run: Callable[..., Verified]
) -> None:
    sandbox.migration("0001_a", "CREATE TYPE e AS ENUM ('x'); CREATE TABLE a (e e);", "DROP TABLE a; DROP TYPE e;")
    sandbox.migration(
        "0002_b",
        "ALTER TYPE e ADD VALUE 'y';\nCOMMIT;\nALTER TABLE a ALTER e SET DEFAULT 'y';",
        "BEGIN;\nALTER TABLE a ALTER e DROP DEFAULT;\nALTER TABLE a ALTER e TYPE text;\nDROP TYPE e;\nCOMMIT;\n"
        "BEGIN;\nCREATE TYPE e AS ENUM ('x');\nALTER TABLE a ALTER e TYPE e USING e::e;\nCOMMIT;",
    )
    assert only(run()) == Observation(outcome=RoundTripOutcome.UNDONE)


@pytest.mark.parametrize(
    ("down", "message"),
    [
        pytest.param(
            "DROP TABLE b;\nROLLBACK;", "ROLLBACK inside a script that runs in a transaction", id="a rollback"
        ),
        pytest.param("DO $ $ BEGIN x;\nEND IF; $ $;", 'does not parse: syntax error at or near "$"', id="torn quotes"),
    ],
)
def test_a_down_that_must_not_be_sent_fails(
    sandbox: Sandbox, run: Callable[..., Verified], down: str, message: str
) -> None:
    sandbox.migration("0001_b", "CREATE TABLE b (id int);", down)
    sandbox.table("0002_c", "c")
    found = run()
    assert outcomes(found) == {"0001_b": [RoundTripOutcome.DOWN_FAILS], "0002_c": [RoundTripOutcome.UNDONE]}
    failure = found.verdicts[0].findings[0].failure
    assert failure is not None
    assert failure.message == message


def test_a_deferred_constraint_speaks_up_as_at_a_commit(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    deferred = "DEFERRABLE INITIALLY DEFERRED"
    sandbox.migration(
        "0001_a",
        f"CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a {deferred});",
        "DROP TABLE b; DROP TABLE a;",
    )
    sandbox.migration("0002_late", "INSERT INTO b VALUES (9); INSERT INTO a VALUES (9); ALTER TABLE b ADD c int;")
    sandbox.migration("0003_never", "INSERT INTO b VALUES (10);")
    found = run()
    # PostgreSQL refuses to alter a table whose rows are still to be checked, also to a fresh build
    assert outcomes(found)["0002_late"] == [RoundTripOutcome.UP_FAILS]
    sandbox.migration("0002_late", "INSERT INTO b VALUES (9); INSERT INTO a VALUES (9);")
    found = run()
    assert outcomes(found)["0002_late"] == [RoundTripOutcome.SECOND_UP_FAILS]
    assert outcomes(found)["0003_never"] == [RoundTripOutcome.UP_FAILS]
    assert only(found).failure is not None


def test_names_may_be_as_odd_as_postgresql_allows(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    up = """
        CREATE SCHEMA "Odd. ""Schema";
        CREATE TYPE "Odd. ""Schema"."a %s type" AS ENUM ('it''s', '100%');
        CREATE TABLE "Odd. ""Schema"."ta'ble %" ("i d" int PRIMARY KEY, "?" "Odd. ""Schema"."a %s type" NOT NULL);
        CREATE TABLE "Odd. ""Schema"."select" ("from" int NOT NULL REFERENCES "Odd. ""Schema"."ta'ble %");
    """
    sandbox.migration("0001_odd", up, 'DROP SCHEMA "Odd. ""Schema" CASCADE;')
    sandbox.migration("0002_b", 'ALTER TABLE "Odd. ""Schema"."select" ADD x int NOT NULL;', "SELECT 1;")
    found = run()
    assert outcomes(found) == {
        "0001_odd": [RoundTripOutcome.UNDONE],
        "0002_b": [RoundTripOutcome.UP_FAILS_ON_ROWS, RoundTripOutcome.NOT_UNDONE],
    }
    failure = found.verdicts[1].findings[0].failure
    assert failure is not None
    assert json.loads(failure.row or "") == {"from": 1}


@pytest.mark.parametrize("layout", ["single", "paired", "directory", "goose"])
def test_every_layout_is_verified(sandbox: Sandbox, run: Callable[..., Verified], layout: str) -> None:
    up, down = "CREATE TABLE a (id int);\n", "DROP TABLE a;\nDROP TABLE nope;\n"
    files = {
        "single": {"0001_a.sql": f"-- migrate:up\n{up}-- migrate:down\n{down}"},
        "goose": {"0001_a.sql": f"-- +goose Up\n{up}-- +goose Down\n{down}"},
        "paired": {"0001_a.up.sql": up, "0001_a.down.sql": down},
        "directory": {"0001_a/up.sql": up, "0001_a/down.sql": down},
    }[layout]
    for name, text in files.items():
        sandbox.write(f"migrations/{name}", text)
    failure = only(run()).failure
    assert failure is not None
    path = f"migrations/{list(files)[-1]}"
    lines = (sandbox.root / path).read_text().splitlines()
    assert (failure.path, lines[failure.line - 1]) == (path, "DROP TABLE nope;")


def test_only_what_the_branch_adds_is_verified(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.table("0001_a", "a")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "topic")
    sandbox.table("0002_b", "b")
    sandbox.commit("b")
    sandbox.table("0003_c", "c")
    found = run(everything=False)
    assert list(outcomes(found)) == ["0002_b", "0003_c"]
    base = sandbox.git("rev-parse", "main").out[:10]
    assert found.selection.words == f"those that main has not at {base}"


def test_a_branch_without_migrations_of_its_own_asks_no_database(sandbox: Sandbox) -> None:
    sandbox.table("0001_a", "a")
    sandbox.commit("a")
    found = verify(Project.load(sandbox.root, "postgresql://nowhere:1/x"))
    assert found.verdicts == ()


def test_an_edited_migration_is_new(sandbox: Sandbox, run: Callable[..., Verified]) -> None:
    sandbox.table("0001_a", "a")
    sandbox.table("0002_b", "b")
    sandbox.commit("a, b")
    sandbox.migration("0001_a", "CREATE TABLE a ();", "DROP TABLE a;")
    assert list(outcomes(run(everything=False))) == ["0001_a"]
