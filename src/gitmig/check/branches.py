"""Which of many branches touch the same objects: the few pairs worth a closer look, out of all there are."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity
from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.touches import Trait, Verb
from gitmig.check.net_effects import effects
from gitmig.check.pairs import compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitmig.check.dependencies import Dependents
    from gitmig.check.effects import Effect, Member
    from gitmig.migrations.model import Version

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A migration a branch adds; `blobs` and `checksum` tell whether another branch adds the same."""

    version: Version
    blobs: str
    checksum: str
    member: Member


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one or several branches add, all alike; `dependents` tells what goes along with what they drop."""

    additions: tuple[Addition, ...]
    dependents: Dependents | None

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """What all of it does together."""
        return effects([addition.member for addition in self.additions], self.dependents)

    @cached_property
    def keys(self) -> tuple[frozenset[Key], frozenset[Key]]:
        """Places where it changes something, and places where that would matter to it."""
        active: set[Key] = set()
        present: set[Key] = set()
        for effect in self.effects:
            here = {effect.object.path, effect.object.root, ("schema", effect.object.path[1])}
            present |= here
            if effect.verb is not Verb.READ or effect.has(Trait.WHOLE):
                active.add(effect.object.path)
            if effect.object.kind is Kind.VALUE:
                active.add((*effect.object.root, "values"))
        for addition in self.additions:
            active |= {("version", str(addition.version).lstrip("0")), ("checksum", addition.checksum)}
        return frozenset(active), frozenset(present | active)

    def meets(self, other: Load) -> bool:
        """Whether one of the two changes something where the other one is."""
        (mine, here), (theirs, there) = self.keys, other.keys
        return not mine.isdisjoint(there) or not theirs.isdisjoint(here)

    def without(self, other: Load) -> Load:
        """What is left when the other one has been merged."""
        shared = {(addition.version, addition.blobs) for addition in other.additions}
        left = tuple(a for a in self.additions if (a.version, a.blobs) not in shared)
        return self if len(left) == len(self.additions) else Load(additions=left, dependents=self.dependents)


def candidates(loads: Sequence[Load]) -> Iterator[tuple[int, int]]:
    """Pairs of positions of which one changes something where the other one is, the lower one first."""
    active: dict[Key, list[int]] = defaultdict(list)
    present: dict[Key, list[int]] = defaultdict(list)
    for k, load in enumerate(loads):
        for key in load.keys[0]:
            active[key].append(k)
        for key in load.keys[1]:
            present[key].append(k)
    found = set()
    for key, changing in active.items():
        for k in changing:
            found |= {(min(k, other), max(k, other)) for other in present[key] if other != k}
    yield from sorted(found)


def errors(first: Load, second: Load) -> tuple[Finding, ...]:
    """What keeps two of them from being merged one after the other; empty if nothing is known to."""
    one, two = first.without(second), second.without(first)
    found = [f for f in compare(one.effects, two.effects) if f.severity is Severity.ERROR]
    return (*_numbered_alike(one.additions, two.additions), *found)


def _numbered_alike(ours: Iterable[Addition], theirs: Sequence[Addition]) -> Iterator[Finding]:
    for mine in ours:
        for other in theirs:
            alike, same = mine.version == other.version, mine.checksum == other.checksum
            if not alike and not same:
                continue
            one, two = sorted((mine.member.label, other.member.label))
            yield Finding(
                code="GM101" if alike else "GM102",
                severity=Severity.ERROR,
                message=f"{one} and {two} have one version" if alike else f"{one} and {two} make the same change",
                hint="give one of them another version" if alike else "delete one of the two",
                migrations=(mine.member.label, other.member.label),
                path=mine.member.path,
            )


def pairs(loads: Sequence[Load]) -> Iterator[tuple[int, int, tuple[Finding, ...]]]:
    """Every pair that will conflict, with what about."""
    for first, second in candidates(loads):
        if found := errors(loads[first], loads[second]):
            yield first, second, found
