"""Measuring a database's schema, so that two measurements can be compared however far apart they were taken."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.postgres.session import DEFINITIONS
from gitmig.schema.catalog import read_schema
from gitmig.schema.kinds import queries
from gitmig.schema.model import INSTANT
from gitmig.schema.other_tools import TOOLS

if TYPE_CHECKING:
    from gitmig.postgres.connection import Connection
    from gitmig.schema.model import Schema


class Measurement(Struct, frozen=True, kw_only=True):
    """A schema, and the fingerprint under which the ledger remembers it.

    It begins with what it was measured by (see `Fingerprinter.scale`), so that unlike ones are never compared.
    """

    schema: Schema
    fingerprint: str


class Fingerprinter(Struct, frozen=True, dict=True):
    """Measures schemas on servers of one version; `ignore` are the patterns of what is left out."""

    server_version: int
    ignore: tuple[str, ...] = ()

    @cached_property
    def scale(self) -> str:
        """What measurements depend on besides the schema: the server's major version, the queries, what is left out.

        PostgreSQL writes definitions otherwise from version to version, and gitmig's queries grow.
        """
        foreign = [(tool.table, sorted(tool.columns)) for tool in TOOLS]
        settings = (self.server_version // 10000, DEFINITIONS, INSTANT.pattern, sorted(self.ignore), foreign)
        digest = hashlib.sha256(repr(settings).encode())
        for query in queries(self.server_version):
            digest.update(" ".join(query.split()).encode())
        return digest.hexdigest()[:12]

    def measure(self, connection: Connection) -> Measurement:
        """The schema as the session sees it, uncommitted changes included."""
        schema = read_schema(connection, self.ignore)
        return Measurement(schema=schema, fingerprint=self.fingerprint(schema))

    def fingerprint(self, schema: Schema) -> str:
        """The schema's fingerprint on this scale."""
        return f"{self.scale}:{schema.fingerprint}"

    def knows(self, fingerprint: str | None) -> bool:
        """Whether a remembered fingerprint was measured on this scale and can be compared."""
        return fingerprint is not None and fingerprint.startswith(f"{self.scale}:")
