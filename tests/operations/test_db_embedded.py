"""The PostgreSQL of a clone's own: started on demand, one database per work tree, and hard to break."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from gitmig.errors import GitmigError, UsageError
from gitmig.operations import db
from gitmig.operations.sync import sync
from gitmig.postgres.embedded import MAINTENANCE, EmbeddedServer
from gitmig.project.project import Project
from tests.conftest import Sandbox
from tests.servers import in_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Database
    from tests.servers import Cluster

pytestmark = pytest.mark.usefixtures("cold")  # servers are children of what starts them

pytest.importorskip("psutil")
DEEP = "/".join(["a folder with a long name, 'quotes' and ü; & more"] * 4)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One server for most tests: making one takes longest."""
    return tmp_path_factory.mktemp("embedded")


@pytest.fixture(scope="module")
def clone(home: Path) -> Iterator[Path]:
    """A repository with a deep and odd path, and its server."""
    root = home / DEEP
    root.mkdir(parents=True)
    yield root
    EmbeddedServer(root / ".git" / "gitmig").remove()


@pytest.fixture
def repo(clone: Path) -> Iterator[Sandbox]:
    made = Sandbox(clone, {})
    made.git("init", "--quiet", "--initial-branch=main")
    made.table("0001_a", "a")
    made.commit("a")
    yield made
    made.git("worktree", "prune")


def project(sandbox: Sandbox) -> Project:
    return Project.load(sandbox.root)


def synced(sandbox: Sandbox) -> list[str]:
    return [d.step.label for d in sync(project(sandbox)).done]


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def pid(sandbox: Sandbox) -> int:
    return int((project(sandbox).server.data / "postmaster.pid").read_text().split("\n", 1)[0])


def test_it_starts_on_demand_and_is_found_running_the_second_time(repo: Sandbox) -> None:
    db.stop(project(repo))
    assert not project(repo).server.is_running()
    synced(repo)
    first = pid(repo)
    assert synced(repo) == []
    assert (pid(repo), db.start(project(repo))) == (first, False)


def test_its_url_leads_through_a_socket_only(repo: Sandbox) -> None:
    url = db.url(project(repo))
    parts = conninfo_to_dict(url)
    assert (parts["user"], parts["dbname"], parts["port"]) == ("postgres", "dev", "5432")
    assert str(parts["host"]).startswith("/")
    assert rows(url, "SHOW listen_addresses") == [("",)]
    assert rows(url, "SELECT inet_server_addr() IS NULL") == [(True,)]


def test_stop_and_start_say_whether_there_was_something_to_do(repo: Sandbox) -> None:
    db.start(project(repo))
    assert db.stop(project(repo)) is True
    assert db.stop(project(repo)) is False
    assert db.start(project(repo)) is True


def test_a_linked_work_tree_has_a_database_of_its_own_and_reset_empties_only_that(
    repo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitmig.own_databases.make.LARGE", 0)  # as files, and cloned where the server can
    repo.git("worktree", "add", "--quiet", "-b", f"b{os.getpid()}", str(tmp_path / "linked"))
    linked = Sandbox(tmp_path / "linked", {})
    linked.table("0002_b", "b")
    synced(repo)
    rows(project(repo).url, "INSERT INTO a VALUES (3) ON CONFLICT DO NOTHING RETURNING 1")
    assert synced(linked) == ["0002_b"], "the copy has the rest"
    assert rows(project(linked).url, "SELECT id FROM a WHERE id = 3") == [(3,)]
    assert project(linked).name == "dev_linked"
    for tree in (repo, linked):
        rows(project(tree).url, "INSERT INTO a VALUES (7) ON CONFLICT DO NOTHING RETURNING 1")
    db.reset(project(linked))
    assert rows(project(linked).url, "SELECT to_regclass('a'), to_regnamespace('gitmig')") == [(None, None)]
    assert rows(project(repo).url, "SELECT count(*) FROM a WHERE id = 7") == [(1,)]


def test_two_work_trees_with_long_names_have_two_databases(repo: Sandbox, tmp_path: Path) -> None:
    names = set()
    for end in "xy":
        path = tmp_path / ("feature-" + "long" * 15 + end)
        repo.git("worktree", "add", "--quiet", "--detach", str(path))
        names.add(project(Sandbox(path, {})).name)
    assert len(names) == 2


@pytest.mark.parametrize("name", ['it\'s a "tree"', pytest.param("ü" * 50)])
def test_a_work_tree_may_be_called_anything(repo: Sandbox, tmp_path: Path, name: str) -> None:
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / name))
    linked = Sandbox(tmp_path / name, {})
    db.start(project(repo))
    with psycopg.connect(project(repo).server.url(MAINTENANCE), autocommit=True) as connection:
        for (found,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'dev%'").fetchall():
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(found)))
    assert synced(linked) == ["0001_a"], "there is nothing to copy"
    assert synced(linked) == []


@pytest.mark.parametrize("inside", [True, False])
def test_the_bootstrap_sql_runs_in_a_fresh_database_and_only_there(repo: Sandbox, tmp_path: Path, inside: bool) -> None:
    boot = (repo.root if inside else tmp_path) / "boot file.sql"
    boot.write_text("CREATE SCHEMA boot; CREATE TABLE boot.once (id int); INSERT INTO boot.once VALUES (1);")
    repo.git("config", "gitmig.bootstrap", "boot file.sql" if inside else str(boot))
    db.reset(project(repo))
    assert rows(project(repo).url, "TABLE boot.once") == [(1,)]
    synced(repo)
    assert rows(project(repo).url, "TABLE boot.once") == [(1,)]
    repo.git("config", "--unset", "gitmig.bootstrap")
    boot.unlink()


def test_a_bootstrap_that_fails_leaves_the_database_as_it_was(repo: Sandbox) -> None:
    synced(repo)
    boot = repo.write("boot.sql", "CREATE TABLE x (id int);\nSELECT nonsense;\n")
    repo.git("config", "gitmig.bootstrap", "boot.sql")
    with pytest.raises(GitmigError) as caught:
        db.reset(project(repo))
    assert caught.value.message == 'the bootstrap SQL failed at line 2: column "nonsense" does not exist'
    maintenance = project(repo).server.url("postgres")
    query = "SELECT datname FROM pg_database WHERE datname LIKE 'gitmig%'"
    assert rows(maintenance, query) == []
    repo.git("config", "--unset", "gitmig.bootstrap")
    boot.unlink()
    assert synced(repo) == []


def test_a_role_that_is_accepted_in_every_database_is_so_in_those_that_a_sync_makes(
    repo: Sandbox, make_sandbox: Callable[..., Sandbox]
) -> None:
    """On a server of its own: the role would be refused in the databases of other tests."""
    synced(repo)
    server = project(repo).server
    with psycopg.connect(server.url(MAINTENANCE), autocommit=True) as connection:
        connection.execute("CREATE DATABASE accepting")
        connection.execute("CREATE ROLE mallory LOGIN IN ROLE pg_write_all_data")
        try:
            made = make_sandbox("accepting", url=server.url("accepting"))
            made.git("config", "--add", "gitmig.ledgerRole", "mallory")
            made.table("0001_a", "a")
            path = made.table("0002_b", "b")
            made.gitmig("sync", "--yes")
            rows(server.url("accepting"), "INSERT INTO b VALUES (1) RETURNING id")
            (made.root / path).unlink()
            made.gitmig("sync", "--rebuild", "--yes")
            assert rows(server.url("accepting"), "SELECT table_name, rows FROM gitmig_kept.item") == [("b", 1)]
            made.gitmig("status", "--exit-code")
            made.gitmig("db", "prune", "--yes")
        finally:
            connection.execute("DROP ROLE mallory")


def test_a_server_that_was_killed_comes_back_with_its_rows(repo: Sandbox) -> None:
    synced(repo)
    rows(project(repo).url, "INSERT INTO a VALUES (42) ON CONFLICT DO NOTHING RETURNING 1")
    killed = pid(repo)
    os.kill(killed, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{killed}").exists() and time.monotonic() < deadline:
        if "Z" in Path(f"/proc/{killed}/stat").read_text().rpartition(")")[2].split()[:1]:
            break  # without an init process it stays one for ever
        time.sleep(0.02)
    assert (project(repo).server.data / "postmaster.pid").exists()
    assert synced(repo) == []
    assert rows(project(repo).url, "SELECT count(*) FROM a WHERE id = 42") == [(1,)]


def test_a_number_that_belongs_to_another_process_by_now_is_not_the_server(repo: Sandbox) -> None:
    """After a restart of the machine or of a container, numbers are given again."""
    synced(repo)
    file = project(repo).server.data / "postmaster.pid"
    text = file.read_text()
    db.stop(project(repo))
    with subprocess.Popen(["sleep", "60"]) as other:
        try:
            file.write_text(f"{other.pid}\n" + text.split("\n", 1)[1])
            assert synced(repo) == []
        finally:
            other.kill()


@pytest.mark.parametrize("name", ['a "quote"', "$HOME", "`id`", "$(id)"])
def test_a_path_is_not_read_by_a_shell(tmp_path: Path, name: str) -> None:
    server = EmbeddedServer(tmp_path / name)
    try:
        assert server.start() is True
    finally:
        server.remove()


@pytest.mark.parametrize("act", [db.start, db.stop, db.reset])
def test_a_configured_database_is_not_started_stopped_or_emptied(
    repo: Sandbox, monkeypatch: pytest.MonkeyPatch, act: Callable[[Project], object]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/app")
    with pytest.raises(UsageError) as caught:
        act(project(repo))
    assert caught.value.message == (
        "the database is configured (environment variable DATABASE_URL), so it is not the embedded one"
    )
    assert caught.value.hint == "this command looks after the embedded PostgreSQL only; unset the URL to use that"


def test_psql_is_the_servers_own_and_gets_no_password_on_its_command_line(repo: Sandbox) -> None:
    client = db.psql(project(repo))
    assert Path(client.program).is_file()
    done = subprocess.run(
        [client.program, "-XAtc", "SELECT current_database()"],
        env=client.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "dev\n"


def test_an_embedded_database_is_rebuilt_like_any_other(repo: Sandbox) -> None:
    repo.gitmig("db", "reset", "--yes")
    synced(repo)
    repo.gitmig("db", "psql", "-c", "INSERT INTO a VALUES (7)")
    assert "carried 1 row of 1 table" in repo.gitmig("sync", "--rebuild").out
    assert repo.gitmig("db", "psql", "-At", "-c", "TABLE a").out == "7\n"
    assert "  dev__gitmig_" in repo.gitmig("db", "prune", "--yes").out
    assert "  dev__gitmig_" not in repo.gitmig("db", "list").out


# --- the user's alone ---

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
as_root = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="only root can be somebody else")


@pytest.fixture(scope="module", params=["plain", "with a blank", "long" * 30])
def private(request: pytest.FixtureRequest, cluster: Cluster) -> Iterator[EmbeddedServer]:
    """A server below a folder that everybody can enter; in one of the folders it makes its cluster itself.

    Every test leaves it as closed as it was, and running.
    """
    with tempfile.TemporaryDirectory(prefix="gitmig-test-", dir=in_memory(), ignore_cleanup_errors=True) as top:
        Path(top).chmod(0o755)
        made = EmbeddedServer(Path(top) / request.param)
        if request.param != "plain":
            cluster.copy_to(made)
        made.start()
        yield made
        made.remove()


def socket_directory(private: EmbeddedServer) -> Path:
    return Path(str(conninfo_to_dict(private.url("postgres"))["host"]))


def connect_as_nobody(directory: Path) -> str:
    """What a stranger on the machine gets to see who connects as the superuser."""
    psql = shutil.which("psql") or str(EmbeddedServer(directory).program("psql"))
    command = (*NOBODY, psql, "-X", "-h", str(directory), "-U", "postgres", "-c", "SELECT 1", "postgres")
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_the_socket_lies_where_nobody_else_can_enter(private: EmbeddedServer) -> None:
    directory = socket_directory(private)
    found = directory.lstat()
    assert (directory / ".s.PGSQL.5432").is_socket()
    assert stat.S_ISDIR(found.st_mode)
    assert found.st_mode & 0o077 == 0
    assert str(os.getuid()) not in directory.name.split("-"), "the name cannot be foreseen"


@as_root
def test_a_stranger_cannot_reach_it(private: EmbeddedServer) -> None:
    assert "Permission denied" in connect_as_nobody(socket_directory(private))


@as_root
def test_a_stranger_who_could_reach_it_is_not_let_in(private: EmbeddedServer) -> None:
    directory = socket_directory(private)
    directory.chmod(0o755)
    (directory / ".s.PGSQL.5432").chmod(0o777)
    try:
        assert "Peer authentication failed" in connect_as_nobody(directory)
    finally:
        directory.chmod(0o700)


def test_nothing_trusts(private: EmbeddedServer) -> None:
    (lines,) = rows(private.url("postgres"), "SELECT array_agg(type || auth_method) FROM pg_hba_file_rules")
    assert lines == (["localpeer"],)
    assert rows(private.url("postgres"), "SELECT error FROM pg_hba_file_rules WHERE error IS NOT NULL") == []
    with psycopg.connect(private.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE app LOGIN")
    as_app = private.url("postgres").replace("postgres@", "app@")
    assert rows(as_app, "SELECT current_user::text") == [("app",)], "the user may be any role"


def test_a_server_of_an_older_gitmig_is_closed_while_it_runs(private: EmbeddedServer) -> None:
    (private.data / "pg_hba.conf").write_text("local all all trust\n")
    rows(private.url("postgres"), "SELECT pg_reload_conf()")
    private.secure()
    deadline = time.monotonic() + 10
    query = "SELECT DISTINCT auth_method FROM pg_hba_file_rules"
    while rows(private.url("postgres"), query) != [("peer",)]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_socket_directory_that_is_gone_or_open_is_not_used(private: EmbeddedServer) -> None:
    directory = socket_directory(private)
    if directory == private.data:
        directory.chmod(0o755)
        with pytest.raises(GitmigError, match="is not yours alone"):
            private.url("postgres")
        directory.chmod(0o700)
        return
    moved = directory.with_name(f"{directory.name}.away")
    directory.rename(moved)
    directory.symlink_to(moved)
    assert not private.is_running(), "a link is not the directory that was made"
    assert private.start() is True
    assert socket_directory(private) != directory
    assert rows(private.url("postgres"), "SELECT 1") == [(1,)]
    directory.unlink()
    shutil.rmtree(moved)


LIBPQ = {
    "PGHOST": "db.example.org",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "6543",
    "PGUSER": "nobody",
    "PGDATABASE": "other",
    "PGSERVICE": "app",
    "PGOPTIONS": "-c search_path=evil",
    "PGSSLMODE": "verify-full",
    "PGREQUIREAUTH": "scram-sha-256",
}


@pytest.mark.parametrize("names", [["PGSERVICE"], [name for name in LIBPQ if name != "PGSERVICE"]])
def test_the_shells_variables_do_not_reach_it(repo: Sandbox, names: list[str]) -> None:
    repo.gitmig("sync")
    repo.environment |= {name: LIBPQ[name] for name in names}
    assert "in sync" in repo.gitmig("status").out
    assert repo.gitmig("db", "psql", "-At", "-c", "SHOW search_path").out == '"$user", public\n'
    assert "port=5432" in repo.gitmig("db", "url").out


def test_a_proof_on_it_goes_there_although_another_server_is_configured(repo: Sandbox, database: Database) -> None:
    repo.environment |= {"DATABASE_URL": database.url, "PGPORT": "6543", "PGSERVICE": "app"}
    repo.git("branch", "--force", "base")
    was_running = project(repo).server.is_running()
    assert repo.gitmig("check", "base", "--scratch", "embedded", "--trust").status == 0
    assert project(repo).server.is_running() == was_running  # nobody else would stop it
