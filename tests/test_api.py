"""The public API: what is promised is there, costs nothing until it is used, and the command line uses it."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import gitmig
from gitmig import (
    DatabaseUnavailable,
    GitmigError,
    OutOfSync,
    Project,
    ProtectedDatabase,
    SyncFailed,
    UsageError,
    Weight,
    assert_in_sync,
    check,
    open_project,
    status,
    sync,
    verify,
)
from gitmig.events import MigrationsSelected, MigrationVerified, PlanStarted, StepsCommitted, StepStarted

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.events import Event
    from tests.conftest import Database, Sandbox

TOP = Path(__file__).parents[1]


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """A commit with migration 0001_a."""
    made = make_sandbox()
    made.table("0001_a", "a")
    made.commit("a")
    return made


@pytest.fixture
def project(repo: Sandbox, database: Database) -> Project:
    """The repository with an empty database."""
    return open_project(repo.root, database=database.url)


# --- what is promised ---


def test_every_public_name_is_there_and_the_type_checker_knows_the_same() -> None:
    tree = ast.parse(Path(str(gitmig.__file__)).read_text(encoding="utf-8"))
    typed, _ = (node for node in tree.body if isinstance(node, ast.If))
    for_types = {
        (name.name, node.module) for node in typed.body if isinstance(node, ast.ImportFrom) for name in node.names
    }
    assert for_types == set(gitmig._HOME.items())
    assert set(gitmig.__all__) == gitmig._HOME.keys() | {"__version__"}
    assert set(gitmig.__all__) <= set(dir(gitmig))
    for name in gitmig.__all__:
        assert getattr(gitmig, name) is not None


def test_what_is_not_there_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="module 'gitmig' has no attribute 'rollback'"):
        _ = gitmig.rollback  # type: ignore[attr-defined]


def loaded(program: str, *names: str, cwd: Path = TOP) -> list[str]:
    """Which of the modules a program has loaded."""
    code = f"{program}\nimport sys; print(*sorted(sys.modules.keys() & {set(names)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_import_of_the_package_loads_nothing() -> None:
    assert loaded("import gitmig", "gitmig.api", "gitmig.errors", "psycopg", "git", "postgast", "click") == []
    assert loaded("from gitmig import OutOfSync", "gitmig.api", "gitmig.errors", "psycopg") == ["gitmig.errors"]


def test_check_is_the_function_also_when_the_package_of_that_name_is_loaded() -> None:
    program = "import gitmig; gitmig.check; import gitmig.check.rules; from gitmig import check; assert callable(check)"
    assert loaded(program, "gitmig.check.rules") == ["gitmig.check.rules"]
    program = "import gitmig.check.findings; from gitmig import check; assert callable(check)"
    assert loaded(program, "gitmig.check.findings") == ["gitmig.check.findings"]


def test_the_wheel_has_the_types_and_the_schemas(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=TOP, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"gitmig/py.typed", "gitmig/schemas/gitmig.toml.schema.json", "gitmig/schemas/status.schema.json"} <= names


@pytest.mark.parametrize("verb", ["status", "sync", "check", "verify", "open_project"])
def test_the_command_line_calls_the_same(
    verb: str, repo: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from gitmig.cli.main import run

    def called(*_: object, **__: object) -> None:
        raise GitmigError(f"{verb} was called")

    monkeypatch.setattr(gitmig, verb, called)
    assert run(["-C", str(repo.root), "status" if verb == "open_project" else verb]) == 3
    assert capsys.readouterr().err == f"error: {verb} was called\n"


def test_a_type_checker_that_follows_our_imports_meets_no_stub_with_syntax_errors() -> None:
    """mypy stops at such a stub, whoever's it is: postgast 0.2.0 has one, and is imported without its knowledge."""
    for path in (TOP / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] != "postgast", path
            elif isinstance(node, ast.Import):
                assert "postgast" not in {name.name.partition(".")[0] for name in node.names}, path


# --- open_project ---


def test_a_project_is_opened_from_below_its_top(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.root / "migrations")
    assert open_project().repository.root == repo.root
    assert open_project(str(repo.root), database="postgresql:///app").settings.database == "postgresql:///app"


def test_elsewhere_there_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not inside a git repository"):
        open_project(tmp_path)


# --- sync and status ---


def test_a_sync_asks_nobody(project: Project, repo: Sandbox, database: Database) -> None:
    assert not status(project).in_sync
    done = sync(project)
    assert [step.step.label for step in done.done] == ["0001_a"]
    assert status(project).in_sync
    repo.git("rm", "--quiet", "migrations/0001_a.sql")
    repo.write("migrations/.keep", "")
    sync(project)
    assert database.tables() == []
    sync(project, "HEAD")
    assert database.tables() == ["a"]


def test_a_dry_run_changes_nothing(project: Project, database: Database) -> None:
    planned = sync(project, dry_run=True)
    assert (planned.ran, len(planned.plan.applies), database.tables()) == (False, 1, [])


def test_a_protected_database_is_left_alone(project: Project, repo: Sandbox, database: Database) -> None:
    sync(project)
    repo.gitmig("db", "protect", "--database", database.url)
    repo.table("0002_b", "b")
    with pytest.raises(ProtectedDatabase, match="only a person changes it"):
        sync(project)
    assert database.tables() == ["a"]


def test_what_cannot_be_gone_back_is_not_rebuilt(project: Project, repo: Sandbox, database: Database) -> None:
    """Reverting 0002 fails on a view that its up does not know of, and that verification cannot see."""
    repo.write("gitmig.toml", 'ignore = ["mine"]\n')
    ignoring = open_project(repo.root, database=database.url)
    repo.migration("0002_b", "CREATE TABLE b (id int);", "DROP TABLE b;")
    sync(ignoring)
    database.rows("CREATE VIEW mine AS SELECT id FROM b")
    with pytest.raises(SyncFailed):
        sync(ignoring, "HEAD")
    assert database.tables() == ["a", "b"]
    assert database.rows("SELECT count(*) FROM pg_database WHERE datname LIKE current_database() || '\\_%'") == [(0,)]


def test_what_happens_is_told_to_who_listens(project: Project) -> None:
    told: list[Event] = []
    sync(project, on_event=told.append)
    assert [type(event) for event in told] == [PlanStarted, StepStarted, StepsCommitted]
    told.clear()
    verify(project, everything=True, on_event=told.append)
    assert told == [MigrationsSelected(1), MigrationVerified("0001_a")]


# --- assert_in_sync ---


def test_a_database_in_sync_passes(project: Project, repo: Sandbox) -> None:
    sync(project)
    assert_in_sync(project)
    assert_in_sync(project, drift=True)
    assert_in_sync(project, "HEAD")
    repo.git("mv", "migrations/0001_a.sql", "migrations/0001_renamed.sql")
    assert_in_sync(project)


def test_nothing_is_written(project: Project, database: Database) -> None:
    with pytest.raises(OutOfSync):
        assert_in_sync(project, drift=True)
    assert database.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'gitmig%'") == []


def out_of_sync(project: Project, revision: str | None = None, *, drift: bool = False) -> OutOfSync:
    with pytest.raises(OutOfSync) as caught:
        assert_in_sync(project, revision, drift=drift)
    return caught.value


def test_what_is_pending_phantom_or_edited_is_named(project: Project, repo: Sandbox, database: Database) -> None:
    repo.table("0002_b", "b")
    repo.table("0003_c", "c")
    sync(project)
    commit = repo.git("rev-parse", "HEAD").out.strip()
    repo.table("0001_a", "other")
    (repo.root / "migrations/0002_b.sql").unlink()
    repo.table("0004_d", "d")
    error = out_of_sync(project)
    assert (error.pending, error.phantom, error.edited) == (("0004_d",), ("0002_b",), ("0001_a",))
    name = str(status(project).database)
    assert error.message == f"{name} is not in sync with the work tree on {commit}: 1 pending, 1 phantom, 1 edited"
    assert error.details == ("pending: 0004_d", "phantom: 0002_b", "edited: 0001_a")
    at_head = out_of_sync(project, "HEAD")
    assert at_head.message == f"{name} is not in sync with commit {commit}: 2 phantom"


def test_a_migration_under_another_number_is_pending_and_phantom(project: Project, repo: Sandbox) -> None:
    repo.table("0002_b", "b")
    sync(project)
    repo.git("mv", "migrations/0001_a.sql", "migrations/0003_a.sql")
    error = out_of_sync(project)
    assert (error.pending, error.phantom) == (("0003_a",), ("0001_a",))


def test_the_order_alone_is_told_where_nothing_else_is() -> None:
    error = OutOfSync(database="app", where="commit c0ffee")
    assert error.message == "app is not in sync with commit c0ffee: the order of its migrations is another"


def test_an_interrupted_script_is_told(project: Project, repo: Sandbox) -> None:
    sync(project)
    repo.write(
        "migrations/0002_b.sql",
        "-- migrate:up transaction:false\nCREATE TABLE b (id int);\nSELECT 1/0;\n-- migrate:down\nDROP TABLE b;\n",
    )
    repo.write("gitmig.toml", 'run_outside = "always"\n')
    outside = open_project(repo.root, database=project.url)
    with pytest.raises(SyncFailed):
        sync(outside)
    assert out_of_sync(outside, "HEAD").unfinished == "0002_b"


def test_drift_is_looked_for_if_it_is_asked_for(project: Project, database: Database) -> None:
    sync(project)
    database.rows("ALTER TABLE a ADD b int")
    assert_in_sync(project)
    error = out_of_sync(project, drift=True)
    assert error.drift == ("column public.a.b",)
    assert error.message.endswith(": 1 changed by hand")


def test_a_server_that_is_not_there_is_another_error(repo: Sandbox) -> None:
    with pytest.raises(DatabaseUnavailable):
        assert_in_sync(open_project(repo.root, database="postgresql://localhost:1/nowhere"), timeout=1)


def test_an_application_that_looks_loads_no_sql_parser(project: Project, repo: Sandbox, database: Database) -> None:
    sync(project)
    program = (
        "from gitmig import assert_in_sync, open_project\n"
        f"assert_in_sync(open_project({str(repo.root)!r}, database={database.url!r}))"
    )
    assert loaded(program, "postgast", "click", "rich", "gitmig.api") == ["gitmig.api"]


# --- check and verify ---


@pytest.fixture
def fetched(repo: Sandbox, make_sandbox: Callable[..., Sandbox]) -> str:
    """A stranger's commit that was fetched: it adds 0002_b, whose down does nothing."""
    stranger = make_sandbox("stranger")
    stranger.git("pull", "--quiet", str(repo.root), "main")
    stranger.migration("0002_b", "CREATE TABLE b (id int);", "SELECT 1;")
    stranger.commit("b")
    repo.git("fetch", "--quiet", str(stranger.root), "main")
    return repo.git("rev-parse", "FETCH_HEAD").out.strip()


def test_verify_runs_what_is_not_trusted_only_if_it_is_told_to(project: Project, fetched: str) -> None:
    with pytest.raises(GitmigError, match=r"scripts that this clone does not trust: 0002_b"):
        verify(project, fetched)
    assert verify(project, fetched, trust=True).has(Weight.FINDING)


def test_check_proves_what_is_not_trusted_only_if_it_is_told_to(project: Project, fetched: str) -> None:
    assert check(project, "main", fetched).proof is None
    with pytest.raises(GitmigError, match=r"scripts that this clone does not trust: 0002_b"):
        check(project, "main", fetched, prove=True)
    found = check(project, "main", fetched, scratch=project.url, trust=True)
    assert found.proof is not None
    assert found.proof.holds


def test_a_consent_that_was_given_is_asked_instead(project: Project, fetched: str) -> None:
    asked: list[str] = []
    verify(project, fetched, consent=lambda found: asked.extend(one.label for one in found))
    assert asked == ["0002_b"]
