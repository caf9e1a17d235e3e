"""How a script outside a transaction is cut: into units that can be done, noted and, after a crash, gone on from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.languages.sql import Statement, checksum, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

BEGINS = {"BEGIN", "START"}
ENDS = {"COMMIT", "END", "ROLLBACK", "ABORT"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Text at `offset` of the script that is run as one: a statement, or the statements of a BEGIN … COMMIT.

    `is_setting` marks a SET, which has to be run again when a new session goes on with the script.
    """

    text: str
    offset: int
    is_setting: bool = False


def units(statements: Sequence[Statement], text: str) -> list[Unit]:
    """The units in order. An explicit transaction of the script's own stays together."""
    found: list[Unit] = []
    opened: Statement | None = None
    for statement in statements:
        words = [token.text.upper() for token in (tokens(statement.text) or ())[:3]]
        if opened is None and words[:1] and words[0] in BEGINS:
            opened = statement
        elif opened is not None and words[:1] and words[0] in ENDS and "TO" not in words:
            end = statement.offset + len(statement.text)
            found.append(Unit(text=text[opened.offset : end], offset=opened.offset))
            opened = None
        elif opened is None:
            setting = words[:1] == ["SET"] and words[1:2] != ["LOCAL"]
            found.append(Unit(text=statement.text, offset=statement.offset, is_setting=setting))
    if opened is not None:
        found.append(Unit(text=text[opened.offset :], offset=opened.offset))
    return found


def same_beginning(old: Sequence[Unit], new: Sequence[Unit], count: int) -> bool:
    """Whether the first `count` units are the same change, so that the new script can go on where the old one was."""
    pairs = list(zip(old[:count], new[:count]))
    return len(pairs) == count and all(checksum(a.text) == checksum(b.text) for a, b in pairs)
