"""Schema public: what migrations do to it comes and goes with them, and what a DBA did stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

GRANTS = (
    "SELECT pg_catalog.array_agg(a::text ORDER BY a::text) FROM pg_namespace, unnest(nspacl) a WHERE nspname = 'public'"
)


@pytest.fixture
def role(database: Database) -> Iterator[str]:
    name = f"{database.name}_app"
    database.rows(f"CREATE ROLE {name}")
    yield name
    database.rows(f"DROP OWNED BY {name}; DROP ROLE {name}")


@pytest.mark.parametrize("down", [None, "", "SELECT 1;"])
def test_what_an_up_revokes_and_its_down_forgets_is_granted_again(
    sandbox: Sandbox, database: Database, run_sync: Sync, down: str | None
) -> None:
    sandbox.table("0001_a", "a")
    run_sync()
    before = database.rows(GRANTS)
    path = sandbox.root / sandbox.migration("0002_private", "REVOKE ALL ON SCHEMA public FROM PUBLIC;", down)
    run_sync()
    assert database.rows(GRANTS) != before
    path.unlink()
    run_sync()
    assert database.rows(GRANTS) == before


def test_a_dbas_grant_is_no_drift_and_stays_through_a_migrations_own(
    sandbox: Sandbox, database: Database, run_sync: Sync, role: str
) -> None:
    sandbox.table("0001_a", "a")
    run_sync()
    database.rows(f"GRANT CREATE ON SCHEMA public TO {role}")
    before = database.rows(GRANTS)
    path = sandbox.root / sandbox.migration("0002_usage", f"GRANT USAGE ON SCHEMA public TO {role};", "SELECT 1;")
    text = path.read_text()
    run_sync()
    after = database.rows(GRANTS)
    assert after != before
    path.unlink()
    run_sync()
    assert database.rows(GRANTS) == before
    path.write_text(text)
    run_sync()
    assert database.rows(GRANTS) == after


def test_what_a_migration_granted_and_somebody_revoked_is_drift(
    sandbox: Sandbox, database: Database, run_sync: Sync, role: str
) -> None:
    sandbox.migration("0001_usage", f"GRANT USAGE ON SCHEMA public TO {role};", None)
    run_sync()
    database.rows(f"REVOKE USAGE ON SCHEMA public FROM {role}")
    sandbox.table("0002_b", "b")
    with pytest.raises(GitmigError, match="was changed by hand") as refusal:
        run_sync()
    assert "schema public" in str(refusal.value.details)
