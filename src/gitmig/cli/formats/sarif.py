"""SARIF 2.1.0, which code scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gitmig import __version__
from gitmig.check.rules import RULES
from gitmig.cli.formats.explanation import as_sarif
from gitmig.cli.output import to_json

if TYPE_CHECKING:
    from gitmig.check.findings import Finding
    from gitmig.cli.formats import CheckReport

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(report: CheckReport) -> str:
    """One run with a rule for every code and a result for every finding."""
    codes = sorted({finding.code for finding in report.findings})
    driver = {"name": "gitmig", "version": __version__, "rules": [as_sarif(RULES[code]) for code in codes]}
    results = [_result(finding, codes.index(finding.code)) for finding in report.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return to_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    more = {"migrations": list(finding.migrations), "objects": list(finding.objects), "doubt": finding.doubt}
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity.value,  # SARIF has the same three words
        "message": {"text": f"{finding.message}\nhint: {finding.hint}"},
        "locations": [_location(finding.path, finding.line)] if finding.path else [],
        "properties": {key: value for key, value in more.items() if value},
    }


def _location(path: str, line: int | None) -> dict[str, Any]:
    where: dict[str, Any] = {
        "artifactLocation": {"uri": quote(path, errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}
    }
    if line:
        where["region"] = {"startLine": line}
    return {"physicalLocation": where}
