"""The kinds of objects: by kind its `Definition`, collected from one module per family.

A new kind is one class in one of these modules, and one entry of `ObjectKind`. For instance, as it stands in `types`:

    class Range(Definition):
        subtype: str = sql("r.rngsubtype::regtype")    # a field, and the SQL that reads it
        …
        KIND = ObjectKind.RANGE
        QUERY = Query(of="pg_type t", name=…, source="…")

        def create(self, name, context): …             # and alter, settings, drop, as far as they are not as usual

Cases for it stand in tests/schema/catalog/cases: they are compared with pg_dump, and their difference is run both ways.
"""

from __future__ import annotations

from functools import lru_cache

from gitmig.schema.kinds import (
    columns,
    constraints,
    indexes,
    operators,
    privileges,
    remote,
    routines,
    schemas,
    sequences,
    tables,
    text_search,
    triggers,
    types,
    views,
)
from gitmig.schema.kinds.kind import Definition
from gitmig.schema.model import ObjectKind

FAMILIES = (
    schemas, tables, views, columns, sequences, constraints, indexes, triggers, types, routines, privileges,
    operators, text_search, remote,
)  # fmt: skip

DEFINITIONS: dict[ObjectKind, type[Definition]] = {
    one.KIND: one
    for family in FAMILIES
    for one in vars(family).values()
    if isinstance(one, type) and issubclass(one, Definition) and "KIND" in vars(one)
}
RANKS = {kind: rank for rank, kind in enumerate(ObjectKind)}


@lru_cache
def queries(server_version: int) -> dict[str, str]:
    """The queries of all kinds, each with the condition under which it has to be sent; often there is none.

    Kinds whose rows come from one query, as tables and views do, have the same.
    """
    read = [one for one in DEFINITIONS.values() if one.QUERY and server_version >= one.QUERY.since]
    return {one.query(server_version): one.QUERY.rare for one in read if one.QUERY}
