"""Renumbering on real git, and what the database makes of it."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import BeforeGitmig, GitmigError, UsageError
from gitmig.operations.renumber import Renumbered, renumber
from gitmig.project.project import Project
from tests.execute.conftest import run_sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Sandbox

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=timezone.utc)


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox], database: Database) -> Sandbox:
    """A repository without gitmig's hooks."""
    return make_sandbox(url=database.url)


@pytest.fixture
def feature(repo: Sandbox) -> Sandbox:
    """
    0001_a ── 0002_b          main
         └─── 0002_x 0003_y   feature, checked out
    """
    repo.table("0001_a", "a")
    repo.commit("a")
    repo.git("branch", "feature")
    repo.table("0002_b", "b")
    repo.commit("b")
    repo.git("switch", "--quiet", "feature")
    repo.table("0002_x", "x")
    repo.migration("0003_y", "-- after 0002_x\nCREATE TABLE y (id int);", "DROP TABLE y;")
    repo.commit("x and y")
    return repo


def run(sandbox: Sandbox, onto: str | None = None, url: str | None = None, **options: bool) -> Renumbered:
    project = Project.load(sandbox.root, url or sandbox.environment.get("DATABASE_URL"))
    return renumber(project, onto, now=NOW, **options)


def renamed(done: Renumbered) -> list[str]:
    return [f"{one.migration.label} → {one.label}" for one in done.renamings]


def files(sandbox: Sandbox) -> list[str]:
    return sorted(path.name for path in (sandbox.root / "migrations").iterdir() if path.suffix == ".sql")


def publish(sandbox: Sandbox, branch: str, name: str | None = None) -> None:
    """Push a branch to a remote called origin."""
    remote = sandbox.root.parent / "origin.git"
    if not remote.exists():
        sandbox.run("git", "init", "--quiet", "--bare", str(remote))
        sandbox.git("remote", "add", "origin", str(remote))
    sandbox.git("push", "--quiet", "origin", f"{branch}:{name or branch}")


def test_ours_follow_base_and_the_renames_are_staged(feature: Sandbox) -> None:
    done = run(feature)
    assert (done.base, done.ran, renamed(done)) == ("main", True, ["0002_x → 0003_x", "0003_y → 0004_y"])
    assert files(feature) == ["0001_a.sql", "0003_x.sql", "0004_y.sql"]
    assert feature.git("status", "--porcelain").out.splitlines() == [
        "R  migrations/0002_x.sql -> migrations/0003_x.sql",
        "R  migrations/0003_y.sql -> migrations/0004_y.sql",
    ]


def test_the_merge_afterwards_has_every_version_once(feature: Sandbox) -> None:
    run(feature)
    feature.commit("renumber")
    feature.git("merge", "--quiet", "--no-edit", "main")
    run_sync(feature)
    assert run(feature).renamings == ()


def test_mentions_in_our_files_are_renewed(feature: Sandbox) -> None:
    done = run(feature)
    assert done.rewritten == ("migrations/0004_y.sql",)
    assert "-- after 0003_x\n" in (feature.root / "migrations/0004_y.sql").read_text()


def test_the_users_own_edit_is_not_staged_along(feature: Sandbox) -> None:
    path = feature.root / "migrations/0003_y.sql"
    path.write_text(path.read_text() + "-- a thought\n")
    run(feature)
    assert feature.git("diff", "--name-only").out.split() == ["migrations/0004_y.sql"]
    assert feature.git("show", ":migrations/0004_y.sql").out.endswith("DROP TABLE y;\n")


def test_a_migration_git_does_not_know_yet_is_renamed_and_stays_unknown(feature: Sandbox) -> None:
    feature.table("0004_z", "z")
    assert renamed(run(feature))[-1] == "0004_z → 0005_z"
    assert "?? migrations/0005_z.sql" in feature.git("status", "--porcelain").out


def test_two_of_one_version_are_mended_after_the_merge_as_well(feature: Sandbox) -> None:
    feature.git("merge", "--quiet", "--no-edit", "main")
    assert renamed(run(feature)) == ["0002_x → 0003_x", "0003_y → 0004_y"]
    assert files(feature) == ["0001_a.sql", "0002_b.sql", "0003_x.sql", "0004_y.sql"]


def test_a_dry_run_changes_nothing(feature: Sandbox) -> None:
    done = run(feature, dry_run=True)
    assert (done.ran, len(done.renamings)) == (False, 2)
    assert feature.git("status", "--porcelain").out == ""


def test_what_follows_already_stays(feature: Sandbox) -> None:
    done = run(feature, "feature")
    assert (done.mine, done.renamings, done.ran) == ((), (), False)


def test_a_synced_database_follows_without_running_anything(feature: Sandbox, database: Database) -> None:
    run_sync(feature)
    database.rows("INSERT INTO x VALUES (1)")
    assert run(feature).followed
    assert database.applied() == ["0001_a", "0003_x", "0004_y"]
    assert database.rows("TABLE x") == [(1,)]
    assert run_sync(feature) == []


def test_a_database_that_is_out_of_sync_is_left_alone(feature: Sandbox, database: Database) -> None:
    feature.git("switch", "--quiet", "main")
    run_sync(feature)
    feature.git("switch", "--quiet", "feature")
    done = run(feature)
    assert not done.followed
    assert "is out of sync" in str(done.behind)
    assert database.applied() == ["0001_a", "0002_b"]


def test_an_unreachable_database_does_not_keep_the_files_from_being_renamed(feature: Sandbox) -> None:
    done = run(feature, url="postgresql://localhost:1/nowhere")
    assert (done.ran, done.followed) == (True, False)
    assert "cannot connect" in str(done.behind)


def test_a_pushed_branch_of_our_own_is_no_obstacle(feature: Sandbox) -> None:
    publish(feature, "main")
    publish(feature, "feature")
    assert run(feature).ran


def test_what_another_remote_branch_has_is_refused(feature: Sandbox) -> None:
    publish(feature, "feature", "release")
    with pytest.raises(GitmigError, match="others have 0002_x from origin/release"):
        run(feature)
    assert files(feature) == ["0001_a.sql", "0002_x.sql", "0003_y.sql"]
    assert run(feature, force=True).ran


def test_our_branch_with_commits_of_others_is_refused(feature: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(feature, "feature")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "bob@example.org")
    with pytest.raises(GitmigError, match="others have 0002_x from origin/feature"):
        run(feature)


def test_a_name_that_is_taken_is_refused_before_anything_is_renamed(feature: Sandbox) -> None:
    feature.write("migrations/0004_y.sql/README", "a folder in the way")
    with pytest.raises(GitmigError, match=r"migrations/0004_y\.sql is there already"):
        run(feature)
    assert feature.git("status", "--porcelain", "--untracked-files=no").out == ""


def test_every_file_of_a_directory_moves_along(repo: Sandbox) -> None:
    repo.write("migrations/0001_a/up.sql", "CREATE TABLE a (id int);")
    repo.commit("a")
    repo.git("branch", "feature")
    repo.write("migrations/0002_b/up.sql", "CREATE TABLE b (id int);")
    repo.commit("b")
    repo.git("switch", "--quiet", "feature")
    for name in ("up.sql", "down.sql", "NOTES.md"):
        repo.write(f"migrations/0002_x/{name}", "-- 0002_x\n")
    repo.commit("x")
    repo.write("migrations/0002_x/draft.txt", "not in git")
    run(repo)
    assert not (repo.root / "migrations/0002_x").exists()
    moved = sorted(path.name for path in (repo.root / "migrations/0003_x").iterdir())
    assert moved == ["NOTES.md", "down.sql", "draft.txt", "up.sql"]


def test_both_files_of_a_pair_move(repo: Sandbox) -> None:
    repo.write("migrations/0001_a.up.sql", "CREATE TABLE a (id int);")
    repo.commit("a")
    repo.git("branch", "feature")
    repo.write("migrations/0002_b.up.sql", "CREATE TABLE b (id int);")
    repo.commit("b")
    repo.git("switch", "--quiet", "feature")
    repo.write("migrations/0002_x.up.sql", "CREATE TABLE x (id int);")
    repo.write("migrations/0002_x.down.sql", "DROP TABLE x;")
    repo.commit("x")
    run(repo)
    assert files(repo) == ["0001_a.up.sql", "0003_x.down.sql", "0003_x.up.sql"]


def test_without_anything_to_compare_with_a_base_has_to_be_named(repo: Sandbox) -> None:
    repo.git("branch", "--move", "main", "trunk")
    with pytest.raises(UsageError, match="neither origin/HEAD, nor main, nor master"):
        run(repo)


def test_unrelated_histories_are_refused(feature: Sandbox) -> None:
    feature.git("switch", "--quiet", "--orphan", "other")
    feature.table("0001_z", "z")
    feature.commit("z")
    with pytest.raises(GitmigError, match="no common commit"):
        run(feature)


def test_without_a_folder_there_is_nothing_to_rename(make_sandbox: Callable[..., Sandbox]) -> None:
    empty = make_sandbox()
    empty.commit("empty")
    with pytest.raises(BeforeGitmig):
        run(empty)
