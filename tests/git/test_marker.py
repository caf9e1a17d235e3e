"""The marker: what lets a hook end in the shell, and when it must not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.git import marker
from gitmig.git.generation import current
from tests.conftest import Sandbox
from tests.git.conftest import opened

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def written(sandbox: Sandbox, folder: str = "migrations", **environ: str) -> list[str]:
    repository = opened(sandbox)
    marker.write(repository, [folder], environ, marker.now(repository))
    return (repository.private(shared=False) / "marker").read_text().split("\n")


def test_it_says_which_folder_and_which_settings(repo: Sandbox) -> None:
    repo.write(".env", "")
    repo.write("pyproject.toml", "")
    assert written(repo) == ["", "", " pyproject.toml .env", "", "+migrations", ""]


def test_whatever_changes_after_the_reading_is_newer(repo: Sandbox) -> None:
    since = marker.now(opened(repo))
    later = repo.write("migrations/0003_c.sql", "SELECT 1;\n")
    marker.write(opened(repo), ["migrations"], {}, since)
    assert later.stat().st_mtime_ns > repo.marker.stat().st_mtime_ns


def test_it_knows_every_folder_that_may_hold_migrations(repo: Sandbox) -> None:
    repository = opened(repo)
    marker.write(repository, ["db/migrations", "migrations"], {}, marker.now(repository))
    assert repo.marker.read_text().splitlines()[4:] == ["-db/migrations", "+migrations"]


def test_the_time_of_its_second_is_no_more_than_that(repo: Sandbox) -> None:
    repository = opened(repo)
    marker.write(repository, ["migrations"], {}, marker.now(repository))
    time, second = (
        (repository.private(shared=False) / name).stat().st_mtime_ns for name in (marker.NAME, marker.SECOND)
    )
    assert second == time // 10**9 * 10**9


def test_the_whole_repository_may_be_the_folder(make_sandbox: Callable[..., Sandbox]) -> None:
    made = make_sandbox()
    made.write("0001_a.sql", "-- migrate:up\n")
    made.commit("a")
    assert written(made, ".")[4] == "+."


@pytest.mark.parametrize("folder", ["a b", "[x]*", "ü"])
def test_odd_folder_names_are_just_names(make_sandbox: Callable[..., Sandbox], folder: str) -> None:
    made = make_sandbox()
    made.write(f"{folder}/0001_a.sql", "-- migrate:up\n")
    made.commit("a")
    assert written(made, folder)[4] == f"+{folder}"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://user:secret@db.example.org/app", "db.example.org/app"),
        ("postgresql://user:p@ss@db.example.org/app", "db.example.org/app"),
        ("postgresql:///app", "postgresql:///app"),
        ("", ""),
    ],
)
def test_user_and_password_are_not_written_to_the_disk(repo: Sandbox, url: str, expected: str) -> None:
    assert written(repo, GITMIG_DATABASE_URL=url)[:2] == [expected, ""]
    assert written(repo, DATABASE_URL=url)[:2] == ["", expected]


@pytest.mark.parametrize(
    "url", ["host=db.example.org password=secret dbname=app", "postgresql://db/app?user=u&password=secret"]
)
def test_a_password_in_another_place_is_not_written_to_the_disk_either(repo: Sandbox, url: str) -> None:
    marker.write(opened(repo), ["migrations"], {"DATABASE_URL": url}, 0)
    assert not repo.marker.exists()


def test_a_value_with_a_line_end_makes_no_marker(repo: Sandbox) -> None:
    marker.write(opened(repo), ["migrations"], {"DATABASE_URL": "host=x\ndbname=y"}, 0)
    assert not repo.marker.exists()


def test_it_remembers_the_databases_generation(repo: Sandbox, tmp_path: Path) -> None:
    generation = current("database", {"HOME": str(tmp_path)})
    assert generation is not None
    marker.write(opened(repo), ["migrations"], {}, 0, generation)
    assert repo.marker.read_text().splitlines()[3] == f"{generation.word} {generation.path}"


def test_writing_one_forgets_those_of_all_other_work_trees(repo: Sandbox, tmp_path: Path) -> None:
    trees = [repo]
    for name in ("one", "two"):
        repo.git("worktree", "add", "--quiet", "-b", name, str(tmp_path / name))
        trees.append(Sandbox(tmp_path / name, {}))
    paths = [opened(tree).private(shared=False) / "marker" for tree in trees]
    for tree, path in zip(trees, paths):
        written(tree)
        assert [p.exists() for p in paths] == [p == path for p in paths]
    marker.forget(opened(trees[1]))
    assert not any(path.exists() for path in paths)


def test_what_an_older_hook_reads_goes_too(repo: Sandbox) -> None:
    former = opened(repo).make_private(shared=False) / "stamp"
    former.touch()
    written(repo)
    assert not former.exists()
