"""The record: what gitmig writes about a commit's migration set, as text for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.migrations.model import Migration, MigrationSet

SET, COUNT, CHANGES = "Migration-Set", "Migrations", ("Added", "Removed", "Edited")


class Record(Struct, frozen=True, kw_only=True):
    """A commit's set, and how it differs from its first parent's, as labels in order."""

    set_id: str
    count: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()

    @property
    def changes(self) -> bool:
        """Whether the commit changes the set at all; a record is written only where it does."""
        return bool(self.added or self.removed or self.edited)

    def to_text(self) -> str:
        """Trailers, one per line, as `git interpret-trailers --parse` reads them."""
        lines = [(SET, self.set_id), (COUNT, str(self.count))]
        lines += [(word, label) for word in CHANGES for label in getattr(self, word.lower())]
        return "".join(f"{key}: {value}\n" for key, value in lines)

    @classmethod
    def from_text(cls, text: str) -> Record | None:
        """A record as it was written; None if the note is not gitmig's."""
        found: dict[str, list[str]] = {}
        for line in text.split("\n"):
            key, _, value = line.partition(": ")
            found.setdefault(key, []).append(value)
        if SET not in found or not found.get(COUNT, [""])[0].isdecimal():
            return None
        return cls(
            set_id=found[SET][0],
            count=int(found[COUNT][0]),
            added=tuple(found.get("Added", ())),
            removed=tuple(found.get("Removed", ())),
            edited=tuple(found.get("Edited", ())),
        )


def joined(ours: str, theirs: str) -> str:
    """One note out of two on the same commit: ours, and what theirs says besides its record.

    A note of ours that is no record gets theirs whole.
    """
    told = tuple(f"{key}: " for key in (SET, COUNT, *CHANGES)) if Record.from_text(ours) else ()
    lines = ours.rstrip("\n").split("\n")
    more = [line for line in theirs.split("\n") if line and line not in lines and not line.startswith(told)]
    return "\n".join([*lines, *more, ""]) if more else ours


def suspects(parent: MigrationSet | None, current: MigrationSet) -> list[tuple[Migration, Migration]]:
    """Pairs of one version whose files differ: only their contents tell an edit from a new comment."""
    before = {m.version: m for m in parent.migrations} if parent else {}
    return [
        (before[m.version], m) for m in current.migrations if m.version in before and before[m.version].blobs != m.blobs
    ]


def make_record(parent: MigrationSet | None, current: MigrationSet, checksums: Mapping[str, str]) -> Record:
    """The record of a commit; `checksums` maps the blobs of every suspect to the checksum of its up script.

    A version that keeps its content and changes its name is no edit, and neither is a comment.
    """
    before = {m.version: m for m in parent.migrations} if parent else {}
    after = {m.version: m for m in current.migrations}
    return Record(
        set_id=current.id,
        count=len(current),
        added=_labels([m for v, m in after.items() if v not in before]),
        removed=_labels([m for v, m in before.items() if v not in after]),
        edited=_labels([m for old, m in suspects(parent, current) if checksums[old.blobs] != checksums[m.blobs]]),
    )


def _labels(migrations: Sequence[Migration]) -> tuple[str, ...]:
    return tuple(migration.label for migration in migrations)
