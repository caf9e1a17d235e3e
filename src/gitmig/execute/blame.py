"""Who has left what undone: told from the words of the scripts alone, once several downs have run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.schema.model import NAMED_PARTS, SchemaDifference, Tie
from gitmig.schema.names import bare, last, parent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gitmig.schema.model import ObjectName, Schema

WORD = re.compile(r"\w+")


def blamed(left: SchemaDifference, found: Schema, wanted: Schema, ups: Sequence[str]) -> dict[ObjectName, int]:
    """Who has left what undone, after downs that ran newest first: for each object the place of one of the `ups`.

    They are the other sections, in the same order. The last one that touched an object is to blame for it: had its down
    put that right, none after it would have spoilt it. Who touched it is told from the words of the scripts; what
    nobody names is the last one's.
    """
    words = [frozenset(WORD.findall(up.lower())) for up in ups]
    groups = ((group, _last_to_touch(group, words)) for group in _groups(set(left.names), found, wanted))
    return {name: place for group, place in groups for name in group}


def share(left: SchemaDifference, names: Collection[ObjectName]) -> SchemaDifference:
    """The part of a difference that is about these objects."""
    missing, surplus, changed = (
        tuple(name for name in some if name in names) for some in (left.missing, left.surplus, left.changed)
    )
    return SchemaDifference(missing=missing, surplus=surplus, changed=changed)


def _groups(names: set[ObjectName], *schemas: Schema) -> Iterator[set[ObjectName]]:
    """The names, each with those of what goes along with it and of its parts."""
    together: dict[ObjectName, set[ObjectName]] = {name: {name} for name in names}
    for one, other in _pairs(names, schemas):
        if other in together and together[one] is not together[other]:
            merged = together[one] | together[other]
            together |= dict.fromkeys(merged, merged)
    yield from {id(group): group for _, group in sorted(together.items())}.values()


def _pairs(names: Collection[ObjectName], schemas: Collection[Schema]) -> Iterator[tuple[ObjectName, ObjectName]]:
    """Each name with that of the whole it is a part of, and with those that it goes along with."""
    wholes = {name.name: name for name in names if name.kind not in NAMED_PARTS}
    for name in names:
        if name.parent in wholes:
            yield name, wholes[name.parent]
        for schema in schemas:
            yield from ((name, other) for other, tie in schema.edges.get(name, {}).items() if tie is Tie.GOES_ALONG)


def _last_to_touch(group: Collection[ObjectName], words: Sequence[frozenset[str]]) -> int:
    """The place of the last of the scripts, given as `words`, that names something of the group."""
    heads = [name for name in group if not any(name.parent == other.name for other in group)]
    for named_by in (_full_words, _words_of_whole):
        wanted = [found for name in heads if (found := named_by(name))]
        for place in reversed(range(len(words))):
            if any(found <= words[place] for found in wanted):
                return place
    return len(words) - 1


def _full_words(name: ObjectName) -> frozenset[str]:
    """The words of the object's own name and, of a part, of what it is a part of."""
    return frozenset(WORD.findall(bare(name.last).lower())) | _words_of_whole(name)


def _words_of_whole(name: ObjectName) -> frozenset[str]:
    """The words of the name of the table, if it is a part of one; else none."""
    whole = name.parent
    return frozenset(WORD.findall(bare(last(whole)).lower())) if whole and parent(whole) else frozenset()
