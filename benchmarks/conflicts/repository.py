"""Git: reading the clones of public histories, and writing pairs as branches for the tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from copy import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from pairs import Pair

FOLDER = "migrations"
ENVIRONMENT = {"GIT_CONFIG_GLOBAL": "/nowhere/gitconfig", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}


def git(folder: Path, *arguments: str, stdin: bytes | None = None) -> str:
    """What a git command prints. Raises CalledProcessError."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | ENVIRONMENT
    call = ["git", "-C", str(folder), *arguments]
    run = subprocess.run(call, input=stdin, stdout=subprocess.PIPE, env=environment, check=True)
    return run.stdout.decode("utf-8", "replace")


class Clone:
    """A bare clone of a public repository."""

    def __init__(self, path: Path, url: str, commit: str) -> None:
        """Clone it if it is not there."""
        self.path = path
        if not path.exists():
            path.mkdir(parents=True)
            git(path, "clone", "--quiet", "--bare", url, ".")
        git(path, "cat-file", "-e", f"{commit}^{{commit}}")

    def commits(self, tip: str, folder: str) -> list[str]:
        """The commits on the line of first parents that change the folder, the oldest first, but for its first one."""
        out = git(self.path, "log", "--first-parent", "--reverse", "--format=%H", tip, "--", folder)
        return out.split()[1:]

    def changes(self, commit: str, folder: str) -> dict[str, str]:
        """File below the folder → status letter, against the first parent."""
        out = git(self.path, "diff", "--name-status", "--no-renames", "-z", f"{commit}^", commit, "--", folder)
        fields = out.split("\0")
        return {name.removeprefix(f"{folder}/"): status for status, name in zip(fields[::2], fields[1::2])}

    def files(self, commit: str, folder: str) -> dict[str, str]:
        """File below the folder → text."""
        names = git(self.path, "ls-tree", "-r", "-z", "--name-only", f"{commit}:{folder}").split("\0")
        return self.texts(commit, folder, [name for name in names if name.endswith(".sql")])

    def texts(self, commit: str, folder: str, names: Iterable[str]) -> dict[str, str]:
        """Those files → text."""
        return {name: git(self.path, "show", f"{commit}:{folder}/{name}") for name in names}


class Branches:
    """A repository in which pair number N is the branches `N-base`, `N-ours`, `N-theirs`."""

    def __init__(self, path: Path, pairs: Collection[Pair]) -> None:
        self.path = path
        self._number = len(pairs)
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--initial-branch=none")
        for name in ("user.name", "user.email"):
            git(path, "config", name, "ada@example.org")
        git(path, "fast-import", "--quiet", stdin=b"".join(_stream(pairs)))

    def __len__(self) -> int:
        return self._number

    def copy(self, name: str) -> Branches:
        """The same in another folder, beside this one."""
        path = self.path.with_name(f"{self.path.name}-{name}")
        if not path.exists():
            shutil.copytree(self.path, path)
        found = copy(self)
        found.path = path
        return found

    def check_out(self, number: int) -> None:
        """Put our side of a pair into the work tree."""
        git(self.path, "checkout", "--quiet", "--force", f"{number}-ours")


def _stream(pairs: Iterable[Pair]) -> Iterable[bytes]:
    mark = 0
    for number, pair in enumerate(pairs):
        settings = {"gitmig.toml": 'bootstrap = "bootstrap.sql"\n', "bootstrap.sql": pair.bootstrap}
        mark += 1
        base = mark
        yield _commit(f"{number}-base", base, None, (settings if pair.bootstrap else {}) | _placed(pair.base))
        for side, files in (("ours", pair.ours), ("theirs", pair.theirs)):
            mark += 1
            yield _commit(f"{number}-{side}", mark, base, _placed(files))


def _placed(files: Mapping[str, str]) -> dict[str, str]:
    return {f"{FOLDER}/{name}": text for name, text in files.items()}


def _commit(branch: str, mark: int, parent: int | None, files: Mapping[str, str]) -> bytes:
    head = f"commit refs/heads/{branch}\nmark :{mark}\ncommitter Ada <ada@example.org> 1700000000 +0000\ndata 0\n"
    lines = [head.encode(), f"from :{parent}\n".encode() if parent else b""]
    for path, text in files.items():
        data = text.encode()
        lines.append(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")
    return b"".join([*lines, b"\n"])
