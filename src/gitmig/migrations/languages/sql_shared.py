"""The statements of a SQL script about what the whole server shares, and no database has for itself.

Roles and memberships; databases by name, tablespaces, and the server's settings. They are found by their words, in DO
blocks as well: a block of PL/pgSQL is read statement by statement, and what it EXECUTEs by the text that stands there,
as far as that tells. What only the run can tell, whoever runs the script has to look for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.migrations.languages import SharedStatement, SharedVerb
from gitmig.migrations.parser import FOLD, Statement, statements, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.migrations.parser import Token

# Scripts without any of these need not be parsed; most have none.
WORDS = re.compile(
    r"\b(?:(?:create|drop|alter|on)\s+(?:role|user|group|database|tablespace|parameter)|(?:grant|revoke|reassign)\b"
    r"|alter\s+system)",
    re.IGNORECASE,
)
VERBS = {"CREATE": SharedVerb.CREATE, "DROP": SharedVerb.DROP, "ALTER": SharedVerb.ALTER}
NOUNS = {"ROLE", "USER", "GROUP"}
OTHERS = {"DATABASE", "TABLESPACE", "SYSTEM", "PARAMETER"}
# As in ALTER ROLE ALL. Whoever works in a database notices what happens to it.
EVERYBODY = "all"
# What is grammar, and no name, in GRANT a, b TO c WITH ADMIN OPTION GRANTED BY d CASCADE.
OPENING = {"ADMIN", "INHERIT", "SET", "OPTION", "FOR"}
BETWEEN = {"TO", "FROM", "GROUP"}
ENDING = {"WITH", "GRANTED", "CASCADE", "RESTRICT"}
# Behind these a statement of PL/pgSQL begins.
BEFORE_STATEMENT = {";", "BEGIN", "THEN", "ELSE", "LOOP", ">>"}
DOLLAR_QUOTED = re.compile(r"(\$\w*\$)(.*)\1", re.DOTALL)


def shared_statements(text: str) -> list[SharedStatement]:
    """The statements in order, those in DO blocks included."""
    if not WORDS.search(text):
        return []
    return [found for statement in statements(text) for found in _read(statement)]


def _read(statement: Statement) -> Iterator[SharedStatement]:
    words = tokens(statement.text) or []
    if not words or words[0].text.upper() != "DO":
        if (found := _about(words)) is not None:
            yield _shared(found, statement)
    elif (body := _body(words)) is not None and WORDS.search(body.text):
        for inner in _of_block(body.text):
            if (found := _about(_commanded(tokens(inner.text) or []))) is not None:
                at = statement.offset + body.offset + inner.offset
                yield _shared(found, Statement(inner.text, at), in_block=True)


def _shared(
    about: tuple[SharedVerb, Sequence[str]], statement: Statement, *, in_block: bool = False
) -> SharedStatement:
    verb, names = about
    return SharedStatement(
        verb=verb, roles=tuple(names), offset=statement.offset, length=len(statement.text), in_block=in_block
    )


def _about(words: Sequence[Token]) -> tuple[SharedVerb, Sequence[str]] | None:
    """What the statement does, and to which roles; None if nothing of it is shared."""
    upper = [word.text.upper() for word in words]
    what = {noun for before, noun in zip(upper, upper[1:]) if before == "ON"}
    found: tuple[SharedVerb, Sequence[str]] | None = None
    match upper:
        case [("CREATE" | "DROP" | "ALTER") as verb, noun, name, *_] if noun in NOUNS and name != "MAPPING":
            dropped = _dropped(words[2:]) if verb == "DROP" else [words[2]]
            renamed = words[5:6] if upper[3:5] == ["RENAME", "TO"] else []
            found = VERBS[verb], [*map(_name, [*dropped, *renamed])]
        case ["COMMENT", "ON", "ROLE", *_]:
            found = SharedVerb.ALTER, [*map(_name, words[3:4])]
        case ["REASSIGN" | "DROP", "OWNED", "BY", *_]:
            found = SharedVerb.ALTER, _members(words[3:])
        case ["GRANT" | "REVOKE", *_] if not what:
            found = SharedVerb.MEMBER, _members(words[1:])
        case ["CREATE" | "DROP" | "ALTER", noun, *_] if noun in OTHERS:
            found = SharedVerb.ALTER, [EVERYBODY]
        case ["COMMENT" | "GRANT" | "REVOKE", *_] if what & OTHERS:
            found = SharedVerb.ALTER, [EVERYBODY]
        case ["SECURITY", "LABEL", *_] if what & {*NOUNS, *OTHERS}:
            found = SharedVerb.ALTER, [EVERYBODY]
    return found


def _body(words: Sequence[Token]) -> Statement | None:
    """What stands in the quotes of a DO block of PL/pgSQL, at its offset in the statement."""
    upper = [word.text.upper() for word in words]
    if "LANGUAGE" in upper and "PLPGSQL" not in upper:
        return None
    quoted = next((word for word in words if word.kind == "SCONST"), None)
    return None if quoted is None else _quoted(quoted)


def _quoted(word: Token) -> Statement | None:
    """What a literal says; None where what is written is not what it says."""
    if found := DOLLAR_QUOTED.fullmatch(word.text):
        return Statement(found[2], word.start + found.start(2))
    inner = word.text[1:-1]
    return Statement(inner, word.start + 1) if word.text[0] == "'" and not {"'", "\\"} & {*inner} else None


def _of_block(body: str) -> Iterator[Statement]:
    """The statements of a block, those in its branches and loops as well, and what is like one."""
    start: int | None = None
    begins = True
    for word in tokens(body) or ():
        if begins:
            start = word.start
        if word.text == ";" and start is not None:
            yield Statement(body[start : word.start].rstrip(), start)
        begins = word.text.upper() in BEFORE_STATEMENT


def _commanded(words: list[Token]) -> list[Token]:
    """The words of the statement that an EXECUTE sends, as far as a text says them; others as they are.

    Of a text that is put together at run time the beginning is known. What is granted can stand behind it.
    """
    if not words or words[0].text.upper() != "EXECUTE":
        return words
    first = next((word for word in words if word.kind == "SCONST"), None)
    if first is None or [word.text.upper() for word in words[1:3] if word.start < first.start] not in (
        [],
        ["FORMAT", "("],
    ):
        return []
    text = _quoted(first) or Statement(first.text[1:-1].replace("''", "'"), 0)
    found = tokens(text.text) or []
    is_whole = words[1] is not first or words[2:3] == [] or words[2].text.upper() in {"USING", "INTO"}
    grants = found[:1] != [] and found[0].text.upper() in {"GRANT", "REVOKE"}
    return found if is_whole or not grants or "ON" in {word.text.upper() for word in found} else []


def _dropped(words: Sequence[Token]) -> list[Token]:
    """The names in `DROP ROLE IF EXISTS a, b`."""
    if [word.text.upper() for word in words[:2]] == ["IF", "EXISTS"]:
        words = words[2:]
    return [word for word in words if word.text != ","]


def _members(words: Sequence[Token]) -> list[str]:
    names = []
    for word in words:
        text = word.text.upper()
        if text in ENDING:
            break
        if text not in OPENING | BETWEEN and text != ",":
            names.append(_name(word))
    return names


def _name(token: Token) -> str:
    text = token.text
    return text[1:-1].replace('""', '"') if text.startswith('"') else text.translate(FOLD)
