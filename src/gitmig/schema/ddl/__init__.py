"""One module per family of kinds; each has RULES, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.ddl import (
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

if TYPE_CHECKING:
    from gitmig.schema.ddl.rule import Rule

FAMILIES = (
    schemas, types, sequences, tables, columns, constraints, indexes, routines, views, triggers, privileges,
    remote, text_search, operators,
)  # fmt: skip
RULES: dict[str, Rule] = {kind: rule for family in FAMILIES for kind, rule in family.RULES.items()}
# Kinds are made in this order and dropped in the other, where needs say nothing else.
RANKS = {kind: rank for rank, kind in enumerate((
    "schema", "extension", "language", "access method", "collation", "enum", "composite type", "domain", "range",
    "text search parser", "text search template", "text search dictionary", "text search configuration",
    "foreign data wrapper", "server", "sequence", "table", "foreign table", "column", "function", "procedure",
    "operator", "operator family", "operator class", "cast", "transform", "conversion", "aggregate", "default",
    "identity", "owner of a sequence", "constraint", "index of a key", "view", "materialized view", "index",
    "statistics", "clustered", "replica identity", "trigger", "rule", "policy", "event trigger", "publication",
    "published table", "published schema", "default privileges",
))}  # fmt: skip
