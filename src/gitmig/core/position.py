"""Where in a migration set a database is, told from its schema alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.schema import SchemaDifference, schema_difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.schema import Schema


def positions_of(found: Schema, schemas: Sequence[Schema]) -> tuple[int, ...]:
    """The positions at which the schema is exactly this one; `schemas` are those after 0, 1, 2 … migrations."""
    return tuple(position for position, schema in enumerate(schemas) if schema.fingerprint == found.fingerprint)


def nearest_to(found: Schema, schemas: Sequence[Schema]) -> tuple[int, SchemaDifference]:
    """The position, at least 1, at which the fewest objects differ, and how they do; of several the last one."""
    differences = {position: schema_difference(schemas[position], found) for position in range(1, len(schemas))}
    return min(differences.items(), key=lambda item: (len(item[1].names), -item[0]))
