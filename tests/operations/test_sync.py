"""What a sync does to a real database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import BeforeGitmig, GitmigError, SyncFailed, UsageError
from gitmig.events import Event, ScriptResumed, StepsCommitted, TakingBack
from gitmig.execute.executor import Executor
from gitmig.execute.tasks import StepFailed
from gitmig.migrations.model import InvalidMigrations
from gitmig.migrations.plan import SetDifference
from gitmig.operations.status import status
from gitmig.project.project import Project
from tests.operations.conftest import Answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.ledger.rows import State
    from gitmig.migrations.plan import Plan
    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]


def test_the_first_sync_applies_everything_and_the_second_nothing(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.table("0002_b", "b")
    assert run_sync() == ["+ 0001_a", "+ 0002_b"]
    assert run_sync() == []
    assert database.tables() == ["a", "b"]


def test_what_the_target_lacks_is_reverted_newest_first(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    one, two = sandbox.table("0002_b", "b"), sandbox.table("0003_c", "c")
    sandbox.table("0001_a", "a")
    run_sync()
    (sandbox.root / one).unlink()
    (sandbox.root / two).unlink()
    assert run_sync() == ["- 0003_c", "- 0002_b"]
    assert database.tables() == ["a"]


def test_a_migration_in_the_middle_takes_its_place_in_the_order(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """[1, 3] → [1, 2, 3]: as a fresh build would have it."""
    sandbox.table("0001_a", "a")
    sandbox.table("0003_c", "c")
    run_sync()
    sandbox.table("0002_b", "b")
    assert run_sync() == ["- 0003_c", "+ 0002_b", "+ 0003_c"]
    assert database.applied() == ["0001_a", "0002_b", "0003_c"]


def test_an_edited_migration_is_reverted_with_its_old_down(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    run_sync()
    sandbox.migration("0001_a", "CREATE TABLE renamed (id int);", "DROP TABLE renamed;")
    assert run_sync() == ["- 0001_a", "+ 0001_a"]
    assert database.tables() == ["renamed"]


@pytest.mark.parametrize(
    "text",
    [
        b"-- migrate:up\r\nCREATE TABLE a (id int);\r\n-- migrate:down\r\nDROP TABLE a;\r\n",
        b"\xef\xbb\xbf-- migrate:up\nCREATE TABLE a (id int);\n-- migrate:down\nDROP TABLE a;\n",
        b"-- migrate:up\n-- why\nCREATE TABLE a\n  (id int);\n-- migrate:down\nDROP TABLE a;\n",
    ],
    ids=["CRLF", "byte-order mark", "comment and white space"],
)
def test_what_does_not_change_the_sql_is_no_edit(
    sandbox: Sandbox, database: Database, run_sync: Sync, text: bytes
) -> None:
    path = sandbox.migration("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    run_sync()
    database.rows("INSERT INTO a VALUES (1)")
    sandbox.write(path, text)
    assert run_sync() == []
    assert database.rows("TABLE a") == [(1,)]


def test_a_renamed_file_moves_its_row_and_runs_nothing(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    path = sandbox.table("0001_a", "a")
    run_sync()
    (sandbox.root / path).rename(sandbox.root / "migrations/0007_other.sql")
    assert run_sync() == []
    assert database.applied() == ["0007_other"]
    assert database.rows("SELECT path, up_path FROM gitmig.applied") == [("migrations/0007_other.sql",) * 2]


def test_an_edited_down_is_taken_over_and_runs_nothing(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    path = sandbox.migration("0001_a", "CREATE TABLE a (id int);", "SELECT broken;")
    run_sync()
    sandbox.migration("0001_a", "CREATE TABLE a (id int);", "DROP TABLE a;")
    assert run_sync() == []
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0001_a"]
    assert database.tables() == []


def test_a_failing_step_leaves_everything_as_it_was(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.table("0001_a", "a")
    run_sync()
    sandbox.table("0002_b", "b")
    sandbox.migration("0003_c", "CREATE TABLE c (id int);\n\nINSERT INTO nowhere VALUES (1);")
    sandbox.table("0004_d", "d")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert caught.value.message == (
        'applying 0003_c failed at migrations/0003_c.sql:4: relation "nowhere" does not exist'
    )
    assert caught.value.details == (
        "statement: INSERT INTO nowhere VALUES (1)",
        "rolled back: + 0002_b",
        "not run: + 0004_d",
    )
    assert caught.value.hint is not None
    assert caught.value.hint.endswith("is as it was before; correct the script and run `gitmig sync`")
    assert (database.tables(), database.applied()) == (["a"], ["0001_a"])


def test_an_error_without_a_position_names_its_statement(sandbox: Sandbox, run_sync: Sync) -> None:
    sandbox.migration(
        "0001_a", "CREATE TABLE a (id int PRIMARY KEY);\nINSERT INTO a VALUES (1);\n\nINSERT INTO a VALUES (1);"
    )
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert "failed at migrations/0001_a.sql:5: duplicate key value" in caught.value.message
    assert caught.value.details[:2] == ("statement: INSERT INTO a VALUES (1)", "detail: Key (id)=(1) already exists.")


def test_a_deferred_constraint_that_fails_at_the_end_is_told_like_any_failure(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    table = "CREATE TABLE a (id int PRIMARY KEY, of int REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
    sandbox.migration("0001_a", f"{table} INSERT INTO a VALUES (1, 2);")
    with pytest.raises(SyncFailed, match="violates foreign key constraint"):
        run_sync()
    assert database.tables() == []


def test_a_percent_sign_and_quotes_reach_postgresql_as_they_are(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (t text); INSERT INTO a VALUES ('100 %s \\ '' $1 é');")
    run_sync()
    assert database.rows("TABLE a") == [("100 %s \\ ' $1 é",)]


def test_a_setting_or_a_temporary_table_does_not_reach_the_next_migration(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration(
        "0001_a", "CREATE SCHEMA other; SET search_path = other; CREATE TEMP TABLE t (id int); SET ROLE pg_monitor;"
    )
    sandbox.migration("0002_b", "CREATE TABLE b (id int); CREATE TEMP TABLE t (id int);")
    run_sync()
    assert database.tables() == ["b"]


def test_a_new_enum_value_may_be_used_by_the_next_migration(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """PostgreSQL refuses that in one transaction (55P04): one per step then."""
    sandbox.migration("0001_a", "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (m mood);")
    run_sync()
    sandbox.migration("0002_b", "ALTER TYPE mood ADD VALUE 'glad';")
    sandbox.migration("0003_c", "INSERT INTO a VALUES ('glad');")
    assert run_sync() == ["+ 0002_b", "+ 0003_c"]
    assert database.rows("SELECT m::text FROM a") == [("glad",)]


def test_pending_trigger_events_are_no_obstacle(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    """55006: a table with deferred checks cannot be altered in the transaction that filled it."""
    up = "CREATE TABLE a (id int PRIMARY KEY, of int REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
    sandbox.migration("0001_a", up)
    sandbox.migration("0002_b", "INSERT INTO a VALUES (1, 1);")
    sandbox.migration("0003_c", "ALTER TABLE a ADD more text;")
    run_sync()
    assert database.columns("a") == ["id", "of", "more"]


def test_pending_trigger_events_put_no_commit_before_a_later_failure(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    """What is checked late is checked before the table is altered: that takes no commit."""
    up = "CREATE TABLE a (id int PRIMARY KEY, of int REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
    sandbox.migration("0001_a", up)
    run_sync()
    sandbox.migration("0002_b", "INSERT INTO a VALUES (1, 1);")
    sandbox.migration("0003_c", "ALTER TABLE a ADD more text;")
    sandbox.migration("0004_d", "SELECT nonsense;")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert "rolled back: + 0002_b, + 0003_c" in caught.value.details
    assert (database.columns("a"), database.rows("TABLE a")) == (["id", "of"], [])
    assert database.applied() == ["0001_a"]


def test_a_late_check_that_fails_is_told_of_the_script_that_broke_it(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration(
        "0001_a", "CREATE TABLE a (id int PRIMARY KEY, of int REFERENCES a DEFERRABLE INITIALLY DEFERRED);"
    )
    sandbox.migration("0002_b", "INSERT INTO a VALUES (1, 2);")
    sandbox.migration("0003_c", "ALTER TABLE a ADD more text;")
    with pytest.raises(SyncFailed, match=r"applying 0002_b failed.* violates foreign key constraint"):
        run_sync()
    assert database.tables() == []


def enum_plan(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    """Rows in a table, and a plan that takes one of its columns, needs a commit in its middle, and fails behind it."""
    sandbox.migration(
        "0001_a", "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (id int, m mood);", "DROP TABLE a; DROP TYPE mood;"
    )
    sandbox.migration("0002_b", "ALTER TABLE a ADD more text;", "ALTER TABLE a DROP more;")
    run_sync()
    database.rows("INSERT INTO a VALUES (1, 'sad', 'x'), (2, NULL, NULL)")
    sandbox.migration("0003_c", "ALTER TABLE a DROP more; ALTER TYPE mood ADD VALUE 'glad';")
    sandbox.migration("0004_d", "UPDATE a SET m = 'glad';")
    sandbox.migration("0005_e", "SELECT nonsense;")


def test_a_plan_that_needs_several_transactions_and_fails_is_taken_back(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    enum_plan(sandbox, database, run_sync)
    told: list[Event] = []
    with pytest.raises(SyncFailed) as caught:
        run_sync(notify=told.append)
    assert caught.value.message.startswith("applying 0005_e failed")
    assert "taken back: + 0003_c" in caught.value.details
    assert "rolled back: + 0004_d" in caught.value.details
    assert str(caught.value.hint).endswith("is as it was before; correct the script and run `gitmig sync`")
    taken_back = [event.plan.steps for event in told if isinstance(event, TakingBack)]
    assert [[step.label for step in steps] for steps in taken_back] == [["0003_c"]]
    assert database.applied() == ["0001_a", "0002_b"]
    assert database.rows("SELECT id, m::text, more FROM a ORDER BY id") == [(1, "sad", "x"), (2, None, None)]
    assert database.rows("SELECT enumlabel FROM pg_enum") == [("sad",)]
    assert database.rows("SELECT count(*) FROM gitmig_kept.item WHERE rows > 0") == [(0,)]
    (sandbox.root / "migrations/0005_e.sql").unlink()
    assert run_sync() == ["+ 0003_c", "+ 0004_d"]


def test_a_way_back_that_fails_is_not_taken_back_itself(
    sandbox: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each would take back the other one for ever."""
    enum_plan(sandbox, database, run_sync)
    run = Executor.run

    def fail_on_reverts(self: Executor, plan: Plan, state: State) -> None:
        try:
            run(self, plan, state)
        except StepFailed as failure:
            first.append(failure)
            raise
        if plan.reverts:
            raise first[0]

    first: list[StepFailed] = []
    monkeypatch.setattr(Executor, "run", fail_on_reverts)
    told: list[Event] = []
    with pytest.raises(SyncFailed, match="applying 0005_e failed"):
        run_sync(notify=told.append)
    assert len([event for event in told if isinstance(event, TakingBack)]) == 1


def test_nothing_is_taken_back_from_a_protected_database(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    enum_plan(sandbox, database, run_sync)
    sandbox.gitmig("db", "protect")
    told: list[Event] = []
    with pytest.raises(SyncFailed) as caught:
        run_sync(notify=told.append)
    assert "done: + 0003_c" in caught.value.details
    assert not any(isinstance(event, TakingBack) for event in told)
    assert str(caught.value.hint).endswith(
        "stays at the last step that is done; correct the script and run `gitmig sync`"
    )
    assert database.applied() == ["0001_a", "0002_b", "0003_c"]


def test_what_ran_outside_a_transaction_is_not_taken_back(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    """It may have taken hours, as an index of a large table does."""
    sandbox.git("config", "gitmig.runOutside", "always")
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "CREATE INDEX CONCURRENTLY a_id ON a (id);", "DROP INDEX CONCURRENTLY a_id;")
    sandbox.migration("0003_c", "SELECT nonsense;")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert "done: + 0001_a, + 0002_b" in caught.value.details
    assert database.applied() == ["0001_a", "0002_b"]


@pytest.mark.parametrize("where", ["large", "always"])
def test_an_index_is_built_concurrently_where_that_matters_and_the_result_is_the_same(
    sandbox: Sandbox, database: Database, run_sync: Sync, where: str
) -> None:
    sandbox.git("config", "gitmig.runOutside", where)
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "CREATE INDEX CONCURRENTLY a_id ON a (id);", "DROP INDEX CONCURRENTLY a_id;")
    sandbox.table("0003_c", "c")
    assert run_sync() == ["+ 0001_a", "+ 0002_b", "+ 0003_c"]
    assert database.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_id'::regclass") == [(True,)]
    for path in (sandbox.root / "migrations").glob("000[23]*"):
        path.unlink()
    assert run_sync() == ["- 0003_c", "- 0002_b"]
    assert database.rows("SELECT to_regclass('a_id')") == [(None,)]


def test_on_a_small_database_a_failure_behind_a_script_for_the_outside_leaves_everything_as_it_was(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    up = "-- migrate:up transaction:false\nCREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n"
    sandbox.write("migrations/0001_a.sql", up)
    sandbox.migration("0002_b", "SELECT nonsense;")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert "rolled back: + 0001_a" in caught.value.details
    assert (database.tables(), database.applied()) == ([], [])


def test_a_down_that_forgot_to_say_that_it_runs_outside_leaves_nothing_half_done(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "SELECT 1;", "CREATE INDEX CONCURRENTLY a_id ON a (id); DROP INDEX a_id;")
    sandbox.table("0003_c", "c")
    run_sync()
    for path in (sandbox.root / "migrations").glob("000[23]*"):
        path.unlink()
    sandbox.migration("0004_d", "SELECT nonsense;")
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert "rolled back: - 0003_c, - 0002_b" in caught.value.details
    assert database.applied() == ["0001_a", "0002_b", "0003_c"]


def test_what_postgresql_never_allows_in_a_transaction_runs_outside_and_the_rest_inside(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    for number in (1, 2, 4, 5):
        sandbox.table(f"000{number}_t", f"t{number}")
    sandbox.migration("0003_vacuum", "VACUUM t1;")
    told: list[Event] = []
    run_sync(notify=told.append)
    committed = [one.step.label for event in told if isinstance(event, StepsCommitted) for one in event.done]
    assert committed == ["0001_t", "0002_t", "0003_vacuum", "0004_t", "0005_t"]


def test_a_failed_concurrent_index_leaves_no_invalid_one_and_can_be_corrected(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.git("config", "gitmig.runOutside", "always")
    sandbox.migration("0001_a", "CREATE TABLE a (id int); INSERT INTO a VALUES (1), (1);", "DROP TABLE a;")
    up = "-- migrate:up transaction:false\nCREATE TABLE b (id int);\nCREATE UNIQUE INDEX CONCURRENTLY ON a (id);\n"
    sandbox.write("migrations/0002_b.sql", up)
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert caught.value.message.startswith(
        "applying 0002_b failed at migrations/0002_b.sql:3: could not create unique index"
    )
    assert database.rows("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]
    assert database.applied() == ["0001_a"]
    sandbox.write("migrations/0002_b.sql", up.replace("UNIQUE ", ""))
    told: list[Event] = []
    assert run_sync(notify=told.append) == ["+ 0002_b"]
    assert told[0] == ScriptResumed("0002_b")
    assert database.tables() == ["a", "b"]


def test_the_done_part_of_an_interrupted_script_may_not_be_edited(sandbox: Sandbox, run_sync: Sync) -> None:
    sandbox.git("config", "gitmig.runOutside", "always")
    up = "-- migrate:up transaction:false\nCREATE TABLE b (id int);\nSELECT nonsense;\n"
    sandbox.write("migrations/0002_b.sql", up)
    with pytest.raises(SyncFailed):
        run_sync()
    sandbox.write("migrations/0002_b.sql", up.replace("id int", "id text"))
    with pytest.raises(GitmigError) as caught:
        run_sync()
    assert caught.value.message == (
        "0002_b was interrupted after 1 of its statements, and what has run was edited since"
    )


def test_without_verification_an_irreversible_migration_blocks_the_way_back(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.git("config", "gitmig.verify", "never")
    path = sandbox.migration("0001_a", "CREATE TABLE a (id int);", down=None)
    run_sync()
    (sandbox.root / path).unlink()
    with pytest.raises(GitmigError) as caught:
        run_sync()
    assert caught.value.message == f"0001_a has no down section: {_shown(database)} cannot go back before it"
    assert database.tables() == ["a"]


def test_a_dry_run_changes_nothing_not_even_the_ledger(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    database.rows("DROP SCHEMA gitmig CASCADE")
    sandbox.table("0001_a", "a")
    assert run_sync(dry_run=True) == []
    assert database.rows("SELECT to_regnamespace('gitmig')") == [(None,)]


def test_a_plan_that_is_not_agreed_to_is_not_run(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.table("0001_a", "a")
    assert run_sync(decisions=Answers(agree=False)) == []
    assert database.tables() == []


def test_a_revision_is_synced_without_a_checkout(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.table("0001_a", "a")
    first = sandbox.commit("a")
    sandbox.table("0002_b", "b")
    sandbox.commit("b")
    run_sync()
    assert run_sync(first) == ["- 0002_b"]
    assert run_sync("HEAD") == ["+ 0002_b"]
    assert not sandbox.marker.exists(), "the marker says the work tree was synced, which a revision is not"


def test_a_commit_without_the_folder_leaves_the_database_alone(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.table("0001_a", "a")
    run_sync()
    sandbox.git("rm", "-r", "--quiet", "--cached", "migrations")
    sandbox.git("commit", "--quiet", "-m", "older than gitmig")
    with pytest.raises(BeforeGitmig):
        run_sync("HEAD")
    assert database.tables() == ["a"]


def test_an_unknown_revision_is_a_usage_error(run_sync: Sync) -> None:
    with pytest.raises(UsageError, match="'--output=x' is no commit of this repository"):
        run_sync("--output=x")


def test_everything_is_validated_before_the_first_write(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "CREATE TABLE b (id int); ROLLBACK;")
    sandbox.write("migrations/0003_c.sql", b"-- migrate:up\nSELECT '\xff';\n")
    with pytest.raises(InvalidMigrations):
        run_sync()
    assert database.tables() == []


def test_history_remembers_every_apply_revert_and_sync(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    path = sandbox.table("0001_a", "a")
    commit = sandbox.commit("a")
    run_sync()
    (sandbox.root / path).unlink()
    run_sync()
    rows = database.rows("SELECT action, version, name, to_commit, done_by FROM gitmig.history ORDER BY id")
    assert [row[:3] for row in rows] == [
        ("apply", "0001", "a"),
        ("sync", None, None),
        ("revert", "0001", "a"),
        ("sync", None, None),
    ]
    assert {row[3] for row in rows} == {commit}


@pytest.mark.parametrize("name", ["a b", "naïve ü", "it's", 'say "hi"', "100%", "--help", "$HOME;", "back\\slash"])
def test_odd_names_are_just_names(sandbox: Sandbox, database: Database, run_sync: Sync, name: str) -> None:
    path = sandbox.migration(f"0001_{name}", "CREATE TABLE a (id int);", "DROP TABLE a;")
    run_sync()
    sandbox.commit("odd")
    assert run_sync("HEAD") == []
    (sandbox.root / path).unlink()
    assert run_sync() == [f"- 0001_{name}"]


def test_there_and_back_again_gives_the_same_rows_in_what_both_have(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.table("0001_a", "a")
    one = sandbox.commit("one")
    sandbox.table("0002_b", "b")
    two = sandbox.commit("two")
    run_sync()
    database.rows("INSERT INTO a VALUES (1)")
    for revision in (one, two, one, two):
        run_sync(revision)
    assert database.rows("TABLE a") == [(1,)]


def _shown(database: Database) -> str:
    from gitmig.postgres.address import Address

    return str(Address.of(database.url))


def test_two_of_one_version_in_history_can_be_walked(
    sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]]
) -> None:
    """As long as one of them is not committed, it is refused."""
    sandbox.migration("1_b", "CREATE TABLE b ();", "DROP TABLE b;")
    sandbox.commit("b")
    sandbox.migration("1_a", "CREATE TABLE a ();", "DROP TABLE a;")
    with pytest.raises(InvalidMigrations, match="has the same version as"):
        run_sync()
    sandbox.commit("a, which has the same number")
    run_sync()  # unless the hook of the commit has
    assert database.applied() == ["1_a", "1_b"]
    assert run_sync() == []
    assert status(Project.load(sandbox.root, database.url)).difference == SetDifference()
    assert run_sync(revision="HEAD~1") == ["- 1_b", "- 1_a", "+ 1_b"]
    difference = status(Project.load(sandbox.root, database.url)).difference
    assert ([one.label for one in difference.pending], difference.phantom) == (["1_a"], ())
    assert sandbox.gitmig("status").err.startswith("warning: migrations/1_b.sql has the same version as migrations/1_a")
    assert run_sync() == ["- 1_b", "+ 1_a", "+ 1_b"]
