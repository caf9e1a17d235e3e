"""Where in a migration set a database is, told from its schema alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.schema import SchemaDifference, schema_difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.schema import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The position that a schema is at, or nearest to: how many migrations are applied.

    `alike` are all positions with exactly this schema, `position` the last of them; without one, `difference` says
    what is not as it is after `position`.
    """

    position: int
    alike: tuple[int, ...] = ()
    difference: SchemaDifference | None = None


def locate(schemas: Sequence[Schema], found: Schema) -> Place:
    """The place of a schema among those after 0, 1, 2 … migrations; at least one is needed to be near."""
    alike = tuple(position for position, schema in enumerate(schemas) if schema.fingerprint == found.fingerprint)
    if alike:
        return Place(position=alike[-1], alike=alike)
    differences = {position: schema_difference(schema, found) for position, schema in enumerate(schemas) if position}
    nearest = min(differences, key=lambda position: (len(differences[position].names), -position))
    return Place(position=nearest, difference=differences[nearest])
