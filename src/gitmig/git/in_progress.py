"""Reading what git is in the middle of, from the files that it keeps for itself and from its index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.git.agreements import START
from gitmig.git.moves import InProgress, Patches, Rebase

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gitmig.git.repository import Repository

# Where the three that put uncommitted work away note the commit that holds it.
AUTOSTASHES = ("rebase-merge/autostash", "rebase-apply/autostash", "MERGE_AUTOSTASH")
COMMENT = "#"


def look(repository: Repository, folders: Sequence[str]) -> InProgress:
    """What git is in the middle of in this work tree; `folders` may hold migrations."""
    top = repository.git_dir
    last_move = "".join(repository.lines("log", "--walk-reflogs", "-1", "--format=%gs", "HEAD"))
    unmerged = {line.partition("\t")[2] for line in repository.lines("ls-files", "--unmerged", "--full-name")}
    return InProgress(
        branch="".join(repository.lines("symbolic-ref", "-q", "HEAD")),
        rebase=_rebase(repository),
        patches=_patches(top / "rebase-apply"),
        picks=len(_lines(top / "sequencer/todo")),
        autostash=any((top / name).exists() for name in AUTOSTASHES) or _has(repository, "MERGE_AUTOSTASH"),
        conflicts=bool(unmerged),
        in_migrations=any(folder == "." or path.startswith(f"{folder}/") for path in unmerged for folder in folders),
        last_move=last_move,
        forward=bool(START.match(last_move)) and _is_forward(repository),
    )


def _is_forward(repository: Repository) -> bool:
    status, _, _ = repository.attempt("merge-base", "--is-ancestor", "HEAD@{1}", "HEAD")
    return status == 0


def _rebase(repository: Repository) -> Rebase | None:
    folder = repository.git_dir / "rebase-merge"
    if not folder.is_dir():
        return None
    done, todo = _lines(folder / "done"), _lines(folder / "git-rebase-todo")
    return Rebase(
        current=_word(done[-1]) if done else "",
        upcoming=_word(todo[0]) if todo else "",
        stopped=_has(repository, "REBASE_HEAD"),
        rewritten=bool(_lines(folder / "rewritten-list")),
    )


def _patches(folder: Path) -> Patches | None:
    if not folder.is_dir():
        return None
    current, last = ("".join(_lines(folder / name)) or "0" for name in ("next", "last"))
    return Patches(current=int(current), last=int(last), rebasing=(folder / "rebasing").exists())


def _has(repository: Repository, ref: str) -> bool:
    return bool(repository.lines("rev-parse", "-q", "--verify", ref))


def _lines(path: Path) -> list[str]:
    """The lines of a file that say something; none if it is not there."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip() and not line.startswith(COMMENT)]


def _word(line: str) -> str:
    return line.split(maxsplit=1)[0]
