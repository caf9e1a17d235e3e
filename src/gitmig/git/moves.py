"""What git tells by a hook, and whether the database follows now: one decision for every call.

The promise is about the work tree, but git's hooks tell of verbs, and some of them in the middle of one. So a hook is
only the moment to ask: has git handed the work tree over, to a person or to a program, or does it go on and call
another hook? `docs/git-events.md` has every command, with what becomes of it.
"""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from gitmig.git import HEADS
from gitmig.git.agreements import START

# The first words of HEAD's reflog messages behind which git calls a hook of its own, when it is done.
TOLD_LATER = ("checkout", "commit", "cherry-pick", "revert", "merge", "pull")
FORWARD = ": fast-forward"  # of a cherry-pick: that makes no commit, and there is no post-commit
ABORTED = "(abort)"
# Commands of a rebase's list before and at which somebody else sees the work tree, and those that change nothing.
HANDS_OVER = frozenset({"exec", "x", "break", "b"})
PICKS_NOTHING = frozenset({"", "noop", "drop", "d"})


class Decision(Enum):
    """What the database does at a call of a hook."""

    FOLLOW = "follows"
    WAIT = "waits for the hook that git calls next"
    STAY = "stays, as there are conflicts in the migrations"


class HookCall(Struct, frozen=True, kw_only=True):
    """A call of a hook.

    `refs` are those that a reference transaction has set, `stayed` those of them that it set to what they were. From
    git 2.48 on, HEAD is not among them where it stands for a branch. `command` is what git was called with, from the
    subcommand on; it is given where only that tells whether another hook will be called.
    """

    hook: str
    refs: tuple[str, ...] = ()
    stayed: frozenset[str] = frozenset()
    command: tuple[str, ...] = ()

    @classmethod
    def transaction(cls, listing: str, command: tuple[str, ...] = ()) -> HookCall:
        """A committed reference transaction, from the lines `old-id new-id ref` that git gives to the hook."""
        rows = [(old, new, ref) for old, new, ref in (line.split() for line in listing.splitlines())]
        return cls(
            hook="reference-transaction",
            refs=tuple(ref for _, _, ref in rows),
            stayed=frozenset(ref for old, new, ref in rows if old == new),
            command=command,
        )

    @property
    def is_last(self) -> bool:
        """Whether git was called for something at whose end it calls no hook."""
        words = set(self.command[1:])
        match self.command[:1]:
            case ("stash",):
                return bool(words & {"pop", "apply", "branch"})
            case ("apply",):
                return True
            case ("merge",):
                return "--no-commit" in words
            case ("cherry-pick" | "revert",):
                return bool(words & {"-n", "--no-commit"})
        return False


class Rebase(Struct, frozen=True, kw_only=True):
    """A rebase under way: the command of its list that is being done, and the next one; "" for none.

    `stopped` says that it waits for the user at a commit, `rewritten` that it has made some, of which `post-rewrite`
    will tell.
    """

    current: str = ""
    upcoming: str = ""
    stopped: bool = False
    rewritten: bool = False


class Patches(Struct, frozen=True, kw_only=True):
    """A `git am` under way, or a rebase that works by it (`rebasing`): at which patch it is, of how many."""

    current: int
    last: int
    rebasing: bool = False


class InProgress(Struct, frozen=True, kw_only=True):
    """What git is in the middle of.

    `branch` is the ref that HEAD stands for, "" where it is detached. `picks` are the commits that a cherry-pick or
    revert of several has still to do, with the one it is at. `autostash` says that uncommitted work was put away and
    will be put back. `conflicts` says that there are paths with conflicts, `in_migrations` that one of them is a
    migration. `last_move` is the newest reflog message of HEAD, "" if there is none; `forward` says that it has moved
    to a descendant.
    """

    branch: str = ""
    rebase: Rebase | None = None
    patches: Patches | None = None
    picks: int = 0
    autostash: bool = False
    conflicts: bool = False
    in_migrations: bool = False
    last_move: str = ""
    forward: bool = False


def decide(call: HookCall, state: InProgress, *, during_rebase: bool = True) -> Decision:
    """Whether the database follows the work tree now.

    `during_rebase` says whether it does where a rebase stops or runs a command, too, or at the end only.
    """
    if state.in_migrations:
        return Decision.STAY
    return Decision.FOLLOW if _is_handed_over(call, state, during_rebase=during_rebase) else Decision.WAIT


def _is_handed_over(call: HookCall, state: InProgress, *, during_rebase: bool) -> bool:
    if call.is_last or state.autostash:
        # before the work that was put away is back, its migrations would be reverted, and applied again in a moment
        return call.is_last
    if state.rebase:
        return _rebase_hands_over(call, state, state.rebase, during_rebase=during_rebase)
    if START.match(state.last_move) and not state.branch and not state.patches:
        return state.forward or _has_moved_branch(call)  # a rebase that has only begun, or has nothing to do
    match call.hook:
        case "reference-transaction":
            return _patches_are_done(call, state, state.patches) if state.patches else _nothing_follows(call, state)
        case "post-index-change":
            return state.conflicts  # git stops at them
        case _:
            return state.picks <= 1 or state.conflicts


def _rebase_hands_over(call: HookCall, state: InProgress, rebase: Rebase, *, during_rebase: bool) -> bool:
    if call.hook == "post-rewrite" or state.branch:
        return True  # done, or aborted
    if rebase.stopped or state.conflicts or {rebase.current, rebase.upcoming} & HANDS_OVER:
        return during_rebase
    if rebase.upcoming or rebase.rewritten:
        return False
    # One that makes no commit calls no post-rewrite. It ends with its branch, or where it begins.
    return _has_moved_branch(call) or rebase.current in PICKS_NOTHING


def _patches_are_done(call: HookCall, state: InProgress, patches: Patches) -> bool:
    if patches.rebasing:
        return bool(state.branch) or ABORTED in state.last_move  # else post-rewrite comes
    return bool(_head_of(call, state)) and (patches.current >= patches.last or state.last_move.startswith("am --"))


def _nothing_follows(call: HookCall, state: InProgress) -> bool:
    """HEAD has moved, and git will not tell again."""
    word = state.last_move.partition(":")[0].partition(" ")[0]
    told_later = word in TOLD_LATER and not (word == "cherry-pick" and state.last_move.endswith(FORWARD))
    head = _head_of(call, state)
    return bool(head) and (head <= call.stayed or not told_later)  # a reset to HEAD leaves no message


def _head_of(call: HookCall, state: InProgress) -> frozenset[str]:
    """The refs of a transaction by which HEAD is set: itself, or its branch."""
    return frozenset({"HEAD", state.branch}) & frozenset(call.refs)


def _has_moved_branch(call: HookCall) -> bool:
    return any(ref.startswith(HEADS) for ref in call.refs)
