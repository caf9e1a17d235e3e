"""What the rules say about two migrations, against really running both orders on PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.check.findings import Severity
from gitmig.postgres.run_sql import ScriptError, run_sql
from gitmig.schema.catalog import read_schema
from tests.check.golden import read_cases

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gitmig.check.findings import Finding
    from gitmig.migrations.model import Content, Migration
    from gitmig.postgres.connection import Connection

# About two migrations that cannot both run, or give another schema the other way round.
OBJECTS = "GM2"
# Not about running at all.
SETS = ("GM1", "GM3")
CASES = read_cases()


@pytest.mark.parametrize("name", CASES)
def test_postgresql_agrees_with_the_case(name: str, laboratory: Connection) -> None:
    sides = CASES[name].sides()
    found = [finding for finding in CASES[name].findings() if finding.code != "GM107"]
    if any(finding.code.startswith(SETS) for finding in found):
        pytest.skip("about the set, not about what the scripts do")
    sets = sides.sets
    if "_on_only_" in name or name.endswith("_its_partition"):
        pytest.skip("what partitions have of their own is no part of the fingerprint")
    if any(migration.ancestry for migration in sets.ours):
        pytest.skip("what programs do is not looked at")
    orders = (
        (*sets.ours_added, *sets.theirs_added),
        (*sets.theirs_added, *sets.ours_added),
    )
    with laboratory.transaction(force_rollback=True):
        run(laboratory, sets.merge_bases[0], sides.contents)
        one, two = (outcome(laboratory, order, sides.contents) for order in orders)
    commutes = one == two and one is not None
    assert commutes == is_clean(found) or is_doubtful(found), (one, two)


def is_clean(found: Iterable[Finding]) -> bool:
    return not any(finding.severity is Severity.ERROR for finding in found)


def is_doubtful(found: Iterable[Finding]) -> bool:
    return any(finding.doubt for finding in found)


def outcome(connection: Connection, order: Sequence[Migration], contents: Mapping[str, Content]) -> str | None:
    """The fingerprint after the migrations ran, None if one fails; everything is rolled back."""
    with connection.transaction(force_rollback=True):
        try:
            run(connection, order, contents)
        except ScriptError:
            return None
        return read_schema(connection).fingerprint


def run(connection: Connection, order: Sequence[Migration], contents: Mapping[str, Content]) -> None:
    for migration in order:
        with connection.transaction():
            run_sql(connection, contents[migration.blobs].up)
