"""What gitmig may do to a database that is protected, or to one that others use, too."""

from __future__ import annotations

from enum import Enum


class Change(Enum):
    """The most a sync is about to do to a database."""

    NOTHING = "nothing"
    APPLY = "apply"
    REVERT = "revert"
    REBUILD = "rebuild"


class Caller(Enum):
    """Who asks for it."""

    HOOK = "hook"
    PERSON = "person"


class Verdict(Enum):
    """What follows: do it, ask first, leave the database alone with a warning, or refuse."""

    GO = "go"
    ASK = "ask"
    LEAVE = "leave"
    REFUSE = "refuse"


def judge(change: Change, caller: Caller, *, protected: bool) -> Verdict:
    """Whether the change may be made.

    Nothing is ever taken away from a protected database, and what is added, a person has agreed to.
    """
    if not protected or change is Change.NOTHING:
        return Verdict.GO
    if caller is Caller.HOOK:
        return Verdict.LEAVE
    return Verdict.ASK if change is Change.APPLY else Verdict.REFUSE
