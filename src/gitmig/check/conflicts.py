"""All rules over two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.dependencies import reaches_further
from gitmig.check.effects import Member
from gitmig.check.findings import Severity, in_order
from gitmig.check.net_effects import effects
from gitmig.check.pairs import compare
from gitmig.check.rules import blind, edited, merged, order, repeated, textual, versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.check.findings import Finding
    from gitmig.check.sides import Set, Sides


def findings(sides: Sides) -> tuple[Finding, ...]:
    """Everything that is wrong, the most serious first; about the same change made twice, no more than that."""
    pedigree = sides.pedigree
    ours, theirs = (_members(sides, added) for added in (pedigree.ours_added, pedigree.theirs_added))
    found = [*versions.find(sides), *repeated.find(sides)]
    told = {finding.migrations for finding in found if finding.code == repeated.CODE}
    found += [f for f in _meetings(sides, ours, theirs) if f.migrations not in told]
    found += order.find(pedigree.ours_added, pedigree.theirs, _clashing(found) | _slipped_in(sides, ours))
    found += order.find_theirs(pedigree.theirs_added, pedigree.common, _slipped_in(sides, theirs))
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


def _clashing(found: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(f.migrations[0], f.migrations[1]) for f in found if f.severity is Severity.ERROR}


def _slipped_in(sides: Sides, added: Sequence[Member]) -> set[tuple[str, str]]:
    """Pairs of one that was added and a common one that sorts behind it, where it matters which of them runs first."""
    common = sides.pedigree.common
    versions = {migration.label: migration.version for migration in (*sides.pedigree.ours, *sides.pedigree.theirs)}
    found = set()
    for mine in added:
        if not common or common[-1].version < versions[mine.label]:
            continue  # as a rule, what is new sorts last
        members = _members(sides, tuple(other for other in common if other.version > versions[mine.label]))
        found |= {(mine.label, other.label) for other in members if order.needs(mine, other)}
        found |= _clashing(_meetings(sides, [mine], members))
    return found
