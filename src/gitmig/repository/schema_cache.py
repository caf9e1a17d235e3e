"""Schemas that were measured on scratch databases, kept in the git directory: nobody has to build them twice."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from gitmig.repository.door import Repository

FOLDER = "schemas"
# Files of 20–80 kB: what a few months of branches need.
LIMIT = 500


def read(repository: Repository, key: str) -> str | None:
    """The text kept under the key; None if there is none, or it cannot be read."""
    path = _folder(repository) / key
    try:
        text = zlib.decompress(path.read_bytes()).decode()
        os.utime(path)  # what is used stays
    except (OSError, zlib.error, UnicodeDecodeError):
        return None
    return text


def write(repository: Repository, key: str, text: str) -> None:
    """Keep a text; those that were not used for the longest time make room."""
    folder = repository.make_private(FOLDER, shared=True)
    temporary = folder / f".{key}.{os.getpid()}"
    temporary.write_bytes(zlib.compress(text.encode(), 1))
    temporary.replace(folder / key)
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if len(files) > LIMIT:
        for path in sorted(files, key=_used)[: len(files) - LIMIT]:
            path.unlink(missing_ok=True)


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _folder(repository: Repository) -> Path:
    return repository.private(shared=True) / FOLDER
