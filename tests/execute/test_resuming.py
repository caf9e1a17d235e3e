"""Going on with a script that a dead process left half done outside a transaction.

Each test writes by hand what that process would have left: the ledger's unfinished row, and what PostgreSQL had done.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.errors import GitmigError, SyncFailed
from gitmig.events import Event, PlanStarted, ScriptResumed
from tests.execute.conftest import run_sync

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox

BASE = "CREATE TABLE a (id int, more int, odd text); INSERT INTO a VALUES (1, 1, 'x'), (2, 1, 'y');"
ROW = """
    SELECT to_jsonb(a) - 'applied_at' FROM gitmig.applied a ORDER BY position DESC LIMIT 1
"""


def oids(database: Database) -> list[object]:
    """The indexes that table a has now."""
    return [
        row[0] for row in database.rows("SELECT indexrelid FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY 1")
    ]


class Wreck:
    """A database in which 0002_b was interrupted."""

    def __init__(self, repo: Sandbox, database: Database) -> None:
        self.repo, self.database = repo, database
        repo.git("config", "gitmig.runOutside", "always")
        repo.git("config", "gitmig.verify", "never")  # what is done by hand here would be drift
        repo.migration("0001_a", BASE, "DROP TABLE a;")

    def script(self, up: str, down: str = "") -> None:
        self.repo.write(
            "migrations/0002_b.sql",
            f"-- migrate:up transaction:false\n{up}\n-- migrate:down transaction:false\n{down}\n",
        )

    def interrupted(
        self, *did: str, done: int, started: bool, direction: str = "apply", indexes: list[object] | None = None
    ) -> None:
        """Let 0002_b stand at the statement `done`, after `did` was done in the database."""
        other = self.repo.root / "migrations/0002_b.sql"
        text = other.read_text()
        if direction == "apply":
            # the row is what a sync of the same file writes, taken back again
            other.write_text("-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down transaction:false\n")
            run_sync(self.repo)
            other.write_text(text)
        else:
            run_sync(self.repo)
        ((row,),) = self.database.rows(ROW)
        assert isinstance(row, dict)
        if direction == "apply":
            up, down = text.split("-- migrate:down transaction:false", 1)
            row |= {
                "up": up.removeprefix("-- migrate:up transaction:false"),
                "down": down,
                "down_line": up.count("\n") + 1,
                "blobs": "both:" + self.repo.git("hash-object", str(other)).out.strip(),
            }
            self.database.rows("DELETE FROM gitmig.applied WHERE position = 2")
        else:
            other.unlink()
        for statement in did:
            try:
                self.database.rows(statement)
            except psycopg.errors.UniqueViolation:
                assert self.database.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(1,)]
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO gitmig.unfinished (direction, migration, done, started, indexes) "
                "VALUES (%s, %s, %s, %s, %s)",
                (direction, json.dumps(row), done, started, indexes or []),
            )

    def resume(self, *steps: str) -> None:
        """The next sync ends with these steps, a whole ledger and nothing half built; the one after it does nothing."""
        told: list[Event] = []
        assert run_sync(self.repo, told.append) == list(steps)
        assert told[0] == ScriptResumed("0002_b")
        assert self.database.rows("SELECT count(*) FROM gitmig.unfinished") == [(0,)]
        assert self.database.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
        told.clear()
        assert run_sync(self.repo, told.append) == []
        assert list(map(type, told)) == [PlanStarted]

    def definitions(self) -> list[str]:
        query = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY 1"
        return [str(row[0]) for row in self.database.rows(query)]


@pytest.fixture
def wreck(repo: Sandbox, database: Database) -> Wreck:
    return Wreck(repo, database)


INDEX = "CREATE INDEX CONCURRENTLY a_id ON a (id);"
UNNAMED = "CREATE INDEX CONCURRENTLY ON a (id);"
CONFIG = pytest.param("SELECT set_config('search_path', 's', false);")
UNIQUE = "CREATE UNIQUE INDEX CONCURRENTLY a_more ON a (more);"


@pytest.mark.parametrize("statement", [INDEX, UNNAMED], ids=["named", "unnamed"])
@pytest.mark.parametrize("state", ["not begun", "begun", "done"])
def test_an_index_is_built_exactly_once(wreck: Wreck, statement: str, state: str) -> None:
    wreck.script(f"CREATE TABLE b (id int);\n{statement}\nCREATE TABLE c (id int);", "DROP TABLE c; DROP TABLE b;")
    did = ["CREATE TABLE b (id int)", *([statement] if state == "done" else [])]
    wreck.interrupted(*did, done=1, started=state != "not begun")
    wreck.resume("+ 0002_b")
    assert len(wreck.definitions()) == 1
    assert wreck.database.tables() == ["a", "b", "c"]
    assert wreck.database.applied() == ["0001_a", "0002_b"]


def test_an_invalid_index_that_was_left_behind_is_built_anew(wreck: Wreck) -> None:
    wreck.script(f"SELECT 1;\n{UNIQUE}")
    wreck.interrupted(UNIQUE, done=1, started=True)
    wreck.database.rows("UPDATE a SET more = id")
    wreck.resume("+ 0002_b")
    assert wreck.definitions() == ["CREATE UNIQUE INDEX a_more ON public.a USING btree (more)"]


def test_an_invalid_index_that_was_there_before_is_not_touched(wreck: Wreck) -> None:
    wreck.script(f"SELECT 1;\n{INDEX}")
    wreck.interrupted(UNIQUE, done=1, started=False)
    wreck.database.rows(
        f"UPDATE gitmig.unfinished SET started = true, indexes = ARRAY[{oids(wreck.database)[0]}]::oid[]"
    )
    run_sync(wreck.repo)
    assert wreck.database.rows(
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'a'::regclass ORDER BY 1"
    ) == [
        ("a_id", True),
        ("a_more", False),
    ]


def test_a_second_unnamed_index_of_the_same_shape_is_not_taken_for_the_first(wreck: Wreck) -> None:
    """Two statements of the same words: the second was begun, and not done."""
    wreck.script(f"{UNNAMED}\n{UNNAMED}")
    wreck.interrupted(UNNAMED, done=1, started=False)
    wreck.database.rows(
        f"UPDATE gitmig.unfinished SET started = true, indexes = ARRAY[{oids(wreck.database)[0]}]::oid[]"
    )
    wreck.resume("+ 0002_b")
    assert len(wreck.definitions()) == 2


def test_an_index_on_a_table_with_an_odd_name_in_another_schema(wreck: Wreck) -> None:
    statement = 'CREATE INDEX CONCURRENTLY ON "s p"."A""b" (id);'
    wreck.script(f"SELECT 1;\n{statement}")
    wreck.interrupted('CREATE SCHEMA "s p"', 'CREATE TABLE "s p"."A""b" (id int)', statement, done=1, started=True)
    wreck.resume("+ 0002_b")
    assert wreck.database.rows("SELECT count(*) FROM pg_indexes WHERE schemaname = 's p'") == [(1,)]


@pytest.mark.parametrize("state", ["begun", "done"])
def test_an_index_is_dropped_exactly_once(wreck: Wreck, state: str) -> None:
    drop = "DROP INDEX CONCURRENTLY a_id;"
    wreck.script(f"SELECT 1;\n{drop}\nCREATE TABLE c (id int);")
    wreck.interrupted("CREATE INDEX a_id ON a (id)", *([drop] if state == "done" else []), done=1, started=True)
    wreck.resume("+ 0002_b")
    assert (wreck.definitions(), wreck.database.tables()) == ([], ["a", "c"])


def test_a_statement_that_can_be_repeated_is(wreck: Wreck) -> None:
    wreck.script("SELECT 1;\nVACUUM a;\nCREATE TABLE c (id int);")
    wreck.interrupted("VACUUM a", done=1, started=True)
    wreck.resume("+ 0002_b")
    assert wreck.database.tables() == ["a", "c"]


def test_settings_before_the_interruption_are_made_again(wreck: Wreck) -> None:
    wreck.script(
        "CREATE SCHEMA s;\nSET search_path = s;\nSET LOCAL work_mem = '1MB';\n"
        "VACUUM public.a;\nCREATE TABLE c (id int);"
    )
    wreck.interrupted("CREATE SCHEMA s", done=4, started=False)
    wreck.resume("+ 0002_b")
    assert wreck.database.rows("SELECT to_regclass('s.c') IS NOT NULL, to_regclass('public.c') IS NULL") == [
        (True, True)
    ]


@pytest.mark.parametrize("setting", [CONFIG, "RESET search_path; SET search_path TO s;"])
def test_settings_made_in_other_ways_are_made_again(wreck: Wreck, setting: str) -> None:
    wreck.script(f"CREATE SCHEMA s;\n{setting}\nCREATE TABLE c (id int);")
    wreck.interrupted("CREATE SCHEMA s", done=1 + setting.count(";"), started=False)
    wreck.resume("+ 0002_b")
    assert wreck.database.rows("SELECT to_regclass('s.c') IS NOT NULL") == [(True,)]


def test_an_interrupted_way_back_is_gone_on_with(wreck: Wreck) -> None:
    wreck.script(
        "CREATE INDEX a_id ON a (id);\nCREATE TABLE b (id int);", "DROP TABLE b;\nDROP INDEX CONCURRENTLY a_id;"
    )
    wreck.interrupted("DROP TABLE b", done=1, started=True, direction="revert")
    wreck.resume("- 0002_b")
    assert (wreck.definitions(), wreck.database.tables(), wreck.database.applied()) == ([], ["a"], ["0001_a"])


def test_an_interrupted_way_back_is_finished_before_the_way_forward(wreck: Wreck) -> None:
    """The branch was switched back meanwhile: half reverted is no place to go on from."""
    wreck.script("CREATE TABLE b (id int);\nCREATE TABLE c (id int);", "DROP TABLE c;\nDROP TABLE b;")
    text = (wreck.repo.root / "migrations/0002_b.sql").read_text()
    wreck.interrupted("DROP TABLE c", done=1, started=False, direction="revert")
    wreck.repo.write("migrations/0002_b.sql", text)
    wreck.resume("- 0002_b", "+ 0002_b")
    assert wreck.database.tables() == ["a", "b", "c"]


def test_an_interrupted_migration_whose_file_is_gone_is_finished_and_reverted(wreck: Wreck) -> None:
    wreck.script("CREATE TABLE b (id int);\nCREATE TABLE c (id int);", "DROP TABLE c;\nDROP TABLE b;")
    wreck.interrupted("CREATE TABLE b (id int)", done=1, started=False)
    (wreck.repo.root / "migrations/0002_b.sql").unlink()
    wreck.resume("+ 0002_b", "- 0002_b")
    assert wreck.database.tables() == ["a"]


def test_what_was_not_begun_is_forgotten(wreck: Wreck) -> None:
    wreck.script("CREATE TABLE b (id int);", "DROP TABLE b;")
    wreck.interrupted(done=0, started=False)
    wreck.repo.write(
        "migrations/0002_b.sql", "-- migrate:up\nCREATE TABLE other (id int);\n-- migrate:down\nDROP TABLE other;\n"
    )
    assert run_sync(wreck.repo) == ["+ 0002_b"]
    assert wreck.database.tables() == ["a", "other"]


def test_everything_done_but_the_ledger_row_is_only_noted(wreck: Wreck) -> None:
    wreck.script("CREATE TABLE b (id int);\nCREATE TABLE c (id int);")
    wreck.interrupted("CREATE TABLE b (id int)", "CREATE TABLE c (id int)", done=2, started=False)
    wreck.resume("+ 0002_b")
    assert wreck.database.tables() == ["a", "b", "c"]


def test_a_dry_run_and_a_status_leave_the_interruption_as_it_is(wreck: Wreck) -> None:
    wreck.script("CREATE TABLE b (id int);\nCREATE TABLE c (id int);")
    wreck.interrupted("CREATE TABLE b (id int)", done=1, started=False)
    before = wreck.database.rows("TABLE gitmig.unfinished")
    run_sync(wreck.repo, dry_run=True)
    assert wreck.database.rows("TABLE gitmig.unfinished") == before
    assert wreck.database.tables() == ["a", "b"]


def test_a_statement_that_fails_again_keeps_its_place(wreck: Wreck) -> None:
    wreck.script(f"CREATE TABLE b (id int);\n{UNIQUE}")
    wreck.interrupted("CREATE TABLE b (id int)", UNIQUE, done=1, started=True)
    for _ in range(2):
        with pytest.raises(
            SyncFailed, match=r"^applying 0002_b failed at migrations/0002_b\.sql:3: could not create unique index"
        ):
            run_sync(wreck.repo)
        assert wreck.database.rows("SELECT done, started FROM gitmig.unfinished") == [(1, False)]
        assert wreck.definitions() == []
    wreck.database.rows("UPDATE a SET more = id")
    wreck.resume("+ 0002_b")


def test_an_edited_statement_is_not_taken_for_the_one_that_was_begun(wreck: Wreck) -> None:
    """The index on id was built, the note of it was not written; since then the statement asks for another index."""
    wreck.script(f"SELECT 1;\n{INDEX}")
    wreck.interrupted(INDEX, done=1, started=True)
    wreck.script("SELECT 1;\nCREATE INDEX CONCURRENTLY a_odd ON a (odd);")
    try:
        run_sync(wreck.repo)
    except GitmigError:
        return
    assert wreck.definitions() == ["CREATE INDEX a_odd ON public.a USING btree (odd)"]


def test_an_edited_statement_that_cannot_work_is_not_taken_for_done(wreck: Wreck) -> None:
    wreck.script(f"SELECT 1;\n{INDEX}")
    wreck.interrupted(done=1, started=True)
    wreck.script("SELECT 1;\nCREATE INDEX CONCURRENTLY a_id ON a (misspelt);")
    with pytest.raises(GitmigError):
        run_sync(wreck.repo)


def test_an_index_that_somebody_else_made_meanwhile_is_not_taken_for_ours(wreck: Wreck) -> None:
    wreck.script(f"SELECT 1;\n{INDEX}")
    wreck.interrupted("CREATE INDEX somebody ON a (more)", done=1, started=True)
    run_sync(wreck.repo)
    assert "CREATE INDEX a_id ON public.a USING btree (id)" in wreck.definitions()
