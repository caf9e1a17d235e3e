"""Which migrations a command looks at: those of a branch, of a commit, of a range, or all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, UsageError
from gitmig.operations.target import load_target
from gitmig.repository.fork import first_parent, fork
from gitmig.repository.snapshot import at_commit

if TYPE_CHECKING:
    from gitmig.core.migration import Migration
    from gitmig.operations.project import Project
    from gitmig.operations.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The `chosen` migrations of a target, in order, and in words which ones these are."""

    target: Target
    chosen: tuple[Migration, ...]
    words: str


def select(project: Project, what: str | None, *, everything: bool = False) -> Selection:
    """The migrations that a commit (`REV`), a range (`A..B`) or, by default, the work tree's branch adds.

    A commit adds what its first parent has not, a range what B has and A has not. `everything` takes the whole set.
    Raises GitmigError, UsageError.
    """
    before, separator, revision = _ends(what)
    target = load_target(project, revision)
    if everything:
        return Selection(target=target, chosen=target.set.migrations, words="all")
    base, words = _base(project, before if separator else None, revision, target)
    return Selection(target=target, chosen=_missing(project, base, target), words=words)


def _ends(what: str | None) -> tuple[str, str, str | None]:
    """`A..B`, each HEAD where it is left out, or only B. Raises UsageError."""
    if what is None:
        return "", "", None
    if "..." in what:
        raise UsageError(f"{what!r} is a symmetric difference", hint="name a range with two dots, as in main..HEAD")
    before, separator, revision = what.rpartition("..")
    return (before or "HEAD", separator, revision or "HEAD") if separator else ("", "", what)


def _base(project: Project, before: str | None, revision: str | None, target: Target) -> tuple[str | None, str]:
    """The commit whose migrations are not new, and in words which ones are."""
    if before is not None:
        return project.repository.resolve(before), f"those of {revision} that {before} has not"
    if revision is not None:
        return _parent(project, target), f"those that {revision} adds"
    return _fork(project)


def _parent(project: Project, target: Target) -> str | None:
    assert target.commit is not None  # a revision was named
    if target.commit in project.repository.shallow:
        message = f"the clone ends at commit {target.commit[:10]}: what it adds cannot be known"
        raise GitmigError(message, hint="`git fetch --unshallow` brings the rest")
    return first_parent(project.repository, target.commit)


def _fork(project: Project) -> tuple[str | None, str]:
    found = fork(project.repository)
    if found is None:
        return None, "all, as there is no commit yet"
    return found.commit, f"those that {found.of} has not" + ("" if found.of == "HEAD" else f" at {found.commit[:10]}")


def _missing(project: Project, base: str | None, target: Target) -> tuple[Migration, ...]:
    """The migrations of which a file is not in the base; where it stands there does not matter."""
    if base is None:
        return target.set.migrations
    blobs = {file.blob for file in at_commit(project.repository, base, project.settings.folders).files}
    return tuple(m for m in target.set.migrations if any(file.blob not in blobs for _, file in m.files))
