"""Everything `gitmig check` can say, put together, on real git and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.check.findings import Severity
from gitmig.errors import GitmigError
from gitmig.operations.check import Review, review
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Database, Sandbox

RENAME = "ALTER TABLE comments RENAME contents TO body;"


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """main has comments with contents, and a program that reads them; `feature` is checked out."""
    made = make_sandbox(url=database.url)
    made.migration("0001_comments", "CREATE TABLE comments (contents text);", "DROP TABLE comments;")
    made.write("api.py", "db.all('SELECT contents FROM comments')\n")
    made.commit("comments")
    made.git("switch", "--quiet", "--create", "feature")
    return made


def on_main(repo: Sandbox, label: str, up: str, down: str | None = "SELECT 1;") -> None:
    """A migration that main gets meanwhile."""
    repo.git("switch", "--quiet", "main")
    repo.migration(label, up, down)
    repo.commit(label)
    repo.git("switch", "--quiet", "feature")


def on_feature(repo: Sandbox, label: str, up: str, down: str | None = "SELECT 1;") -> None:
    repo.migration(label, up, down)
    repo.commit(label)


def run(repo: Sandbox, **options: object) -> Review:
    project = Project.load(repo.root, repo.environment["DATABASE_URL"])
    return review(project, "main", **{"lint": False, **options})  # type: ignore[arg-type]


def codes(found: Review) -> list[str]:
    return [finding.code for finding in found.findings]


def state(repo: Sandbox, database: Database) -> tuple[object, ...]:
    """Everything a check must not change: work tree, index, refs, and the user's database."""
    files = {path: path.read_bytes() for path in repo.root.rglob("*") if path.is_file() and _is_users(path)}
    refs, staged = repo.git("for-each-ref").out, repo.git("ls-files", "--stage").out
    objects = database.rows("SELECT oid, relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1")
    return (
        files,
        refs,
        staged,
        repo.git("rev-parse", "HEAD").out,
        objects,
        database.rows("SELECT nspname FROM pg_namespace"),
    )


def _is_users(path: Path) -> bool:
    return ".git" not in path.parts or path.name in {"index", "HEAD", "config"}


def test_a_conflict_is_confirmed_by_running_both_orders(repo: Sandbox) -> None:
    on_main(repo, "0002_body", RENAME, "ALTER TABLE comments RENAME body TO contents;")
    on_feature(repo, "0003_index", "CREATE INDEX i ON comments (contents);", "DROP INDEX i;")
    found = run(repo, prove=True)
    assert codes(found) == ["GM205"]
    assert found.findings[0].doubt is None
    assert found.proof is not None
    assert not found.proof.holds


def test_what_cannot_be_seen_into_is_settled_by_running_it(repo: Sandbox) -> None:
    up = "DO $$ BEGIN EXECUTE 'ALTER TABLE ' || 'comments' || ' ADD likes int'; END $$;"
    on_main(repo, "0002_author", "ALTER TABLE comments ADD author text;", "ALTER TABLE comments DROP author;")
    on_feature(repo, "0003_likes", up, "ALTER TABLE comments DROP likes;")
    static, proven = run(repo), run(repo, prove=True)
    assert "GM401" in codes(static)
    assert "GM401" not in codes(proven)
    assert proven.proof is not None
    assert (proven.proof.holds, proven.proof.round_trip) == (True, True)


def test_what_nobody_could_see_is_found_by_running_it(repo: Sandbox) -> None:
    on_main(repo, "0002_body", RENAME)
    on_feature(repo, "0003_x", "DO $$ BEGIN EXECUTE 'DROP INDEX ' || 'nowhere'; END $$;")
    (finding,) = [f for f in run(repo, prove=True).findings if f.code == "GM501"]
    assert (finding.severity, finding.path, finding.line) == (Severity.ERROR, "migrations/0003_x.sql", 2)


def test_an_uncommitted_migration_is_run_as_well(repo: Sandbox) -> None:
    on_main(repo, "0002_body", RENAME, "ALTER TABLE comments RENAME body TO contents;")
    repo.migration("0003_index", "CREATE INDEX i ON comments (contents);", "DROP INDEX i;")
    found = run(repo, prove=True)
    assert found.proof is not None
    assert not found.proof.holds


def test_an_edit_of_a_common_migration_counts_as_the_merge_has_it(repo: Sandbox) -> None:
    on_feature(repo, "0001_comments", "CREATE TABLE comments (contents text, likes int);", "DROP TABLE comments;")
    on_feature(repo, "0003_likes", "CREATE INDEX i ON comments (likes);", "DROP INDEX i;")
    found = run(repo, prove=True)
    assert found.proof is not None
    assert found.proof.holds


def test_migrations_that_git_cannot_merge_leave_nothing_to_prove(repo: Sandbox) -> None:
    on_main(repo, "0002_x", "CREATE TABLE x (a int);")
    on_feature(repo, "0002_x", "CREATE TABLE x (b int);")
    found = run(repo, prove=True)
    assert found.proof is None
    assert found.unproven == "git or gitmig cannot merge the migrations themselves: see the errors"
    assert found.findings[0].severity is Severity.ERROR


def test_clients_and_lint_are_a_part_of_it(repo: Sandbox) -> None:
    on_feature(repo, "0002_body", RENAME, "ALTER TABLE comments RENAME body TO contents;")
    assert codes(run(repo)) == ["GM601"]
    assert codes(run(repo, clients=False)) == []
    assert "GM701" in codes(run(repo, clients=False, lint=True))


def test_an_unreachable_server_cannot_decide(repo: Sandbox) -> None:
    with pytest.raises(GitmigError, match="cannot connect to nowhere"):
        run(repo, prove=True, scratch="postgresql://localhost:1/nowhere")


def test_nothing_of_the_users_is_changed(repo: Sandbox, database: Database) -> None:
    database.rows("CREATE TABLE comments (contents text)")
    on_main(repo, "0002_body", RENAME)
    on_feature(repo, "0003_index", "CREATE INDEX i ON comments (contents);", "DROP INDEX i;")
    repo.write("migrations/0004_draft.sql", "-- migrate:up\nSELECT 1;\n")
    before = state(repo, database)
    run(repo, prove=True, lint=True)
    assert state(repo, database) == before
