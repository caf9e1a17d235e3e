"""The marker: what lets a hook end in the shell, and when it must not."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from gitmig.git import marker
from gitmig.git.marker import current_generation
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
    generation = current_generation("database", {"HOME": str(tmp_path)})
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


KEY = "7000000000000000001-16384"


def test_it_stays_until_somebody_renews_it(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    first = marker.current_generation(KEY, environ)
    assert first is not None
    assert first == marker.current_generation(KEY, environ)
    renewed = marker.renew_generation(KEY, environ)
    assert renewed is not None
    assert renewed.word != first.word
    assert renewed == marker.current_generation(KEY, environ)


def test_every_database_has_its_own(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    first = marker.current_generation(KEY, environ)
    marker.renew_generation("other", environ)
    assert first == marker.current_generation(KEY, environ)


def test_the_file_is_the_users_and_has_one_line(tmp_path: Path) -> None:
    made = marker.current_generation(KEY, {"HOME": str(tmp_path)})
    assert made is not None
    assert made.path == tmp_path / ".local/state/gitmig/generations" / KEY
    assert made.path.read_text() == f"{made.word}\n"
    assert str(made) == f"{made.word} {made.path}"
    assert made.path.parent.stat().st_mode & 0o077 == 0
    assert [path.name for path in made.path.parent.iterdir()] == [KEY]


def test_the_state_directory_may_be_elsewhere(tmp_path: Path) -> None:
    made = marker.current_generation(KEY, {"HOME": "/nowhere", "XDG_STATE_HOME": str(tmp_path)})
    assert made is not None
    assert made.path == tmp_path / "gitmig/generations" / KEY
    relative = marker.current_generation(KEY, {"HOME": str(tmp_path), "XDG_STATE_HOME": "state"})
    assert relative is not None
    assert relative.path.is_relative_to(tmp_path / ".local")


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "here"}, {"HOME": "/proc"}, {"HOME": "/dev/null"}])
def test_without_a_place_there_is_none(environ: dict[str, str]) -> None:
    assert marker.current_generation(KEY, environ) is None
    assert marker.renew_generation(KEY, environ) is None


def test_another_users_home_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert marker.renew_generation(KEY, {"HOME": str(tmp_path)}) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "no word\n", "0123456789abcdef", "0123456789abcdef\nmore\n", "\xff"])
def test_what_is_no_word_is_renewed(tmp_path: Path, text: str) -> None:
    environ = {"HOME": str(tmp_path)}
    made = marker.current_generation(KEY, environ)
    assert made is not None
    made.path.write_text(text)
    anew = marker.current_generation(KEY, environ)
    assert anew is not None
    assert anew.path.read_text() == f"{anew.word}\n"


def test_a_word_that_cannot_be_renewed_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"HOME": str(tmp_path)}
    made = marker.current_generation(KEY, environ)
    assert made is not None

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gitmig.git.marker.replace_file", full)
    assert marker.renew_generation(KEY, environ) is None
    assert not made.path.exists(), "whoever remembers it looks"


def test_words_of_databases_that_nobody_uses_go(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    old, young = marker.current_generation("old", environ), marker.current_generation("young", environ)
    assert old is not None
    assert young is not None
    long_ago = time.time() - (marker.DAYS + 1) * 86400
    os.utime(old.path, (long_ago, long_ago))
    marker.current_generation(KEY, environ)
    assert sorted(path.name for path in old.path.parent.iterdir()) == [KEY, "young"]
