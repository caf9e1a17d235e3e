"""What a commit has, and where the database is among the commits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.errors import BeforeGitmig, UsageError
from gitmig.git.notes import write_notes
from gitmig.migrations.model import InvalidMigrations
from gitmig.operations.log import log
from gitmig.operations.record import record
from gitmig.operations.show import Shown, show
from gitmig.operations.sync import sync
from gitmig.project.project import Project
from tests.conftest import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Database

NOWHERE = "postgresql://127.0.0.1:1/app"


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """Three commits: a, then b without a down, then one of the application."""
    made = make_sandbox()
    made.table("0001_a", "a")
    made.commit("a")
    made.migration("0002_b", "CREATE TABLE b (id int);", down=None)
    made.commit("b")
    made.write("app.py", "pass\n")
    made.commit("app")
    return made


def shown(sandbox: Sandbox, revision: str | None = None) -> Shown:
    return show(Project.load(sandbox.root), revision)


def lines(sandbox: Sandbox, url: str = NOWHERE, revision: str = "HEAD", limit: int | None = None) -> list[str]:
    """`* subject` for the commit the database is at, `  subject` for the others."""
    found = log(Project.load(sandbox.root, url), revision, limit)
    return [f"{'*' if entry.here else ' '} {entry.commit.subject}" for entry in found.entries]


def test_a_commit_and_the_work_tree_show_their_sets(repo: Sandbox) -> None:
    here = shown(repo)
    assert [m.label for m in here.target.set.migrations] == ["0001_a", "0002_b"]
    assert here.irreversible == {"0002_b"}
    assert shown(repo, "HEAD~2").irreversible == frozenset()
    assert shown(repo, "HEAD").target.set.id == shown(repo, "HEAD~1").target.set.id == here.target.set.id
    repo.table("0003_c", "c")
    assert len(shown(repo).target.set) == 3


def test_a_record_is_shown_with_its_commit_only(repo: Sandbox) -> None:
    record(Project.load(repo.root), everything=True)
    found = shown(repo, "HEAD~1")
    assert (found.record is not None and found.record.added, found.disagrees) == (("0002_b",), False)
    assert (shown(repo, "HEAD").record, shown(repo).record) == (None, None)


@pytest.mark.parametrize(
    "wrong", ["Migration-Set: 0123456789abcdef\nMigrations: 2\n", "Migration-Set: {id}\nMigrations: 7\n"]
)
def test_a_record_that_tells_of_another_set_is_said_to(repo: Sandbox, wrong: str) -> None:
    project = Project.load(repo.root)
    commit = project.repository.resolve("HEAD~1")
    write_notes(project.repository, {commit: wrong.format(id=shown(repo, "HEAD~1").target.set.id)})
    assert shown(repo, "HEAD~1").disagrees


def test_every_file_of_a_shown_commit_is_validated(repo: Sandbox) -> None:
    repo.migration("0003_c", "ABORT;")
    repo.migration("0004_d", "ROLLBACK;")
    repo.commit("broken")
    with pytest.raises(InvalidMigrations) as caught:
        shown(repo, "HEAD")
    assert [problem.path for problem in caught.value.problems] == ["migrations/0003_c.sql", "migrations/0004_d.sql"]


def test_a_commit_that_is_older_than_gitmig_is_told_as_that(repo: Sandbox) -> None:
    repo.git("rm", "-r", "--quiet", "migrations")
    commit = repo.commit("none")
    with pytest.raises(BeforeGitmig) as caught:
        shown(repo, "HEAD")
    assert (
        caught.value.message
        == f"commit {commit[:10]} has no migrations folder (migrations): the database is left alone"
    )


@pytest.mark.parametrize("revision", ["nope", "--all", "HEAD:migrations", "HEAD~9", "", "a b", "\u00fc"])
def test_what_is_no_commit_is_a_usage_error(repo: Sandbox, revision: str) -> None:
    for ask in (lambda: shown(repo, revision), lambda: lines(repo, revision=revision)):
        with pytest.raises(UsageError) as caught:
            ask()
        assert caught.value.message == f"{revision!r} is no commit of this repository"


def test_a_bare_repository_shows_its_commits(repo: Sandbox, tmp_path: Path) -> None:
    record(Project.load(repo.root), everything=True)
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(tmp_path / "bare.git"))
    bare = Sandbox(tmp_path / "bare.git", {})
    bare.git("fetch", "--quiet", str(repo.root), "refs/notes/gitmig:refs/notes/gitmig")
    assert shown(bare, "main~1").record == shown(repo, "main~1").record
    assert lines(bare) == ["  b", "  a"]


def test_the_log_marks_where_the_database_is(repo: Sandbox, database: Database) -> None:
    assert lines(repo, database.url) == ["  b", "  a"]
    sync(Project.load(repo.root, database.url), revision="HEAD~2")
    assert lines(repo, database.url) == ["  b", "* a"]
    sync(Project.load(repo.root, database.url))
    assert lines(repo, database.url) == ["* b", "  a"]
    repo.table("0003_c", "c")
    sync(Project.load(repo.root, database.url))
    assert lines(repo, database.url) == ["  b", "  a"], "the database is ahead of every commit"


def test_the_newest_of_several_commits_with_the_databases_set_is_marked(repo: Sandbox, database: Database) -> None:
    sync(Project.load(repo.root, database.url), revision="HEAD~2")
    repo.git("switch", "--quiet", "--create", "again", "HEAD~1")
    repo.git("rm", "--quiet", "migrations/0002_b.sql")
    repo.commit("back to a")
    assert lines(repo, database.url) == ["* back to a", "  b", "  a"]


def test_the_log_works_without_a_database_and_says_why_nothing_is_marked(repo: Sandbox) -> None:
    found = log(Project.load(repo.root, NOWHERE), "HEAD", None)
    assert found.unavailable is not None
    assert found.unavailable.startswith("cannot connect to app on 127.0.0.1:1: ")
    assert len(list(found.entries)) == 2


def test_a_commit_with_invalid_migrations_is_listed_as_that(repo: Sandbox) -> None:
    repo.write("migrations/1.5_nonsense.sql", "SELECT 1;")
    repo.commit("broken")
    (first, *_) = log(Project.load(repo.root, NOWHERE), "HEAD", None).entries
    assert (first.commit.subject, first.record, first.here) == ("broken", None, False)


def test_a_limit_counts_commits_from_the_newest(repo: Sandbox) -> None:
    assert lines(repo, limit=1) == ["  b"]
    assert lines(repo, limit=9) == ["  b", "  a"]


def test_a_limit_counts_only_commits_that_are_shown(repo: Sandbox) -> None:
    repo.write("migrations/README.md", "how\n")
    repo.commit("readme")
    assert lines(repo, limit=1) == ["  b"]


def test_a_folder_that_moved_changes_no_set(repo: Sandbox) -> None:
    repo.write("gitmig.toml", 'folder = ["db", "migrations"]\n')
    repo.git("mv", "migrations", "db")
    repo.commit("move")
    repo.table("../db/0003_c", "c")
    repo.commit("c")
    assert lines(repo) == ["  c", "  b", "  a"]
