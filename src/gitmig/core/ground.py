"""The ground migrations stand on: what whoever made a database decided on its schema public.

A DBA takes CREATE away from everybody, or gives it to a role. That is no drift, and no revert takes it back; what
migrations themselves give and take has to come and go with them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple

from gitmig.core.schema import PUBLIC, Schema

# The owner's own privileges; where there are no others, PostgreSQL writes none down.
OWNERS = frozenset({"owner=CREATE", "owner=USAGE"})
# What every new database has; until PostgreSQL 14, everybody may create there as well.
ALWAYS = OWNERS | {"PUBLIC=USAGE"}
BY_DEFAULT = ALWAYS | {"PUBLIC=CREATE"}
STANDARD = "standard public schema"


class _Public(NamedTuple):
    """The definition of schema public: its privileges and its comment."""

    grants: frozenset[str]
    comment: str | None

    @classmethod
    def of(cls, schema: Schema) -> _Public | None:
        """As a schema has it; None without schema public."""
        text = schema.objects.get(PUBLIC)
        if text is None:
            return None
        grants, comment = json.loads(text)
        return cls(OWNERS if grants is None else frozenset(grants), comment)

    def to_text(self) -> str:
        """As it is read from the catalogs."""
        grants = None if self.grants == OWNERS else sorted(self.grants)
        return json.dumps([grants, self.comment], ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Ground:
    """Which privileges on schema public somebody granted and revoked, and the comment where the standard one was."""

    granted: frozenset[str] = frozenset()
    revoked: frozenset[str] = frozenset()
    comment: str | None = STANDARD

    @classmethod
    def between(cls, fresh: Schema, found: Schema) -> Ground:
        """The ground of a database that has the migrations of a fresh build.

        That a migration's own grant is gone, or that somebody gave back what one has taken, is no ground but drift.
        """
        built, real = _Public.of(fresh), _Public.of(found)
        if built is None or real is None:
            return cls()
        return cls(
            granted=real.grants - built.grants - ALWAYS,
            revoked=(built.grants & BY_DEFAULT) - real.grants,
            comment=real.comment if built.comment == STANDARD else STANDARD,
        )

    @classmethod
    def is_plain(cls, found: Schema) -> bool:
        """Whether schema public is as in a new database: then nobody has decided anything, whatever was built."""
        real = _Public.of(found)
        return real is None or (ALWAYS <= real.grants <= BY_DEFAULT and real.comment == STANDARD)

    def under(self, fresh: Schema) -> Schema:
        """What a fresh build's schema is on this ground."""
        built = _Public.of(fresh)
        if built is None or self == Ground():
            return fresh
        grants = (built.grants - self.revoked) | self.granted
        comment = self.comment if built.comment == STANDARD else built.comment
        return Schema({**fresh.objects, PUBLIC: _Public(grants, comment).to_text()}, fresh.edges)


def on_ground_of(fresh: Schema, found: Schema) -> Schema:
    """A fresh build's schema on the ground of a database of which is not known what migrations have done to it."""
    return Ground.between(fresh, found).under(fresh)
