"""Real git and real PostgreSQL, cut off from whatever the machine has configured.

One server for the run (GITMIG_TEST_SERVER, else the embedded one), one database per test.
"""

from __future__ import annotations

import io
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import git
import psycopg
import pytest

from gitmig.cli.main import run
from tests.combinations import left_out
from tests.json_schemas import check_output
from tests.originals import Originals
from tests.programs import quick_java
from tests.servers import TEMPLATE, create_database, embedded_server, in_memory, made_template
from tests.statements import Scanner
from tests.warm import cold, is_warm, start, warm, warm_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.originals import Make

__all__ = ["cold", "quick_java", "warm", "warm_server"]  # fixtures

SERVER_VARIABLE = "GITMIG_TEST_SERVER"
# The last one would have every gitmig that a test starts compile all its modules anew, which no user's does.
FORBIDDEN = ("GIT_", "PG", "GITMIG_", "DATABASE_URL", "PYTHONDONTWRITEBYTECODE")
GIT = {
    # In no folder that exists: written to, it fails. Of the null device git, as root, would make a file.
    "GIT_CONFIG_GLOBAL": "/nowhere/gitconfig",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TEMPLATE_DIR": "",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-01-01T12:00:00+00:00",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_COMMITTER_DATE": "2026-01-01T12:00:00+00:00",
    "GIT_TERMINAL_PROMPT": "0",
}
REFTABLE = (2, 45)  # the first git that has it
# The kinds of repositories, and how `git init` makes them.
KINDS: dict[str, tuple[str, ...]] = {"plain": (), "bare": ("--bare",), "sha256": ("--object-format=sha256",)}
SCAN_VARIABLE = "GITMIG_TEST_SCAN"
_is_scanned = SCAN_VARIABLE in os.environ
_server_url = os.environ.get(SERVER_VARIABLE, "")
_numbers = itertools.count(1)


def pytest_configure() -> None:
    """Have the folders of tests in memory: a file there takes a tenth of the time, and most tests make a repository."""
    if place := in_memory():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place)


def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: one more than there are processors, as each waits now and then for git and for PostgreSQL."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out combinations of parameters that need not be played every time."""
    out = left_out(items)
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in set(out)]


def isolated_environment() -> dict[str, str]:
    """This process's, without the user's git, PostgreSQL or database settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(FORBIDDEN)} | GIT


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the user's git, PostgreSQL or database settings."""
    environment = isolated_environment()
    for name in os.environ.keys() - environment.keys():
        monkeypatch.delenv(name)
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(Path.cwd())  # it is the same again afterwards, wherever `gitmig -C` has gone


@pytest.fixture(autouse=True)
def every_statement_means_one_thing(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """With GITMIG_TEST_SCAN, every statement that gitmig sends in the tests' own process is looked at."""
    scanner = Scanner()
    if _is_scanned:
        scanner.install(monkeypatch)
    yield
    assert scanner.faults == []


@pytest.fixture(autouse=True)
def no_git_is_left_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A traceback keeps its repository alive, and with it the `git cat-file` that answers for it."""
    made: list[git.Git] = []
    original = git.Git.__init__

    def remember(self: git.Git, working_dir: str | Path | None = None) -> None:
        original(self, working_dir)
        made.append(self)

    monkeypatch.setattr(git.Git, "__init__", remember)
    yield
    for one in made:
        one.clear_cache()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a server without a database name at its end."""
    if _server_url:
        yield _server_url.rstrip("/")
        return
    with embedded_server() as url:
        yield url


@pytest.fixture(scope="session")
def maintenance(server: str) -> Iterator[psycopg.Connection]:
    """A connection to make and drop databases with, and the template of them."""
    with (
        psycopg.connect(url_of(server, "postgres"), autocommit=True) as connection,
        made_template(connection, url_of(server, TEMPLATE)),
    ):
        yield connection


@dataclass(frozen=True)
class Database:
    """An empty database of one test."""

    url: str
    name: str

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """Run a query on a connection of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def tables(self) -> list[str]:
        """The tables in schema public, in order."""
        return [
            str(row[0]) for row in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        ]

    def columns(self, table: str) -> list[str]:
        """The columns of a table, in order."""
        query = (
            f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass "
            "AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
        )
        return [str(row[0]) for row in self.rows(query)]

    def applied(self) -> list[str]:
        """The labels in the ledger, in order."""
        if self.rows("SELECT to_regclass('gitmig.applied')") == [(None,)]:
            return []
        return [str(row[0]) for row in self.rows("SELECT version || '_' || name FROM gitmig.applied ORDER BY position")]


@pytest.fixture
def template() -> str:
    """The database that those of tests are copies of: an empty one, or what a folder of tests has in its place."""
    return TEMPLATE


@pytest.fixture
def database(
    request: pytest.FixtureRequest, server: str, maintenance: psycopg.Connection, template: str
) -> Iterator[Database]:
    """A fresh database, dropped afterwards; where the beginning of the test is made once, that creates it."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    if "made_once" not in request.fixturenames:
        create_database(maintenance, name, f'TEMPLATE "{template}"')
    yield Database(url_of(server, name), name)
    maintenance.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def url_of(server: str, name: str) -> str:
    """The URL of a database on the server."""
    base, question, options = server.partition("?")
    return f"{base.rstrip('/')}/{name}{question}{options}"


def git_version() -> tuple[int, ...]:
    """The version of git that is tried, as 2, 39."""
    said = subprocess.run(("git", "version"), capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in re.findall(r"\d+", said)[:2])


@dataclass
class Result:
    """What a command said."""

    status: int
    out: str
    err: str


class Sandbox:
    """A git repository, and gitmig run in it as a user would."""

    def __init__(self, root: Path, environment: Mapping[str, str]) -> None:
        self.root = root
        self.environment = dict(environment)

    def git(self, *arguments: str, check: bool = True) -> Result:
        """Run git."""
        return self.run("git", *arguments, check=check)

    def gitmig(self, *arguments: str, check: bool = True) -> Result:
        """Run gitmig in a process of its own. What it prints as JSON is held against its schema."""
        result = self._gitmig(*arguments)
        if check:
            assert result.status == 0, f"{arguments}\n{result.out}{result.err}"
        check_output(arguments, result.out)
        return result

    def _gitmig(self, *arguments: str) -> Result:
        if not is_warm():
            return self.run(sys.executable, "-m", "gitmig", *arguments, check=False)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            status = start(arguments, self.root, self.environment, (out.fileno(), err.fileno())).wait()
            for file in (out, err):
                file.seek(0)
            return Result(status, out.read().decode(), err.read().decode())

    def gitmig_here(self, *arguments: str) -> None:
        """Run gitmig in the test's own process, in a tenth of the time."""
        said, before = io.StringIO(), Path.cwd()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(said), redirect_stderr(said):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            try:
                status = run(["-C", str(self.root), *arguments])
            finally:
                os.chdir(before)
        assert status == 0, said.getvalue()

    def run(self, *command: str, check: bool = True, cwd: Path | None = None) -> Result:
        """Run any command; a failure shows what it said."""
        process = subprocess.run(
            command,
            cwd=cwd or self.root,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if check:
            assert process.returncode == 0, f"{command}\n{process.stdout}{process.stderr}"
        return Result(process.returncode, process.stdout, process.stderr)

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file below the root."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def migration(self, label: str, up: str, down: str | None = "") -> str:
        """Write a migration in the single layout; returns its path."""
        text = f"-- migrate:up\n{up}\n" + ("" if down is None else f"-- migrate:down\n{down}\n")
        self.write(f"migrations/{label}.sql", text)
        return f"migrations/{label}.sql"

    def program(self, name: str, text: str | bytes) -> str:
        """Write a migration that is a program; returns its path."""
        path = self.write(f"migrations/{name}", text)
        if not name.endswith(".py"):
            path.chmod(0o755)
        return f"migrations/{name}"

    def table(self, label: str, table: str) -> str:
        """Write a migration that makes a table."""
        return self.migration(label, f"CREATE TABLE {table} (id int PRIMARY KEY);", f"DROP TABLE {table};")

    def commit(self, message: str) -> str:
        """Commit everything; returns the commit's id."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head()

    def head(self) -> str:
        """The id of the commit that is checked out; without git, where it is in an ordinary file."""
        with suppress(OSError):
            ref = (self.root / ".git/HEAD").read_text().removeprefix("ref: ").strip()
            return (self.root / ".git" / ref).read_text().strip()
        return self.git("rev-parse", "HEAD").out.strip()

    @property
    def marker(self) -> Path:
        """Where the marker of the main work tree is."""
        return self.root / ".git" / "gitmig" / "marker"


@pytest.fixture(scope="session")
def initialized(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """What `git init` makes, each of KINDS once, to be copied."""
    place = tmp_path_factory.mktemp("initialized")

    def provide(kind: str) -> Path:
        root = place / kind
        if not root.exists():
            command = ("git", "init", "--quiet", "--initial-branch=main", *KINDS[kind], str(root))
            subprocess.run(command, check=True)
        return root

    return provide


@pytest.fixture
def make_sandbox(tmp_path: Path, initialized: Callable[[str], Path]) -> Callable[..., Sandbox]:
    """Make repositories; `name` is the folder's name, `url` the database gitmig uses there, `kind` one of KINDS."""

    def make(name: str = "project", url: str | None = None, *, kind: str = "plain") -> Sandbox:
        root = tmp_path / name
        shutil.copytree(initialized(kind), root)
        return Sandbox(root, {"DATABASE_URL": url} if url else {})

    return make


def begin(sandbox: Sandbox) -> None:
    """Have an empty repository use gitmig, and commit that."""
    sandbox.gitmig_here("init")
    sandbox.commit("Begin")


@pytest.fixture(scope="session")
def originals(maintenance: psycopg.Connection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Originals]:
    """What tests of this worker have made so far for others to begin with."""
    made = Originals(tmp_path_factory.mktemp("originals"), maintenance)
    yield made
    made.drop()


@pytest.fixture
def made_once(
    originals: Originals, make_sandbox: Callable[..., Sandbox], database: Database
) -> Callable[[Make], Sandbox]:
    """What a function makes of an empty repository and an empty database, called for the first of its tests only."""

    def provide(make: Make) -> Sandbox:
        sandbox = make_sandbox(url=database.url)
        originals.provide(make, sandbox, database)
        return sandbox

    return provide


@pytest.fixture
def sandbox(made_once: Callable[[Make], Sandbox]) -> Sandbox:
    """A repository after `gitmig init`, with a database and without migrations."""
    return made_once(begin)
