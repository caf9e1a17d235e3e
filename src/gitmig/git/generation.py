"""A database's generation: a word in the user's state directory that gitmig renews before it changes the database.

The marker of a work tree holds the word that was there when it was synced. So the hook notices, without a connection,
that another clone or work tree of the same user has changed the database since. Where the directory cannot be written,
nothing is noticed.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.files import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "gitmig/generations"
WORD = re.compile(r"[0-9a-f]{16}\n")
# A database that has not changed for so long loses its word: then the next hook looks, and it gets another one.
DAYS = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A database's word, and the file in which it stands."""

    word: str
    path: Path

    def __str__(self) -> str:
        """As the marker holds it."""
        return f"{self.word} {self.path}"


def current(key: str, environ: Mapping[str, str]) -> Generation | None:
    """The generation of the database that `key` tells from others; None where nothing can be noted.

    To be asked under the database's lock: then it changes with nobody else's sync.
    """
    path = _path(key, environ)
    if path is None:
        return None
    with suppress(OSError, ValueError):
        if WORD.fullmatch(found := path.read_text(encoding="ascii")):
            return Generation(word=found.strip(), path=path)
    return renew(key, environ)


def renew(key: str, environ: Mapping[str, str]) -> Generation | None:
    """Give the database a new word, so that every marker with the old one is out of date; None where that cannot be.

    To be called under the database's lock, before anything is changed: if the process dies, others look in vain.
    """
    path = _path(key, environ)
    if path is None:
        return None
    word = secrets.token_hex(8)
    try:
        if not _is_ours(path):
            return None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _forget_old(path.parent)
        replace_file(path, f"{word}\n".encode())
    except OSError:
        with suppress(OSError):  # without a word others look as well
            path.unlink(missing_ok=True)
        return None
    return Generation(word=word, path=path)


def _path(key: str, environ: Mapping[str, str]) -> Path | None:
    """The XDG base directory specification has a relative path ignored."""
    state, home = environ.get("XDG_STATE_HOME", ""), environ.get("HOME", "")
    top = Path(state) if state.startswith("/") else Path(home, ".local/state")
    return top / FOLDER / key if top.is_absolute() else None


def _is_ours(path: Path) -> bool:
    """Whether it lies in a directory of this user: with sudo, HOME may be somebody else's."""
    existing = next(parent for parent in path.parents if parent.exists())
    return existing.stat().st_uid == os.geteuid()


def _forget_old(folder: Path) -> None:
    oldest = time.time() - DAYS * 86400
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < oldest:
                path.unlink()
