"""What a script called otherwise, told from what every object was called before and after it: no likeness, no guess."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gitmig.schema.model import NAMED_PARTS, ObjectKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.schema.model import ObjectName


K = TypeVar("K")


# A script without these words renames nothing, unless it calls a function that does.
MAY_RENAME = re.compile(r"\brename\b|\bset\s+schema\b", re.IGNORECASE)


class Renaming(NamedTuple):
    """An object that a script called otherwise, or moved to another schema: its full names before and after it.

    In the name after it, what the object is a part of is called as before: renamings are taken back from the outside
    in, a table's before its columns'.
    """

    kind: ObjectKind
    before: str
    after: str


class Undo(NamedTuple):
    """The renamings of one script, to be taken back; `whole`: nothing has taken back any of them so far."""

    renamings: Sequence[Renaming]
    whole: bool


def renamings(before: Mapping[K, ObjectName], after: Mapping[K, ObjectName]) -> list[Renaming]:
    """What the same objects, told by their keys, were called before and are called after; sorted.

    What is called otherwise only because something that it is in is, or an argument's type, is left out.
    """
    changed = [(old, after[key]) for key, old in before.items() if key in after and after[key] != old]
    schemas = {new.name: old.name for old, new in changed if old.kind is ObjectKind.SCHEMA}
    found = []
    for old, new in changed:
        if old.kind is ObjectKind.SCHEMA:
            name = new.name
        elif old.kind in NAMED_PARTS:
            name = f"{old.parent}.{new.last}"
        else:
            name = f"{schemas.get(new.parent, new.parent)}.{new.last}{old.arguments}"
        if name != old.name:
            found.append(Renaming(old.kind, old.name, name))
    return sorted(found)
