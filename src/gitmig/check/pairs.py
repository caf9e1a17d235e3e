"""Where two sides meet: every pair of effects on one object, put before the rules, and gathered into findings."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity
from gitmig.check.footprint.touches import Manner, Trait, Verb
from gitmig.check.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitmig.check.effects import Effect
    from gitmig.check.rules.clash import Clash

SEVERITIES = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
Met = tuple["Clash", "Effect", "Effect"]


def compare(ours: Sequence[Effect], theirs: Sequence[Effect]) -> list[Finding]:
    """The findings about every object that both sides touch; the most serious ones of each object and pair only."""
    groups: dict[tuple[str, str, tuple[str, ...]], list[Met]] = defaultdict(list)
    for mine, other in _pairs(ours, theirs):
        clash = _judge(mine, other)
        if clash:
            groups[mine.member.label, other.member.label, clash.object.root].append((clash, mine, other))
    findings = [finding for met in groups.values() for finding in _findings(_worst(met))]
    return sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), f.code, f.message))


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
    return effect.touch.verb is Verb.READ and not effect.touch.traits & {Trait.WHOLE}


def _judge(mine: Effect, other: Effect) -> Clash | None:
    """What the first rule that applies says; the same whichever side is ours."""
    first, second = sorted((mine, other), key=lambda effect: effect.member.label)
    for rule in RULES:
        clash: Clash | None = rule.judge(first, second) or rule.judge(second, first)
        if clash:
            return clash
    return None


def _worst(met: Sequence[Met]) -> list[Met]:
    """The most serious ones, the most telling first; if one is about the object as a whole, its parts need no word."""
    severity = min((clash.severity for clash, _, _ in met), key=SEVERITIES.index)
    worst = sorted((one for one in met if one[0].severity is severity), key=_how_telling)
    whole = [one for one in worst if len(one[0].object.path) < 5]
    return whole if whole and severity is Severity.ERROR else worst


def _how_telling(met: Met) -> tuple[int, int, str]:
    """That a statement names a table says less than what it does there."""
    clash, *both = met
    little = sum(e.verb is Verb.READ and e.touch.manner is Manner.ONCE for e in both)
    return little, len(clash.message), clash.message


def _findings(met: Iterable[Met]) -> Iterator[Finding]:
    """One finding per code and object, with the first place of it on our side."""
    seen: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for clash, mine, other in met:
        key = clash.code, clash.object.path
        if key in seen:
            continue
        seen[key] = Finding(
            code=clash.code,
            severity=clash.severity,
            message=clash.message,
            hint=clash.hint,
            migrations=(mine.member.label, other.member.label),
            objects=(str(clash.object),),
            path=mine.member.path,
            line=mine.line,
            doubt=clash.doubt,
        )
    yield from seen.values()
