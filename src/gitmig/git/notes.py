"""Records in `refs/notes/gitmig`, which `git log --notes=gitmig` shows and `git push` carries along.

The ref has one commit without a parent, which is made anew for every new record: `git log --all` has one line of it.
(It would have none of a ref to a tree, but then `git gc` prints errors.) The commit depends on nothing but the notes,
so that clones with the same records have the same commit.

What is fetched goes to `refs/notes/<remote>/gitmig`; gitmig reads both, and adds it to the ref whenever it writes.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.git.repository import OBJECT_ID
from gitmig.migrations.record import Record, joined

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gitmig.git.repository import Repository

REF = "refs/notes/gitmig"
EVERY_REF = "refs/notes/**/gitmig"  # as `git for-each-ref` reads it, REF is one of them
MESSAGE = "gitmig: records, see `git log --notes=gitmig`\n"
# Nobody in particular, at git's first second: among the commits of `git log --all` it is the last.
COMMITTER = "gitmig <gitmig@localhost> 0 +0000"
UNBORN = "refs/gitmig/records"  # `git fast-import` wants a name for what it makes; it is gone before it ends
FAN_OUT = 256  # from so many notes on they are in folders named after the first two digits, as git itself has them
ATTEMPTS, LONGEST_PAUSE = 20, 0.05  # seconds


# A file of the notes tree: mode and blob as `git ls-tree` prints them, or a text that is no blob yet.
File = str | bytes


class _Notes(Struct, frozen=True, kw_only=True):
    """The notes of a clone, with those that were fetched.

    `files` maps commits to their notes; a file of the tree that is no note is under its path. `tip` is the commit of
    the ref, empty if there is none; it is `settled` if nothing was fetched that it lacks, and it has no parent.
    """

    tip: str
    settled: bool
    files: Mapping[str, File]


def read_notes(repository: Repository, commits: Collection[str]) -> dict[str, str]:
    """Commit id → text of the notes that these commits have, here or in what was fetched."""
    files = _read(repository).files if commits else {}
    found = {commit: _content(repository, files[commit]) for commit in commits if commit in files}
    return {commit: content.decode("utf-8", "replace") for commit, content in found.items()}


def read_record(repository: Repository, commit: str) -> Record | None:
    """The record of one commit, None if it has none."""
    text = read_notes(repository, {commit}).get(commit)
    return Record.from_text(text) if text else None


def write_notes(repository: Repository, texts: Mapping[str, str | None]) -> None:
    """Write (or, None, remove) the notes of many commits, and add what was fetched.

    The ref is changed only while it is what was read; where another process was quicker, all is done again. Raises
    GitmigError with git's own words if the ref cannot be changed at all.
    """
    for attempt in range(1, ATTEMPTS + 1):
        notes = _read(repository)
        if notes.settled and not texts:
            return
        files = {name: file for name, file in notes.files.items() if name not in texts}
        files |= {commit: _encoded(text) for commit, text in texts.items() if text is not None}
        commit = _commit(repository, files)
        # an empty old commit: there must be no ref yet
        change = ("update-ref", "-m", "gitmig: records", REF, commit, notes.tip)
        if attempt == ATTEMPTS:
            repository.run(*change)
        elif repository.attempt(*change)[0] == 0:
            return
        time.sleep(random.uniform(0, LONGEST_PAUSE))  # noqa: S311 (two that met shall not meet again)


def _read(repository: Repository) -> _Notes:
    tip, settled, fetched = "", True, set[str]()
    for row in repository.lines("for-each-ref", "--format=%(refname) %(objectname) %(parent)", EVERY_REF):
        ref, commit, parents = row.split(" ", 2)
        if ref == REF:
            tip, settled = commit, not parents
        else:
            fetched.add(commit)
    files = _files(repository, tip) if tip else {}
    for commit in sorted(fetched - {tip}):
        for name, theirs in _files(repository, commit).items():
            ours = files.get(name)
            if ours == theirs:
                continue
            both = theirs if ours is None else _joined(repository, ours, theirs)
            if both != ours:
                files[name], settled = both, False
    return _Notes(tip=tip, settled=settled, files=files)


def _joined(repository: Repository, ours: File, theirs: File) -> File:
    """Ours itself if theirs adds nothing."""
    before = _content(repository, ours).decode("utf-8", "surrogateescape")
    after = joined(before, _content(repository, theirs).decode("utf-8", "surrogateescape"))
    return ours if after == before else _encoded(after)


def _files(repository: Repository, commit: str) -> dict[str, File]:
    """The files of a notes tree; notes without the folders of their fan-out, other names as git quotes them."""
    found: dict[str, File] = {}
    for row in repository.lines("ls-tree", "-r", "--full-tree", commit):
        meta, _, path = row.partition("\t")
        mode, _, blob = meta.split(" ")
        name = path.replace("/", "")
        found[name if OBJECT_ID.fullmatch(name) else path] = f"{mode} {blob}"
    return found


def _commit(repository: Repository, files: Mapping[str, File]) -> str:
    """Make the commit without a parent that has these files, and no ref that leads to it; its id."""
    depth, some = 0, len(files) // FAN_OUT
    while some:
        depth, some = depth + 1, some // FAN_OUT
    stream = [b"feature done\n", f"commit {UNBORN}\nmark :1\ncommitter {COMMITTER}\n".encode(), _data(MESSAGE.encode())]
    for name, file in files.items():
        path = _fanned_out(name, depth).encode() if OBJECT_ID.fullmatch(name) else name.encode()
        if isinstance(file, bytes):
            stream += [b"M 100644 inline %s\n" % path, _data(file)]
        else:
            stream.append(b"M %s %s\n" % (file.encode(), path))
    stream.append(f"get-mark :1\nreset {UNBORN}\n\ndone\n".encode())
    return repository.run("fast-import", "--quiet", "--done", stdin=b"".join(stream)).decode().strip()


def _fanned_out(commit: str, depth: int) -> str:
    folders = (commit[2 * level : 2 * level + 2] for level in range(depth))
    return "/".join([*folders, commit[2 * depth :]])


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _content(repository: Repository, file: File) -> bytes:
    if isinstance(file, bytes):
        return file
    found = repository.read_object(file.split(" ")[1])
    return found[1] if found else b""
