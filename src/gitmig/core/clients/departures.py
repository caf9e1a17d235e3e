"""What a branch takes away from those who use the schema: tables, views and columns that are renamed or dropped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.footprint import Verb
from gitmig.core.footprint.objects import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.core.footprint import Footprint, Touch

    Path = tuple[str, ...]

OF_INTEREST = {Kind.TABLE, Kind.VIEW, Kind.COLUMN}
TABLE_PATH = 3  # the part of a column's path that is its table's


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A table, or with `column` a column of it, that has another name afterwards (`to`), or none: it is dropped.

    Names are without schema and quotes. `migration` is the label of the migration that does it. `tables` are all the
    names the table has on the branch, the one before first; source code may know it by each of them.
    """

    migration: str
    tables: tuple[str, ...]
    column: str | None = None
    to: str | None = None

    @property
    def name(self) -> str:
        """`comments` or `comments.contents`."""
        return f"{self.tables[0]}.{self.column}" if self.column else self.tables[0]

    @property
    def fate(self) -> str:
        """What happens to it, as the rest of a sentence: `renames it to body`, `drops it`."""
        return f"renames it to {self.to}" if self.to else "drops it"


def departures(branch: Iterable[tuple[str, Footprint]]) -> list[Departure]:
    """What has gone once all migrations of a branch ran; `branch` are their labels and footprints, in order.

    What the branch itself makes, and what it takes away and brings back, is no departure.
    """
    ledger = _Ledger()
    for label, footprint in branch:
        for touch in footprint.touches:
            if touch.object.kind in OF_INTEREST:
                ledger.note(label, touch)
    return ledger.departures()


class _Ledger:
    """Follows objects through a branch. Paths are those the objects had before it, whatever they are called now."""

    def __init__(self) -> None:
        self._before: dict[Path, Path] = {}  # the path of now → the path before, where they differ
        self._made: set[Path] = set()
        self._gone: dict[Path, tuple[str, str | None]] = {}
        self._names: dict[Path, list[str]] = {}

    def note(self, label: str, touch: Touch) -> None:
        """Take one touch into account."""
        path = self._original(touch.object.path)
        if touch.verb is Verb.CREATE:
            self._create(path)
        elif touch.verb is Verb.RENAME and touch.to is not None:
            self._rename(label, path, touch.to.path)
        elif touch.verb is Verb.DROP and not self._is_new(path):
            self._gone[path] = (label, None)

    def departures(self) -> list[Departure]:
        """Everything that has gone, without the columns of tables that are dropped whole."""
        dropped = {path for path, (_, to) in self._gone.items() if to is None}
        return [
            Departure(
                migration=label,
                tables=tuple(dict.fromkeys([path[2], *self._names.get(path[:TABLE_PATH], ())])),
                column=path[-1] if len(path) > TABLE_PATH else None,
                to=to,
            )
            for path, (label, to) in self._gone.items()
            if len(path) == TABLE_PATH or path[:TABLE_PATH] not in dropped
        ]

    def _original(self, path: Path) -> Path:
        root = self._before.get(path[:TABLE_PATH], path[:TABLE_PATH])
        full = root + path[TABLE_PATH:]
        return self._before.get(full, full)

    def _is_new(self, path: Path) -> bool:
        return path in self._made or path[:TABLE_PATH] in self._made

    def _create(self, path: Path) -> None:
        if self._gone.pop(path, None) is None:
            self._made.add(path)

    def _rename(self, label: str, path: Path, new: Path) -> None:
        here = self._original(new[:TABLE_PATH]) + new[TABLE_PATH:] if len(new) > TABLE_PATH else new
        self._before[here] = path
        if len(new) == TABLE_PATH:
            self._names.setdefault(path, []).append(new[2])
        if new[-1] == path[-1]:  # back again, or into another schema
            self._gone.pop(path, None)
        elif not self._is_new(path):
            self._gone[path] = (label, new[-1])
