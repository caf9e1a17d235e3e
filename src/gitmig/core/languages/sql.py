"""SQL, as PostgreSQL's own parser sees it (pglast): tokens, statements, transaction control."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

from gitmig.core.languages import Flaw, Language

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMENTS = {"SQL_COMMENT", "C_COMMENT"}
# What a statement that starts, ends or splits the surrounding transaction begins with. SAVEPOINT, RELEASE and
# ROLLBACK TO stay inside it and are allowed.
TRANSACTION_CONTROL = {"BEGIN_P", "START", "COMMIT", "ROLLBACK", "END_P", "ABORT_P", "PREPARE"}
# Scripts without any of these words need not be scanned at all; most have none.
CONTROL_WORD = re.compile(r"\b(?:begin|start|commit|rollback|end|abort|prepare)\b", re.IGNORECASE)
# PostgreSQL folds no other letters in UTF-8: É and é are two names.
FOLD = str.maketrans(ascii_uppercase, ascii_lowercase)
BARE_BEGIN = {"BEGIN", "BEGIN WORK", "BEGIN TRANSACTION", "START TRANSACTION"}
BARE_COMMIT = {"COMMIT", "COMMIT WORK", "COMMIT TRANSACTION", "END", "END WORK", "END TRANSACTION"}


class Token(NamedTuple):
    """One token: PostgreSQL's name for its kind, its text, and where it starts (in characters)."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a script, without its semicolon; `offset` in characters."""

    text: str
    offset: int


def tokens(text: str) -> list[Token] | None:
    """The tokens without comments; None where PostgreSQL's scanner gives up (an open quote, a psql command)."""
    import pglast.parser

    try:
        found = pglast.parser.scan(text)
    except pglast.parser.ParseError:
        return None
    return [Token(t.name, text[t.start : t.end + 1], t.start) for t in found if t.name not in COMMENTS]


def checksum(text: str) -> str:
    """A hash of the tokens.

    Keywords and unquoted names count without case, as PostgreSQL folds them; semicolons at the end do not count.
    Text that is no SQL is hashed line by line without surrounding white space.
    """
    found = tokens(text)
    if found is None:
        words = [line.strip() for line in text.splitlines() if line.strip()]
    else:
        while found and found[-1].kind == "ASCII_59":
            found.pop()
        words = [t.text if '"' in t.text or t.kind.endswith("CONST") else t.text.translate(FOLD) for t in found]
    return hashlib.sha256("\0".join(words).encode("utf-8", "surrogateescape")).hexdigest()


def statements(text: str) -> list[Statement]:
    """The statements in order; what the grammar does not know is split by its semicolons alone."""
    import pglast.parser

    try:
        slices = pglast.parser.split(text, only_slices=True)
    except pglast.parser.ParseError:
        try:
            slices = pglast.parser.split(text, with_parser=False, only_slices=True)
        except pglast.parser.ParseError:
            return [Statement(text, 0)]
    return [_without_leading_comments(text[s], s.start) for s in slices]


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
            for token in (t for t in found if t.kind == "CONCURRENTLY"):
                start = statement.offset + token.start
                text = text[:start] + " " * len(token.text) + text[start + len(token.text) :]
    return text


def concurrent_index_table(text: str) -> str | None:
    """The table of a CREATE INDEX CONCURRENTLY, quoted; None for every other statement."""
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
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts if part)


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
    for statement in statements(text):
        words = [t.text.upper() for t in tokens(statement.text) or ()]
        if _is_control(words):
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


def _without_leading_comments(text: str, offset: int) -> Statement:
    """The parser hands a comment before a statement along with it; a person looks for the statement."""
    found = tokens(text)
    skip = found[0].start if found else 0
    return Statement(text[skip:].rstrip(), offset + skip)


SQL = Language(name="sql", suffix="sql", comment="--", checksum=checksum, flaws=flaws, inside=inside_transaction)
