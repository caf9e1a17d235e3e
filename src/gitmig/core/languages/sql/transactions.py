"""Transactions in SQL scripts: what may not stand inside one, and how a script for the outside comes to run inside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from gitmig.core.languages import Flaw
from gitmig.core.languages.sql.tokens import Statement, Token, statements, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a statement that starts, ends or splits the surrounding transaction begins with. SAVEPOINT, RELEASE and
# ROLLBACK TO stay inside it and are allowed.
TRANSACTION_CONTROL = {"BEGIN_P", "START", "COMMIT", "ROLLBACK", "END_P", "ABORT_P", "PREPARE"}
# Scripts without any of these words need not be scanned at all; most have none.
CONTROL_WORD = re.compile(r"\b(?:begin|start|commit|rollback|end|abort|prepare)\b", re.IGNORECASE)
BARE_BEGIN = {"BEGIN", "BEGIN WORK", "BEGIN TRANSACTION", "START TRANSACTION"}
BARE_COMMIT = {"COMMIT", "COMMIT WORK", "COMMIT TRANSACTION", "END", "END WORK", "END TRANSACTION"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcurrentIndex:
    """An index that is built outside a transaction.

    `table` is quoted, `name` None if PostgreSQL chooses it; an expression is the empty string among the `columns`.
    """

    table: str
    name: str | None
    columns: tuple[str, ...]
    unique: bool


def executable(text: str) -> str:
    """The text to send: a BEGIN … COMMIT around the whole script is blanked, at unchanged positions.

    golang-migrate's documentation tells people to write one; the transaction it asks for is the one it gets anyway.
    """
    for start, end in _wrapping(text):
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def flaws(text: str, transactional: bool) -> list[Flaw]:
    """What would break the surrounding transaction or cannot be sent at all."""
    found = []
    if transactional and (control := next(_transaction_control(executable(text)), None)):
        word = control.text.split()[0].upper()
        found.append(
            Flaw(
                offset=control.offset,
                message=f"{word} inside a script that runs in a transaction",
                hint="remove it: gitmig opens and commits the transaction, together with its ledger",
            )
        )
    if (copy := _copy_from_stdin(text)) is not None:
        found.append(
            Flaw(
                offset=copy,
                message="COPY … FROM STDIN needs a client that sends the data",
                hint="write the rows as INSERT statements",
            )
        )
    return found


def inside_transaction(text: str) -> str | None:
    """The same script for the inside of a transaction, at unchanged positions; None if it ends transactions itself.

    CONCURRENTLY is blanked where a plain statement gives the same schema: at CREATE, DROP and REINDEX INDEX. It stays
    at DETACH PARTITION, which makes a constraint the plain form does not make.
    """
    text = executable(text)
    if next(_transaction_control(text), None):
        return None
    for statement in statements(text) if "concurrently" in text.lower() else ():
        found = tokens(statement.text) or []
        if found and found[0].kind in {"CREATE", "DROP", "REINDEX"}:
            plain = takewhile(lambda t: t.kind != "ASCII_40", found)  # REINDEX (CONCURRENTLY) is left as it is
            for token in (t for t in plain if t.kind == "CONCURRENTLY"):
                start = statement.offset + token.start
                text = text[:start] + " " * len(token.text) + text[start + len(token.text) :]
    return text


def concurrent_index(text: str) -> ConcurrentIndex | None:
    """The index a CREATE INDEX CONCURRENTLY makes; None for every other statement."""
    import pglast

    if "concurrently" not in text.lower():
        return None
    try:
        node = pglast.parse_sql(text)[0].stmt
    except (pglast.parser.ParseError, IndexError):
        return None
    if not isinstance(node, pglast.ast.IndexStmt) or not node.concurrent or node.relation is None:
        return None
    parts = [node.relation.schemaname, node.relation.relname]
    return ConcurrentIndex(
        table=".".join('"' + part.replace('"', '""') + '"' for part in parts if part),
        name=node.idxname,
        columns=tuple(
            element.name or "" for element in (*(node.indexParams or ()), *(node.indexIncludingParams or ()))
        ),
        unique=bool(node.unique),
    )


def _wrapping(text: str) -> list[tuple[int, int]]:
    """The spans of a bare BEGIN at the start and a bare COMMIT at the end, if these are all there is."""
    control = list(_transaction_control(text))
    if len(control) != 2:
        return []
    every = statements(text)
    if control != [every[0], every[-1]]:
        return []
    begin, commit = (" ".join(t.text.upper() for t in tokens(s.text) or ()) for s in control)
    if begin not in BARE_BEGIN or commit not in BARE_COMMIT:
        return []
    return [(s.offset, s.offset + len(s.text)) for s in control]


def _transaction_control(text: str) -> Iterator[Statement]:
    """The statements that begin, end or prepare a transaction."""
    found = tokens(text) if CONTROL_WORD.search(text) else None
    if found is None or not any(_may_control(found, k) for k in range(len(found))):
        return  # the common case is decided on tokens alone, without the parser
    atomic = any(token.kind == "ATOMIC" for token in found)
    for statement in statements(text):
        words = [t.text.upper() for t in tokens(statement.text) or ()]
        if _is_control(words) and not (atomic and words == ["END"]):  # the end of a body that does not parse
            yield statement


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


def _copy_from_stdin(text: str) -> int | None:
    """Where a COPY … FROM STDIN begins, in characters."""
    if "stdin" not in text.lower():
        return None
    for statement in statements(text):
        words = [t.text.upper() for t in tokens(statement.text) or ()]
        if words[:1] == ["COPY"] and ("FROM", "STDIN") in zip(words, words[1:]):
            return statement.offset
    return None
