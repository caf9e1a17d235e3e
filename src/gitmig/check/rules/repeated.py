"""GM102: one change, made on both sides under different versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.sides import Sides

CODE = "GM102"


def find(sides: Sides) -> Iterator[Finding]:
    """Equal tokens are the same change: the merged set would run it twice."""
    contents = sides.contents
    theirs = {
        contents[m.blobs].checksum: m
        for m in sides.pedigree.theirs_added
        if m.blobs in contents and not contents[m.blobs].up.is_blank
    }
    for mine in sides.pedigree.ours_added:
        content = contents.get(mine.blobs)
        other = theirs.get(content.checksum) if content else None
        if other and other.version != mine.version:
            one, two = sorted((mine.label, other.label))
            yield Finding(
                code=CODE,
                severity=Severity.ERROR,
                message=f"{one} and {two} make the same change: the merged set makes it twice",
                hint=f"delete ours: {other.label} is enough",
                migrations=(mine.label, other.label),
                path=mine.path,
            )
