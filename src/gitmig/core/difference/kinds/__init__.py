"""One module per family of kinds; each has RULES, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.difference.kinds import (
    columns,
    constraints,
    indexes,
    privileges,
    routines,
    schemas,
    sequences,
    tables,
    triggers,
    types,
    views,
)

if TYPE_CHECKING:
    from gitmig.core.difference.rule import Rule

# Kinds are made in this order and dropped in the other, where needs say nothing else.
FAMILIES = (schemas, types, sequences, tables, routines, columns, constraints, views, indexes, triggers, privileges)
RULES: dict[str, Rule] = {kind: rule for family in FAMILIES for kind, rule in family.RULES.items()}
RANKS = {kind: rank for rank, kind in enumerate((
    "schema", "extension", "enum", "composite type", "domain", "range", "sequence", "table", "foreign table", "column",
    "function", "procedure", "aggregate", "default", "identity", "owner of a sequence", "constraint", "index of a key",
    "view", "materialized view", "index", "statistics", "clustered", "replica identity", "trigger", "rule", "policy",
    "event trigger", "default privileges",
))}  # fmt: skip
