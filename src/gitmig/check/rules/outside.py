"""GM701: what squawk says about single statements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity
from gitmig.check.rules.registry import Example, rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitmig.migrations.model import Script

LEVELS = {"Error": Severity.ERROR, "Warning": Severity.WARNING}
# gitmig's own parser is PostgreSQL's; where squawk's does not follow, nothing is wrong with the script.
NOT_ASKED = {"syntax-error"}


@rule(
    "GM701",
    "unsafe statement",
    Severity.WARNING,
    hint="do what squawk says, or exclude its rule in `.squawk.toml`",
    conflict=Example(ours="ALTER TABLE comments ADD likes int NOT NULL;"),
)
def unsafe_statement(report: str, scripts: Mapping[str, tuple[str, Script]]) -> Iterator[Finding]:
    """[squawk](https://squawkhq.com), if it is installed, warns of a statement that locks or rewrites a large table.

    The finding is as severe as squawk calls it, and its message names squawk's rule. See
    [unsafe statements](commands/check.md#unsafe-statements).
    """
    # The report is squawk's JSON, version 2: a list of objects, `line` counts from 0. `scripts` maps the name that
    # squawk was given for a script to the label of its migration and the script. Raises ValueError, KeyError or
    # TypeError if the report is written in another way.
    for row in json.loads(report):
        if row["rule_name"] in NOT_ASKED:
            continue
        label, script = scripts[row["file"]]
        yield unsafe_statement.finding(
            f"{row['message'].rstrip('.')} (squawk: {row['rule_name']})",
            row["help"] or f"see https://squawkhq.com/docs/{row['rule_name']}",
            severity=LEVELS.get(row["level"], Severity.NOTE),
            migrations=(label,),
            path=script.path,
            line=script.first_line + row["line"],
        )
