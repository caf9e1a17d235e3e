"""When migrations that go and migrations that come may be the same change, written otherwise.

A squash, a split, another order: both end in one schema and write the same rows. Whether the schemas are one, only a
fingerprint tells, and that may take a build. Here it is decided, from the scripts alone, where it is worth the trouble.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gitmig.migrations.languages import Effects
    from gitmig.migrations.model import Script


# A squash that gitmig wrote says at the head of its up of which others it takes the place, so that databases which have
# those others apply nothing: a line for each, with a digest of its up, and one for the rows that the squash itself
# writes. If somebody edits what it writes, it is an ordinary migration again. A squash of a squash names what that one
# named.
REPLACES = re.compile(r"^\S+ gitmig:replaces (.+) ([0-9a-f]{16})$", re.MULTILINE)
ROWS = re.compile(r"^\S+ gitmig:rows ([0-9a-f]{16})$", re.MULTILINE)


class Part(Struct, frozen=True, kw_only=True):
    """A migration that was written by hand once: its label, and a digest of its up, equal where the change is."""

    label: str
    digest: str


def squashed_in(up: Script) -> tuple[Part, ...]:
    """The migrations of which this one takes the place; none if it does not say so, or writes other rows by now."""
    if "gitmig:replaces" not in up.text:
        return ()
    rows = ROWS.search(up.text)
    if rows is None or rows[1] != _rows(up):
        return ()
    return tuple(Part(label=label, digest=digest) for label, digest in REPLACES.findall(up.text))


def parts_of(up: Script, label: str = "") -> tuple[Part, ...]:
    """The migrations of which it takes the place, or itself."""
    return squashed_in(up) or (Part(label=label, digest=up.language.checksum(up.text)[:16]),)


def missing_parts(there: Sequence[Script], squash: Script) -> tuple[Part, ...]:
    """What a stack that ends with these lacks to be all that the squash takes the place of.

    Nothing if it has it all, or something else, or nothing of it.
    """
    parts = squashed_in(squash)
    found = [part.digest for up in there for part in parts_of(up)]
    common = 0
    for part, digest in zip(parts, found):
        if part.digest != digest:
            break
        common += 1
    return parts[common:] if common else ()


def with_head(up: Script, squashed: Iterable[tuple[str, Script]]) -> str:
    """The text of the up with the lines that say of which migrations, label and up, it takes the place."""
    comment = up.language.comment
    parts = [part for label, script in squashed for part in parts_of(script, label)]
    lines = [f"{comment} gitmig:replaces {part.label} {part.digest}" for part in parts]
    return "".join(f"{line}\n" for line in [*lines, f"{comment} gitmig:rows {_rows(up)}"]) + up.text


def _rows(up: Script) -> str:
    (effects,) = up.language.effects([up.text])
    return hashlib.sha256("\0".join(effects.digests).encode()).hexdigest()[:16]


WORD = re.compile(r"\w+")
# Without one of these, no name in a script goes.
TAKES_AWAY = re.compile(r"\b(?:drop|rename)\b", re.IGNORECASE)

# Stands for all that is written up to the end of a squash.
SQUASHED = "squashed"


class Split(Struct, frozen=True, order=True):
    """So many of the migrations that go, from the oldest on, may be the same as so many of those that come."""

    going: int
    coming: int


def splits(going: Sequence[Script], coming: Sequence[Script]) -> list[Split]:
    """Where both may end in the same schema with the same rows written; those that leave the least to run first.

    The ups are in the order in which they run, on the same schema. All their row-writing statements are the same up to
    there, token for token and in order, or a squash that gitmig wrote says that it takes the place of the others; and
    what one side makes by a name, the other one mentions, and does not say otherwise.
    """
    if not going or not coming or any(script.sql is None for script in (*going, *coming)):
        return []
    squashed = _squashed(going, coming)
    if squashed is None and (_is_foreign(going, coming) or _is_foreign(coming, going)):
        return []
    ours = _Side.of(going, squashed.going if squashed else 0)
    theirs = _Side.of(coming, squashed.coming if squashed else 0)
    in_ours, in_theirs = ours.needs(theirs), theirs.needs(ours)

    def may_be_same(split: Split) -> bool:
        i, j = split.going, split.coming
        mentioned = in_ours[i - 1] <= j and in_theirs[j - 1] <= i
        return split == squashed or (mentioned and _agree(ours.facts[i - 1], theirs.facts[j - 1]))

    by_writes: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for j, writes in enumerate(theirs.writes, 1):
        by_writes[writes].append(j)
    like = (Split(i, j) for i, writes in enumerate(ours.writes, 1) for j in by_writes.get(writes, ()))
    return sorted(filter(may_be_same, like), key=lambda split: (split.going + split.coming, split.going), reverse=True)


def _squashed(going: Sequence[Script], coming: Sequence[Script]) -> Split | None:
    """The furthest place up to which a squash on one side, or on both, takes the place of what the other one has."""
    ours, theirs = _digests(going), {digests: j for j, digests in enumerate(_digests(coming), 1)}
    found = [Split(i, theirs[digests]) for i, digests in enumerate(ours, 1) if digests in theirs]
    return max(found, default=None)


def _digests(scripts: Sequence[Script]) -> list[tuple[str, ...]]:
    """What has run after 1, 2, 3 … scripts, squashes taken apart."""
    return list(accumulate((tuple(part.digest for part in parts_of(script)) for script in scripts), tuple.__add__))


def _is_foreign(scripts: Sequence[Script], others: Sequence[Script]) -> bool:
    """Whether the first one makes something for good that the other side never speaks of: the usual case, told soon."""
    first, *rest = scripts
    words = set().union(*(_words(other.text) for other in others))
    (effects,) = first.language.effects([first.text])
    gone = set(effects.gone).union(*(_words(script.text) for script in rest if TAKES_AWAY.search(script.text)))
    return any(not words.issuperset(_words(name)) for name in effects.names - gone)


class _Side(Struct, frozen=True):
    """What has happened after 1, 2, 3 … scripts of one side."""

    writes: tuple[tuple[str, ...], ...]
    names: tuple[frozenset[str], ...]
    facts: tuple[Mapping[tuple[str, ...], str], ...]
    words: tuple[frozenset[str], ...]  # of each script alone

    @classmethod
    def of(cls, scripts: Sequence[Script], squashed: int) -> _Side:
        """The first `squashed` scripts, together, write what those of the other side do."""
        effects: Iterable[Effects] = list(scripts[0].language.effects([script.text for script in scripts]))
        gone = accumulate((one.gone for one in effects), _union)
        made = accumulate((one.names for one in effects), _union)
        writes = list(accumulate((one.digests for one in effects), tuple.__add__))
        if squashed:
            begin = len(writes[squashed - 1])
            writes[squashed - 1 :] = [(SQUASHED, *rest[begin:]) for rest in writes[squashed - 1 :]]
        return cls(
            writes=tuple(writes),
            names=tuple(a - b for a, b in zip(made, gone)),
            facts=tuple(one.facts for one in effects),
            words=tuple(frozenset(_words(script.text)) for script in scripts),
        )

    def needs(self, other: _Side) -> list[float]:
        """After each script: how many of the other side's it takes until all names made here have been mentioned."""
        first: dict[str, int] = {}
        for number, words in enumerate(other.words, 1):
            for word in words:
                first.setdefault(word, number)
        never = float("inf")
        return [
            max((first.get(word, never) for name in names for word in _words(name)), default=0) for names in self.names
        ]


def _agree(one: Mapping[tuple[str, ...], str], other: Mapping[tuple[str, ...], str]) -> bool:
    """Whether what both tell of is the same."""
    return all(one[key] == other[key] for key in one.keys() & other.keys())


def _union(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    return one | other


def _words(text: str) -> set[str]:
    return set(WORD.findall(text.lower()))
