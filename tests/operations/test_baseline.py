"""Schema public: what a migration says of it comes and goes with it, what a DBA says of it stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError
from gitmig.operations.adopt import adopt
from gitmig.operations.capture import capture
from gitmig.operations.diff import diff
from gitmig.operations.status import status
from gitmig.project import expected_schemas
from gitmig.project.expected_schemas import fresh_schemas
from gitmig.project.project import Project
from gitmig.schema.model import PUBLIC

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from gitmig.migrations.model import Script
    from gitmig.schema.model import Schema
    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

# Roles that every server has: one for whom migrations do something, one for whom a DBA does.
READER, APP = "pg_read_all_data", "pg_write_all_data"
REVOKED = "REVOKE ALL ON SCHEMA public FROM PUBLIC;"
GRANTED = f"GRANT USAGE ON SCHEMA public TO {READER};"
BY_DBA = f"GRANT USAGE, CREATE ON SCHEMA public TO {APP}"
COMMENTED = "COMMENT ON SCHEMA public IS 'mine';"
COMMENT = "SELECT obj_description('public'::regnamespace)"
HISTORY = "SELECT version, way, note FROM gitmig.history WHERE action = 'revert' ORDER BY id"


def privileges(database: Database) -> dict[str, str]:
    """Who may do what in schema public."""
    query = """
        SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' WHEN n.nspowner THEN 'owner' ELSE x.grantee::regrole::text END,
               string_agg(x.privilege_type, ' ' ORDER BY x.privilege_type)
        FROM pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) x WHERE nspname = 'public'
        GROUP BY 1
    """
    return {str(role): str(rights) for role, rights in database.rows(query)}


def drifts(sandbox: Sandbox, database: Database) -> bool:
    found = status(Project.load(sandbox.root, database.url)).drift
    assert found is None or found.names == (PUBLIC,)
    return found is not None


@pytest.fixture
def base(sandbox: Sandbox) -> Sandbox:
    """A sandbox with one migration, which says nothing of schema public; not applied."""
    sandbox.table("0001_a", "a")
    return sandbox


@pytest.fixture
def fresh(database: Database) -> dict[str, str]:
    """Who may do what before anybody said anything: it depends on PostgreSQL's version."""
    return privileges(database)


FORGETS = ("completed", "its down does not undo its up: it changes schema public")
BLANK = ("computed", "its down has no statement")
FAILS = ("computed", 'its down fails at migrations/0002_p.sql:4: table "none" does not exist')


@pytest.mark.parametrize(
    ("up", "down", "told", "been_there"),
    [
        pytest.param(f"{REVOKED} {GRANTED} {COMMENTED}", "", BLANK, True, id="its down is empty"),
        pytest.param(f"{REVOKED} {GRANTED} {COMMENTED}", "", BLANK, False, id="nobody was there before"),
        pytest.param(
            f"{REVOKED} {GRANTED} {COMMENTED}", None, ("computed", "it has no down"), True, id="it has no down"
        ),
        pytest.param(REVOKED, "DROP TABLE none;", FAILS, True, id="it revokes, and its down fails"),
        pytest.param(GRANTED, "SELECT 1;", FORGETS, True, id="it grants, and its down does nothing"),
    ],
)
def test_what_a_migration_does_is_undone_where_its_down_does_not(
    base: Sandbox,
    database: Database,
    run_sync: Sync,
    fresh: dict[str, str],
    up: str,
    down: str | None,
    told: tuple[str, str],
    been_there: bool,
) -> None:
    """Also where no sync has ever seen the schema without it."""
    if been_there:
        run_sync()
    path = base.migration("0002_p", up, down)
    run_sync()
    assert privileges(database) != fresh
    (base.root / path).unlink()
    assert run_sync() == ["- 0002_p"]
    assert privileges(database) == fresh
    assert database.rows(COMMENT) == [("standard public schema",)]
    assert database.rows(HISTORY) == [("0002", *told)]


def test_it_is_undone_before_the_first_migration_as_well(
    sandbox: Sandbox, database: Database, run_sync: Sync, fresh: dict[str, str]
) -> None:
    path = sandbox.migration("0001_p", f"{REVOKED} {GRANTED}", "")
    run_sync()
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0001_p"]
    assert privileges(database) == fresh


def test_a_down_that_undoes_it_needs_no_help(
    base: Sandbox, database: Database, run_sync: Sync, fresh: dict[str, str]
) -> None:
    run_sync()
    to_everybody = f"GRANT {fresh['PUBLIC'].replace(' ', ', ')} ON SCHEMA public TO PUBLIC;"
    path = base.migration(
        "0002_p", f"{REVOKED} {GRANTED}", f"REVOKE ALL ON SCHEMA public FROM {READER}; {to_everybody}"
    )
    run_sync()
    (base.root / path).unlink()
    assert run_sync() == ["- 0002_p"]
    assert privileges(database) == fresh
    assert database.rows(HISTORY) == [("0002", None, None)]


@pytest.mark.parametrize("down", [None, f"REVOKE ALL ON SCHEMA public FROM {READER}, {APP};"])
def test_a_dba_and_a_migration_do_not_get_into_each_other_s_way(
    base: Sandbox, database: Database, run_sync: Sync, down: str | None, fresh: dict[str, str]
) -> None:
    """The last down takes back what the DBA gave, too."""
    database.rows(BY_DBA)
    run_sync()
    assert not drifts(base, database)
    path = base.migration("0002_p", f"{REVOKED} {GRANTED}", down)
    assert run_sync() == ["+ 0002_p"]
    database.rows("COMMENT ON SCHEMA public IS 'our own'")
    assert not drifts(base, database)
    assert run_sync() == []
    (base.root / path).unlink()
    assert run_sync() == ["- 0002_p"]
    assert privileges(database) == {**fresh, APP: "CREATE USAGE"}
    assert database.rows(COMMENT) == [("our own",)]
    assert not drifts(base, database)
    base.migration("0002_p", GRANTED, "")
    assert run_sync() == ["+ 0002_p"]
    assert privileges(database) == {**fresh, APP: "CREATE USAGE", READER: "USAGE"}
    database.rows(f"REVOKE CREATE ON SCHEMA public FROM {APP}")
    assert not drifts(base, database)


def test_what_a_dba_has_taken_from_everybody_stays_taken(base: Sandbox, database: Database, run_sync: Sync) -> None:
    run_sync()
    database.rows(REVOKED)
    path = base.migration("0002_p", GRANTED, "")
    assert run_sync() == ["+ 0002_p"]
    assert not drifts(base, database)
    (base.root / path).unlink()
    assert run_sync() == ["- 0002_p"]
    assert privileges(database) == {"owner": "CREATE USAGE"}


@pytest.mark.parametrize("down", [None, f"GRANT USAGE ON SCHEMA public TO PUBLIC, {APP};"])
def test_what_a_migration_says_once_more_stays_as_a_dba_has_said_it_before(
    base: Sandbox, database: Database, run_sync: Sync, down: str | None
) -> None:
    """The ledger knows that it was so, as long as the database has been there."""
    database.rows(f"{REVOKED} {GRANTED}")
    run_sync()
    path = base.migration("0002_p", f"CREATE TABLE b (); {REVOKED} {GRANTED} {BY_DBA}", down)
    run_sync()
    (base.root / path).unlink()
    assert run_sync() == ["- 0002_p"]
    assert privileges(database) == {"owner": "CREATE USAGE", READER: "USAGE"}
    assert database.tables() == ["a"]


@pytest.mark.parametrize(
    ("up", "by_hand"),
    [
        (GRANTED, f"REVOKE USAGE ON SCHEMA public FROM {READER}"),
        (REVOKED, "GRANT USAGE ON SCHEMA public TO PUBLIC"),
        (COMMENTED, "COMMENT ON SCHEMA public IS 'other'"),
    ],
    ids=["granted", "revoked", "commented"],
)
def test_who_takes_back_by_hand_what_a_migration_has_done_makes_drift(
    base: Sandbox, database: Database, run_sync: Sync, up: str, by_hand: str
) -> None:
    base.migration("0002_p", up, "")
    run_sync()
    after = privileges(database)
    database.rows(f"{BY_DBA}; {by_hand}")
    assert drifts(base, database)
    with pytest.raises(GitmigError, match="was changed by hand"):
        run_sync()
    run_sync(discard_drift=True)
    assert privileges(database) == {**after, APP: "CREATE USAGE"}
    assert not drifts(base, database)


@pytest.mark.parametrize("down", [None, "CREATE SCHEMA public;"])
def test_a_schema_public_that_a_migration_drops_comes_back_with_its_privileges(
    sandbox: Sandbox, database: Database, run_sync: Sync, down: str | None, fresh: dict[str, str]
) -> None:
    sandbox.migration("0001_a", "CREATE SCHEMA s; CREATE TABLE s.a ();", "DROP TABLE s.a; DROP SCHEMA s;")
    run_sync()
    path = sandbox.migration("0002_p", "DROP SCHEMA public;", down)
    run_sync()
    assert not drifts(sandbox, database)
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_p"]
    assert privileges(database) == fresh


def test_an_ignored_schema_public_is_nobody_s_business(base: Sandbox, database: Database, run_sync: Sync) -> None:
    base.write("gitmig.toml", 'ignore = ["public.*"]\n')
    path = base.migration("0002_p", REVOKED, "")
    run_sync()
    database.rows(f"{BY_DBA}; CREATE TABLE byhand ()")
    (base.root / path).unlink()
    assert run_sync() == ["- 0002_p"]
    assert "PUBLIC" not in privileges(database)


def test_nothing_is_built_for_what_a_dba_has_done_before(
    base: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.rows(BY_DBA)
    run_sync()
    path = base.migration("0002_p", GRANTED, f"REVOKE USAGE ON SCHEMA public FROM {READER};")
    monkeypatch.setattr(expected_schemas, "fresh_schemas", None)
    run_sync()
    assert not drifts(base, database)
    (base.root / path).unlink()
    assert run_sync() == ["- 0002_p"]
    assert not drifts(base, database)


def test_one_build_serves_the_ground_and_the_way_back(
    base: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch, fresh: dict[str, str]
) -> None:
    """Also where the surroundings of one do not reach to the other."""
    builds: list[Project] = []

    def count(project: Project, ups: Sequence[Script], places: Collection[int]) -> Iterator[tuple[int, Schema]]:
        builds.append(project)
        return fresh_schemas(project, ups, places)

    monkeypatch.setattr(expected_schemas, "fresh_schemas", count)
    monkeypatch.setattr(expected_schemas, "AROUND", 0)
    database.rows(BY_DBA)
    run_sync()
    paths = [base.migration(f"000{n}_p", GRANTED if n == 2 else f"CREATE TABLE t{n} ();", "") for n in range(2, 6)]
    run_sync()
    for path in paths:
        (base.root / path).unlink()
    assert run_sync() == ["- 0005_p", "- 0004_p", "- 0003_p", "- 0002_p"]
    assert privileges(database) == {**fresh, APP: "CREATE USAGE"}
    assert database.tables() == ["a"]
    assert len(builds) == 1


def test_a_rebuild_takes_along_what_a_dba_did_and_not_what_a_migration_did(
    base: Sandbox, database: Database, run_sync: Sync, rebuild: Callable[..., object], fresh: dict[str, str]
) -> None:
    database.rows(BY_DBA)
    path = base.migration("0002_p", f"{REVOKED} {GRANTED}", "")
    run_sync()
    (base.root / path).unlink()
    rebuild()
    assert privileges(database) == {**fresh, APP: "CREATE USAGE"}
    assert not drifts(base, database)


def test_a_diff_shows_what_migrations_do_and_not_what_a_dba_did(
    base: Sandbox, database: Database, run_sync: Sync, fresh: dict[str, str]
) -> None:
    base.commit("A")
    database.rows(BY_DBA)
    base.migration("0002_p", f"{REVOKED} {GRANTED}", "")
    run_sync()
    project = Project.load(base.root, database.url)
    assert not diff(project, None, None).difference
    shown = diff(project, "HEAD", None, reverse=True, as_sql=True)
    assert shown.difference.names == (PUBLIC,)
    assert shown.sql is not None
    assert shown.sql.statements == (
        f"REVOKE USAGE ON SCHEMA public FROM {READER}",
        f"GRANT {fresh['PUBLIC'].replace(' ', ', ')} ON SCHEMA public TO PUBLIC",
    )


def test_a_capture_takes_what_was_done_to_a_migration_s_grants_and_leaves_a_dba_s(
    base: Sandbox, database: Database, run_sync: Sync
) -> None:
    base.migration("0002_p", GRANTED, "")
    run_sync()
    database.rows(f"{BY_DBA}; REVOKE USAGE ON SCHEMA public FROM {READER}")
    captured = capture(Project.load(base.root, database.url), "taken")
    assert captured.drift.names == (PUBLIC,)
    (path,) = captured.paths
    written = (base.root / path).read_text()
    assert f"REVOKE USAGE ON SCHEMA public FROM {READER};" in written
    assert APP not in written
    assert not drifts(base, database)


@pytest.mark.parametrize("with_journal", [True, False])
def test_an_adoption_takes_what_a_dba_did_for_granted(base: Sandbox, database: Database, with_journal: bool) -> None:
    base.migration("0002_p", f"{REVOKED} {GRANTED}", "")
    database.rows(f"CREATE TABLE a (id int PRIMARY KEY); {REVOKED} {GRANTED} {BY_DBA}")
    if with_journal:
        journal = "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)"
        database.rows(f"{journal}; INSERT INTO schema_migrations VALUES ('0001'), ('0002')")
    adopted = adopt(Project.load(base.root, database.url))
    assert [migration.label for migration in adopted.applied] == ["0001_a", "0002_p"]
    assert adopted.drift is None
    assert not drifts(base, database)
