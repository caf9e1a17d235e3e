"""How much a script could do to rows: told from its words, and in doubt everything.

A script that cannot touch rows needs no trial. This is about speed alone: what is lost is found by the trial.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from gitmig.migrations.parser import FOLD, tokens
from gitmig.rows.tables import HELD
from gitmig.schema.scope import FIRST_OID, OURS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from gitmig.migrations.parser import Token
    from gitmig.postgres.connection import Connection


class Reach(Enum):
    """Which rows a script can touch: none, those of the tables it names, or any."""

    NONE = 0
    NAMED = 1
    ANY = 2


class Suspicion(Struct, frozen=True):
    """What can be said of a script without running it.

    `words` are all its words and names in lower case. `writes`: it may give rows other values than a plain change of
    columns does. `targets` are the names behind the words that write, schema (None: not said) and name. `gives_values`:
    columns it adds may have values. `remakes`: what it drops, it makes anew under the same name, and empty.
    """

    reach: Reach
    words: frozenset[str]
    writes: bool
    targets: frozenset[tuple[str | None, str]] = frozenset()
    gives_values: bool = True
    remakes: bool = False

    @property
    def empties(self) -> bool:
        """Whether tables that are there before and after it may have other rows then, or none."""
        return self.writes or self.remakes

    @property
    def is_local(self) -> bool:
        """Whether only tables that the script names can have other rows or values after it."""
        return self.reach is not Reach.ANY and not self.writes

    @property
    def takes_named(self) -> bool:
        """Whether it takes rows or values from tables that it names, and does nothing else to any."""
        return self.reach is Reach.NAMED and not self.writes


NOTHING = Suspicion(Reach.NONE, frozenset(), writes=False, gives_values=False)
EVERYTHING = Suspicion(Reach.ANY, frozenset(), writes=True)
# No statement that takes or writes rows does without one of these; most scripts need not be looked at any closer.
POSSIBLE = re.compile(
    r"\b(?:drop|type|detach|attach|attribute|insert|update|delete|truncate|merge|copy|select|do|call|execute|refresh|load)"
    r"\b|u&",
    re.IGNORECASE,
)
# What gives a column that is added values of its own.
VALUES = re.compile(
    r"\b(?:default|generated|identity|serial\d?|bigserial|smallserial|update|inherits?|like)\b", re.IGNORECASE
)
# Where rows are written, in the bodies of functions, too.
TARGETS = re.compile(
    r"\b(?:insert\s+into|update(?:\s+only)?|delete\s+from(?:\s+only)?|merge\s+into|truncate(?:\s+table)?(?:\s+only)?|copy)"
    r'\s+((?:(?:"(?:[^"]|"")+"|[\w$]+)\.)?(?:"(?:[^"]|"")+"|[\w$]+))',
    re.IGNORECASE,
)
TableWords = tuple[str, ...]
# Words around the names of what is dropped.
FILLING = {"if", "exists", "only", "column", "cascade", "restrict"}
NAME_LENGTH = 63  # bytes of a name that PostgreSQL keeps
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
# ALTER TABLE … ADD of these adds no column.
ADDED_PARTS = {"constraint", "primary", "unique", "foreign", "check", "exclude"}
ALTERED = {"index", "function", "procedure", "routine", "aggregate", "view", "policy", "sequence", "schema", "default"}
# What takes some rows out of many, or all of them in an order.
PICKING = {
    *("limit", "fetch", "distinct", "ctid", "row_number", "first_value", "last_value", "nth_value", "lag", "lead"),
    *("array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "xmlagg"),
}
WRITING = {"insert", "update", "delete", "truncate", "merge", "copy"}


@lru_cache(maxsize=2048)
def suspect(text: str | None) -> Suspicion:
    """Judge an SQL script; None is one that nobody knows."""
    if text is None:
        return EVERYTHING
    if not POSSIBLE.search(text):
        return replace(NOTHING, gives_values=bool(VALUES.search(text)))
    found = _tokens(text)
    if found is None:
        return EVERYTHING
    texts = [token.text for token in found if token.kind != "SCONST"]
    words = [text.lower() for text in texts]
    judged = [_judge(statement) for statement in _statements(words)]
    reach = max((reach for reach, _ in judged), key=lambda reach: reach.value, default=Reach.NONE)
    return Suspicion(
        reach,
        frozenset(map(_name, words)),
        writes=any(writes for _, writes in judged),
        targets=frozenset(_target(match[1]) for match in TARGETS.finditer(text)),
        gives_values=bool(VALUES.search(text)),
        remakes=_remakes(texts),
    )


def _remakes(texts: Sequence[str]) -> bool:
    """Whether a name of a table or column that a script drops is one that it makes, too, or may be."""
    dropped: set[str] = set()
    made: set[str] = set()
    drops_unnamed = False
    for statement in _statements(texts):
        words = [word.lower() for word in statement]
        names = [_fold(word) for word in statement if word.lower() not in FILLING | {"not"}]
        if words[0] == "drop":
            drops_unnamed = drops_unnamed or _judge(words)[0] is Reach.ANY
            if words[1:2] == ["table"]:
                dropped.update(table[-1] for table in _split(names[2:]))
        elif words[0] == "create" and "table" in words[:4]:
            made.add(_leading(names[words.index("table") + 1 :])[0][-1])
        elif words[:2] == ["alter", "table"]:
            table, rest = _leading(names[2:])
            pairs = list(zip(rest, rest[1:]))
            dropped.update(after for word, after in pairs if word == "drop" and after not in DROPPED_PARTS)
            made.update(after for word, after in pairs if word == "add" and after not in ADDED_PARTS)
            made.update(after for word, after in pairs if word == "to")
            made.update(table[-1:] if {"schema", "attach"} & set(words) else ())
    return bool(made) and (drops_unnamed or not made.isdisjoint(dropped))


@lru_cache(maxsize=2048)
def words_of(text: str | None) -> frozenset[str] | None:
    """All words and names of a script, as PostgreSQL folds them; None if nobody knows."""
    found = _tokens(text)
    if found is None:
        return None
    words = (token.text for token in found if token.kind != "SCONST")
    return frozenset(map(_fold, words))


def picks_rows(text: str | None) -> bool:
    """Whether what a script writes may depend on the order in which PostgreSQL finds rows, as far as its words tell."""
    return not PICKING.isdisjoint(words_of(text) or ())


def names_tables(text: str | None, names: Collection[str]) -> bool:
    """Whether a script may take rows of tables of these names, or write them; yes if nobody knows."""
    words = words_of(text)
    return words is None or (suspect(text).reach is not Reach.NONE and not words.isdisjoint(names))


class ColumnsTaken(NamedTuple):
    """Columns of a table that a script drops, and those to which it gives another type."""

    dropped: frozenset[str] = frozenset()
    retyped: frozenset[str] = frozenset()


@lru_cache(maxsize=2048)
def takes_of(text: str | None) -> Mapping[TableWords, ColumnsTaken | None] | None:
    """The columns that a script takes from each table, None for the whole table; None if rows may go in other ways.

    A table is the words of its name: with its schema, or without. PostgreSQL may see it otherwise. Columns of which
    something else is altered may be among the retyped ones.
    """
    found: dict[TableWords, ColumnsTaken | None] = {}
    for statement in _statements([token.text for token in _tokens(text) or () if token.kind != "SCONST"]):
        words = [word.lower() for word in statement]
        if _judge(words)[0] is Reach.NONE:
            continue
        names = [_fold(word) for word in statement if word.lower() not in FILLING]
        if words[:2] == ["drop", "table"]:
            found |= dict.fromkeys(_split(names[2:]), None)
        elif words[:2] == ["alter", "table"] and {"using", "attach", "detach"}.isdisjoint(words):
            table, rest = _leading(names[2:])
            before = found.get(table) or ColumnsTaken()
            dropped = {after for word, after in zip(rest, rest[1:]) if word == "drop" and after not in DROPPED_PARTS}
            retyped = {after for word, after in zip(rest, rest[1:]) if word == "alter"} if "type" in words else set()
            found[table] = ColumnsTaken(before.dropped | dropped, before.retyped | retyped)
        else:
            return None
    return found


def _leading(names: Sequence[str]) -> tuple[TableWords, Sequence[str]]:
    """The name of a table that a statement goes on with, and what is behind it."""
    end = 1
    while names[end : end + 1] == ["."]:
        end += 2
    return tuple(names[:end:2]), names[end:]


def _split(names: Sequence[str]) -> Iterator[TableWords]:
    rest: Sequence[str] = [*names, ","]
    while rest:
        table, rest = _leading(rest)
        rest = rest[1:]
        yield table


@lru_cache(maxsize=256)
def _tokens(text: str | None) -> tuple[Token, ...] | None:
    """The tokens; None if they cannot be read, or do not say what they mean."""
    found = tokens(text) if text is not None else None
    return None if found is None or any(token.kind in {"ATOMIC", "UIDENT"} for token in found) else tuple(found)


def _fold(word: str) -> str:
    """A name as PostgreSQL reads it."""
    name = _name(word) if word.startswith('"') else word.translate(FOLD)
    return name.encode()[:NAME_LENGTH].decode(errors="ignore")


def _name(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _target(name: str) -> tuple[str | None, str]:
    schema, _, table = name.replace('"', "").lower().rpartition(".")
    return schema or None, table


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
        # what goes along with a table and is not its own holds no rows, but for what has its row type
        cascades = "cascade" in words and second not in (DROPPED - TAKING_COLUMNS) | {"table"}
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
    return (Reach.NAMED if takes else Reach.NONE), takes and "using" in words


def _takes_column(words: Sequence[str], place: int) -> bool:
    """Whether the DROP at this place of an ALTER TABLE is that of a column."""
    after = words[place + 1] if place + 1 < len(words) else ""
    of_column = words[place - 2] in {"alter", "column"}
    return after not in DROPPED_PARTS and not (after in DROPPED_PROPERTIES and of_column)


# Whether a script can touch rows, told from its words by a query that looks at few tables. Partitions and heirs are
# reached through their parents, and everything through views, triggers and rules.
TABLES = f"SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND {OURS}"
NAMED = f"""
    SELECT EXISTS (
        {TABLES} WHERE c.relkind IN ('r', 'p', 'v') AND pg_catalog.lower(c.relname) = ANY ($1::text[])
        AND (c.relkind <> 'r' OR c.relhassubclass OR pg_catalog.pg_relation_size(c.oid) > 0 OR {HELD})
    )
"""
TARGETED = f"SELECT EXISTS ({TABLES} WHERE c.relkind IN ('r', 'p') AND pg_catalog.lower(c.relname) = ANY ($1::text[]))"
ANY = f"""
    SELECT EXISTS ({TABLES} WHERE c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) > 0)
        OR EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
"""
TRIGGERED = f"""
    SELECT EXISTS (SELECT FROM pg_catalog.pg_trigger WHERE NOT tgisinternal)
        OR EXISTS (SELECT FROM pg_catalog.pg_rewrite WHERE ev_type <> '1' AND oid >= {FIRST_OID})
"""


def reaches_rows(connection: Connection, suspicion: Suspicion, names: Collection[str] = ()) -> bool:
    """Whether a script may touch any row. `names` (in lower case) are those rows had before, and count as well."""
    if suspicion.reach is Reach.NONE:
        return False
    if not suspicion.words.isdisjoint(names):
        return True
    if suspicion.writes and _is(connection, TARGETED, [name for _, name in suspicion.targets]):
        return True  # rows that it makes are to go again, although there were none
    if suspicion.reach is Reach.NAMED:
        if _is(connection, NAMED, suspicion.words):
            return True
        if not suspicion.writes or not _is(connection, TRIGGERED):
            return False
    return _is(connection, ANY)


def has_rows(connection: Connection) -> bool:
    """Whether there are rows, or large objects, that could be anybody's."""
    return _is(connection, ANY)


def _is(connection: Connection, query: str, words: Collection[str] | None = None) -> bool:
    parameters = () if words is None else (sorted(words),)
    (((found,),),) = connection.run_prepared((query, parameters))
    return bool(found)
