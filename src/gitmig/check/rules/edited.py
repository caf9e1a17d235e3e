"""GM103, GM104, GM105: our side changes or takes out what the base has, and others may have applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.sides import Sides
    from gitmig.migrations.model import Migration

EDITED, DELETED, BOTH = "GM103", "GM104", "GM105"


def find(sides: Sides) -> Iterator[Finding]:
    """Edits of comments do not count; neither does what their side did alone: it is in the base already."""
    pedigree = sides.pedigree
    theirs = {migration.version: migration for migration in pedigree.theirs}
    for before, mine in pedigree.edited(pedigree.ours):
        other = theirs.get(mine.version)
        if (other and other.blobs == mine.blobs) or _same(sides, before, mine):
            continue
        edited_there = other and other.blobs != before.blobs and not _same(sides, before, other)
        yield _edited_on_both(mine, other) if other and edited_there else edit(mine)
    for gone in pedigree.deleted(pedigree.ours):
        if gone.version in theirs:
            yield _deleted(gone, _renumbered(sides, gone))


def _same(sides: Sides, one: Migration, two: Migration) -> bool:
    a, b = sides.contents.get(one.blobs), sides.contents.get(two.blobs)
    return a is not None and b is not None and a.checksum == b.checksum


def edit(mine: Migration) -> Finding:
    """The finding about an edit."""
    return Finding(
        code=EDITED,
        severity=Severity.ERROR,
        message=f"ours edits {mine.label}, which the base has and others may have applied",
        hint="restore it, and make the change in a migration of its own",
        migrations=(mine.label,),
        path=mine.path,
    )


def _edited_on_both(mine: Migration, other: Migration) -> Finding:
    return Finding(
        code=BOTH,
        severity=Severity.ERROR,
        message=f"both sides edit {mine.label} in different ways",
        hint="restore ours, and make the change in a migration of its own",
        migrations=(mine.label, other.label),
        path=mine.path,
    )


def _deleted(gone: Migration, successor: Migration | None) -> Finding:
    what = f"renumbers {gone.label} to {successor.label}" if successor else f"takes out {gone.label}"
    return Finding(
        code=DELETED,
        severity=Severity.ERROR,
        message=f"ours {what}, which the base has and others may have applied",
        hint="restore it; to undo a change, add a migration that does",
        migrations=(successor.label if successor else gone.label,),
        path=(successor or gone).path,
    )


def _renumbered(sides: Sides, gone: Migration) -> Migration | None:
    content = sides.contents.get(gone.blobs)
    for mine in sides.pedigree.ours_added:
        other = sides.contents.get(mine.blobs)
        if content and other and content.checksum == other.checksum:
            return mine
    return None
