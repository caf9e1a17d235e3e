"""GM101: both sides use one version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.sides import Sides
    from gitmig.migrations.model import Migration

CODE = "GM101"


def find(sides: Sides) -> Iterator[Finding]:
    """A set has one migration of a version."""
    theirs = {migration.version: migration for migration in sides.pedigree.theirs_added}
    told = set()
    for mine in sides.pedigree.ours_added:
        if other := theirs.get(mine.version):
            told.add(mine.version)
            yield _finding(mine, other)
    merged = sides.merge.migrations
    for first, second in zip(merged, merged[1:]):
        if first.version == second.version and first.version not in told:
            yield _finding(second, first)


def _finding(mine: Migration, other: Migration) -> Finding:
    one, two = sorted((mine.label, other.label))
    what = f"both sides add {one}, each with a script of its own" if one == two else f"{one} and {two} have one version"
    return Finding(
        code=CODE,
        severity=Severity.ERROR,
        message=what,
        hint="give ours a version behind theirs: `gitmig renumber` does it",
        migrations=(mine.label, other.label),
        path=mine.path,
    )
