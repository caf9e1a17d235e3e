"""A database for every work tree or branch: copied with the rows when git makes one, and kept apart from all others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig import GitmigError, sync
from gitmig.own_databases.make import name_under_construction
from gitmig.postgres.address import Address
from gitmig.project.project import Project
from tests.combinations import LONG
from tests.conftest import Database, Sandbox, url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def clone(
    make_sandbox: Callable[..., Sandbox], database: Database, maintenance: psycopg.Connection
) -> Iterator[Sandbox]:
    """A synced clone with a table of two rows, whose databases are dropped afterwards."""
    sandbox = make_sandbox()
    sandbox.gitmig_here("init", "--database", database.url)
    sandbox.table("1_t", "t")
    sandbox.commit("Begin")
    sandbox.gitmig_here("sync")
    database.rows("INSERT INTO t VALUES (1), (2)")
    yield sandbox
    drop_all(maintenance, database)


def place(database: Database, suffix: str = "") -> str:
    """How messages call the database, or the one with another end of its name."""
    return str(Address.of(database.url)).replace(database.name, f"{database.name}{suffix}")


def drop_all(maintenance: psycopg.Connection, database: Database) -> None:
    """Drop the other databases of the test."""
    for name in databases(maintenance, database):
        maintenance.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def databases(maintenance: psycopg.Connection, database: Database) -> list[str]:
    """The other databases of the test."""
    query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND datname <> %s ORDER BY 1"
    names = [str(row[0]) for row in maintenance.execute(query, (f"{database.name}_", database.name)).fetchall()]
    building = [name_under_construction(f"{database.name}_{name}") for name in ("a", "b")]
    there = maintenance.execute("SELECT datname FROM pg_database WHERE datname = ANY (%s)", (building,)).fetchall()
    return names + [str(row[0]) for row in there]


def per(sandbox: Sandbox, what: str) -> None:
    sandbox.git("config", "gitmig.per", what)
    sandbox.gitmig_here("sync")


def add(sandbox: Sandbox, name: str, *options: str) -> tuple[Sandbox, str]:
    """A new work tree, and what git and its hook said."""
    said = sandbox.git("worktree", "add", "-q", f"../{name}", *(options or ("-b", name)))
    assert said.out == ""
    return Sandbox(sandbox.root.parent / name, sandbox.environment), said.err


def of(sandbox: Sandbox) -> Database:
    """The database of a work tree."""
    url = Project.load(sandbox.root).url
    return Database(url, Address.of(url).name)


@contextmanager
def busy(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.url, autocommit=True) as connection:
        yield connection


def test_a_new_work_tree_has_a_copy_of_the_one_it_was_made_in_and_follows_by_itself(
    clone: Sandbox, database: Database
) -> None:
    per(clone, "worktree")
    a, said = add(clone, "project/.trees/a", "-b", "a")  # as coding agents do
    assert said.startswith(f"  {database.name}_a is a copy of {database.name} (")
    assert of(a).rows("SELECT id FROM t ORDER BY 1") == [(1,), (2,)]
    a.table("2_a", "a")
    a.commit("a")
    assert of(a).applied() == ["1_t", "2_a"]
    assert database.applied() == ["1_t"]
    of(a).rows("INSERT INTO t VALUES (3)")
    b, said = add(a, "b", "--detach")  # from a, and so with what a has
    assert said.startswith(f"  {database.name}_b is a copy of {database.name}_a (")
    assert of(b).rows("SELECT id FROM t ORDER BY 1") == [(1,), (2,), (3,)]
    marker = clone.root / ".git/worktrees/a/gitmig/marker"
    assert marker.exists(), "another one's sync is none of its business"
    b.git("switch", "-q", "--detach", "main")
    assert marker.exists()
    assert of(b).tables() == ["t"]
    assert of(a).tables() == ["a", "t"]
    assert database.rows("SELECT count(*) FROM t") == [(2,)]


def test_a_copy_is_brought_to_the_branch_that_the_new_work_tree_has(clone: Sandbox, database: Database) -> None:
    clone.git("switch", "-q", "-c", "a")
    clone.table("2_a", "a")
    clone.commit("a")
    clone.git("switch", "-q", "main")
    clone.table("3_main", "m")
    clone.commit("m")
    per(clone, "worktree")
    a, said = add(clone, "a", "a")
    assert said.splitlines()[1:3] == ["  - 3_main  (0 ms)", "  + 2_a  (0 ms)"] or "- 3_main" in said
    assert f"{place(database, '_a')} now matches the work tree on " in said
    assert (of(a).applied(), of(a).tables()) == (["1_t", "2_a"], ["a", "t"])
    assert of(a).rows("SELECT count(*) FROM t") == [(2,)]


def test_a_busy_database_is_copied_without_throwing_anybody_out(clone: Sandbox, database: Database) -> None:
    database.rows("CREATE SEQUENCE s START 7; SELECT nextval('s'); CREATE VIEW v AS SELECT * FROM t")
    clone.git("config", "gitmig.ignore", "s")
    clone.gitmig("capture", "v")
    clone.commit("v")
    per(clone, "worktree")
    with busy(database) as session, session.transaction():
        session.execute("INSERT INTO t VALUES (9)")  # not committed: the copy neither waits for it nor has it
        a, said = add(clone, "a")
    assert "row by row, as others are connected to it" in said
    assert session.info.transaction_status is not None
    assert of(a).rows("SELECT id FROM t ORDER BY 1") == [(1,), (2,)]
    assert of(a).rows("SELECT id FROM v ORDER BY 1") == [(1,), (2,)]
    assert of(a).rows("SELECT nextval('s')") == [(8,)]
    assert of(a).applied() == database.applied()
    assert a.gitmig("status", "--exit-code").out.endswith("in sync\n")
    assert a.gitmig("sync", "HEAD~1").out.splitlines()[0].startswith("  - ")
    assert database.rows("SELECT count(*) FROM t") == [(3,)]


def test_a_database_for_every_branch(clone: Sandbox, database: Database) -> None:
    per(clone, "branch")
    said = clone.git("switch", "-q", "-c", "feature/x").err
    assert said.startswith(f"  {database.name}_feature_x_217d2b is a copy of {database.name} (")
    branch = of(clone)
    clone.table("2_x", "x")
    clone.commit("x")
    branch.rows("INSERT INTO x VALUES (5)")
    assert clone.git("switch", "-q", "main").err == ""
    assert (database.applied(), of(clone)) == (["1_t"], database)
    assert clone.git("switch", "-q", "feature/x").err == "", "nothing was reverted, so nothing is to be done"
    assert branch.rows("SELECT * FROM x") == [(5,)]
    clone.git("switch", "-q", "--detach", "HEAD~1")
    assert of(clone) == branch, "a detached HEAD has the database of the branch that it left"
    assert branch.tables() == ["t"]
    clone.git("switch", "-q", "feature/x")
    assert branch.rows("SELECT * FROM x") == [(5,)]


def test_a_branch_has_the_same_database_while_it_is_rebased(
    clone: Sandbox, database: Database, maintenance: psycopg.Connection
) -> None:
    per(clone, "branch")
    clone.git("switch", "-q", "-c", "x")
    clone.table("3_x", "x")
    clone.commit("x")
    clone.git("switch", "-q", "main")
    clone.table("2_m", "m")
    clone.commit("m")
    clone.git("switch", "-q", "x")
    clone.git("rebase", "-q", "main")
    assert databases(maintenance, database) == [f"{database.name}_x"]
    assert of(clone).applied() == ["1_t", "2_m", "3_x"]


def test_the_hooks_of_an_idle_checkout_start_no_python_for_a_branch_that_is_known(
    clone: Sandbox, database: Database
) -> None:
    per(clone, "branch")
    marker = clone.root / ".git/gitmig/marker"
    clone.git("switch", "-q", "-c", "x")
    assert marker.read_text().splitlines()[2] == " gitmig.toml @x"
    clone.git("commit", "-q", "--allow-empty", "-m", "nothing")
    before = marker.stat().st_mtime_ns
    clone.git("reset", "-q", "--hard", "HEAD~1")
    assert marker.stat().st_mtime_ns == before
    clone.git("switch", "-q", "main")
    assert marker.read_text().splitlines()[2] == " gitmig.toml @main"


def test_names_in_the_url(clone: Sandbox, database: Database, server: str, maintenance: psycopg.Connection) -> None:
    url = url_of(server, f"{database.name}_{{worktree}}")
    clone.git("config", "gitmig.database", url)
    said = clone.gitmig("sync").out
    assert f"  {database.name}_main was made empty\n" in said
    assert of(clone).applied() == ["1_t"]
    of(clone).rows("INSERT INTO t VALUES (4)")
    a, _ = add(clone, "a")
    assert of(a).rows("SELECT * FROM t") == [(4,)]
    assert databases(maintenance, database) == [f"{database.name}_a", f"{database.name}_main"]
    environment = Sandbox(a.root, {"DATABASE_URL": url})
    assert f"database   {place(database, '_a')}, from environment" in environment.gitmig("status").out


def test_the_next_work_tree_of_a_name_does_not_get_the_rows_of_the_last_one(
    clone: Sandbox, database: Database, maintenance: psycopg.Connection
) -> None:
    per(clone, "worktree")
    a, _ = add(clone, "a")
    of(a).rows("INSERT INTO t VALUES (3)")
    clone.git("worktree", "remove", "--force", "../a")
    a, said = add(clone, "a", "a")
    kept = next(name for name in databases(maintenance, database) if "__gitmig_" in name)
    assert said.splitlines()[0] == (
        f"warning: {database.name}_a was left by what is gone; it is {kept} now, and `gitmig db prune` drops it"
    )
    assert of(a).rows("SELECT count(*) FROM t") == [(2,)]
    assert Database(database.url.replace(database.name, kept), kept).rows("SELECT count(*) FROM t") == [(3,)]


def test_a_moved_work_tree_keeps_its_database(clone: Sandbox, database: Database) -> None:
    per(clone, "worktree")
    a, _ = add(clone, "a")
    of(a).rows("INSERT INTO t VALUES (3)")
    clone.git("worktree", "move", "../a", "../elsewhere")
    moved = Sandbox(clone.root.parent / "elsewhere", {})
    assert moved.gitmig("sync").out.startswith(f"{place(database, '_a')} matches ")
    assert of(moved).rows("SELECT count(*) FROM t") == [(3,)]


def test_another_clone_with_the_same_url_is_told_whose_it_is(
    clone: Sandbox, database: Database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    per(clone, "worktree")
    add(clone, "a")
    other = Sandbox(clone.root.parent / "other", {})
    clone.git("clone", "-q", str(clone.root), str(other.root))
    other.gitmig_here("init", "--database", database.url)
    other.git("config", "gitmig.per", "worktree")
    other.gitmig_here("sync")
    (clone.root.parent / "deep").mkdir()
    said = other.git("worktree", "add", "-q", "-b", "a", "../deep/a").err
    assert said.startswith(f"warning: the database {database.name}_a belongs to work tree {clone.root.parent / 'a'} of")
    assert "nothing was synced" in said


# --- one database for several ---


def test_one_url_for_all_is_told_at_once_and_no_hook_takes_from_another(clone: Sandbox, database: Database) -> None:
    """The URL comes from the environment, the same for three agents: what each of them sees."""
    clone.environment["DATABASE_URL"] = database.url
    clone.gitmig("sync")
    shared = f"{place(database)} is also the database of "
    a, said = add(clone, "a")
    assert said.startswith(f"warning: {shared}../project; `per = ")
    b, said = add(clone, "b")
    assert said.startswith(f"warning: {shared}../project and ../a; `per = ")
    a.table("2_a", "a")
    said = a.gitmig("sync").err
    assert said.startswith(f"warning: {shared}../project and ../b; `per = ")
    of(a).rows("INSERT INTO a VALUES (1)")
    b.table("3_b", "b")
    said = b.commit("b") and b.git("commit", "-q", "--amend", "-m", "again").err
    assert said == (
        f"warning: {shared}../a, from which this would take 2_a; nothing was synced; `gitmig sync` by hand does it; "
        '`per = "worktree"` gives each its own, `shared = true` says that it is meant so\n'
    )
    assert database.rows("SELECT * FROM a") == [(1,)]
    b.git("config", "gitmig.per", "worktree")
    assert (
        f'warning: per = "worktree" has no effect: environment variable DATABASE_URL names {database.name} for all; '
        "unset it, or write {worktree} into the name\n"
    ) in b.gitmig("sync", "--dry-run").err
    clone.git("config", "gitmig.shared", "true")
    assert "  - 2_a  (" in b.git("commit", "-q", "--amend", "-m", "once more").err
    assert database.applied() == ["1_t", "3_b"]
    assert b.gitmig("sync").err.count("is also the database") == 0


def test_one_env_file_in_the_main_work_tree_serves_all(clone: Sandbox, database: Database) -> None:
    clone.git("config", "--unset", "gitmig.database")
    clone.write(".env", f"DATABASE_URL={database.url}\n")
    clone.write(".gitignore", ".env\n")
    clone.commit("ignore")
    per(clone, "worktree")
    a, said = add(clone, "a")
    assert f"{database.name}_a is a copy of {database.name} (" in said
    assert a.gitmig("status").out.splitlines()[0] == (
        f"database   {place(database, '_a')}, from {clone.root / '.env'} (DATABASE_URL)"
    )


# --- where no copy can be made ---


@pytest.fixture
def poor(clone: Sandbox, database: Database, server: str, maintenance: psycopg.Connection) -> Iterator[str]:
    """The clone works as a role that owns the database and may not create others."""
    role = f"{database.name}_poor"
    database.rows(f"CREATE ROLE {role} LOGIN; ALTER DATABASE {database.name} OWNER TO {role}")
    database.rows(f"ALTER TABLE t OWNER TO {role}")
    ours = "gitmig, gitmig_kept"
    database.rows(f"GRANT ALL ON SCHEMA {ours}, public TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA {ours} TO {role}")
    clone.git("config", "gitmig.database", url_of(server.replace("postgres@", f"{role}@"), database.name))
    clone.git("config", "gitmig.ledgerRole", role)
    yield role
    drop_all(maintenance, database)
    database.rows(f"REASSIGN OWNED BY {role} TO current_user; DROP OWNED BY {role}")
    database.rows(f"ALTER DATABASE {database.name} OWNER TO current_user; DROP ROLE {role}")


def test_without_the_right_to_create_databases_it_says_why_and_shares_if_it_shall(
    clone: Sandbox, database: Database, poor: str
) -> None:
    clone.git("config", "gitmig.verify", "never")
    per(clone, "worktree")
    a, said = add(clone, "a")
    assert said == (
        f"warning: this work tree cannot have a database of its own: {poor} may not create databases; nothing was "
        f"synced; ALTER ROLE {poor} CREATEDB; the setting `unclonable` says what to do without\n"
    )
    a.git("config", "gitmig.unclonable", "share")
    said = a.gitmig("sync").err
    assert f"shares {database.name}\n" in said
    assert of(a) == Database(Project.load(clone.root).url, database.name)
    assert "`gitmig db clone` tries again" in a.gitmig("sync").err
    a.git("config", "gitmig.unclonable", "empty")
    (a.root.parent / "project/.git/worktrees/a/gitmig/shares.json").unlink()
    assert a.gitmig("sync", check=False).status == 3
    database.rows(f"ALTER ROLE {poor} CREATEDB")
    assert a.gitmig("sync").out.startswith(f"  {database.name}_a is a copy of {database.name} (")
    database.rows(f"ALTER DATABASE {database.name} OWNER TO current_user")
    b, said = add(clone, "b")
    assert "row by row, as another role owns it" in said, "nobody else may use it as a template"
    assert of(b).rows("SELECT id FROM t ORDER BY 1") == [(1,), (2,)]


def test_on_a_server_that_lets_one_into_no_other_database_they_share_if_they_shall(
    clone: Sandbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on some managed ones."""
    clone.git("-c", "core.hooksPath=/nowhere", "worktree", "add", "-q", "-b", "a", "../a")
    per(clone, "worktree")
    a = Sandbox(clone.root.parent / "a", {})
    monkeypatch.setattr("gitmig.rebuild.databases.MAINTENANCE", ("no_such_database",))
    for what in ("refuse", "empty"):
        a.git("config", "gitmig.unclonable", what)
        with pytest.raises(GitmigError, match="cannot have a database of its own: a copy needs another database than"):
            sync(Project.load(a.root))
    a.git("config", "gitmig.unclonable", "share")
    sync(Project.load(a.root))
    assert of(a) == database


# --- whatever happens ---


def switch_often(root: str, environment: dict[str, str], count: int, tables: str) -> subprocess.Popen[bytes]:
    """A process that switches between two branches, and looks each time that it finds its own tables and no other."""
    script = f"""
import subprocess, sys, psycopg
url = subprocess.run([sys.executable, "-m", "gitmig", "db", "url"], capture_output=True, text=True, check=True).stdout
for number in range({count}):
    branch = "{tables}_1" if number % 2 == 0 else "{tables}_2"
    subprocess.run(["git", "switch", "-q", branch], check=True)
    with psycopg.connect(url.strip(), autocommit=True) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        assert rows == [(branch,), ("t",)], (branch, rows)
        connection.execute(f"INSERT INTO {{branch}} VALUES ({{number}})")
        mine = connection.execute(f"SELECT count(*) FROM {{branch}}").fetchone()
        assert mine == (number // 2 + 1,), (branch, number, mine)
"""
    return subprocess.Popen([sys.executable, "-c", script], cwd=root, env=os.environ | environment)


def test_three_at_once_never_see_each_others_rows_and_tables(clone: Sandbox, database: Database) -> None:
    """Nothing of an earlier round is missing either: rows of a table that a switch takes away come back."""
    count = 200 if LONG else 4
    per(clone, "worktree")
    trees = [clone, add(clone, "a")[0], add(clone, "b")[0]]
    for tree, name in zip(trees, ("m", "a", "b")):
        for branch in (f"{name}_1", f"{name}_2"):
            tree.git("switch", "-q", "-c", branch, "main")
            tree.table(f"2_{branch}", branch)
            tree.commit(branch)
    running = [switch_often(str(t.root), t.environment, count, n) for t, n in zip(trees, ("m", "a", "b"))]
    assert [process.wait() for process in running] == [0, 0, 0]


@pytest.mark.usefixtures("cold")  # the process that is killed has to be gitmig itself
def test_kill_9_in_the_middle_of_a_copy_leaves_only_what_prune_removes(
    clone: Sandbox, database: Database, maintenance: psycopg.Connection
) -> None:
    clone.git("-c", "core.hooksPath=/nowhere", "worktree", "add", "-q", "-b", "a", "../a")
    database.rows("INSERT INTO t SELECT generate_series(10, 20000)")
    per(clone, "worktree")
    a = Sandbox(clone.root.parent / "a", {})
    assert a.gitmig("status", check=False).err.endswith("hint: `gitmig sync` makes it for this work tree\n")
    building = name_under_construction(f"{database.name}_a")
    with busy(database) as session, session.transaction():  # row by row, and that has to wait
        session.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen([sys.executable, "-m", "gitmig", "sync"], cwd=a.root, env=os.environ | a.environment)
        while not maintenance.execute("SELECT 1 FROM pg_database WHERE datname = %s", (building,)).fetchone():
            assert process.poll() is None
            time.sleep(0.01)
        assert building not in clone.gitmig("db", "list").out, "somebody is at it"
        process.send_signal(signal.SIGKILL)
        process.wait()
    for _ in range(100):  # a server notices late that its client was killed; a prune of another test may be quicker
        if f"\t{building}\t" in clone.gitmig("db", "list").out or not databases(maintenance, database):
            break
    else:
        pytest.fail("somebody is still at it")
    assert set(databases(maintenance, database)) <= {building}
    assert clone.gitmig("db", "prune", "--yes").out == "no old database is kept\n"
    assert databases(maintenance, database) == []
    assert database.rows("SELECT count(*) FROM t") == [(19993,)]
    a.gitmig("sync")
    assert databases(maintenance, database) == [f"{database.name}_a"]


# --- what is there, and what is left ---


def test_list_and_prune(clone: Sandbox, database: Database, maintenance: psycopg.Connection) -> None:
    per(clone, "worktree")
    add(clone, "a")
    b, _ = add(clone, "b")
    b.gitmig("db", "protect")
    name, rows = database.name, [line.split("\t") for line in b.gitmig("db", "list").out.splitlines()]
    assert [row[:5] for row in rows] == [
        ["", name, "../project", "main", "1"],
        ["", f"{name}_a", "../a", "a", "1"],
        ["*", f"{name}_b", ".", "b", "1"],
    ]
    assert [row[7] for row in rows] == ["", "", "protected"]
    clone.git("worktree", "remove", "../a")
    said = b.git("switch", "-q", "--detach").err
    assert said.startswith(f"gitmig: work tree {clone.root.parent / 'a'} is gone, and its database {name}_a is there, ")
    assert b.git("switch", "-q", "b").err == "", "once"
    (left,) = [one for one in json.loads(b.gitmig("db", "list", "--json").out) if one["use"] == "left"]
    assert (left["name"], left["set"]["count"], left["here"]) == (f"{name}_a", 1, False)
    assert b.gitmig("db", "prune").out.endswith("\nnothing was dropped; `--yes` drops them\n")
    b.environment["GITMIG_GUARD"] = "confirm"
    assert b.gitmig("db", "prune", "--yes", check=False).err.startswith('error: guard = "confirm" (or GITMIG_GUARD)')
    del b.environment["GITMIG_GUARD"]
    assert b.gitmig("db", "prune", "--yes").out.endswith("\ndropped 1 database\n")
    assert databases(maintenance, database) == [f"{name}_b"]


def test_a_deleted_branch_leaves_a_database(clone: Sandbox, database: Database) -> None:
    per(clone, "branch")
    clone.git("switch", "-q", "-c", "x")
    clone.git("switch", "-q", "main")
    assert f"\t{database.name}_x\t\tx\t" in clone.gitmig("db", "list").out, "the branch is still there"
    assert clone.gitmig("db", "prune").out == "no old database is kept\n"
    clone.git("branch", "-q", "-D", "x")
    assert f"  {database.name}_x  branch x is gone" in clone.gitmig("db", "prune", "--yes").out


def test_a_copy_under_any_name(clone: Sandbox, database: Database) -> None:
    name = f"{database.name}_copy"
    url = clone.gitmig("db", "clone", name).out.strip()
    assert Database(url, name).rows("SELECT count(*) FROM t") == [(2,)]
    assert clone.gitmig("db", "clone", name, check=False).err == (
        f"error: there is a database {name} already\nhint: take another name\n"
    )
    assert clone.gitmig("db", "clone", check=False).status == 2
    assert clone.gitmig("db", "prune", "--yes").out == "no old database is kept\n", "it was asked for"


# --- the application's file ---


def test_the_applications_file_is_kept_in_step_and_may_be_where_gitmig_reads_the_url(
    clone: Sandbox, database: Database
) -> None:
    clone.git("config", "--unset", "gitmig.database")
    clone.write(".gitignore", ".env\n")
    clone.commit("ignore")
    url = database.url.replace("postgresql://", "postgresql+psycopg://")
    clone.write(".env", f"# ours\nA=1\nDATABASE_URL='{url}' # the database\nB=2\n")
    clone.git("config", "gitmig.envFile", ".env")
    per(clone, "branch")
    clone.git("switch", "-q", "-c", "x")
    own = f"{database.name}_x"
    text = (clone.root / ".env").read_text()
    assert text == f"# ours\nA=1\nDATABASE_URL='{url.replace(database.name, own)}' # the database\nB=2\n"
    assert of(clone).name == own, "the name is not made twice"
    clone.git("switch", "-q", "-c", "y")
    assert of(clone).name == f"{database.name}_y"
    clone.git("switch", "-q", "main")
    assert (clone.root / ".env").read_text() == f"# ours\nA=1\nDATABASE_URL='{url}' # the database\nB=2\n"
    assert clone.gitmig("db", "url", "--env-file", ".env").out.startswith(".env had already the URL of ")


def test_a_file_that_git_does_not_ignore_and_a_link_are_left_alone(clone: Sandbox, database: Database) -> None:
    clone.write("tracked.env", "DATABASE_URL=x\n")
    clone.write(".gitignore", "*.env\n.env\n")
    clone.git("add", "--force", "tracked.env")
    clone.write(".env", "A=1\n")
    (clone.root / "link.env").symlink_to(".env")
    for name, why, status in (
        ("tracked.env", "git does not ignore tracked.env", 3),
        ("link.env", "link.env is a link", 3),
        ("../out.env", "../out.env is outside the work tree", 2),
    ):
        result = clone.gitmig("db", "url", "--env-file", name, check=False)
        assert (result.status, why in result.err) == (status, True), result
    assert (clone.root / ".env").read_text() == "A=1\n"
    assert clone.gitmig("db", "url", "--env-file", ".env").status == 0
    assert (clone.root / ".env").read_text() == f"A=1\nDATABASE_URL={database.url}\n"
    assert (clone.root / ".env").stat().st_mode & 0o777 == 0o644
