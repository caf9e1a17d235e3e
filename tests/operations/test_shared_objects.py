"""What is only tried changes nothing that the server's databases share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.operations.verify import verify
from gitmig.project.project import Project
from gitmig.trials.round_trip import RoundTripOutcome
from tests.operations.test_check_proof import orders, prove
from tests.operations.test_roles import role
from tests.operations.test_verify import outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox
    from tests.operations.test_check_proof import Side

__all__ = ["role"]  # a fixture

STATE = """
    SELECT pg_catalog.shobj_description(d.oid, 'pg_database'), d.datacl::text, d.datconnlimit, r.rolcanlogin,
      (SELECT array_agg(s.setconfig::text ORDER BY 1) FROM pg_db_role_setting s
       WHERE r.oid = s.setrole OR d.oid = s.setdatabase),
      (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid),
      (SELECT count(*) FROM pg_file_settings WHERE name = 'gitmig_test.x')
    FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = '{role}'
"""


@pytest.fixture
def shared(database: Database, role: str) -> Callable[[], list[tuple[object, ...]]]:
    """What the database and the role are, in what the server shares."""
    database.rows(f"CREATE ROLE {role}; COMMENT ON DATABASE {database.name} IS 'before'")
    return lambda: database.rows(STATE.format(role=role))


def test_words_about_the_server_are_left_out(
    sandbox: Sandbox, database: Database, role: str, shared: Callable[[], list[tuple[object, ...]]]
) -> None:
    name, before = database.name, shared()
    sandbox.migration("01_a", f"COMMENT ON DATABASE {name} IS 'after';", "SELECT 1;")
    sandbox.migration("02_b", f"GRANT CREATE ON DATABASE {name} TO {role}; CREATE TABLE b ();", "DROP TABLE b;")
    sandbox.migration("03_c", f"ALTER DATABASE {name} CONNECTION LIMIT 7;", "SELECT 1;")
    sandbox.migration("04_d", "ALTER SYSTEM SET gitmig_test.x = '1';", "SELECT 1;")
    sandbox.migration(
        "05_e",
        f"DO $$ BEGIN IF true THEN ALTER ROLE {role} LOGIN; END IF; EXECUTE 'GRANT pg_monitor TO {role}'; END $$;"
        f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET gitmig_test.x = 1', '{name}'); CREATE TABLE e (); END $$;",
        f"DROP TABLE e; ALTER ROLE {role} SET gitmig_test.x = '1';",
    )
    sandbox.migration(
        "06_f", f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;", "SELECT 1;"
    )
    sandbox.migration(
        "07_g",
        f"DO $$ BEGIN EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(), 'ours'); "
        f"EXECUTE concat('CREATE ROLE ', '{role}_new'); EXECUTE concat('ALTER ROLE ', '{role}_new LOGIN'); END $$;",
        f"DROP ROLE {role}_new;",
    )
    found = verify(Project.load(sandbox.root, database.url), everything=True)
    assert {*map(tuple, outcomes(found).values())} == {(RoundTripOutcome.UNDONE,)}
    assert shared() == before
    assert database.rows(f"SELECT FROM pg_roles WHERE rolname = '{role}_new'") == []


@pytest.mark.parametrize(
    ("computed", "what"),
    [
        ("ALTER ROLE {role} LOGIN", "role {role}"),
        ("ALTER ROLE {role} PASSWORD 'x'", "role {role}"),
        ("ALTER ROLE {role} SET gitmig_test.x = '1'", "the settings of role {role}"),
        ("DROP ROLE {role}", "role {role}"),
        ("GRANT pg_monitor TO {role}", "the members of role pg_monitor"),
        ("GRANT CREATE ON DATABASE {name} TO {role}", "database {name}"),
        ("COMMENT ON DATABASE {name} IS NULL", "the comment on database {name}"),
        ("ALTER DATABASE {name} SET gitmig_test.x = '1'", "the settings of database {name}"),
    ],
)
def test_what_gets_at_it_nevertheless_is_named_and_taken_back(
    sandbox: Sandbox,
    database: Database,
    role: str,
    shared: Callable[[], list[tuple[object, ...]]],
    computed: str,
    what: str,
) -> None:
    before = shared()
    words = {"role": role, "name": database.name}
    body = f"BEGIN EXECUTE replace('{computed.format(**words)}', '~', ''); END".replace("'x'", "''x''")
    body = body.replace("'1'", "''1''")
    sandbox.migration("1_a", f"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ {body} $$; SELECT f();", "")
    (finding,) = verify(Project.load(sandbox.root, database.url), everything=True).verdicts[0].findings
    assert finding.failure is not None
    assert finding.failure.message == (
        f"it would change {what.format(**words)}, which the whole server shares: it is not tried here"
    )
    assert shared() == before


def test_a_proof_leaves_it_alone(
    sandbox: Sandbox, database: Database, role: str, shared: Callable[[], list[tuple[object, ...]]]
) -> None:
    before = shared()
    comment = f"DO $$ BEGIN COMMENT ON DATABASE {database.name} IS 'after'; END $$;"
    make: Side = {"0001_a": (f"CREATE TABLE a (); {comment}", None)}
    ours: Side = {"0002_b": (f"CREATE TABLE b (); ALTER ROLE {role} LOGIN;", f"DROP TABLE b; {comment}")}
    theirs: Side = {"0003_c": (f"CREATE TABLE c (); {comment}", "DROP TABLE c;")}
    assert prove(Project.load(sandbox.root, database.url), orders(make, ours, theirs)).holds
    assert shared() == before


def test_a_sync_that_would_have_to_build_it_says_what_to_do(
    sandbox: Sandbox, database: Database, role: str, shared: Callable[[], list[tuple[object, ...]]]
) -> None:
    """On the database itself it runs; beside it, to tell what was changed by hand, it does not."""
    computed = f"CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER ROLE {role} LOGIN; END $$"
    sandbox.migration("1_a", f"{computed}; SELECT f();", "")
    sandbox.gitmig("sync")
    assert shared()[0][3] is True
    database.rows(f"CREATE TABLE by_hand (); ALTER ROLE {role} NOLOGIN")
    refused = sandbox.gitmig("sync", check=False)
    assert f"it would change role {role}, which the whole server shares: it is not tried here" in refused.err
    assert refused.err.splitlines()[-1].startswith("hint: write the statement as it is, where it can be seen")
