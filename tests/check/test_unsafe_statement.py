"""Squawk's report as findings."""

from __future__ import annotations

import json

import pytest

from gitmig.check.findings import Severity
from gitmig.check.rules.outside import unsafe_statement
from tests.samples import parsed

UP = parsed("goose", "0001_x.sql", "-- why\n-- +goose Up\nALTER TABLE a ADD b int;\n").up
ROW = {"file": "0.sql", "line": 1, "level": "Warning", "message": "Slow.", "help": "Wait", "rule_name": "slow-thing"}


def read(**row: object) -> list[tuple[object, ...]]:
    found = unsafe_statement(json.dumps([ROW | row]), {"0.sql": ("0001_x", UP)})
    return [(f.severity, f.message, f.hint, f.migrations, f.path, f.line) for f in found]


def test_a_row_becomes_a_finding_on_the_files_line() -> None:
    assert read() == [
        (Severity.WARNING, "Slow (squawk: slow-thing)", "Wait", ("0001_x",), "db/migrations/0001_x.sql", 3)
    ]


@pytest.mark.parametrize(
    ("level", "severity"), [("Error", Severity.ERROR), ("Warning", Severity.WARNING), ("Hint", Severity.NOTE)]
)
def test_levels(level: str, severity: Severity) -> None:
    assert read(level=level)[0][0] is severity


def test_without_help_the_rule_is_explained_elsewhere() -> None:
    assert read(help=None)[0][2] == "see https://squawkhq.com/docs/slow-thing"


def test_syntax_is_not_squawks_business() -> None:
    assert read(rule_name="syntax-error") == []


@pytest.mark.parametrize("report", ["", "{", '{"version": 3}', "[{}]"])
def test_another_form_is_refused(report: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        list(unsafe_statement(report, {}))
