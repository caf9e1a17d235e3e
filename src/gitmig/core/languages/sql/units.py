"""How an SQL script outside a transaction is cut into pieces that can be noted one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.languages import Unit
from gitmig.core.languages.sql.tokens import statements, tokens

if TYPE_CHECKING:
    from gitmig.core.languages.sql.tokens import Statement

BEGINS = {"BEGIN", "START"}
ENDS = {"COMMIT", "END", "ROLLBACK", "ABORT"}


def units(text: str) -> list[Unit]:
    """The units in order. An explicit transaction of the script's own stays together."""
    found: list[Unit] = []
    opened: Statement | None = None
    for statement in statements(text):
        words = [token.text.upper() for token in (tokens(statement.text) or ())[:3]]
        if opened is None and words[:1] and words[0] in BEGINS:
            opened = statement
        elif opened is not None and words[:1] and words[0] in ENDS and "TO" not in words:
            end = statement.offset + len(statement.text)
            found.append(Unit(text=text[opened.offset : end], offset=opened.offset))
            opened = None
        elif opened is None:
            setting = (words[:1] == ["SET"] and words[1:2] != ["LOCAL"]) or _sets_by_function(words, statement.text)
            found.append(Unit(text=statement.text, offset=statement.offset, is_setting=setting))
    if opened is not None:
        found.append(Unit(text=text[opened.offset :], offset=opened.offset))
    return found


def _sets_by_function(words: list[str], text: str) -> bool:
    """`SELECT set_config('search_path', …)`, as pg_dump writes it."""
    return words[:1] == ["SELECT"] and "set_config" in text.lower()
