"""Remote-tracking branches: whose they are, and which of them have a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from gitmig.repository.door import Repository

REMOTES = "refs/remotes/"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteBranch:
    """A remote-tracking branch; `name` as people write it, `origin/main`."""

    name: str
    commit: str


def remote_branches(repository: Repository) -> list[RemoteBranch]:
    """Every remote-tracking branch, without the remotes' HEAD, which is one of them."""
    rows = repository.lines("for-each-ref", "--format=%(objectname) %(refname) %(symref)", REMOTES)
    found = [row.split(" ") for row in rows]
    return [RemoteBranch(name=ref.removeprefix(REMOTES), commit=oid) for oid, ref, symref in found if not symref]


def own_branches(repository: Repository) -> frozenset[str]:
    """The remote-tracking branches that the checked-out branch is pushed to, as people write them.

    Those it is set up to follow, and those of its name on any remote. Empty on a detached HEAD.
    """
    branch = repository.lines("symbolic-ref", "-q", "--short", "HEAD")
    if not branch:
        return frozenset()
    configured = repository.lines("for-each-ref", "--format=%(upstream)%0a%(push)", f"refs/heads/{branch[0]}")
    same_name = (b.name for b in remote_branches(repository) if b.name.partition("/")[2] == branch[0])
    return frozenset([*(ref.removeprefix(REMOTES) for ref in configured if ref), *same_name])


def other_authors(repository: Repository, commit: str, since: str) -> list[str]:
    """The e-mail addresses, other than the user's own, of the authors of commits up to `commit` and not in `since`."""
    own = repository.lines("var", "GIT_AUTHOR_IDENT")
    address = own[0].rpartition(">")[0].rpartition("<")[2] if own else ""
    return sorted(set(repository.lines("log", "--format=%ae", f"{since}..{commit}")) - {address})


def having(repository: Repository, branches: Collection[RemoteBranch], path: str, but: str) -> list[str]:
    """The names of the branches whose tip has a file `path` that is not the one the commit `but` has there."""
    usual = repository.object_id(f"{but}:{path}")
    return [b.name for b in branches if repository.object_id(f"{b.commit}:{path}") not in {None, usual}]
