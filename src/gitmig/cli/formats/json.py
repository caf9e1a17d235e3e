"""One JSON document, described in docs/json.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli import json
from gitmig.cli.output import to_json

if TYPE_CHECKING:
    from gitmig.cli.formats import CheckReport


def render(report: CheckReport) -> str:
    """See docs/json.md, `gitmig check --json`."""
    return to_json(json.of_check(report))
