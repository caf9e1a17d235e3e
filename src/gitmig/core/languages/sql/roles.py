"""The statements of a script that are about roles, which belong to the whole server and to no database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.core.languages import RoleStatement, RoleVerb
from gitmig.core.languages.sql.tokens import FOLD, statements, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.languages.sql.tokens import Statement, Token

# Scripts without any of these need not be parsed; most have none.
WORDS = re.compile(
    r"\b(?:(?:create|drop|alter|on)\s+(?:role|user|group)|(?:grant|revoke|reassign)\b|alter\s+database)", re.IGNORECASE
)
VERBS = {"CREATE": RoleVerb.CREATE, "DROP": RoleVerb.DROP, "ALTER": RoleVerb.ALTER}
NOUNS = {"ROLE", "USER", "GROUP"}
# As in ALTER ROLE ALL. Whoever works in a database notices what happens to it.
EVERYBODY = "all"
# What is grammar, and no name, in GRANT a, b TO c WITH ADMIN OPTION GRANTED BY d CASCADE.
OPENING = {"ADMIN", "INHERIT", "SET", "OPTION", "FOR"}
BETWEEN = {"TO", "FROM", "GROUP"}
ENDING = {"WITH", "GRANTED", "CASCADE", "RESTRICT"}


def role_statements(text: str) -> list[RoleStatement]:
    """The statements in order. Blocks of PL/pgSQL are not looked into."""
    if not WORDS.search(text):
        return []
    return [found for statement in statements(text) if (found := _read(statement))]


def _read(statement: Statement) -> RoleStatement | None:
    words = tokens(statement.text) or []
    upper = [word.text.upper() for word in words]
    if len(words) > 2 and upper[0] in VERBS and upper[1] in NOUNS and upper[2] != "MAPPING":
        verb = VERBS[upper[0]]
        names = _dropped(words[2:]) if verb is RoleVerb.DROP else [words[2]]
        if upper[3:5] == ["RENAME", "TO"]:
            names += words[5:6]
    elif upper[:3] == ["COMMENT", "ON", "ROLE"]:
        verb, names = RoleVerb.ALTER, words[3:4]
    elif upper[:3] == ["REASSIGN", "OWNED", "BY"]:
        verb, names = RoleVerb.ALTER, _members(words[3:])
    elif upper[:2] == ["ALTER", "DATABASE"]:
        return RoleStatement(
            verb=RoleVerb.ALTER, roles=(EVERYBODY,), offset=statement.offset, length=len(statement.text)
        )
    elif upper[:1] in (["GRANT"], ["REVOKE"]) and "ON" not in upper:
        verb, names = RoleVerb.MEMBER, _members(words[1:])
    else:
        return None
    return RoleStatement(
        verb=verb, roles=tuple(_name(name) for name in names), offset=statement.offset, length=len(statement.text)
    )


def _dropped(words: Sequence[Token]) -> list[Token]:
    """The names in `DROP ROLE IF EXISTS a, b`."""
    if [word.text.upper() for word in words[:2]] == ["IF", "EXISTS"]:
        words = words[2:]
    return [word for word in words if word.text != ","]


def _members(words: Sequence[Token]) -> list[Token]:
    names = []
    for word in words:
        text = word.text.upper()
        if text in ENDING:
            break
        if text not in OPENING | BETWEEN and text != ",":
            names.append(word)
    return names


def _name(token: Token) -> str:
    text = token.text
    return text[1:-1].replace('""', '"') if text.startswith('"') else text.translate(FOLD)
