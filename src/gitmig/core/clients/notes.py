"""Uses as findings."""

from __future__ import annotations

from gitmig.core.clients.uses import IGNORE, Use, Weight
from gitmig.core.findings import Finding, Severity

CODE = "GM601"
DOUBTS = {
    Weight.NEAR: "the table is named near it, not with it",
    Weight.FILE: "the table is named elsewhere in the file, or not at all",
}


def note(use: Use) -> Finding:
    """`src/api.py:40 still reads comments.contents`."""
    departure = use.departure
    kind = "column" if departure.column else "table"
    return Finding(
        code=CODE,
        severity=Severity.NOTE,
        message=f"{use.path}:{use.line} still {use.how} {departure.name}",
        hint=f"{departure.migration} {departure.fate}: let the code follow, or write `{IGNORE}` on the line",
        migrations=(departure.migration,),
        objects=(f"{kind} {departure.name}",),
        path=use.path,
        line=use.line,
        doubt=DOUBTS.get(use.weight),
    )
