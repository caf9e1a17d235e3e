"""Records in `refs/notes/gitmig`, which `git log --notes=gitmig` shows and `git push` carries along."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gitmig.migrations.record import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from gitmig.git.repository import Repository

REF = "refs/notes/gitmig"


def read_notes(repository: Repository, commits: Collection[str]) -> dict[str, str]:
    """Commit id → text of the notes that these commits have under the ref."""
    listing = (line.split() for line in repository.lines("notes", f"--ref={REF}", "list"))
    return {commit: _text(repository, note) for note, commit in listing if commit in commits}


def read_record(repository: Repository, commit: str) -> Record | None:
    """The record of one commit, None if it has none."""
    text = read_notes(repository, {commit}).get(commit)
    return Record.from_text(text) if text else None


def write_notes(repository: Repository, texts: Mapping[str, str | None]) -> None:
    """Write (or, None, remove) the notes of many commits as one commit on the notes ref, by one `git fast-import`."""
    if not texts:
        return
    stream = [b"feature done\n", b"commit " + REF.encode() + b"\n", f"committer {_identity(repository)}\n".encode()]
    stream.append(_data(f"gitmig: records of {len(texts)} commit{'s' * (len(texts) > 1)}\n"))
    if tip := repository.lines("rev-parse", "-q", "--verify", REF):
        stream.append(f"from {tip[0]}\n".encode())
    for commit, text in texts.items():
        if text is None:
            stream.append(f"N {'0' * len(commit)} {commit}\n".encode())
        else:
            stream += [f"N inline {commit}\n".encode(), _data(text)]
    repository.run("fast-import", "--quiet", "--done", stdin=b"".join([*stream, b"done\n"]))


def _data(text: str) -> bytes:
    encoded = text.encode("utf-8", "surrogateescape")
    return b"data %d\n%s\n" % (len(encoded), encoded)


def _identity(repository: Repository) -> str:
    """Who and when in git's format; a clone without an identity still gets its records."""
    found = repository.lines("var", "GIT_COMMITTER_IDENT")
    return found[0] if found else f"gitmig <gitmig@localhost> {int(time.time())} +0000"


def _text(repository: Repository, blob: str) -> str:
    found = repository.read_object(blob)
    return found[1].decode("utf-8", "replace") if found else ""
