"""Running migrations that are programs, inside gitmig's transaction or outside of one.

Inside, the program's own connections lead through the forwarder into the transaction that is open, or it connects to
nothing, and what it prints is the SQL that runs there. It has the files of its commit around it, and an environment cut
to what is needed. Over TLS nothing can be forwarded: there it runs outside.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections import Counter
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from gitmig.errors import GitmigError
from gitmig.events import ProgramSaid, ProgramUnforwarded, ProgramWaits
from gitmig.execute.process import MOST_OUTPUT, Watch, Worker, run_program
from gitmig.ledger import store
from gitmig.migrations.languages.program import ALEMBIC, DJANGO, PYTHON, SECTION, TOOLS, as_bytes, functions
from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Script
from gitmig.postgres.address import connect, url_of
from gitmig.postgres.address import environment as variables_of
from gitmig.postgres.forwarder import Forwarder, can_forward, make_folder
from gitmig.postgres.run_sql import REFUSED, ScriptError, run_sql, session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from gitmig.events import Notify
    from gitmig.execute.process import Ended
    from gitmig.postgres.connection import Connection

# In the place of an SQLSTATE: the program failed by itself, and so it does again.
PROGRAM_FAILED = "GM002"
# PostgreSQL's own, for a statement that cannot run in a transaction block: what follows is the same.
NOT_INSIDE = "25001"
# What a program finds of the environment, besides the way to the database and what the project lets through.
USUAL = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TERM"),
    *("VIRTUAL_ENV", "JAVA_HOME", "GOPATH", "NVM_*", "RBENV_*", "PYENV_*", "SSL_CERT_FILE", "SSL_CERT_DIR"),
)
# Python would write into the work tree; a program whose output is held back is not seen to work.
PYTHON_SETTINGS = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
# Lines of what a program said last that go into a message.
SHOWN = 20
ERROR = re.compile(r"\b[\w.$]*(?:Error|Exception)\b")
WAITING = """
    SELECT a.pid, a.application_name FROM pg_catalog.pg_stat_activity a
    JOIN pg_catalog.pg_stat_activity mine ON mine.pid = %(pid)s
    WHERE a.backend_start > mine.backend_start AND %(pid)s = ANY (pg_catalog.pg_blocking_pids(a.pid)) LIMIT 1
"""
# Where no database is asked.
NOWHERE = {"DATABASE_URL": "postgresql://gitmig@/gitmig"}
DRIVERS = Path(__file__).parent / "drivers"
WORKER = DRIVERS / "worker.py"
# By what the home of a tool is known, from where it is started.
HOMES = {ALEMBIC: ("alembic.ini", "pyproject.toml"), DJANGO: ("manage.py",)}


class ProgramHost(Protocol):
    """What a project gives to its programs. Each method raises GitmigError."""

    @property
    def timeout(self) -> int:
        """How many seconds a program may run; 0: as long as it takes."""

    @property
    def variables(self) -> Sequence[str]:
        """Shell patterns of the environment variables that its programs see besides the usual ones."""

    def command(self, script: Script) -> tuple[str, ...] | None:
        """What runs the program, without its path; None if nothing is known to."""

    def refuse_untrusted(self, script: Script) -> None:
        """Raise GitmigError if nobody has agreed to run the program, or what lies beside it."""

    def place(self, script: Script) -> str | None:
        """The commit whose files a program needs around it; None if those of the work tree are right."""

    def files(self, commit: str | None) -> AbstractContextManager[Path]:
        """A folder with these files, where a program can be written to its path."""


class _Access(Struct, frozen=True):
    """How a program gets to the database: what its environment says.

    And what is known when it has ended: whether it went there, why it cannot be told whether its work is done, and with
    which SQLSTATE PostgreSQL refused something last. While it runs: who is `waiting` for gitmig's own session.
    """

    environment: Mapping[str, str]
    has_connected: Callable[[], bool]
    failure: Callable[[], str | None]
    sqlstate: Callable[[], str]
    waiting: Callable[[], str | None]


class ProgramRunner:
    """Runs the programs of one project; what they say is told as it comes."""

    def __init__(self, host: ProgramHost, notify: Notify) -> None:
        self._host = host
        self._notify = notify
        self._printed: dict[tuple[str, str, str], str] = {}
        self._runs: Counter[tuple[str, str, str]] = Counter()
        self._warned: set[tuple[str, str, str]] = set()
        self._stack = ExitStack()
        self._folders: dict[str | None, Path] = {}
        self._completed: set[str] = set()
        self._workers: dict[tuple[tuple[str, ...], Path, str], Worker] = {}

    def close(self) -> None:
        """Leave nothing of what was started or written."""
        self._stack.close()

    def printed(self, script: Script) -> str | None:
        """The SQL that a program printed when it ran last, if that is all it did to the database."""
        return self._printed.get(_key(script)) or None

    def run(self, connection: Connection, script: Script) -> None:
        """Run a program inside the open transaction. Raises ScriptError.

        A step may have to run twice. What a program that did not connect has printed is then taken as it is.
        """
        if (printed := self._printed.get(_key(script))) is None:
            if not can_forward(connection.pgconn):
                self._notify(ProgramUnforwarded(script.path))
                raise _error(script, "over TLS a program cannot work inside gitmig's transaction", NOT_INSIDE)
            self._complete(connection, script)
            with session_of(connection, script), _inside(connection, script, self._socket_folder) as access:
                printed = self._run(script, access)
                if not access.has_connected():
                    self._printed[_key(script)] = printed
        _run_printed(connection, script, printed)

    def sql(self, script: Script) -> str | None:
        """What another tool would send for its migration, as it prints that without a database; None if it cannot."""
        command, folder = self._host.command(script), self._folder(script)
        called = _driver(script, folder, _written(folder, script, runs_itself=False))
        if command is None or called is None:
            return None
        watch = Watch(tell=lambda line: None, look=lambda: None, timeout=self._host.timeout)
        try:
            worker = self._worker((*command, str(WORKER), str(called.driver)), called.folder, NOWHERE)
            ended = worker.ask((*called.arguments, "--sql"), NOWHERE, watch)
        except OSError:
            return None
        return None if ended.status or ended.out is None else ended.out.decode("utf-8", "replace")

    def run_outside(self, connection: Connection, script: Script) -> None:
        """Run a program outside a transaction, with a connection of its own. Raises ScriptError."""
        url = url_of(connection)
        environment = {"DATABASE_URL": url, **variables_of(url)}
        access = _Access(
            environment,
            has_connected=lambda: True,
            failure=lambda: None,
            sqlstate=lambda: PROGRAM_FAILED,
            waiting=lambda: None,
        )
        printed = self._run(script, access)
        if printed.strip():
            from gitmig.execute.script import run_unrecorded  # which imports this module

            with _of_printed(script):
                run_unrecorded(connection, _as_sql(script, printed))

    def _run(self, script: Script, access: _Access) -> str:
        """Run it to its end, and give what it printed, if that is SQL."""
        command = self._host.command(script)
        if command is None:
            ending = f"that ends in .{script.language.name}" if script.language.name else "without an ending"
            raise _error(script, f"nothing is known to run a program {ending}: it has no line #!", REFUSED)
        self._host.refuse_untrusted(script)
        self._runs[_key(script)] += 1
        folder = self._folder(script)
        path = _written(folder, script, runs_itself=not command)
        environment = {SECTION: script.section, **access.environment}
        tell, look = partial(self._report, script), partial(self._warn_of_waiting, script, access)
        watch = Watch(tell=tell, look=look, timeout=self._host.timeout)
        called = _driver(script, folder, path)
        try:
            if called is None:
                call = (*command, str(path), script.section)
                ended = run_program(call, folder=folder, environment=self._environment | environment, watch=watch)
            else:
                worker = self._worker((*command, str(WORKER), str(called.driver)), called.folder, access.environment)
                ended = worker.ask(called.arguments, environment, watch)
        except OSError as error:
            raise _error(script, f"it does not start: {error.strerror} ({error.filename})", REFUSED) from error
        if failure := access.failure():
            raise _error(script, failure, REFUSED, said=ended.said[-SHOWN:])
        if ended.out is None:
            raise _error(script, f"it printed more than {MOST_OUTPUT >> 20} MB", REFUSED, said=ended.said[-SHOWN:])
        if ended.status != 0:
            raise _failed(script, ended, access.sqlstate(), self._host.timeout)
        if called is None:
            return _as_text(script, ended.out)
        for line in ended.out.decode("utf-8", "replace").splitlines():  # it is for people
            self._report(script, line)
        return ""

    def _folder(self, script: Script) -> Path:
        """The files around a script, which stay as long as this runner does."""
        place = self._host.place(script)
        if place not in self._folders:
            self._folders[place] = self._stack.enter_context(self._host.files(place))
        return self._folders[place]

    def _complete(self, connection: Connection, script: Script) -> None:
        """Put what is applied among the files of a commit that never had it: a tool looks for all of its migrations."""
        place = self._host.place(script)
        if script.language.name not in TOOLS or place is None or place in self._completed:
            return
        self._completed.add(place)
        folder = self._folder(script)
        for row in store.read_programs(connection):
            if not (folder / row.path).exists():
                _written(folder, row.content.up, runs_itself=False)

    def _worker(self, call: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> Worker:
        """The worker that has loaded what lies in the folder, and perhaps keeps connections to the same place."""
        key = (call, folder, environment.get("DATABASE_URL", ""))
        if key not in self._workers or not self._workers[key].is_alive:
            self._workers[key] = Worker(call, folder=folder, environment=self._environment)
            self._stack.callback(self._workers[key].close)
        return self._workers[key]

    @cached_property
    def _socket_folder(self) -> Path:
        """The same for all runs: a worker may keep in mind where the database is."""
        return make_folder(self._stack)

    @cached_property
    def _environment(self) -> dict[str, str]:
        """What every program finds, besides the way to the database."""
        own = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="gitmig-", ignore_cleanup_errors=True))
        return {**_filtered(os.environ, (*USUAL, *self._host.variables)), **PYTHON_SETTINGS, "TMPDIR": own}

    def _warn_of_waiting(self, script: Script, access: _Access) -> None:
        """Tell, once, of a session that waits for gitmig: a program that has connected by itself would for ever."""
        key = _key(script)
        if key in self._warned or not (found := access.waiting()):
            return
        self._warned.add(key)
        self._notify(ProgramWaits(script.path, found))

    def _report(self, script: Script, line: str) -> None:
        self._notify(ProgramSaid(line, script.section, self._runs[_key(script)]))


class _Called(Struct, frozen=True):
    """What a worker is to do: its driver, the folder where it starts, and what the driver is told."""

    driver: Path
    folder: Path
    arguments: tuple[str, ...]


def _driver(script: Script, folder: Path, path: Path) -> _Called | None:
    """How a program is called that is none by itself; None if it is one."""
    name = script.language.name
    if name in TOOLS:
        words = ("down", script.version, "--fake") if script.section == "forget" else (script.section, script.version)
        return _Called(DRIVERS / f"{name}_driver.py", _home(folder, path, HOMES[name]), words)
    if name == PYTHON and "upgrade" in functions(script.text):
        return _Called(DRIVERS / "python_migration.py", folder, (script.section, str(path)))
    return None


def _home(folder: Path, path: Path, names: Sequence[str]) -> Path:
    """The nearest folder above the migration that has one of the files; else the first below the top that has."""
    above = [parent for parent in path.parents if parent.is_relative_to(folder)]
    for name in names:
        for parent in above:
            if (parent / name).is_file():
                return parent
        below = sorted(folder.glob(f"*/{name}")) + sorted(folder.glob(f"*/*/{name}"))
        if below:
            return below[0].parent
    return folder


@contextmanager
def _inside(connection: Connection, script: Script, folder: Path) -> Iterator[_Access]:
    """The way into the open transaction."""
    url, pid = url_of(connection), connection.info.backend_pid
    database, user = connection.info.dbname, connection.info.user
    with Forwarder(connection.pgconn, database=database, user=user, folder=folder) as forwarder:
        yield _Access(
            forwarder.environment,
            has_connected=lambda: forwarder.is_used,
            failure=lambda: forwarder.failure,
            sqlstate=lambda: (forwarder.last_error or {}).get("C", PROGRAM_FAILED),
            waiting=lambda: None if forwarder.is_used else _waiting(url, pid),
        )
    if forwarder.failure is not None:  # found when its connections were closed
        raise _error(script, forwarder.failure, REFUSED)


def _waiting(url: str, pid: int) -> str | None:
    """A session that waits for the one of process `pid`, and came after it, in words."""
    try:
        with connect(url, "look") as connection:
            found = connection.execute(WAITING, {"pid": pid}).fetchone()
    except GitmigError:  # too many connections, perhaps
        return None
    return None if found is None else f"{found[1] or 'a session'} (process {found[0]})"


def _as_text(script: Script, out: bytes) -> str:
    """The SQL that a program printed. Raises ScriptError if PostgreSQL could not get it as it is."""
    try:
        text = out.decode()
    except UnicodeDecodeError as error:
        line = out.count(b"\n", 0, error.start) + 1
        raise _error(script, f"line {line} of the SQL that it prints is not UTF-8", REFUSED) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _error(script, f"line {line} of the SQL that it prints holds a NUL character", REFUSED)
    return text


def _run_printed(connection: Connection, script: Script, printed: str) -> None:
    if printed.strip():
        with _of_printed(script):
            run_sql(connection, _as_sql(script, printed))


def _as_sql(script: Script, printed: str) -> Script:
    return Script(language=SQL, text=printed, path=script.path, section=script.section)


@contextmanager
def _of_printed(script: Script) -> Iterator[None]:
    """What is wrong with the SQL that a program printed lies on no line of its file."""
    try:
        yield
    except ScriptError as error:
        error.message = f"line {error.line} of the SQL that it prints: {error.message}"
        error.line = script.first_line
        raise


def _written(folder: Path, script: Script, *, runs_itself: bool) -> Path:
    """The program's file, with the text that was approved and recorded, whatever lies there.

    Only one that no command runs is made executable: in the work tree that would show as a change.
    """
    path, data = folder / script.path, as_bytes(script.text)
    if not (path.is_file() and not path.is_symlink() and path.read_bytes().replace(b"\r\n", b"\n") == data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)
    mode = path.stat().st_mode
    if runs_itself and not mode & stat.S_IXUSR:
        path.chmod(mode | stat.S_IXUSR)
    return path


def _filtered(environment: Mapping[str, str], patterns: Sequence[str]) -> dict[str, str]:
    return {
        name: value for name, value in environment.items() if any(fnmatchcase(name, pattern) for pattern in patterns)
    }


def _key(script: Script) -> tuple[str, str, str]:
    return script.path, script.section, script.text


def _error(
    script: Script, message: str, sqlstate: str, *, line: int | None = None, said: Sequence[str] = ()
) -> ScriptError:
    return ScriptError(
        sqlstate=sqlstate, message=message, line=line or script.first_line, statement="", said=tuple(said)
    )


def _failed(script: Script, ended: Ended, sqlstate: str, timeout: int) -> ScriptError:
    """What to tell of a program that did not end well: its own last words, and the line they name."""
    said = [line for line in ended.said if line.strip()]
    if ended.status is None:
        message = f"it ran for longer than {timeout} seconds (`program_timeout`)"
    elif ended.status < 0:
        message = f"it was ended by signal {-ended.status}"
    else:
        message = _reason(said) or f"it ended with status {ended.status}"
    return _error(script, message, sqlstate, line=_line(script, said), said=said[-SHOWN:])


def _reason(said: Sequence[str]) -> str:
    """The line that tells why: behind a traceback of Python, else the last that names an error, else the last."""
    frames = [place for place, line in enumerate(said) if line.startswith('  File "')]
    behind = (line for line in said[frames[-1] if frames else len(said) :] if not line[:1].isspace())
    named = (line for line in reversed(said) if ERROR.search(line) and not line[:1].isspace())
    return next(behind, None) or next(named, None) or (said[-1].strip() if said else "")


def _line(script: Script, said: Sequence[str]) -> int | None:
    """The line of its file that a program's last words name.

    Python writes `File "…/name.py", line 3`, of which the last is the innermost one; most others `…/name.js:3:15`, and
    the first is.
    """
    name = re.escape(script.path.rpartition("/")[2])
    python = [int(found[1]) for line in said for found in re.finditer(rf'{name}", line (\d+)', line)]
    others = [int(found[1]) for line in said for found in re.finditer(rf"{name}:(\d+)\b", line)]
    return python[-1] if python else others[0] if others else None
