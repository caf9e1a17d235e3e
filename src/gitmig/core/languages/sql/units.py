"""How an SQL script outside a transaction is cut into pieces that can be noted one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.languages import Unit
from gitmig.core.languages.sql.control import controls, holds, words_of
from gitmig.core.languages.sql.tokens import statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitmig.core.languages.sql.tokens import Statement

BEGINS = {"BEGIN", "START"}
ENDS = {"COMMIT", "END", "ROLLBACK", "ABORT"}
UNDOES = {"ROLLBACK", "ABORT"}


def units(text: str) -> list[Unit]:
    """The units in order: single statements, and each explicit transaction of the script's own in one piece.

    So are the statements up to a COMMIT without its BEGIN, if one of them asks for something that ends there.
    """
    has_control = bool(controls(text))
    return [unit for part in _parts(text) for unit in _cut(text, part, has_control=has_control)]


def settings(text: str) -> list[Unit]:
    """What has to be run again when a new session goes on behind these statements."""
    return [
        Unit(text=statement.text, offset=statement.offset)
        for part in _parts(text)
        if not _ends(part[-1], UNDOES)
        for statement in part
        if _sets(statement)
    ]


def _parts(text: str) -> Iterator[list[Statement]]:
    """The statements, parted behind what ends a transaction."""
    part: list[Statement] = []
    for statement in statements(text):
        part.append(statement)
        if _ends(statement, ENDS):
            yield part
            part = []
    if part:
        yield part


def _cut(text: str, part: list[Statement], *, has_control: bool) -> Iterator[Unit]:
    begins = (k for k, statement in enumerate(part) if words_of(statement)[:1] and words_of(statement)[0] in BEGINS)
    together = next(begins, len(part))
    if has_control and any(holds(words_of(statement)) for statement in part):
        together = 0
    for statement in part[:together]:
        yield Unit(text=statement.text, offset=statement.offset)
    if part[together:]:
        start, last = part[together].offset, part[-1]
        end = last.offset + len(last.text) if _ends(last, ENDS) else len(text)
        yield Unit(text=text[start:end], offset=start)


def _ends(statement: Statement, words: Iterable[str]) -> bool:
    found = words_of(statement)[:3]
    return found[:1] != [] and found[0] in words and "TO" not in found


def _sets(statement: Statement) -> bool:
    """SET, or `SELECT set_config('search_path', …)`, as pg_dump writes it."""
    words = words_of(statement)
    if words[:1] == ["SELECT"]:
        return "set_config" in statement.text.lower()
    return words[:1] == ["SET"] and words[1:2] != ["LOCAL"]
