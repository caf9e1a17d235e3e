"""What the databases are called that a rebuild makes and leaves behind."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta, timezone

LONGEST = 63  # bytes, PostgreSQL's limit
MARK = "__gitmig_"
TIME = "%Y%m%d%H%M%S"
# A database under construction. The number is the oid of the one it will replace: whoever holds that one's lock knows
# that any other of this name was left behind.
UNDER_CONSTRUCTION = "gitmig_new_for_"


def name_of_old(name: str, at: datetime, taken: frozenset[str] = frozenset()) -> str:
    """`shop__gitmig_20260131120000`: what database `name` is called once another has taken its place.

    The time is universal time; a later second if that name is taken. The whole has at most 63 bytes: a long name is
    cut and gets a hash in exchange.
    """
    while (candidate := f"{_stem(name)}{MARK}{at.strftime(TIME)}") in taken:
        at += timedelta(seconds=1)
    return candidate


def replaced_at(name: str, candidate: str) -> datetime | None:
    """When database `candidate` was replaced under the name `name`; None if it never was."""
    prefix = f"{_stem(name)}{MARK}"
    if not candidate.startswith(prefix) or not re.fullmatch(r"[0-9]{14}", candidate[len(prefix) :]):
        return None
    try:
        return datetime.strptime(candidate[len(prefix) :], TIME).replace(tzinfo=timezone.utc)
    except ValueError:
        return None


def under_construction(oid: int) -> str:
    """What the database is called that will take the place of the one with this oid."""
    return f"{UNDER_CONSTRUCTION}{oid}"


def _stem(name: str) -> str:
    room = LONGEST - len(MARK) - len("20260131120000")
    if len(name.encode()) <= room:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: room - 9].decode(errors='ignore')}_{digest}"
