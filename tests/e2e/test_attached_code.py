"""A hook of a superuser does not run what somebody else attached to a table, however the rows would be moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Database, Sandbox

CHECK = """
    CREATE FUNCTION own_f(int) RETURNS bool LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO own_log VALUES (current_user); RETURN true; END $$;
    CREATE TABLE own_log (who text);
    ALTER TABLE t ADD CONSTRAINT own_c CHECK (own_f(id));
    INSERT INTO t VALUES (1, 7);
"""


@pytest.fixture
def stranger(database: Database) -> Iterator[str]:
    """A role that may log in and make things."""
    name = f"{database.name}_stranger"
    database.rows(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    database.rows(f"GRANT CREATE ON SCHEMA public TO {name}")
    yield name
    database.rows(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
    database.rows(f"DROP OWNED BY {name}")
    database.rows(f"DROP ROLE {name}")


def test_the_hook_leaves_it_to_a_person(sandbox: Sandbox, database: Database, stranger: str) -> None:
    sandbox.write("gitmig.toml", 'folder = "migrations"\nlayout = "single"\nignore = ["t.own_c", "own_*"]\n')
    sandbox.migration("0001_t", "CREATE TABLE t (id int PRIMARY KEY);", "DROP TABLE t;")
    sandbox.gitmig("sync")
    sandbox.commit("t")
    sandbox.git("switch", "--quiet", "--create", "more")
    sandbox.migration("0002_more", "ALTER TABLE t ADD more int;", "ALTER TABLE t DROP more;")
    sandbox.gitmig("sync")
    sandbox.commit("more")
    database.rows(f"ALTER TABLE t OWNER TO {stranger}")
    with psycopg.connect(make_conninfo(database.url, user=stranger, password="x"), autocommit=True) as connection:
        connection.execute(CHECK)
    database.rows("TRUNCATE own_log")
    result = sandbox.git("switch", "--quiet", "main")
    assert result.err.strip() == (
        f"warning: to move rows of public.t would run public.own_f(integer) of {stranger} as a superuser, "
        "which a hook does not; run `gitmig sync` yourself"
    )
    assert (database.columns("t"), database.rows("TABLE own_log")) == (["id", "more"], [])
    sandbox.gitmig("sync")
    assert database.columns("t") == ["id"]
