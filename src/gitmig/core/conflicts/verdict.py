"""All rules over two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.conflicts import blind, edited, merged, order, repeated, textual, versions
from gitmig.core.conflicts.composition import effects
from gitmig.core.conflicts.dependents import reaches_further
from gitmig.core.conflicts.effects import Member
from gitmig.core.conflicts.meetings import compare
from gitmig.core.findings import Severity, in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.conflicts.sides import Set, Sides
    from gitmig.core.findings import Finding


def findings(sides: Sides) -> tuple[Finding, ...]:
    """Everything that is wrong, the most serious first; about the same change made twice, no more than that."""
    pedigree = sides.pedigree
    ours, theirs = (_members(sides, added) for added in (pedigree.ours_added, pedigree.theirs_added))
    found = [*versions.find(sides), *repeated.find(sides)]
    told = {finding.migrations for finding in found if finding.code == repeated.CODE}
    found += [f for f in _meetings(sides, ours, theirs) if f.migrations not in told]
    clashing = {(f.migrations[0], f.migrations[1]) for f in found if f.severity is Severity.ERROR}
    found += order.find(pedigree.ours_added, pedigree.theirs, clashing | _needed(sides, ours))
    found += edited.find(sides)
    said = {finding.path for finding in found if finding.severity is Severity.ERROR}
    found += [f for f in textual.find(sides) if f.path not in said]
    found += merged.find(sides)
    found += blind.find([*ours, *theirs] if ours and theirs else [])
    return in_order(found)


def _members(sides: Sides, migrations: Set) -> list[Member]:
    """Those of the migrations that could be read."""
    return [
        Member(
            label=migration.label,
            path=migration.path,
            first_line=sides.contents[migration.blobs].up.first_line,
            footprint=sides.footprints[migration.blobs],
        )
        for migration in migrations
        if migration.blobs in sides.footprints
    ]


def _meetings(sides: Sides, ours: Sequence[Member], theirs: Sequence[Member]) -> list[Finding]:
    if not ours or not theirs:
        return []
    known = sides.dependents() if reaches_further(member.footprint for member in (*ours, *theirs)) else None
    return compare(effects(ours, known), effects(theirs, known))


def _needed(sides: Sides, ours: Sequence[Member]) -> set[tuple[str, str]]:
    """Pairs of ours and a migration of the base that sorts behind it and makes what it uses."""
    versions = {migration.label: migration.version for migration in (*sides.pedigree.ours, *sides.pedigree.theirs)}
    behind = _members(sides, sides.pedigree.common)
    return {
        (mine.label, earlier.label)
        for mine in ours
        for earlier in behind
        if versions[earlier.label] > versions[mine.label] and order.needs(mine, earlier)
    }
