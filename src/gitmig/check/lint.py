"""What squawk says about up scripts, as findings on the lines of the migrations' files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitmig.migrations.model import Script

CODE = "GM701"
SEVERITIES = {"Error": Severity.ERROR, "Warning": Severity.WARNING}
# gitmig's own parser is PostgreSQL's; where squawk's does not follow, nothing is wrong with the script.
NOT_ASKED = {"syntax-error"}


def read_report(report: str, scripts: Mapping[str, tuple[str, Script]]) -> Iterator[Finding]:
    """The findings in squawk's JSON (version 2: a list of objects, `line` counts from 0).

    `scripts` maps the name that squawk was given for a script to the label of its migration and the script. Raises
    ValueError, KeyError or TypeError if the report is written in another way.
    """
    for row in json.loads(report):
        if row["rule_name"] in NOT_ASKED:
            continue
        label, script = scripts[row["file"]]
        yield Finding(
            code=CODE,
            severity=SEVERITIES.get(row["level"], Severity.NOTE),
            message=f"{row['message'].rstrip('.')} (squawk: {row['rule_name']})",
            hint=row["help"] or f"see https://squawkhq.com/docs/{row['rule_name']}",
            migrations=(label,),
            path=script.path,
            line=script.first_line + row["line"],
        )
