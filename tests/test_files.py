"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gitmig.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_with_its_mode_and_time(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old, and longer")
    replace_file(path, b"new", mode=0o600, time=1_700_000_000_000_000_001)
    found = path.stat()
    assert (path.read_bytes(), found.st_mode & 0o777, found.st_mtime_ns) == (b"new", 0o600, 1_700_000_000_000_000_001)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_in_its_way_leads_nowhere(tmp_path: Path) -> None:
    """A checkout may bring along what is called as the file that is written first."""
    path, other = tmp_path / ".env", tmp_path / "other"
    other.write_bytes(b"other")
    (tmp_path / f"..env.{os.getpid()}").symlink_to(other)
    replace_file(path, b"new")
    assert (path.read_bytes(), other.read_bytes()) == (b"new", b"other")


def test_what_fails_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "utime", full)
    with pytest.raises(OSError, match="No space left"):
        replace_file(path, b"new", time=1)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
