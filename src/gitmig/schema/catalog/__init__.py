"""Reading a database's schema from PostgreSQL's catalogs, as text that is equal exactly when `pg_dump -s` is.

One module per family of objects. Its queries give rows of kind, name, definition and address (three columns, by which
`edges` finds what an object needs), and where an object is part of another one that its own name does not begin with,
the name of that. Names are `schema.object` or
`schema.object.part`, quoted where they have to be. What is left out, here and nowhere else:

- gitmig's own schemas and PostgreSQL's;
- the tables in which other migration tools note what they have applied (`core.foreign`);
- members of extensions;
- partitions, which applications make at run time (their parents are read);
- who owns an object: a scratch database is built by another role than yours;
- the order of a table's columns, of grants, and of a table's options;
- where a subscription connects to;
- what the caller's `ignore` patterns name.

Where a dump says less than the database knows, so do the definitions. Two things more are told apart: whether an index
is valid, and whether schema public is there at all.
"""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

from gitmig.postgres.session import DEFINITIONS, setting
from gitmig.schema.catalog import (
    indexes,
    operators,
    privileges,
    relations,
    remote,
    routines,
    schemas,
    text_search,
    triggers,
    types,
)
from gitmig.schema.catalog.dependencies import DEPENDENCIES, PARTITION_KEYS, Address, Dependency
from gitmig.schema.catalog.dependencies import edges as edges_of
from gitmig.schema.catalog.scope import Rare, some
from gitmig.schema.model import ObjectName, Schema
from gitmig.schema.other_tools import OWN_PARTS, own_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from psycopg.rows import TupleRow

    from gitmig.postgres.connection import Connection

FAMILIES = (schemas, relations, indexes, triggers, types, routines, privileges)
# Most databases have nothing of these.
RARE_FAMILIES = (operators, text_search, remote)


def all_queries(server_version: int) -> list[str]:
    """The queries of all families."""
    rare = [
        (family.queries(server_version), " OR ".join(some(catalog) for catalog in family.CATALOGS))
        for family in RARE_FAMILIES
    ]
    common = [query for family in FAMILIES for query in family.queries(server_version)]
    return [*common, *(Rare(query, condition) for queries, condition in rare for query in queries)]


def read_schema(
    connection: Connection, ignore: Sequence[str] = (), *, edges: bool = False, foreign: bool = False
) -> Schema:
    """The schema as the session sees it, uncommitted changes included; with `edges`, also which object needs which.

    `ignore` are shell patterns of names, with or without the schema; parts go with their object. With `foreign`, other
    migration tools' own tables are read, too.
    """
    with connection.transaction(force_rollback=True):
        queries = all_queries(connection.info.server_version)
        conditions = list(dict.fromkeys(query.condition for query in queries if isinstance(query, Rare)))
        first = ", ".join([*conditions, setting(DEFINITIONS, local=True)])
        found = dict(zip(conditions, connection.execute(f"SELECT {first}".encode()).fetchone() or ()))
        needed = [query for query in queries if not isinstance(query, Rare) or found[query.condition]]
        asked = (DEPENDENCIES, PARTITION_KEYS) if edges else ()
        answers = connection.run_prepared(*((query, ()) for query in (*needed, *asked)))
    rows = [row for answer in answers[: len(needed)] for row in answer]
    ties, keys = answers[len(needed) :] if edges else ([], [])
    ignored = _matcher(ignore)
    whole = {pattern[:-2] for pattern in ignore if pattern.endswith(".*")}  # with all that is in it goes the schema
    rows = [
        row
        for row in rows
        if not (any(map(ignored, (row[1], *row[6:]))) or (row[0] == "schema" and row[1].strip('"') in whole))
    ]
    if not foreign and (tables := own_tables(_names("table", rows), _names("column", rows))):
        rows = [row for row in rows if not (row[0] in OWN_PARTS and _belongs(tables, row[1], *row[6:]))]
    named = {Address(*row[3:6]): ObjectName(row[0], row[1]) for row in rows}
    return Schema(
        {ObjectName(kind, name): text for kind, name, text, *_ in rows},
        edges_of(named, map(Dependency.of, ties), (key for (key,) in keys)),
    )


def _names(kind: str, rows: Sequence[TupleRow]) -> Iterator[str]:
    return (row[1] for row in rows if row[0] == kind)


def _belongs(tables: Collection[str], *names: str | None) -> bool:
    """Whether one of the names, or what stands before its last dot, is one of the tables."""
    return any(name in tables or name.rpartition(".")[0] in tables for name in names if name)


def _matcher(patterns: Sequence[str]) -> Callable[[str | None], bool]:
    """Whether a name matches a pattern, with or without its schema, or is a part of what does, or a function of it."""
    if not patterns:
        return lambda _: False
    globs = [pattern + tail for pattern in patterns for tail in ("", ".*", "(*")]
    expression = re.compile("|".join(translate(glob) for glob in globs))

    def ignored(name: str | None) -> bool:
        plain = (name or "").replace('"', "")
        return any(expression.match(candidate) for candidate in (plain, plain.partition(".")[2]) if candidate)

    return ignored
