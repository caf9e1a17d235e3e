"""What a new migration is called: its slug, and a version that sorts after all the others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.core.version import Version
from gitmig.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gitmig.core.migration import Migration

# To the second; diesel counts on behind it since 2.3, from 0000.
TIMESTAMP = re.compile(r"[12]\d{13}(?P<count>\d{4})?")
DASHED = re.compile(r"\d{4}-\d\d-\d\d-\d{6}.*")
# ext4 and APFS allow 255 bytes; version, endings and four-byte characters have to fit as well.
LONGEST = 50


def slug(title: str) -> str:
    """`rename contents to body` → `rename_contents_to_body`. Raises UsageError if nothing is left to name it by."""
    words = re.findall(r"[^\W_]+", title)
    if not words:
        raise UsageError(
            f"{title!r} has no letter or digit to name a migration by",
            hint='give it a short title, as in: gitmig new "create comments"',
        )
    return "_".join(words).lower()[:LONGEST].rstrip("_")


def next_version(existing: Sequence[Migration], now: datetime) -> str:
    """A version behind all existing ones (in version order), written as the newest one is."""
    return version_after(existing[-1].version.text if existing else "", now)


def version_after(newest: str, now: datetime) -> str:
    """A version behind `newest` (empty: there is none), written as it is.

    Counted numbers stay counted, with their leading zeros; timestamps are `now`, in UTC, or one more than the newest
    if that is later than now.
    """
    written = TIMESTAMP.fullmatch(newest.replace("-", ""))
    if newest and not written:
        return _one_more(newest)
    dashed = DASHED.fullmatch(newest)
    stamp = now.strftime("%Y-%m-%d-%H%M%S" if dashed else "%Y%m%d%H%M%S")
    if written and written["count"]:
        stamp += "-0000" if dashed else "0000"
    return stamp if not newest or Version(newest) < Version(stamp) else _one_more(newest)


def _one_more(version: str) -> str:
    """The next number, with the same dashes and at least as many digits."""
    digits = version.replace("-", "")
    following = str(int(digits) + 1).zfill(len(digits))
    if len(following) > len(digits):
        return following
    for k, character in enumerate(version):
        if character == "-":
            following = following[:k] + "-" + following[k:]
    return following
