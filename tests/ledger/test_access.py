"""A ledger that somebody else owns, can write or has attached something to is not believed; attacks by real roles.

In each of them a role that is no superuser tries to have its SQL run as the superuser who syncs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gitmig.errors import GitmigError, UntrustedLedger
from gitmig.ledger import schema
from gitmig.ledger.access import refuse_strangers
from gitmig.operations.init import init
from gitmig.operations.status import status
from gitmig.postgres.address import connect
from gitmig.project.decisions import Decisions
from gitmig.project.project import Project
from tests.execute.conftest import run_sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Database, Sandbox

    Attack = Callable[[str], None]

# What an attacker wants to have run; it succeeds as a superuser only.
PWN = "CREATE FUNCTION public.{0}() RETURNS {1} LANGUAGE plpgsql AS $$ BEGIN {2} {3} END $$"
DEED = "EXECUTE 'CREATE TABLE public.pwned_by_' || current_user || ' ()';"


@pytest.fixture
def mallory(database: Database) -> Iterator[str]:
    """A login role that may make schemas in the database and objects in schema public, as an application's may."""
    name = f"mallory_{os.getpid()}"
    database.rows(
        f"CREATE ROLE {name} LOGIN; GRANT CREATE ON DATABASE {database.name} TO {name}; "
        f"GRANT ALL ON SCHEMA public TO {name}"
    )
    yield name
    database.rows(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


@pytest.fixture
def attack(database: Database, mallory: str) -> Attack:
    """Run SQL as mallory, logged in as nobody else."""

    def run(sql: str) -> None:
        with psycopg.connect(make_conninfo(database.url, user=mallory), autocommit=True) as connection:
            connection.execute(sql.encode())

    return run


@pytest.fixture
def synced(repo: Sandbox) -> Sandbox:
    """A project whose database has one table, and a ledger of the superuser's."""
    repo.table("0001_a", "a")
    run_sync(repo)
    return repo


def look(database: Database, *accepted: str) -> None:
    with connect(database.url, "test") as connection:
        refuse_strangers(connection, accepted)


def refusal(database: Database, *accepted: str) -> UntrustedLedger:
    with pytest.raises(UntrustedLedger) as caught:
        look(database, *accepted)
    assert caught.value.exit_code == 3
    return caught.value


def test_a_database_without_a_ledger_and_ones_own_are_believed(database: Database, repo: Sandbox) -> None:
    look(database)
    repo.table("0001_a", "a")
    run_sync(repo)
    look(database)


def test_a_schema_that_waits_for_the_ledger_is_refused(database: Database, mallory: str, attack: Attack) -> None:
    attack("CREATE SCHEMA gitmig")
    error = refusal(database)
    assert error.message == f"role {mallory} owns schema gitmig, and what stands in the ledger runs as you"
    assert error.hint == f"if you trust the role with it: git config --add gitmig.ledgerRole {mallory}"
    look(database, mallory)


def test_a_schema_that_waits_for_kept_rows_is_refused(database: Database, synced: Sandbox, attack: Attack) -> None:
    database.rows("DROP SCHEMA gitmig_kept CASCADE")
    attack("CREATE SCHEMA gitmig_kept")
    assert "owns schema gitmig_kept" in refusal(database).message


def test_a_whole_ledger_with_a_down_in_it_is_refused_and_nothing_of_it_is_read(
    database: Database, repo: Sandbox, mallory: str, attack: Attack
) -> None:
    """The attacker makes the ledger before the first sync: the down runs as whoever syncs, or `state` is a view."""
    repo.table("0001_a", "a")
    attack(PWN.format("bait", "int", DEED, "RETURN 1;"))
    attack("CREATE SCHEMA gitmig; CREATE VIEW gitmig.state AS SELECT public.bait() AS ledger_version")
    for call in (run_sync, lambda it: status(Project.load(it.root, database.url))):
        with pytest.raises(UntrustedLedger):
            call(repo)
    assert init(repo.root, database=database.url).database is None
    assert database.tables() == []


def planted(database: Database) -> None:
    """A migration whose down is the attacker's."""
    database.rows(
        "INSERT INTO gitmig.applied SELECT 2, '0002', 'x', 'x', 'x', 'x', 'sql', '', '', 1, true, "
        "'CREATE TABLE pwned ()', path, 1, true, null, now(), 'x', 0, '' FROM gitmig.applied"
    )


@pytest.mark.parametrize(
    "grant",
    [
        "INSERT ON gitmig.applied",
        "UPDATE ON gitmig.applied",
        "UPDATE (down) ON gitmig.applied",
        "INSERT (down), UPDATE (up) ON gitmig.applied",
        "DELETE ON gitmig.unfinished",
        "TRUNCATE ON gitmig.history",
        "TRIGGER ON gitmig.applied",
        "REFERENCES ON gitmig.applied",
        "REFERENCES (version) ON gitmig.applied",
        "UPDATE ON SEQUENCE gitmig.history_id_seq",
        "INSERT ON gitmig_kept.item",
        "CREATE ON SCHEMA gitmig",
        "CREATE ON SCHEMA gitmig_kept",
    ],
)
def test_who_may_write_the_ledger_is_refused(database: Database, synced: Sandbox, mallory: str, grant: str) -> None:
    database.rows(f"GRANT {grant} TO {mallory}")
    error = refusal(database)
    assert error.message.startswith(f"role {mallory} may write the ledger ({grant.partition(' ON ')[0].split(',')[0]}")
    look(database, mallory)
    statement = str(error.hint).partition(" takes that away")[0]
    database.rows(statement)
    look(database)


def test_everybody_is_refused_and_cannot_be_accepted(database: Database, synced: Sandbox) -> None:
    database.rows("GRANT UPDATE ON gitmig.applied TO PUBLIC")
    assert refusal(database, "PUBLIC").message.startswith("everybody may write the ledger (UPDATE on table gitmig.appl")


def test_reading_is_nobodys_danger(database: Database, synced: Sandbox, mallory: str) -> None:
    database.rows(f"GRANT USAGE ON SCHEMA gitmig TO {mallory}; GRANT SELECT ON gitmig.applied TO {mallory}, PUBLIC")
    look(database)


def test_a_role_that_may_write_every_table_is_refused(database: Database, synced: Sandbox, mallory: str) -> None:
    """The right holds in every database of the server, where other tests run: so it is taken back uncommitted."""
    with connect(database.url, "test") as connection, connection.transaction(force_rollback=True):
        connection.execute(f"GRANT pg_write_all_data TO {mallory}".encode())
        with pytest.raises(UntrustedLedger, match=f"^role {mallory} may write every table .a member of pg_write_all"):
            refuse_strangers(connection, ())
        refuse_strangers(connection, (mallory,))


def test_a_trigger_of_somebody_elses_is_refused(
    database: Database, synced: Sandbox, mallory: str, attack: Attack
) -> None:
    """The right to make one was lost again, the trigger stays."""
    database.rows(f"GRANT USAGE ON SCHEMA gitmig TO {mallory}; GRANT TRIGGER ON gitmig.applied TO {mallory}")
    attack(PWN.format("bait", "trigger", DEED, "RETURN NULL;"))
    attack("CREATE TRIGGER t AFTER DELETE ON gitmig.applied EXECUTE FUNCTION public.bait()")
    database.rows(f"REVOKE TRIGGER ON gitmig.applied FROM {mallory}")
    assert refusal(database).message.startswith(
        f"role {mallory} owns function public.bait(), used by trigger t on table gitmig.applied"
    )
    synced.table("0000_b", "b")
    with pytest.raises(UntrustedLedger):
        run_sync(synced)
    assert database.tables() == ["a"]


def test_a_foreign_key_whose_deferred_trigger_would_run_as_the_user_is_refused(
    database: Database, synced: Sandbox, mallory: str, attack: Attack
) -> None:
    """Up to PostgreSQL 17 a deferred trigger runs as whoever commits, and the cascade is what fires it."""
    database.rows(f"GRANT USAGE ON SCHEMA gitmig TO {mallory}; GRANT REFERENCES, SELECT ON gitmig.applied TO {mallory}")
    attack("CREATE TABLE child (p int REFERENCES gitmig.applied ON DELETE CASCADE); INSERT INTO child VALUES (1)")
    attack(PWN.format("bait", "trigger", DEED, "RETURN NULL;"))
    attack(
        "CREATE CONSTRAINT TRIGGER t AFTER DELETE ON child DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
        "EXECUTE FUNCTION public.bait()"
    )
    database.rows(f"REVOKE REFERENCES ON gitmig.applied FROM {mallory}")
    assert refusal(database).message.startswith(f"role {mallory} owns constraint child_p_fkey on table public.child")
    look(database, mallory)


@pytest.mark.parametrize(
    ("make", "made"),
    [
        ("CREATE FUNCTION gitmig.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "function gitmig.f()"),
        ("CREATE TABLE gitmig.extra ()", "table gitmig.extra"),
        ("CREATE TABLE gitmig_kept.item_7 ()", "table gitmig_kept.item_7"),
        ("CREATE TYPE gitmig.mood AS ENUM ()", "type gitmig.mood"),
        ("CREATE DOMAIN gitmig.d AS int", "type gitmig.d"),
        ("CREATE SEQUENCE gitmig.s", "sequence gitmig.s"),
        ("CREATE COLLATION gitmig.c (locale = 'C')", "collation gitmig.c"),
        ("CREATE TEXT SEARCH CONFIGURATION gitmig.ts (COPY = simple)", "text search configuration gitmig.ts"),
        (
            "CREATE FUNCTION same(int, text) RETURNS bool LANGUAGE sql AS 'SELECT true'; "
            "CREATE OPERATOR gitmig.=== (leftarg = int, rightarg = text, function = same)",
            "operator gitmig.===(integer,text)",
        ),
    ],
)
def test_what_somebody_else_has_put_into_its_schemas_is_refused(
    database: Database, synced: Sandbox, mallory: str, attack: Attack, make: str, made: str
) -> None:
    database.rows(f"GRANT ALL ON SCHEMA gitmig, gitmig_kept TO {mallory}")
    attack(make)
    database.rows(f"REVOKE ALL ON SCHEMA gitmig, gitmig_kept FROM {mallory}")
    assert refusal(database).message.startswith(f"role {mallory} owns {made}, and ")
    look(database, mallory)


@pytest.mark.parametrize(
    "attach",
    [
        "ALTER TABLE gitmig.applied ALTER down SET DEFAULT f()",
        "ALTER TABLE gitmig.applied ADD CHECK (f() IS NOT NULL)",
        "CREATE INDEX ON gitmig.applied ((f() || name))",
        "ALTER TABLE gitmig.applied ADD extra text GENERATED ALWAYS AS (f() || name) STORED",
        "ALTER TABLE gitmig.applied ADD extra d",
        "CREATE INDEX ON gitmig.applied (position) WHERE position === 'x'",
        "CREATE CAST (gitmig.applied AS text) WITH FUNCTION from_row(gitmig.applied) AS IMPLICIT",
    ],
)
def test_what_somebody_elses_function_hangs_on_is_refused(
    database: Database, synced: Sandbox, mallory: str, attack: Attack, attach: str
) -> None:
    """It was attached while the attacker owned the ledger, or by a user who did not look."""
    database.rows(f"GRANT USAGE ON SCHEMA gitmig TO {mallory}")
    attack("CREATE FUNCTION f() RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'x' $$; CREATE DOMAIN d AS text")
    attack("CREATE FUNCTION from_row(gitmig.applied) RETURNS text LANGUAGE sql AS $$ SELECT 'x' $$")
    attack(
        "CREATE FUNCTION same(int, text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN true; END'; "
        "CREATE OPERATOR === (leftarg = int, rightarg = text, function = same)"
    )
    database.rows(attach)
    assert refusal(database).message.startswith(f"role {mallory} owns ")
    look(database, mallory)


@pytest.mark.parametrize(
    ("make", "made"),
    [
        ("CREATE RULE r AS ON DELETE TO gitmig.applied DO ALSO SELECT 1", "rule r on table gitmig.applied"),
        ("CREATE POLICY p ON gitmig.applied USING (false)", "policy p on table gitmig.applied"),
        ("CREATE TABLE kid () INHERITS (gitmig.applied)", "table gitmig.applied with the child table public.kid"),
        ("CREATE TABLE top (position int); ALTER TABLE gitmig.applied INHERIT top", "table public.top with the child"),
        (
            "ALTER TABLE gitmig.applied RENAME TO real; CREATE VIEW gitmig.applied AS TABLE gitmig.real",
            "view gitmig.applied",
        ),
        (
            "ALTER TABLE gitmig_kept.item RENAME TO real; CREATE VIEW gitmig_kept.item AS TABLE gitmig_kept.real",
            "view gitmig_kept.item",
        ),
        (
            "DROP TABLE gitmig.state; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; "
            "CREATE FOREIGN TABLE gitmig.state (ledger_version int) SERVER s",
            "foreign table gitmig.state",
        ),
        (
            "DROP TABLE gitmig.measured; CREATE VIEW gitmig.measured AS SELECT 1 AS one",
            "view gitmig.measured",
        ),
        (
            "DROP TABLE gitmig.unfinished; CREATE TABLE gitmig.unfinished (a int) PARTITION BY LIST (a)",
            "table gitmig.unfinished",
        ),
    ],
)
def test_what_gitmig_never_makes_is_refused_even_if_it_is_the_users_own(
    database: Database, synced: Sandbox, make: str, made: str
) -> None:
    database.rows(make)
    assert refusal(database, "postgres").message.startswith(f"the ledger has {made}")


def test_the_look_itself_runs_nothing_of_anybodys(database: Database, mallory: str, attack: Attack) -> None:
    """Names, operators and casts that fit better than PostgreSQL's own lie in the way of the user."""
    attack("CREATE SCHEMA gitmig; CREATE TABLE gitmig.applied (position int); CREATE SCHEMA trap")
    attack(PWN.format("x", "bool", DEED, "RETURN true;").replace("public.x()", "trap.concat(name, text)"))
    attack("CREATE OPERATOR trap.|| (leftarg = name, rightarg = text, function = trap.concat)")
    attack(PWN.format("x", "text", DEED, "RETURN 1;").replace("public.x()", "trap.quote_ident(name)"))
    attack("GRANT ALL ON SCHEMA trap TO PUBLIC")
    database.rows(f"ALTER DATABASE {database.name} SET search_path = trap, public, pg_catalog")
    assert "owns schema gitmig" in refusal(database).message
    assert database.tables() == []


def test_a_superusers_ledger_is_believed_by_everybody(database: Database, synced: Sandbox, mallory: str) -> None:
    with connect(make_conninfo(database.url, user=mallory), "test") as connection:
        refuse_strangers(connection, ())


def test_owning_the_database_is_no_right_to_the_ledger(database: Database, mallory: str, attack: Attack) -> None:
    database.rows(f"ALTER DATABASE {database.name} OWNER TO {mallory}")
    attack("CREATE SCHEMA gitmig")
    assert "owns schema gitmig" in refusal(database).message
    database.rows(f"ALTER DATABASE {database.name} OWNER TO CURRENT_USER")


def test_the_role_that_one_took_on_and_the_one_logged_in_as_are_both_ones_own(
    database: Database, mallory: str, attack: Attack
) -> None:
    attack("CREATE SCHEMA gitmig")
    group = f"{mallory}_group"
    database.rows(f"CREATE ROLE {group}; GRANT {group} TO {mallory}")
    url = make_conninfo(database.url, user=mallory, options=f"-c role={group}")
    with connect(url, "test") as connection:
        refuse_strangers(connection, ())
    database.rows(f"DROP ROLE {group}")


def test_being_a_member_of_the_owner_does_not_count(database: Database, mallory: str, attack: Attack) -> None:
    attack("CREATE SCHEMA gitmig")
    user = f"{mallory}_user"
    database.rows(f"CREATE ROLE {user} LOGIN; GRANT {mallory} TO {user}")
    with connect(make_conninfo(database.url, user=user), "test") as connection, pytest.raises(UntrustedLedger):
        refuse_strangers(connection, ())
    database.rows(f"DROP ROLE {user}")


def test_the_setting_counts_from_git_config_alone_and_may_be_given_several_times(
    database: Database, repo: Sandbox, mallory: str, attack: Attack
) -> None:
    repo.table("0001_a", "a")
    attack("CREATE SCHEMA gitmig")
    repo.write("gitmig.toml", f'ledger_role = "{mallory}"\n')
    with pytest.raises(GitmigError, match="unknown key 'ledger_role'"):
        Project.load(repo.root)
    (repo.root / "gitmig.toml").unlink()
    repo.git("config", "--add", "gitmig.ledgerRole", mallory)
    repo.git("config", "--add", "gitmig.ledgerRole", "somebody")
    with Project.load(repo.root, database.url).connect("test"):
        pass
    repo.git("config", "--unset", "gitmig.ledgerRole", mallory)
    with pytest.raises(UntrustedLedger), Project.load(repo.root, database.url).connect("test"):
        pass


def test_a_ledger_that_came_between_the_look_and_the_first_write_is_refused(
    database: Database, repo: Sandbox, mallory: str, attack: Attack
) -> None:
    """Scratch builds take seconds: time enough to make a ledger with triggers under somebody's nose."""

    class Slow(Decisions):
        def run_plan(self, plan: object) -> bool:
            attack("CREATE SCHEMA gitmig; CREATE TABLE gitmig.state (ledger_version int)")
            attack(f"INSERT INTO gitmig.state VALUES ({schema.CURRENT})")
            return True

    repo.table("0001_a", "a")
    with pytest.raises(UntrustedLedger):
        run_sync(repo, decisions=Slow())
    assert database.tables() == []


WRITERS = """
    SELECT DISTINCT r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE n.nspname IN ('gitmig', 'gitmig_kept') AND a.grantee <> c.relowner
    UNION SELECT r.rolname FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a LEFT JOIN pg_roles r
    ON r.oid = a.grantee WHERE n.nspname IN ('gitmig', 'gitmig_kept') AND a.grantee <> n.nspowner
"""


def test_default_privileges_give_nobody_a_part_of_the_ledger(database: Database, repo: Sandbox, mallory: str) -> None:
    for what in ("TABLES", "SEQUENCES", "SCHEMAS"):
        database.rows(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {what} TO {mallory}, PUBLIC")
    repo.write("gitmig.toml", 'verify = "never"\n')  # else they are drift
    repo.table("0001_a", "a")
    second = repo.migration("0002_b", "CREATE TABLE b (id int PRIMARY KEY, t text);", "DROP TABLE b;")
    run_sync(repo)
    database.rows("INSERT INTO b VALUES (1, 'secret')")
    (repo.root / second).unlink()
    run_sync(repo)
    assert database.rows("SELECT rows FROM gitmig_kept.item") == [(1,)]
    assert database.rows(WRITERS) == []
    look(database)


def test_default_privileges_of_a_migration_give_nobody_the_kept_rows(
    database: Database, repo: Sandbox, mallory: str
) -> None:
    repo.migration("0001_a", f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {mallory};", "SELECT 1;")
    second = repo.migration("0002_b", "CREATE TABLE b (id int PRIMARY KEY, t text);", "DROP TABLE b;")
    run_sync(repo)
    database.rows("INSERT INTO b VALUES (1, 'secret')")
    (repo.root / second).unlink()
    run_sync(repo)
    assert database.rows(WRITERS) == []
    database.rows("GRANT SELECT ON gitmig_kept.item TO " + mallory)
    repo.migration("0002_b", "CREATE TABLE b (id int PRIMARY KEY, t text);", "DROP TABLE b;")
    run_sync(repo)
    (repo.root / second).unlink()
    run_sync(repo)
    assert database.rows(WRITERS) == [(mallory,)], "what was given on purpose stays, and holds for the rows as well"
    look(database)


def test_what_was_given_on_purpose_is_not_taken_back(database: Database, synced: Sandbox, mallory: str) -> None:
    database.rows(f"GRANT USAGE ON SCHEMA gitmig TO {mallory}; GRANT SELECT ON gitmig.applied TO {mallory}")
    synced.table("0002_b", "b")
    run_sync(synced)
    assert database.rows(WRITERS) == [(mallory,)]


def test_a_hook_says_it_in_one_line_and_leaves_the_database_alone(
    database: Database, sandbox: Sandbox, mallory: str
) -> None:
    sandbox.table("0001_a", "a")
    sandbox.gitmig("sync")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "topic")
    sandbox.table("0002_b", "b")
    sandbox.commit("b")
    sandbox.git("switch", "--quiet", "main")
    database.rows(f"GRANT INSERT ON gitmig.applied TO {mallory}")
    said = sandbox.git("switch", "--quiet", "topic")
    assert said.err == (
        f"warning: role {mallory} may write the ledger (INSERT on table gitmig.applied), "
        f"and what stands in the ledger runs as you; REVOKE INSERT ON TABLE gitmig.applied FROM {mallory} "
        f"takes that away; if you trust the role with it: git config --add gitmig.ledgerRole {mallory}\n"
    )
    assert database.tables() == ["a"]
    by_hand = sandbox.gitmig("status", check=False)
    assert (by_hand.status, by_hand.out) == (3, "")
    assert sandbox.gitmig("log").status == 0, "history can be read without the database"


@pytest.mark.parametrize(
    "command", [["kept", "list"], ["db", "protect"], ["adopt"], ["capture"], ["sync", "--rebuild"]]
)
def test_every_command_that_reads_the_ledger_refuses(
    database: Database, synced: Sandbox, mallory: str, command: list[str]
) -> None:
    database.rows(f"GRANT INSERT ON gitmig.applied TO {mallory}")
    said = synced.gitmig(*command, check=False)
    assert said.status == 3
    assert said.err.startswith(f"error: role {mallory} may write the ledger")


def test_two_roles_that_accept_each_other_share_a_database(database: Database, repo: Sandbox, mallory: str) -> None:
    """Each applies what the other reverts; the rows come back whoever kept them."""
    other = f"{mallory}_2"
    database.rows(f"CREATE ROLE {other} LOGIN SUPERUSER")
    repo.write("gitmig.toml", 'verify = "never"\n')
    repo.table("0001_a", "a")
    second = repo.table("0002_b", "b")
    text = (repo.root / second).read_text()
    mine, theirs = (make_conninfo(database.url, user=role) for role in (mallory, other))
    run_sync(repo, url=mine)
    with pytest.raises(UntrustedLedger):
        run_sync(repo, url=theirs)
    repo.git("config", "--add", "gitmig.ledgerRole", mallory)
    database.rows("INSERT INTO b VALUES (1)")
    (repo.root / second).unlink()
    assert run_sync(repo, url=theirs) == ["- 0002_b"]
    repo.write(second, text)
    assert run_sync(repo, url=theirs) == ["+ 0002_b"]
    assert database.rows("TABLE b") == [(1,)]
    database.rows(f"DROP OWNED BY {other} CASCADE; DROP ROLE {other}")
