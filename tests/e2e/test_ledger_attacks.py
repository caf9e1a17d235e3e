"""A role that is no superuser plants SQL in the ledger; a superuser works as usual. Nothing but git, psql and gitmig.

Before the ledger was looked at, every one made the attacker's SQL run as the superuser, but the last.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Database, Sandbox

    Attack = Callable[[str], None]


@pytest.fixture
def attack(database: Database) -> Iterator[Attack]:
    """Run SQL, logged in as an application's role that owns nothing but may make schemas and tables."""
    name = f"app_{os.getpid()}"
    database.rows(f"CREATE ROLE {name} LOGIN; GRANT ALL ON DATABASE {database.name} TO {name}")
    database.rows(f"GRANT ALL ON SCHEMA public TO {name}")

    def run(sql: str) -> None:
        with psycopg.connect(make_conninfo(database.url, user=name), autocommit=True) as connection:
            connection.execute(sql.replace("ME", name).encode())

    yield run
    database.rows(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def is_superuser_now(database: Database) -> bool:
    return database.rows(f"SELECT rolsuper FROM pg_roles WHERE rolname = 'app_{os.getpid()}'") == [(True,)]


DEED = "ALTER ROLE ME SUPERUSER"


def test_a_down_planted_by_a_role_with_default_privileges(
    make_sandbox: Callable[..., Sandbox], database: Database, attack: Attack
) -> None:
    """DBAs write ALTER DEFAULT PRIVILEGES for the application's role; so it may write the ledger."""
    project = make_sandbox(url=database.url)
    project.write("gitmig.toml", 'verify = "never"\n')
    database.rows(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app_{os.getpid()}")
    database.rows(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO app_{os.getpid()}")
    project.gitmig("init")
    project.commit("begin")
    project.table("0001_a", "a")
    project.gitmig("sync")
    project.commit("a")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        attack(f"UPDATE gitmig.applied SET down = '{DEED}; DROP TABLE a;'")
    project.git("switch", "--quiet", "--detach", "HEAD~1")
    assert not is_superuser_now(database)


def test_a_down_planted_by_a_role_that_was_given_write_access(
    sandbox: Sandbox, database: Database, attack: Attack
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    sandbox.commit("a")
    database.rows(f"GRANT USAGE ON SCHEMA gitmig TO PUBLIC; GRANT UPDATE ON gitmig.applied TO app_{os.getpid()}")
    attack(f"UPDATE gitmig.applied SET down = '{DEED}; DROP TABLE a;'")
    sandbox.git("switch", "--quiet", "--detach", "HEAD~1")
    assert not is_superuser_now(database)
    assert sandbox.gitmig("sync", "--yes", check=False).status == 3
    assert not is_superuser_now(database)


FAKE = f"""
    CREATE SCHEMA gitmig;
    CREATE FUNCTION public.bait() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        IF current_user <> 'ME' THEN {DEED}; END IF; RETURN 4; END $$;
    CREATE VIEW gitmig.state AS SELECT public.bait() AS ledger_version, NULL::text AS commit, NULL::text AS fingerprint;
    GRANT ALL ON SCHEMA gitmig TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA gitmig TO PUBLIC;
"""


@pytest.mark.parametrize("command", [["status"], ["init"], ["sync", "--dry-run"], ["sync", "--yes"]])
def test_a_view_for_a_ledger_that_calls_a_function(
    make_sandbox: Callable[..., Sandbox], database: Database, attack: Attack, command: list[str]
) -> None:
    project = make_sandbox(url=database.url)
    project.table("0001_a", "a")
    project.commit("a")
    attack(FAKE)
    project.gitmig(*command, check=False)
    assert not is_superuser_now(database)


def test_a_trigger_on_the_ledger(sandbox: Sandbox, database: Database, attack: Attack) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    sandbox.commit("a")
    database.rows(f"GRANT USAGE ON SCHEMA gitmig TO PUBLIC; GRANT TRIGGER ON gitmig.applied TO app_{os.getpid()}")
    attack(f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {DEED}; RETURN NULL; END $$")
    attack("CREATE TRIGGER t AFTER INSERT ON gitmig.applied EXECUTE FUNCTION f()")
    database.rows(f"REVOKE TRIGGER ON gitmig.applied FROM app_{os.getpid()}")
    sandbox.write("gitmig.toml", 'ignore = ["f*"]\n')  # else the function is drift
    sandbox.table("0002_b", "b")
    sandbox.gitmig("sync", check=False)
    assert not is_superuser_now(database)


def test_a_foreign_key_to_the_ledger_with_a_deferred_trigger_behind_it(
    sandbox: Sandbox, database: Database, attack: Attack
) -> None:
    """A deferred trigger runs as the user at the COMMIT (PostgreSQL < 18); here it does not, and blocks every sync."""
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    sandbox.commit("a")
    database.rows("GRANT USAGE ON SCHEMA gitmig TO PUBLIC")
    database.rows(f"GRANT SELECT, REFERENCES ON gitmig.applied TO app_{os.getpid()}")
    attack("CREATE TABLE child (p int REFERENCES gitmig.applied ON DELETE CASCADE); INSERT INTO child VALUES (1)")
    attack(f"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {DEED}; RETURN NULL; END $$")
    attack(
        "CREATE CONSTRAINT TRIGGER t AFTER DELETE ON child DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION f()"
    )
    sandbox.write("gitmig.toml", 'ignore = ["child*", "f*"]\n')
    (sandbox.root / "migrations/0001_a.sql").unlink()
    sandbox.write("migrations/.gitkeep", "")
    said = sandbox.gitmig("sync", "--yes", check=False)
    assert said.err.startswith(
        f"error: role app_{os.getpid()} owns constraint child_p_fkey on table public.child, which"
    )
    assert not is_superuser_now(database)
