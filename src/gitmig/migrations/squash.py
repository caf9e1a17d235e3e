"""A squash that gitmig wrote: one migration that says of which others it takes the place.

It says so in comments at the head of its up, so that databases which have those others apply nothing: a line for each,
with a digest of its up, and one for the rows that the squash itself writes. If somebody edits what it writes, it is an
ordinary migration again. A squash of a squash names what that one named.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.migrations.model import Script

REPLACES = re.compile(r"^\S+ gitmig:replaces (.+) ([0-9a-f]{16})$", re.MULTILINE)
ROWS = re.compile(r"^\S+ gitmig:rows ([0-9a-f]{16})$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A migration that was written by hand once: its label, and a digest of its up, equal where the change is."""

    label: str
    digest: str


def squashed_in(up: Script) -> tuple[Part, ...]:
    """The migrations of which this one takes the place; none if it does not say so, or writes other rows by now."""
    if "gitmig:replaces" not in up.text:
        return ()
    rows = ROWS.search(up.text)
    if rows is None or rows[1] != _rows(up):
        return ()
    return tuple(Part(label=label, digest=digest) for label, digest in REPLACES.findall(up.text))


def parts_of(up: Script, label: str = "") -> tuple[Part, ...]:
    """The migrations of which it takes the place, or itself."""
    return squashed_in(up) or (Part(label=label, digest=up.language.checksum(up.text)[:16]),)


def missing_parts(there: Sequence[Script], squash: Script) -> tuple[Part, ...]:
    """What a stack that ends with these lacks to be all that the squash takes the place of.

    Nothing if it has it all, or something else, or nothing of it.
    """
    parts = squashed_in(squash)
    found = [part.digest for up in there for part in parts_of(up)]
    common = 0
    for part, digest in zip(parts, found):
        if part.digest != digest:
            break
        common += 1
    return parts[common:] if common else ()


def with_head(up: Script, squashed: Iterable[tuple[str, Script]]) -> str:
    """The text of the up with the lines that say of which migrations, label and up, it takes the place."""
    comment = up.language.comment
    parts = [part for label, script in squashed for part in parts_of(script, label)]
    lines = [f"{comment} gitmig:replaces {part.label} {part.digest}" for part in parts]
    return "".join(f"{line}\n" for line in [*lines, f"{comment} gitmig:rows {_rows(up)}"]) + up.text


def _rows(up: Script) -> str:
    (effects,) = up.language.effects([up.text])
    return hashlib.sha256("\0".join(effects.digests).encode()).hexdigest()[:16]
