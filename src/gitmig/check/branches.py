"""Which of many branches touch the same objects: the few pairs worth a closer look, out of all there are."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.check.conflicts import compare
from gitmig.check.effects import net_effects
from gitmig.check.findings import Finding, Severity
from gitmig.check.footprint.model import Action, NamedKind, Trait
from gitmig.check.rules.sets import same_change, same_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitmig.check.dependencies import Dependents
    from gitmig.check.effects import AddedMigration, Effect

Key = tuple[str, ...]


class Contribution(Struct, frozen=True, kw_only=True, dict=True):
    """What one or several branches add, all alike; `dependents` tells what goes along with what they drop."""

    migrations: tuple[AddedMigration, ...]
    dependents: Dependents | None

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """What all of it does together."""
        return net_effects(self.migrations, self.dependents)

    @cached_property
    def keys(self) -> tuple[frozenset[Key], frozenset[Key]]:
        """Places where it changes something, and places where that would matter to it."""
        active: set[Key] = set()
        present: set[Key] = set()
        for effect in self.effects:
            here = {effect.object.path, effect.object.root, ("schema", effect.object.path[1])}
            present |= here
            if effect.action is not Action.READ or effect.has(Trait.WHOLE):
                active.add(effect.object.path)
            if effect.object.kind is NamedKind.VALUE:
                active.add((*effect.object.root, "values"))
        for added in self.migrations:
            active |= {("version", str(added.version).lstrip("0")), ("checksum", added.content.checksum)}
        return frozenset(active), frozenset(present | active)

    def overlaps(self, other: Contribution) -> bool:
        """Whether one of the two changes something where the other one is."""
        (mine, here), (theirs, there) = self.keys, other.keys
        return not mine.isdisjoint(there) or not theirs.isdisjoint(here)

    def without(self, other: Contribution) -> Contribution:
        """What is left when the other one has been merged."""
        shared = {(added.version, added.blobs) for added in other.migrations}
        left = tuple(a for a in self.migrations if (a.version, a.blobs) not in shared)
        return self if len(left) == len(self.migrations) else Contribution(migrations=left, dependents=self.dependents)


def candidates(contributions: Sequence[Contribution]) -> Iterator[tuple[int, int]]:
    """Pairs of positions of which one changes something where the other one is, the lower one first."""
    active: dict[Key, list[int]] = defaultdict(list)
    present: dict[Key, list[int]] = defaultdict(list)
    for k, contribution in enumerate(contributions):
        for key in contribution.keys[0]:
            active[key].append(k)
        for key in contribution.keys[1]:
            present[key].append(k)
    found = set()
    for key, changing in active.items():
        for k in changing:
            found |= {(min(k, other), max(k, other)) for other in present[key] if other != k}
    yield from sorted(found)


def errors(first: Contribution, second: Contribution) -> tuple[Finding, ...]:
    """What keeps two of them from being merged one after the other; empty if nothing is known to."""
    one, two = first.without(second), second.without(first)
    found = [f for f in compare(one.effects, two.effects) if f.severity is Severity.ERROR]
    return (*_numbered_alike(one.migrations, two.migrations), *found)


def _numbered_alike(ours: Iterable[AddedMigration], theirs: Sequence[AddedMigration]) -> Iterator[Finding]:
    for mine in ours:
        for other in theirs:
            alike, same = mine.version == other.version, mine.content.checksum == other.content.checksum
            if not alike and not same:
                continue
            one, two = sorted((mine.label, other.label))
            rule = same_version if alike else same_change
            yield rule.finding(
                f"{one} and {two} have one version" if alike else f"{one} and {two} make the same change",
                "give one of them another version" if alike else "delete one of the two",
                migrations=(mine.label, other.label),
                path=mine.path,
            )


def conflicting_pairs(contributions: Sequence[Contribution]) -> Iterator[tuple[int, int, tuple[Finding, ...]]]:
    """Every pair that will conflict, with what about."""
    for first, second in candidates(contributions):
        if found := errors(contributions[first], contributions[second]):
            yield first, second, found
