"""GM401: a script does something that cannot be seen without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitmig.check.effects import Member

CODE = "GM401"


def find(members: Sequence[Member]) -> Iterator[Finding]:
    """One note per migration, with the first place of it."""
    for member in members:
        if not member.footprint.blind:
            continue
        place = member.footprint.blind[0]
        yield Finding(
            code=CODE,
            severity=Severity.NOTE,
            message=f"gitmig cannot see inside {member.label}: {place.reason}",
            hint="`gitmig check --prove` runs both orders and looks",
            migrations=(member.label,),
            path=member.path,
            line=member.first_line + place.line - 1,
            doubt=place.reason,
        )
