"""Which object a name means after renames, drops and creations on one side."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitmig.core.footprint.objects import IN_SCHEMAS, Object

Path = tuple[str, ...]


@dataclass
class Identities:
    """Names in use → the object's path in the common base, and whether this side made it itself.

    A table that one side renames is still the same table to the other.
    """

    _known: dict[Path, tuple[Path, bool]] = field(default_factory=dict)

    def resolve(self, named: Object) -> tuple[Object, bool]:
        """The object under its name in the base, and whether it, or what it is a part of, is this side's own."""
        path = self._in_base_schema(named.path)
        for length in range(len(path), 2, -1):
            if found := self._known.get(path[:length]):
                origin, own = found
                return Object(named.kind, origin + path[length:]), own
        return Object(named.kind, path), False

    def create(self, named: Object, *, certain: bool) -> tuple[Object, bool]:
        """Where the new object lies in terms of the base, and whether that is inside of something of its own.

        Not `certain` is a creation that forgives: the object may be one of the base.
        """
        placed, inside = self.place(named)
        if certain:
            self._known[named.path] = (placed.path, True)
        return placed, inside

    def place(self, named: Object) -> tuple[Object, bool]:
        """A name nobody has yet, below its owner as the base calls it."""
        if len(named.path) < 5:
            return Object(named.kind, self._in_base_schema(named.path)), False
        owner, own = self.resolve(Object(named.kind, named.path[:-2]))
        return Object(named.kind, owner.path + named.path[-2:]), own

    def drop(self, named: Object) -> None:
        """The name is free again."""
        self._known.pop(named.path, None)

    def rename(self, old: Object, new: Object) -> None:
        """The object goes on under another name, and its parts with it."""
        origin, own = self.resolve(old)
        for path in [path for path in self._known if path[: len(old.path)] == old.path]:
            self._known[new.path + path[len(old.path) :]] = self._known.pop(path)
        self._known[new.path] = (origin.path, own)

    def _in_base_schema(self, path: Path) -> Path:
        renamed = self._known.get(("schema", path[1])) if path[0] in IN_SCHEMAS else None
        return (path[0], renamed[0][1], *path[2:]) if renamed else path
