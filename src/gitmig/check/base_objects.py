"""What the scripts of the base have made, and how it hangs together, found by the place of a name.

A history has thousands of objects. What is dropped, renamed or asked for is looked up where it lies, with its parts and
with what needs it, so that nothing is searched through. From top to bottom: objects; links between two of them.
"""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.check.footprint.model import CLASS, OPERATOR, ROUTINE, Object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gitmig.check.footprint.model import ObjectPath

LONG = {CLASS, ROUTINE, OPERATOR}
SIGNED = 4  # parts of the path of a function with its signature


def _place(one: Object) -> ObjectPath:
    """The relation, function or whatever it is, or is a part of."""
    return one.path[:3] if one.path[0] in LONG else one.path[:2]


def renamed(one: Object, old: Object, new: Object) -> Object:
    """The object when another one, which it may be or be a part of, has a new name."""
    same = one.path[: len(old.path)] == old.path
    return Object(one.kind, new.path + one.path[len(old.path) :]) if same else one


def _goes(one: Object, dropped: Object) -> bool:
    return one == dropped or dropped.contains(one)


class Made(Struct, kw_only=True):
    """An object of the base. `needs` is None for a plain column, which nothing takes along but its table.

    `unique` is a unique key or its index, `primary` the primary one; `sort` is that of a constraint; `nullable` says of
    a column whether it may be NULL, None if the scripts do not tell; `given` that it gets a value by itself; `partial`
    is an index of some rows; `unlogged` a table that is so; `value` the definition of a check, or the type of a column.
    """

    needs: set[Object] | None = None
    unique: bool = False
    primary: bool = False
    sort: str = ""
    nullable: bool | None = None
    given: bool = False
    partial: bool = False
    unlogged: bool = False
    value: str = ""


class BaseObjects:
    """Object → what is known of it."""

    def __init__(self) -> None:
        self._made: dict[ObjectPath, dict[Object, Made]] = defaultdict(dict)
        self._users: dict[ObjectPath, dict[Object, None]] = defaultdict(dict)  # by the place of what they need

    def get(self, one: Object) -> Made | None:
        """What is known of it."""
        return self._made[_place(one)].get(one)

    def put(self, one: Object, made: Made) -> None:
        """Make it anew."""
        self._made[_place(one)][one] = made
        for need in made.needs or ():
            self._users[_place(need)][one] = None

    def needs(self, one: Object) -> set[Object]:
        """What it needs to stay."""
        made = self.get(one)
        return (made.needs or set()) if made else set()

    def has_primary(self, table: Object) -> bool:
        """Whether a table has a primary key."""
        return any(made.primary and table.contains(one) for one, made in self._made[_place(table)].items())

    def unique(self) -> Iterator[Object]:
        """Every unique key, and its index."""
        return (one for objects in self._made.values() for one, made in objects.items() if made.unique)

    def affected_by(self, gone: Object) -> Iterator[tuple[Object, set[Object]]]:
        """Its parts, and what needs it or a part of it, each with its needs."""
        if gone.path[0] == "schema":
            found: Iterable[Object] = [one for objects in self._made.values() for one in objects]
        else:
            found = {**self._made[_place(gone)], **self._users[_place(gone)]}
        for one in found:
            made = self.get(one)
            if made is None or made.needs is None:
                continue
            if gone.contains(one) or any(_goes(need, meant) for need in made.needs for meant in self._meant(gone)):
                yield one, made.needs

    def _meant(self, gone: Object) -> tuple[Object, ...]:
        """The object as others name it: a function, if it is the only one of its name, also without its signature."""
        if gone.path[0] != ROUTINE or len(gone.path) != SIGNED:
            return (gone,)
        name = Object(gone.kind, gone.root)
        alone = [one for one in self._made[_place(gone)] if len(one.path) == SIGNED] == [gone]
        return (gone, name) if alone else (gone,)

    def drop(self, dropped: Object) -> None:
        """Forget it and its parts."""
        places = [place for place in self._made if dropped.path[0] == "schema"] or [_place(dropped)]
        for place in places:
            objects = self._made[place]
            for one in [one for one in objects if _goes(one, dropped)]:
                del objects[one]

    def parts(self, owner: Object) -> list[tuple[Object, Made]]:
        """Its columns, constraints and the like."""
        return [(one, made) for one, made in self._made[_place(owner)].items() if owner.contains(one)]

    def forget_columns(self, owner: Object) -> None:
        """Of the columns of a table it is not known any more whether they may be NULL."""
        for _, made in self.parts(owner):
            made.nullable = None

    def rename(self, old: Object, new: Object) -> None:
        """It goes on under another name, and so do its parts and what others need of it."""
        objects, users = self._made[_place(old)], self._users[_place(old)]
        for user in list(users):
            made = self.get(user)
            if made and made.needs:
                made.needs = {renamed(need, old, new) for need in made.needs}
                for need in made.needs:
                    self._users[_place(need)][user] = None
        for one in [one for one in objects if _goes(one, old)]:
            self.put(renamed(one, old, new), objects.pop(one))


class Link(Enum):
    """How the second object hangs on the first one."""

    CHILD = "a table that inherits from a table"
    ROWS = "the row type that a function returns"
    TYPED = "a column of a type"
    REST = "the default partition of a table"
    NAMED = "a function of a name"
    FIRES = "the trigger that runs a function"
    FIELD = "a field of NEW or OLD that a function names"
    OF = "a table of a type"
    PARTITION = "a partition of a table"
    PUBLISHED = "a table, or a schema whose tables, a publication has"


class Links:
    """Which objects of the base hang on which."""

    def __init__(self) -> None:
        self._targets: dict[tuple[Link, Object], dict[Object, None]] = defaultdict(dict)
        self._near: dict[ObjectPath, dict[tuple[Link, Object, Object], None]] = defaultdict(dict)

    def add(self, kind: Link, first: Object, second: Object) -> None:
        """The second one hangs on the first one from now on."""
        self._targets[kind, first][second] = None
        for end in (first, second):
            self._near[_place(end)][kind, first, second] = None

    def remove(self, kind: Link, first: Object, second: Object) -> None:
        """And not any more."""
        self._targets[kind, first].pop(second, None)
        for end in (first, second):
            self._near[_place(end)].pop((kind, first, second), None)

    def to(self, kind: Link, second: Object) -> list[tuple[Link, Object, Object]]:
        """The links of a kind that lead to an object."""
        return [link for link in self._near[_place(second)] if link[0] is kind and link[2] == second]

    def within(self, kind: Link, owner: Object) -> list[tuple[Link, Object, Object]]:
        """The links of a kind that lead to a part of an object."""
        return [link for link in self._near[_place(owner)] if link[0] is kind and owner.contains(link[2])]

    def targets(self, kind: Link, first: Object) -> list[Object]:
        """What hangs on an object."""
        return sorted(self._targets.get((kind, first), ()), key=lambda target: target.path)

    def sources(self, kind: Link) -> list[Object]:
        """On what something hangs in that way."""
        return [first for (one, first), seconds in self._targets.items() if one is kind and seconds]

    def has(self, kind: Link, first: Object, second: Object) -> bool:
        """Whether the second one hangs on the first one."""
        return second in self._targets.get((kind, first), ())

    def drop(self, dropped: Object) -> None:
        """Forget the links of an object and its parts."""
        for link in self._links_of(dropped):
            if any(_goes(end, dropped) for end in link[1:]):
                self.remove(*link)

    def rename(self, old: Object, new: Object) -> None:
        """It goes on under another name, and its parts with it."""
        for kind, first, second in self._links_of(old):
            self.remove(kind, first, second)
            self.add(kind, renamed(first, old, new), renamed(second, old, new))

    def _links_of(self, one: Object) -> list[tuple[Link, Object, Object]]:
        if one.path[0] != "schema":
            return list(self._near[_place(one)])
        return list(dict.fromkeys(link for links in self._near.values() for link in links))
