"""A database's generation: the word by which one clone notices that another one has changed the database."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from gitmig.git import generation

if TYPE_CHECKING:
    from pathlib import Path

KEY = "7000000000000000001-16384"


def test_it_stays_until_somebody_renews_it(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    first = generation.current(KEY, environ)
    assert first is not None
    assert first == generation.current(KEY, environ)
    renewed = generation.renew(KEY, environ)
    assert renewed is not None
    assert renewed.word != first.word
    assert renewed == generation.current(KEY, environ)


def test_every_database_has_its_own(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    first = generation.current(KEY, environ)
    generation.renew("other", environ)
    assert first == generation.current(KEY, environ)


def test_the_file_is_the_users_and_has_one_line(tmp_path: Path) -> None:
    made = generation.current(KEY, {"HOME": str(tmp_path)})
    assert made is not None
    assert made.path == tmp_path / ".local/state/gitmig/generations" / KEY
    assert made.path.read_text() == f"{made.word}\n"
    assert str(made) == f"{made.word} {made.path}"
    assert made.path.parent.stat().st_mode & 0o077 == 0
    assert [path.name for path in made.path.parent.iterdir()] == [KEY]


def test_the_state_directory_may_be_elsewhere(tmp_path: Path) -> None:
    made = generation.current(KEY, {"HOME": "/nowhere", "XDG_STATE_HOME": str(tmp_path)})
    assert made is not None
    assert made.path == tmp_path / "gitmig/generations" / KEY
    relative = generation.current(KEY, {"HOME": str(tmp_path), "XDG_STATE_HOME": "state"})
    assert relative is not None
    assert relative.path.is_relative_to(tmp_path / ".local")


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "here"}, {"HOME": "/proc"}, {"HOME": "/dev/null"}])
def test_without_a_place_there_is_none(environ: dict[str, str]) -> None:
    assert generation.current(KEY, environ) is None
    assert generation.renew(KEY, environ) is None


def test_another_users_home_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert generation.renew(KEY, {"HOME": str(tmp_path)}) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "no word\n", "0123456789abcdef", "0123456789abcdef\nmore\n", "\xff"])
def test_what_is_no_word_is_renewed(tmp_path: Path, text: str) -> None:
    environ = {"HOME": str(tmp_path)}
    made = generation.current(KEY, environ)
    assert made is not None
    made.path.write_text(text)
    anew = generation.current(KEY, environ)
    assert anew is not None
    assert anew.path.read_text() == f"{anew.word}\n"


def test_a_word_that_cannot_be_renewed_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"HOME": str(tmp_path)}
    made = generation.current(KEY, environ)
    assert made is not None

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gitmig.git.generation.replace_file", full)
    assert generation.renew(KEY, environ) is None
    assert not made.path.exists(), "whoever remembers it looks"


def test_words_of_databases_that_nobody_uses_go(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    old, young = generation.current("old", environ), generation.current("young", environ)
    assert old is not None
    assert young is not None
    long_ago = time.time() - (generation.DAYS + 1) * 86400
    os.utime(old.path, (long_ago, long_ago))
    generation.current(KEY, environ)
    assert sorted(path.name for path in old.path.parent.iterdir()) == [KEY, "young"]
