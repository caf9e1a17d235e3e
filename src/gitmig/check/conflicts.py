"""All rules over two sides: those about the sets of migrations, then those about every two effects on one object."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.check.dependencies import reaches_further
from gitmig.check.effects import Circumstance, net_effects
from gitmig.check.findings import Severity, in_order
from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, Trait
from gitmig.check.rules import PAIR_RULES, RULES, SIDE_RULES, Family
from gitmig.check.rules.sets import git_conflict, needs, order, same_change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitmig.check.effects import AddedMigration, Effect
    from gitmig.check.findings import Finding
    from gitmig.check.footprint.model import Object
    from gitmig.check.sides import Sides

SEVERITIES = tuple(Severity)


def findings(sides: Sides) -> tuple[Finding, ...]:
    """Everything that is wrong, the most serious first; about the same change made twice, no more than that."""
    ours, theirs = sides.ours_added, sides.theirs_added
    found = [finding for rule in SIDE_RULES for finding in rule(sides)]
    told = {finding.migrations for finding in found if finding.code == same_change.code}
    found += [finding for finding in _compare(sides, ours, theirs) if finding.migrations not in told]
    slipped_in = _slipped_in(sides, ours)
    found += order(sides, _clashing(found) | slipped_in, _slipped_in(sides, theirs))
    errors = [finding for finding in found if finding.severity is Severity.ERROR]
    found += git_conflict(sides, {f.path for f in errors if RULES[f.code].family is not Family.MERGED})
    return in_order(found)


def compare(ours: Sequence[Effect], theirs: Sequence[Effect]) -> list[Finding]:
    """The findings about every object that both sides touch; the most serious ones of each object and pair only."""
    groups: dict[tuple[str, str, tuple[str, ...]], list[_Met]] = defaultdict(list)
    for mine, other in _pairs(ours, theirs):
        if met := _judge(mine, other):
            groups[mine.label, other.label, met.object.root].append(met)
    found = [finding for met in groups.values() for finding in _first_places(_worst(met))]
    return sorted(found, key=lambda f: (SEVERITIES.index(f.severity), f.code, f.message))


def _compare(sides: Sides, ours: Sequence[AddedMigration], theirs: Sequence[AddedMigration]) -> list[Finding]:
    if not ours or not theirs:
        return []
    known = sides.dependents() if reaches_further(added.footprint for added in (*ours, *theirs)) else None
    return compare(net_effects(ours, known), net_effects(theirs, known))


def _clashing(found: Iterable[Finding]) -> set[tuple[str, str]]:
    errors = (finding for finding in found if finding.severity is Severity.ERROR)
    return {(finding.migrations[0], finding.migrations[1]) for finding in errors if finding.migrations[1:]}


def _slipped_in(sides: Sides, added: Sequence[AddedMigration]) -> set[tuple[str, str]]:
    """Pairs of one that was added and a common one that sorts behind it, where it matters which of them runs first."""
    common = sides.sets.common
    found = set()
    for mine in added:
        if not common or common[-1].ancestry is not None or common[-1].version < mine.version:
            continue  # as a rule, what is new sorts last; in a graph, a database gets it last
        behind = sides.read(tuple(other for other in common if other.version > mine.version))
        found |= {(mine.label, other.label) for other in behind if needs(mine, other)}
        found |= _clashing(_compare(sides, [mine], behind))
    return found


def _pairs(ours: Sequence[Effect], theirs: Sequence[Effect]) -> Iterator[tuple[Effect, Effect]]:
    """The pairs on one root object of which one does more than read; a schema meets everything in it."""
    by_root: dict[tuple[str, ...], list[Effect]] = defaultdict(list)
    for effect in theirs:
        by_root[effect.object.root].append(effect)
    their_schemas = [effect for effect in theirs if effect.object.path[0] == "schema"]
    for mine in ours:
        reads = _only_reads(mine)
        near = by_root.get(mine.object.root, [])
        yield from ((mine, other) for other in near if not (reads and _only_reads(other)))
        yield from ((mine, other) for other in their_schemas if other.object.contains(mine.object))
        if mine.object.path[0] == "schema":
            yield from ((mine, other) for other in theirs if mine.object.contains(other.object))


def _only_reads(effect: Effect) -> bool:
    return effect.action is Action.READ and not effect.has(Trait.WHOLE)


class _Met(Struct, frozen=True):
    """A conflict of two effects as a finding, and what it is about; `passing`: statements that only read once."""

    finding: Finding
    object: Object
    passing: int


def _judge(mine: Effect, other: Effect) -> _Met | None:
    """What the first rule that applies says; the same whichever side is ours."""
    if _is_idle(mine, other) or _is_idle(other, mine):
        return None
    first, second = sorted((mine, other), key=lambda effect: effect.label)
    for rule in PAIR_RULES:
        if conflict := rule(first, second) or rule(second, first):
            finding = rule.finding(
                conflict.message,
                conflict.hint,
                severity=conflict.severity,
                migrations=(mine.label, other.label),
                objects=(str(conflict.object),),
                path=mine.migration.path,
                line=mine.line,
                doubt=conflict.doubt,
            )
            passing = sum(e.action is Action.READ and e.dependency is DependencyKind.TRANSIENT for e in (mine, other))
            return _Met(finding, conflict.object, passing)
    return None


def _is_idle(alteration: Effect, other: Effect) -> bool:
    """Whether an alteration changes nothing, and the other one changes nothing of what it is about."""
    uses = other.action in {Action.READ, Action.WRITE} or other.object.kind is NamedKind.PARTITION
    return alteration.has(Circumstance.UNCHANGED) and uses


def _worst(met: Sequence[_Met]) -> list[_Met]:
    """The most serious ones, the most telling first; if one is about the object as a whole, its parts need no word."""
    severity = min((one.finding.severity for one in met), key=SEVERITIES.index)
    worst = sorted((one for one in met if one.finding.severity is severity), key=_how_telling)
    whole = [one for one in worst if len(one.object.path) < 5]
    return whole if whole and severity is Severity.ERROR else worst


def _how_telling(met: _Met) -> tuple[int, int, str]:
    """That a statement names a table says less than what it does there."""
    return met.passing, len(met.finding.message), met.finding.message


def _first_places(met: Iterable[_Met]) -> Iterable[Finding]:
    """One finding per code and object, with the first place of it on our side."""
    found: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for one in met:
        found.setdefault((one.finding.code, one.object.path), one.finding)
    return found.values()
