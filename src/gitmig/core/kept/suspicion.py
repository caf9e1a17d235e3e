"""How much a script could do to rows: told from its words, and in doubt everything.

A script that cannot touch rows needs no trial. This is about speed alone: what is lost is found by the trial.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

from gitmig.core.languages.sql.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Reach(Enum):
    """Which rows a script can touch: none, those of the tables it names, or any."""

    NONE = 0
    NAMED = 1
    ANY = 2


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What can be said of a script without running it.

    `words` are all its words and names in lower case. `writes`: it may give rows other values than a plain change of
    columns does.
    """

    reach: Reach
    words: frozenset[str]
    writes: bool


NOTHING = Suspicion(Reach.NONE, frozenset(), writes=False)
EVERYTHING = Suspicion(Reach.ANY, frozenset(), writes=True)
# No statement that takes or writes rows does without one of these; most scripts need not be looked at any closer.
POSSIBLE = re.compile(
    r"\b(?:drop|type|detach|attach|attribute|insert|update|delete|truncate|merge|copy|select|do|call|execute|refresh|load)"
    r"\b|u&",
    re.IGNORECASE,
)
# Statements that leave rows alone, by their first word; and things that may be dropped without losing any.
HARMLESS = {"comment", "grant", "revoke", "set", "reset", "show", "analyze", "lock"}
DROPPED = {
    *("index", "function", "procedure", "routine", "aggregate", "trigger", "view", "policy", "rule", "sequence"),
    *("publication", "statistics", "operator", "cast", "collation", "text", "event"),
}
# But with CASCADE these take columns along: those with that collation, or of the view's row type.
TAKING_COLUMNS = {"view", "collation"}
# ALTER TABLE … DROP of these takes no column; the last two only behind ALTER COLUMN, else they are names of columns.
DROPPED_PARTS = {"default", "not", "constraint"}
DROPPED_PROPERTIES = {"expression", "identity"}
ALTERED = {"index", "function", "procedure", "routine", "aggregate", "view", "policy", "sequence", "schema", "default"}
WRITING = {"insert", "update", "delete", "truncate", "merge", "copy"}


@lru_cache(maxsize=2048)
def suspect(text: str | None) -> Suspicion:
    """Judge an SQL script; None is one that nobody knows."""
    if text is None:
        return EVERYTHING
    if not POSSIBLE.search(text):
        return NOTHING
    found = tokens(text)
    if found is None or any(token.kind in {"ATOMIC", "UIDENT"} for token in found):
        return EVERYTHING
    words = [token.text.lower() for token in found if token.kind != "SCONST"]
    judged = [_judge(statement) for statement in _statements(words)]
    reach = max((reach for reach, _ in judged), key=lambda reach: reach.value, default=Reach.NONE)
    return Suspicion(reach, frozenset(map(_name, words)), writes=any(writes for _, writes in judged))


def _name(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _statements(words: Sequence[str]) -> Iterator[list[str]]:
    found: list[str] = []
    for word in [*words, ";"]:
        if word != ";":
            found.append(word)
        elif found:
            yield found
            found = []


def _judge(words: Sequence[str]) -> tuple[Reach, bool]:
    """How far one statement reaches, and whether it writes."""
    head, second = words[0], words[1] if len(words) > 1 else ""
    if head in HARMLESS:
        return Reach.NONE, False
    if head == "create":
        # What is made holds no rows yet; but a query may call a function that does anything.
        queries = "select" in words and not {"function", "procedure", "view", "policy", "rule"} & set(words[:4])
        return (Reach.ANY if queries else Reach.NONE), queries
    if head == "drop":
        cascades = "cascade" in words and second not in DROPPED - TAKING_COLUMNS
        return (Reach.ANY if cascades else Reach.NONE if second in DROPPED else Reach.NAMED), False
    if head == "alter":
        return _alter(words, second)
    if head in WRITING:
        return (Reach.ANY if {"select", "cascade"} & set(words) else Reach.NAMED), True
    return Reach.ANY, True


def _alter(words: Sequence[str], second: str) -> tuple[Reach, bool]:
    if second in ALTERED:
        return Reach.NONE, False
    if second != "table":
        return (Reach.NAMED if {"drop", "attribute"}.isdisjoint(words) and second == "type" else Reach.ANY), False
    takes = any(
        word in {"type", "detach", "attach"} or (word == "drop" and _takes_column(words, place))
        for place, word in enumerate(words[2:], 2)
    )
    reach = (Reach.ANY if "cascade" in words else Reach.NAMED) if takes else Reach.NONE
    return reach, takes and "using" in words


def _takes_column(words: Sequence[str], place: int) -> bool:
    """Whether the DROP at this place of an ALTER TABLE is that of a column."""
    after = words[place + 1] if place + 1 < len(words) else ""
    of_column = words[place - 2] in {"alter", "column"}
    return after not in DROPPED_PARTS and not (after in DROPPED_PROPERTIES and of_column)
