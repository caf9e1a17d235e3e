"""Transaction control in SQL scripts: what begins and ends transactions, and what hangs on where they end."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from gitmig.core.languages.sql.tokens import Statement, Token, statements, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What a statement that starts, ends or splits the surrounding transaction begins with. SAVEPOINT, RELEASE and
# ROLLBACK TO stay inside it and are allowed.
TRANSACTION_CONTROL = {"BEGIN_P", "START", "COMMIT", "ROLLBACK", "END_P", "ABORT_P", "PREPARE"}
# Scripts without any of these words need not be scanned at all; most have none.
CONTROL_WORD = re.compile(r"\b(?:begin|start|commit|rollback|end|abort|prepare)\b", re.IGNORECASE)
BARE_BEGIN = {"BEGIN", "BEGIN WORK", "BEGIN TRANSACTION", "START TRANSACTION"}
BARE_COMMIT = {"COMMIT", "COMMIT WORK", "COMMIT TRANSACTION", "END", "END WORK", "END TRANSACTION"}


class Control(NamedTuple):
    """A statement that begins, ends or prepares a transaction; `words` are its tokens in capitals."""

    statement: Statement
    words: str

    @property
    def is_bare(self) -> bool:
        """Whether it asks for nothing but a transaction, or a commit: neither options nor a rollback."""
        return self.words in BARE_BEGIN or self.commits

    @property
    def commits(self) -> bool:
        """Whether it is a bare COMMIT, in whatever words."""
        return self.words in BARE_COMMIT


@lru_cache(maxsize=2048)
def controls(text: str) -> tuple[Control, ...]:
    """The transaction control of a script, in order."""
    return tuple(_controls(text))


def words_of(statement: Statement) -> list[str]:
    """The statement's tokens in capitals."""
    return [token.text.upper() for token in tokens(statement.text) or ()]


def holds(words: Sequence[str]) -> bool:
    """Whether what a statement asks for ends with the transaction. Time limits do, but decide nothing."""
    match words:
        case ["SET", "LOCAL", name, *_]:
            return not name.endswith("TIMEOUT")
        case ["SET", "CONSTRAINTS" | "TRANSACTION", *_]:
            return True
    return ("ON", "COMMIT") in zip(words, words[1:]) or {"SET_CONFIG", "TRUE"} <= set(words)


def _controls(text: str) -> Iterator[Control]:
    found = tokens(text) if CONTROL_WORD.search(text) else None
    if found is None or not any(_may_control(found, k) for k in range(len(found))):
        return  # the common case is decided on tokens alone, without the parser
    atomic = any(token.kind == "ATOMIC" for token in found)
    for statement in statements(text):
        words = words_of(statement)
        if _is_control(words) and not (atomic and words == ["END"]):  # the end of a body that does not parse
            yield Control(statement, " ".join(words))


def _may_control(found: list[Token], k: int) -> bool:
    return found[k].kind in TRANSACTION_CONTROL and (k == 0 or found[k - 1].kind == "ASCII_59")


def _is_control(words: list[str]) -> bool:
    match words:
        case ["ROLLBACK", "TO", *_] | ["ROLLBACK", "WORK" | "TRANSACTION", "TO", *_]:
            return False
        case ["PREPARE", second, *_]:
            return second == "TRANSACTION"  # PREPARE name AS … is a prepared statement
        case ["BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "END" | "ABORT", *_]:
            return True
    return False
