"""Drift: the schema is not what the ledger says it should be, because somebody changed it without a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.schema import schema_difference

if TYPE_CHECKING:
    from gitmig.core.schema import SchemaDifference
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import State
    from gitmig.operations.expected import Expected


def find_drift(connection: Connection, expected: Expected, state: State) -> SchemaDifference | None:
    """How the schema differs from that of a fresh build of the applied stack; None if it does not.

    One look at the catalogs as long as the schema is as gitmig left it; else a fresh build is asked for.
    """
    found = expected.gauge.measure(connection)
    expected.stand_on(found.schema)
    if found.fingerprint == state.fingerprint:
        return None
    position = len(state.stack)
    if position == 0 and not expected.has_bootstrap and found.schema.is_pristine:
        return None
    if found.fingerprint == expected.fingerprint(position):
        return None
    return schema_difference(expected.schema(position), found.schema) or None
