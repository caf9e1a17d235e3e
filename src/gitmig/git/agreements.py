"""Whose scripts a hook may run: what the reflog says somebody agreed to here, and which refs are a remote's branches.

A hook runs as the user, on the user's database, at a mere `git checkout`. So what it runs must have come in by an act
that means "I want this": a commit, a merge, a pull, a pick. Looking at somebody's branch is no such act.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.git import HEADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

# The first word of a reflog message, as git writes it: `commit (amend): …`, `pull --rebase (pick): …`. Checkout, reset,
# clone and branch are missing on purpose: they only look at a commit.
AGREEING = frozenset({"commit", "merge", "pull", "cherry-pick", "rebase", "am", "revert"})
WORD = re.compile(r"[a-z-]+")
# `rebase (start): checkout main` opens a rebase: what the branch had before it is not brought in by picking it again.
START = re.compile(r"(?:rebase|pull)\b[^:]*\(start\)")
END = re.compile(r"(?:(?:rebase|pull)\b[^:]*\((?:finish|abort)\)|rebase finished:)")
# `git pull --rebase` of a branch without commits of its own is a fast-forward, and so is that of a replaced branch.
FORWARD = re.compile(r":\s*fast-forward$|pull\b[^:]*\((?:start|finish)\)", re.IGNORECASE)
# How git tells that a fetch or a pull has set a ref; the second ones are of what is no branch over there.
STORED = re.compile(r": (?:storing \w+|forced-update)$")
PROPOSED = (": storing ref$", ": storing tag$")


class Movement(Struct, frozen=True, kw_only=True):
    """One line of the reflog of HEAD or a branch: from one commit to another, each by any name that git knows."""

    old: str
    new: str
    message: str


class Agreement(Struct, frozen=True, kw_only=True):
    """An act by which the user brought into commit `new` what none of the commits `before` has.

    `provided` is a commit that must be trusted for it to count, None if it counts in any case: a fast-forward of a
    branch that is somebody else's only makes that branch newer. `rebased` is the end of a branch that is being rebased:
    what any of its commits had was not brought in either.
    """

    new: str
    before: tuple[str, ...]
    provided: str | None = None
    rebased: str | None = None


# What means nothing without the commit that it began at.
RELATIVE = re.compile(r"rebase\b|pull\b|commit \(amend\)|.*fast-forward$", re.IGNORECASE)


def movements(lines: Sequence[tuple[str, str]]) -> list[Movement]:
    """The movements that a reflog tells of, oldest first, from the commits that it came to and the messages.

    The lines before the first one may have expired, so nobody knows where that began: what its commit had from its
    parent it has not brought in, and what of the rest an amended or rebased commit had before cannot be told.
    """
    if not lines:
        return []
    olds = [f"{lines[0][0]}^", *(new for new, _ in lines)]
    found = [Movement(old=old, new=new, message=message) for old, (new, message) in zip(olds, lines)]
    return found[1:] if RELATIVE.match(found[0].message) else found


def agreements(reflog: Sequence[Movement]) -> list[Agreement]:
    """What the movements of HEAD or of a branch, oldest first, brought in with the user's consent."""
    found: list[Agreement] = []
    rebased: str | None = None
    for movement in reflog:
        word = WORD.match(movement.message)
        if word is None or word[0] not in AGREEING or STORED.search(movement.message):
            continue  # also in the middle of a rebase, which goes on afterwards
        begins = START.match(movement.message) is not None
        if begins:
            rebased = movement.old
        before = tuple(dict.fromkeys((movement.old, rebased or movement.old)))
        forward = movement.old if FORWARD.search(movement.message) else None
        found.append(Agreement(new=movement.new, before=before, provided=forward, rebased=None if begins else rebased))
        if END.match(movement.message):
            rebased = None
    return found


def valid_agreements(acts: Sequence[Agreement], is_trusted: Callable[[str], bool]) -> list[Agreement]:
    """Those of the acts that count: a fast-forward does if the commit that it began at is trusted, or counts itself."""
    found = [act for act in acts if act.provided is None]
    rest = [act for act in acts if act.provided is not None]
    while rest:
        own = {act.new for act in found}
        more = [act for act in rest if act.provided in own or is_trusted(str(act.provided))]
        if not more:
            break
        found += more
        rest = [act for act in rest if act not in more]
    return found


def agreed_to_all(commit: str, parents: Mapping[str, Sequence[str]], acts: Sequence[Agreement]) -> bool:
    """Whether everything that led to a commit was brought in by acts of the user's.

    `parents` has those of each commit that is in doubt; what it does not have is trusted. An act brings in what its
    commit has and those before it have not. An amended commit, or the end of a rebased branch, is made of what it takes
    the place of: then that has to be agreed to itself. Of what a rebase picks its single steps tell nothing.
    """
    agreed: set[str] = set()
    waiting = [act for act in acts if act.rebased is None and act.new in parents]
    while waiting:
        left = []
        for act in waiting:
            before = [
                parents[one[:-1]][0] if one.endswith("^") and parents.get(one[:-1]) else one for one in act.before
            ]
            if set(before) == {*parents[act.new]}:  # by far the most, and quickly told
                agreed.add(act.new)
                continue
            brought, replaced = _led_to([act.new], parents), _led_to(before, parents)
            if replaced - brought <= agreed:
                agreed |= brought - replaced
            else:
                left.append(act)
        if len(left) == len(waiting):
            break
        waiting = left
    return _led_to([commit], parents) <= agreed


def _led_to(commits: Iterable[str], parents: Mapping[str, Sequence[str]]) -> set[str]:
    """The commits and their ancestors, as far as they are in doubt."""
    found: set[str] = set()
    open_ones = list(commits)
    while open_ones:
        one = open_ones.pop()
        if one in parents and one not in found:
            found.add(one)
            open_ones += parents[one]
    return found


def branches_of(refs: Iterable[str], refspecs: Sequence[str], strange: Sequence[str] = ()) -> list[str]:
    """Those of the remote-tracking refs that stand for branches of a remote with these fetch refspecs.

    `+refs/pull/*/head:refs/remotes/origin/pr/*`, which many people configure, fetches what anybody proposes into the
    same place: such refs are left out, also where a pattern for branches fits them, too. So are those that the
    `strange` refspecs fetch, those of other remotes.
    """
    pairs = [refspec.lstrip("+").partition(":") for refspec in refspecs if not refspec.startswith("^")]
    branches = [target for source, _, target in pairs if source.startswith(HEADS)]
    others = [target for source, _, target in pairs if target and not source.startswith(HEADS)]
    others += [target for target in (refspec.partition(":")[2] for refspec in strange) if target]
    return [ref for ref in refs if _fits(ref, branches) and not _fits(ref, others)]


def trusted_remotes(remotes: Sequence[str], configured: Sequence[str], default_tracks: str | None) -> list[str]:
    """The remotes whose branches are trusted: the `configured` ones; else the only one; else the usual ones.

    `default_tracks` is the remote that the default branch follows.
    """
    if configured:
        return [remote for remote in remotes if remote in configured]
    if len(remotes) == 1:
        return list(remotes)
    return [remote for remote in remotes if remote in {"origin", "upstream", default_tracks}]


def _fits(ref: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(ref, pattern.replace("[", "[[]").replace("?", "[?]")) for pattern in patterns)
