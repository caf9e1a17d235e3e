"""Is the database in sync, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import BeforeGitmig
from gitmig.operations.status import Status, status
from gitmig.operations.sync import sync
from gitmig.postgres.address import Address
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """In sync at 0001_a and 0003_c."""
    made = make_sandbox(url=database.url)
    made.table("0001_a", "a")
    made.table("0003_c", "c")
    made.commit("a and c")
    sync(Project.load(made.root, database.url))
    return made


def found(repo: Sandbox) -> Status:
    return status(Project.load(repo.root, repo.environment["DATABASE_URL"]))


def words(repo: Sandbox) -> tuple[list[str], list[str], list[str], list[str], bool]:
    """Pending, phantom, edited, moved, in sync."""
    now = found(repo)
    lists = (now.difference.pending, now.difference.phantom, now.difference.edited)
    pending, phantom, edited = ([member.label for member in members] for members in lists)
    return pending, phantom, edited, [m.desired.migration.label for m in now.plan.moves if m.renamed], now.in_sync


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("nothing", ([], [], [], [], True)),
        ("a comment", ([], [], [], [], True)),
        ("another down", ([], [], [], [], True)),
        ("one more", (["0004_d"], [], [], [], False)),
        ("one in the middle", (["0002_b"], [], [], [], False)),
        ("one less", ([], ["0003_c"], [], [], False)),
        ("an edit", ([], [], ["0003_c"], [], False)),
        ("another name", ([], [], [], ["0003_other"], True)),
        ("another number", ([], [], [], ["0009_c"], True)),
        ("everything", (["0002_b"], ["0003_c"], ["0001_a"], [], False)),
        ("no migration at all", ([], ["0001_a", "0003_c"], [], [], False)),
    ],
)
def test_every_difference_has_its_word(  # noqa: C901 - one branch per change of the table
    repo: Sandbox, change: str, expected: tuple[list[str], list[str], list[str], list[str], bool]
) -> None:
    three = repo.root / "migrations/0003_c.sql"
    if change == "a comment":
        three.write_text("-- why\n" + three.read_text())
    elif change == "another down":
        repo.migration("0003_c", "CREATE TABLE c (id int PRIMARY KEY);", "DROP TABLE IF EXISTS c;")
    elif change == "one more":
        repo.table("0004_d", "d")
    elif change == "an edit":
        repo.migration("0003_c", "CREATE TABLE c (id text);", "DROP TABLE c;")
    elif change.startswith("another"):
        three.rename(three.with_name("0003_other.sql" if change == "another name" else "0009_c.sql"))
    if change in {"one in the middle", "everything"}:
        repo.table("0002_b", "b")
    if change in {"one less", "everything", "no migration at all"}:
        three.unlink()
    if change == "everything":
        repo.migration("0001_a", "CREATE TABLE a (id text);", "DROP TABLE a;")
    if change == "no migration at all":
        (repo.root / "migrations/0001_a.sql").unlink()
        repo.write("migrations/.gitkeep", "")
    assert words(repo) == expected


def test_it_says_which_database_and_from_where(
    repo: Sandbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (found(repo).database, found(repo).source) == (str(Address.of(database.url)), "--database")
    monkeypatch.setenv("DATABASE_URL", database.url)
    assert status(Project.load(repo.root)).source == "environment variable DATABASE_URL"
    monkeypatch.setenv("GITMIG_DATABASE_URL", database.url)
    assert status(Project.load(repo.root)).source == "environment variable GITMIG_DATABASE_URL"


@pytest.mark.parametrize(
    ("place", "source"),
    [
        (".env", ".env (DATABASE_URL)"),
        ("git config", "git config gitmig.database"),
        ("gitmig.toml", "gitmig.toml"),
        ("pyproject.toml", "pyproject.toml"),
    ],
)
def test_a_url_is_found_wherever_people_put_it(repo: Sandbox, database: Database, place: str, source: str) -> None:
    if place == "git config":
        repo.git("config", "gitmig.database", database.url)
    else:
        line = {".env": f"DATABASE_URL='{database.url}'", "gitmig.toml": f'database = "{database.url}"'}.get(place)
        repo.write(place, line or f'[tool.gitmig]\ndatabase = "{database.url}"\n')
    now = status(Project.load(repo.root))
    assert (now.source, now.in_sync) == (source, True)


def test_an_interrupted_script_is_out_of_sync(repo: Sandbox, database: Database) -> None:
    database.rows(
        "INSERT INTO gitmig.unfinished (direction, migration, done)"
        " SELECT 'revert', to_jsonb(a) - 'applied_at', 1 FROM gitmig.applied a WHERE position = 2"
    )
    now = found(repo)
    assert now.state.unfinished is not None
    assert (now.state.unfinished.row.label, now.state.unfinished.done, now.in_sync) == ("0003_c", 1, False)


def test_a_commit_older_than_gitmig_is_told_as_that(repo: Sandbox) -> None:
    repo.git("rm", "-r", "--quiet", "migrations")
    with pytest.raises(
        BeforeGitmig, match=r"^the work tree has no migrations folder \(migrations\): the database is left alone$"
    ):
        found(repo)


def test_nothing_is_written(repo: Sandbox, database: Database) -> None:
    repo.table("0004_d", "d")
    before = database.rows("TABLE gitmig.history"), database.rows("TABLE gitmig.state")
    found(repo)
    assert (database.rows("TABLE gitmig.history"), database.rows("TABLE gitmig.state")) == before
    assert database.tables() == ["a", "c"]


def test_a_role_that_may_not_build_is_told_that_something_was_changed(
    make_sandbox: Callable[..., Sandbox], database: Database
) -> None:
    role = f"{database.name}_owner"
    database.rows(f"CREATE ROLE {role} LOGIN; ALTER DATABASE {database.name} OWNER TO {role}")
    try:
        repo = make_sandbox(url=database.url.replace("postgres@", f"{role}@"))
        repo.table("0001_a", "a")
        sync(Project.load(repo.root, repo.environment["DATABASE_URL"]))
        assert found(repo).in_sync
        database.rows("ALTER TABLE a ADD m int")
        now = found(repo)
        assert not now.in_sync
        assert now.blocked is not None
        assert "is not as the last sync left it, and what differs cannot be told: not allowed" in now.blocked.message
        assert "CREATEDB" in str(now.blocked.hint)
    finally:
        database.rows(f"DROP OWNED BY {role}; ALTER DATABASE {database.name} OWNER TO postgres; DROP ROLE {role}")
