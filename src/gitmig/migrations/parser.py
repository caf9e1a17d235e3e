"""The one door to PostgreSQL's own scanner and parser: tokens, statements, syntax trees; when two scripts are equal.

The binding to libpg_query is postgast; no other module imports it. It counts in bytes; here everything is counted in
characters, but for the locations inside syntax trees.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_left
from functools import lru_cache
from importlib import import_module
from itertools import accumulate
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable

# A node of a syntax tree as libpg_query writes it to JSON: fields that are false, zero or empty are left out.
Node = dict[str, Any]
# How the libpg_query of postgast 0.2.0 writes the variables that every trigger function has (tg_op, …): as nothing, and
# with a brace too many. In an array, `{}` is never followed by a brace.
UNOPENED = re.compile(r"(?<=[\[,])\{\}\}")
COMMENTS = {"SQL_COMMENT", "C_COMMENT"}
# PostgreSQL folds no other letters in UTF-8: É and é are two names.
FOLD = str.maketrans(ascii_uppercase, ascii_lowercase)


class Token(NamedTuple):
    """One token: PostgreSQL's name for its kind, its text, and where it starts (in characters)."""

    kind: str
    text: str
    start: int


class Statement(Struct, frozen=True):
    """One statement of a script, without its semicolon; `offset` in characters."""

    text: str
    offset: int


class SyntaxFault(Struct, frozen=True):
    """What PostgreSQL's parser says of a text, and where, in characters."""

    message: str
    offset: int


class Unparsed(Exception):
    """The grammar that the parser knows does not know the text; a newer server may."""

    def __init__(self, fault: SyntaxFault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def _binding() -> Any:
    """The module postgast, unknown to type checkers.

    The stub of 0.2.0 has syntax errors (`False: Token`): mypy would stop there for everybody who imports gitmig.
    """
    return import_module("postgast")


def tokens(text: str) -> list[Token] | None:
    """The tokens without comments; None where PostgreSQL's scanner gives up (an open quote, a psql command)."""
    postgast = _binding()
    try:
        found = postgast.scan(text).tokens
    except postgast.PgQueryError:
        return None
    place = _in_characters(text)
    names = postgast.pg_query_pb2.Token.DESCRIPTOR.values_by_number
    result = []
    for token in found:
        kind = names[token.token].name if token.token in names else "UNKNOWN"
        if kind not in COMMENTS:
            start, end = place(token.start), place(token.end)
            result.append(Token(kind, text[start:end], start))
    return result


def parse(text: str) -> list[Node]:
    """The statements, each as `{"stmt": {kind: fields}, "stmt_location": …, "stmt_len": …}`. Raises Unparsed."""
    from google.protobuf.json_format import MessageToDict

    statements: list[Node] = MessageToDict(_parsed(text)).get("stmts", [])  # type: ignore[no-untyped-call]
    return statements


def kinds_of_statements(text: str) -> list[str]:
    """The kind of each statement, as `select_stmt`; cheaper than `parse`. Raises Unparsed."""
    return [str(one.stmt.WhichOneof("node")) for one in _parsed(text).stmts]


def parse_plpgsql(text: str) -> list[Node]:
    """The functions that a CREATE FUNCTION in PL/pgSQL makes, as libpg_query writes them. Raises Unparsed."""
    postgast = _binding()
    try:
        functions: list[Node] = postgast.parse_plpgsql(text)
    except postgast.PgQueryError as error:
        raise _unparsed(error) from error
    except json.JSONDecodeError as error:
        functions = json.loads(UNOPENED.sub("{}", error.doc))
    return functions


def _parsed(text: str) -> Any:
    postgast = _binding()
    try:
        return postgast.parse(text)
    except postgast.PgQueryError as error:
        raise _unparsed(error) from error


def _unparsed(error: Any) -> Unparsed:
    return Unparsed(SyntaxFault(error.message, max(error.cursorpos - 1, 0)))


def _in_characters(text: str) -> Callable[[int], int]:
    """How a position in bytes is counted in characters."""
    if text.isascii():
        return int
    starts = [0, *accumulate(len(character.encode()) for character in text)]
    return lambda position: bisect_left(starts, position)


@lru_cache(maxsize=8192)
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


def terminated(text: str) -> str:
    """The text with a semicolon behind its last statement, where comments may follow."""
    found = tokens(text)
    if not found or found[-1].kind == "ASCII_59":
        return text
    end = found[-1].start + len(found[-1].text)
    return f"{text[:end]};{text[end:]}"


def syntax_error(text: str) -> SyntaxFault | None:
    """Why the text is no SQL to the grammar that the parser knows; a newer server may know another one."""
    try:
        _parsed(text)
    except Unparsed as error:
        return error.fault
    return None


def statements(text: str) -> list[Statement]:
    """The statements in order; what the grammar does not know is split by its semicolons alone."""
    try:
        found = _parsed(text).stmts
    except Unparsed:
        slices = _between_semicolons(text)
    else:
        place, end = _in_characters(text), len(text.encode())
        slices = [
            slice(place(one.stmt_location), place(one.stmt_location + one.stmt_len if one.stmt_len else end))
            for one in found
        ]
    return [_without_leading_comments(text[s], s.start) for s in slices]


def _without_leading_comments(text: str, offset: int) -> Statement:
    """The parser hands a comment before a statement along with it; a person looks for the statement."""
    found = tokens(text)
    skip = found[0].start if found else 0
    return Statement(text[skip:].rstrip(), offset + skip)


def _between_semicolons(text: str) -> list[slice]:
    """What stands between semicolons outside of parentheses, wherever there is a token at all.

    The library's own split without the parser drops statements in which it knows no keyword.
    """
    found, start, depth, filled = [], 0, 0, False
    for token in tokens(text) or ():
        depth += (token.kind == "ASCII_40") - (token.kind == "ASCII_41")
        if token.kind == "ASCII_59" and depth <= 0:
            found += [slice(start, token.start)] if filled else []
            start, filled = token.start + 1, False
        else:
            filled = True
    if filled or (not found and text.strip() and tokens(text) is None):
        found.append(slice(start, len(text)))
    return found
