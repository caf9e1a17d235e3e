"""New migrations: named, placed behind all others, and valid as they are."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError, UsageError
from gitmig.operations.new import DOWN, UP, new
from gitmig.project.project import Project
from gitmig.project.target import load_target
from tests.conftest import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=timezone.utc)


@pytest.fixture
def repo(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    made = make_sandbox()
    made.write("migrations/.gitkeep", "")
    return made


def create(repo: Sandbox, title: str = "create comments") -> tuple[str, ...]:
    return new(Project.load(repo.root), title, now=NOW).paths


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("single", ("20260304050607_create_comments.sql",)),
        ("goose", ("20260304050607_create_comments.sql",)),
        ("paired", ("20260304050607_create_comments.up.sql", "20260304050607_create_comments.down.sql")),
        ("directory", ("20260304050607_create_comments/up.sql", "20260304050607_create_comments/down.sql")),
    ],
)
def test_every_layout_gets_files_it_can_read_again(repo: Sandbox, layout: str, expected: tuple[str, ...]) -> None:
    repo.write("gitmig.toml", f'layout = "{layout}"\n')
    assert create(repo) == tuple(f"migrations/{name}" for name in expected)
    target = load_target(Project.load(repo.root))
    (migration,) = target.set.migrations
    (content,) = target.contents([migration]).values()
    assert migration.label == "20260304050607_create_comments"
    assert content.down is not None
    assert "\r" not in content.up.text


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ("0001_a", "0002"),
        ("0099_a", "0100"),
        ("9_a", "10"),
        ("20250101000000_a", "20260304050607"),
        ("20990101000000_a", "20990101000001"),
        ("20260304050607_a", "20260304050608"),
    ],
)
def test_the_version_sorts_behind_all_others(repo: Sandbox, there: str, expected: str) -> None:
    repo.table(there, "a")
    (path,) = create(repo)
    assert path == f"migrations/{expected}_create_comments.sql"
    assert [m.path for m in load_target(Project.load(repo.root)).set.migrations][-1] == path


def test_two_in_the_same_second_have_two_versions(repo: Sandbox) -> None:
    assert create(repo) + create(repo) + create(repo) == tuple(
        f"migrations/2026030405060{n}_create_comments.sql" for n in (7, 8, 9)
    )


@pytest.mark.parametrize("title", ["", "  ", "!?", "---", "../..", "_"])
def test_a_title_without_a_letter_is_refused(repo: Sandbox, title: str) -> None:
    with pytest.raises(UsageError, match="has no letter or digit to name a migration by"):
        create(repo, title)
    assert [path.name for path in (repo.root / "migrations").iterdir()] == [".gitkeep"]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Ünïcode Straße", "ünïcode_straße"),
        ("日本語", "日本語"),
        ("a/../../b", "a_b"),
        ("--help", "help"),
        ("it's; DROP TABLE", "it_s_drop_table"),
        ("x" * 300, "x" * 50),
        ("tab\tnew\nline", "tab_new_line"),
    ],
)
def test_a_title_becomes_a_file_name_that_is_safe_everywhere(repo: Sandbox, title: str, slug: str) -> None:
    assert create(repo, title) == (f"migrations/20260304050607_{slug}.sql",)
    assert len(load_target(Project.load(repo.root)).set) == 1


def test_a_repository_without_the_folder_is_told_to_make_it(make_sandbox: Callable[..., Sandbox]) -> None:
    with pytest.raises(GitmigError) as caught:
        create(make_sandbox())
    assert caught.value.message == "the work tree has no migrations folder (migrations): the database is left alone"
    assert caught.value.hint == "`gitmig init` makes the folder"


def test_a_file_that_git_ignores_is_not_written_without_a_word(repo: Sandbox) -> None:
    repo.write(".gitignore", "*.sql\n")
    try:
        create(repo)
    except GitmigError:
        return
    assert len(load_target(Project.load(repo.root)).set) == 1


def test_a_file_that_is_there_is_never_overwritten(repo: Sandbox) -> None:
    """git ignores it, so it is in no set; but somebody wrote it."""
    repo.write(".gitignore", "2026*\n")
    mine = repo.write("migrations/20260304050607_create_comments.sql", "mine")
    with pytest.raises(GitmigError):
        create(repo)
    assert mine.read_text() == "mine"


def test_the_version_is_free_in_all_work_trees(repo: Sandbox) -> None:
    repo.migration("0001_a", "SELECT 1;")
    repo.commit("a")
    repo.git("worktree", "add", "-q", "-b", "w", "../w")
    linked = Sandbox(repo.root.parent / "w", {})
    assert [new(Project.load(tree.root), "x", now=NOW).label for tree in (linked, repo, linked)] == [
        "0002_x",
        "0003_x",
        "0004_x",
    ]
    linked.write("migrations/0005_y.sql", "<<<<<<< ours\n")
    assert new(Project.load(repo.root), "x", now=NOW).label == "0006_x", "what it holds does not matter"


def test_in_another_tools_folder_it_is_a_file_of_that_tool(repo: Sandbox) -> None:
    """Its name, its version and its sections; the newest script counts, not a program behind it."""
    repo.write("migrations/1704067200000-users.sql", "-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;\n")
    repo.write("migrations/1704067200001-seed.py", "")
    assert create(repo) == ("migrations/1772600767000-create_comments.sql",)
    text = (repo.root / "migrations/1772600767000-create_comments.sql").read_text()
    assert text == f"-- Up Migration\n{UP}\n-- Down Migration\n{DOWN}"
