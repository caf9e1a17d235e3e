"""A schema that somebody changed by hand is seen, named, and never built upon."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError
from gitmig.events import DriftDiscarded, Event
from gitmig.operations.status import status
from gitmig.project.project import Project
from gitmig.schema.model import ObjectKind, ObjectName

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.schema.model import SchemaDifference
    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

TABLE, COLUMN = ObjectName(ObjectKind.TABLE, "public.byhand"), ObjectName(ObjectKind.COLUMN, "public.byhand.id")


@pytest.fixture
def synced(sandbox: Sandbox, run_sync: Sync) -> Sandbox:
    """A sandbox with one migration, applied."""
    sandbox.table("0001_a", "a")
    run_sync()
    return sandbox


def drift_of(sandbox: Sandbox, database: Database) -> SchemaDifference | None:
    return status(Project.load(sandbox.root, database.url)).drift


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("CREATE TABLE byhand (id int)", {"surplus": (COLUMN, TABLE)}),
        (
            "DROP TABLE a",
            {
                "missing": (
                    ObjectName(ObjectKind.COLUMN, "public.a.id"),
                    ObjectName(ObjectKind.CONSTRAINT, "public.a.a_pkey"),
                )
            },
        ),
        ("COMMENT ON TABLE a IS 'x'", {"changed": (ObjectName(ObjectKind.TABLE, "public.a"),)}),
    ],
    ids=["made", "dropped", "changed"],
)
def test_status_names_what_was_changed_by_hand(
    synced: Sandbox, database: Database, change: str, expected: dict[str, tuple[ObjectName, ...]]
) -> None:
    assert drift_of(synced, database) is None
    database.rows(change)
    found = drift_of(synced, database)
    assert found is not None
    for group, names in expected.items():
        assert set(names) <= set(getattr(found, group))
    assert not status(Project.load(synced.root, database.url)).in_sync


def test_sync_refuses_to_build_on_drift_and_changes_nothing(
    synced: Sandbox, database: Database, run_sync: Sync
) -> None:
    database.rows("CREATE TABLE byhand (id int)")
    synced.table("0002_b", "b")
    with pytest.raises(GitmigError) as caught:
        run_sync()
    assert "was changed by hand" in caught.value.message
    assert caught.value.details == ("+ column public.byhand.id", "+ table public.byhand")
    assert (database.tables(), database.applied()) == (["a", "byhand"], ["0001_a"])


def test_drift_is_refused_even_if_there_is_nothing_to_run(synced: Sandbox, database: Database, run_sync: Sync) -> None:
    database.rows("DROP TABLE a")
    with pytest.raises(GitmigError, match="was changed by hand"):
        run_sync()


def test_drift_that_was_taken_back_by_hand_is_none(synced: Sandbox, database: Database, run_sync: Sync) -> None:
    database.rows("CREATE TABLE byhand (id int)")
    database.rows("DROP TABLE byhand")
    synced.table("0002_b", "b")
    assert run_sync() == ["+ 0002_b"]


def test_what_an_older_gitmig_measured_is_no_drift(synced: Sandbox, database: Database, run_sync: Sync) -> None:
    """Its queries were others; so is their digest, with which a fingerprint begins. A fresh build is compared then."""
    for table in ("state", "applied", "measured"):
        database.rows(f"UPDATE gitmig.{table} SET fingerprint = '0123456789ab:' || split_part(fingerprint, ':', 2)")
    assert drift_of(synced, database) is None
    database.rows("CREATE TABLE byhand (id int)")
    assert drift_of(synced, database) is not None
    database.rows("DROP TABLE byhand")
    synced.table("0002_b", "b")
    assert run_sync() == ["+ 0002_b"]


def test_drift_is_taken_back_when_asked_for(synced: Sandbox, database: Database, run_sync: Sync) -> None:
    database.rows("INSERT INTO a VALUES (1); ALTER TABLE a ADD x int; CREATE TABLE byhand (id int)")
    synced.table("0002_b", "b")
    told: list[Event] = []
    assert run_sync(notify=told.append, discard_drift=True) == ["+ 0002_b"]
    (drift,) = [event.drift for event in told if isinstance(event, DriftDiscarded)]
    assert "table public.byhand" in map(str, drift.names)
    assert (database.tables(), database.columns("a"), database.rows("TABLE a")) == (["a", "b"], ["id"], [(1,)])
    assert database.rows("SELECT note FROM gitmig.history WHERE note IS NOT NULL") == [
        ("what was changed by hand was taken back",)
    ]


def test_rows_of_what_is_taken_back_are_kept(synced: Sandbox, database: Database, run_sync: Sync) -> None:
    database.rows("CREATE TABLE byhand (id int); INSERT INTO byhand VALUES (7)")
    run_sync(discard_drift=True)
    assert database.rows("SELECT version, table_name, rows FROM gitmig_kept.item") == [("drift", "byhand", 1)]


def test_a_column_that_was_dropped_and_one_like_it_that_was_added_are_two(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (id int, email text);", "DROP TABLE a;")
    run_sync()
    database.rows("INSERT INTO a VALUES (1, 'x'); ALTER TABLE a DROP email, ADD phone text; UPDATE a SET phone = '555'")
    run_sync(discard_drift=True)
    assert database.rows("SELECT id, email FROM a") == [(1, None)]
    assert database.rows("SELECT columns->1->>'name', rows FROM gitmig_kept.item") == [("phone", 1)]


def test_a_column_that_was_renamed_gets_its_name_back(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (id int, gone text, email text); ALTER TABLE a DROP gone;", "")
    run_sync()
    database.rows("INSERT INTO a VALUES (1, 'x'); ALTER TABLE a RENAME email TO phone")
    run_sync(discard_drift=True)
    assert database.rows("SELECT id, email FROM a") == [(1, "x")]


@pytest.mark.parametrize("pattern", ["byhand", "public.byhand", "by*"])
def test_what_is_ignored_is_no_drift_and_stays(
    synced: Sandbox, database: Database, run_sync: Sync, pattern: str
) -> None:
    synced.write("gitmig.toml", f'ignore = ["{pattern}"]\n')
    database.rows("CREATE TABLE byhand (id int); INSERT INTO byhand VALUES (7)")
    assert drift_of(synced, database) is None
    (synced.root / "migrations/0001_a.sql").unlink()
    assert run_sync() == ["- 0001_a"]
    assert database.rows("TABLE byhand") == [(7,)]


def test_partitions_made_at_run_time_are_no_drift(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.migration("0001_a", "CREATE TABLE a (day date) PARTITION BY RANGE (day);", "DROP TABLE a;")
    run_sync()
    database.rows("CREATE TABLE a_1 PARTITION OF a FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')")
    assert drift_of(sandbox, database) is None
    assert run_sync() == []


def test_a_database_with_a_schema_of_its_own_is_not_taken_for_an_empty_one(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    database.rows("CREATE TABLE byhand (id int)")
    sandbox.table("0001_a", "a")
    with pytest.raises(GitmigError) as caught:
        run_sync()
    assert caught.value.message.endswith("has a schema that no migration made; nothing was changed")
    assert database.tables() == ["byhand"]


def test_what_the_bootstrap_makes_is_expected_in_an_empty_database(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    sandbox.write("bootstrap.sql", "CREATE TABLE byhand (id int);")
    sandbox.write("gitmig.toml", 'bootstrap = "bootstrap.sql"\n')
    database.rows("CREATE TABLE byhand (id int)")
    sandbox.table("0001_a", "a")
    assert run_sync() == ["+ 0001_a"]


def test_a_dry_run_says_that_a_sync_would_be_refused(synced: Sandbox, database: Database) -> None:
    database.rows("CREATE TABLE byhand (id int)")
    result = synced.gitmig("sync", "--dry-run")
    assert "a sync would be refused: changed by hand: column public.byhand.id, table public.byhand" in result.out


def test_status_says_drift_and_the_two_ways_out(synced: Sandbox, database: Database) -> None:
    database.rows("CREATE TABLE byhand (id int)")
    result = synced.gitmig("status", "--exit-code", check=False)
    assert result.status == 1
    assert result.out.splitlines()[-4:] == [
        "  + column public.byhand.id (drift)",
        "  + table public.byhand (drift)",
        "drift: the schema was changed by hand, so `gitmig sync` is blocked",
        "`gitmig capture` makes a migration of it, `gitmig sync --discard-drift` takes it back",
    ]


def test_without_verification_nobody_looks(synced: Sandbox, database: Database, run_sync: Sync) -> None:
    synced.git("config", "gitmig.verify", "never")
    database.rows("CREATE TABLE byhand (id int)")
    synced.table("0002_b", "b")
    assert run_sync() == ["+ 0002_b"]
    assert database.rows("SELECT fingerprint FROM gitmig.state") == [(None,)]


def test_who_may_use_schema_public_is_the_business_of_whoever_made_the_database(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    database.rows("GRANT CREATE ON SCHEMA public TO pg_read_all_data")
    path = sandbox.migration("0001_a", "CREATE TABLE a (id int); CREATE TABLE b (id int);", "DROP TABLE a;")
    assert run_sync() == ["+ 0001_a"]
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0001_a"]
    database.rows("REVOKE CREATE ON SCHEMA public FROM pg_read_all_data")
    sandbox.table("0002_b", "b")
    assert run_sync() == ["+ 0002_b"]


def test_nothing_of_a_database_without_a_ledger_is_discarded(
    sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]]
) -> None:
    database.rows("CREATE TABLE mine (id int); INSERT INTO mine VALUES (1)")
    sandbox.table("0001_a", "a")
    with pytest.raises(GitmigError, match="has a schema that no migration made"):
        run_sync(discard_drift=True)
    assert database.rows("TABLE mine") == [(1,)]


def test_a_schema_goes_with_what_is_ignored_in_it(
    sandbox: Sandbox, database: Database, run_sync: Callable[..., list[str]]
) -> None:
    sandbox.write("gitmig.toml", 'ignore = ["audit.*"]\n')
    sandbox.table("0001_a", "a")
    run_sync()
    database.rows("CREATE SCHEMA audit; CREATE TABLE audit.log (id int)")
    assert run_sync() == []
    database.rows("CREATE TABLE audit (id int)")
    with pytest.raises(GitmigError) as caught:
        run_sync()
    assert "+ table public.audit" in caught.value.details
