"""GM106: git itself cannot merge the migrations folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.sides import Sides

CODE = "GM106"


def find(sides: Sides) -> Iterator[Finding]:
    """One finding per path."""
    for path in sides.merge.conflicts:
        yield Finding(
            code=CODE,
            severity=Severity.ERROR,
            message=f"git has a conflict in {path}",
            hint="merge the base into the branch and resolve it there",
            path=path,
        )
