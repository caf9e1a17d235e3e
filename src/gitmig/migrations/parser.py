"""SQL as PostgreSQL's own scanner and parser see it (pglast): tokens, statements, and when two scripts are the same."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import NamedTuple

COMMENTS = {"SQL_COMMENT", "C_COMMENT"}
# PostgreSQL folds no other letters in UTF-8: É and é are two names.
FOLD = str.maketrans(ascii_uppercase, ascii_lowercase)


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


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """What PostgreSQL's parser says of a text, and where, in characters."""

    message: str
    offset: int


def syntax_error(text: str) -> SyntaxFault | None:
    """Why the text is no SQL to the grammar that the parser knows; a newer server may know another one."""
    import pglast.parser

    try:
        pglast.parser.split(text, only_slices=True)
    except pglast.parser.ParseError as error:
        offset = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else 0
        return SyntaxFault(str(error.args[0]), offset)
    return None


def statements(text: str) -> list[Statement]:
    """The statements in order; what the grammar does not know is split by its semicolons alone."""
    import pglast.parser

    try:
        slices = pglast.parser.split(text, only_slices=True)
    except pglast.parser.ParseError:
        slices = tuple(_between_semicolons(text))
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
