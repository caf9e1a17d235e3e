"""The real squawk on up scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.check.findings import Severity
from gitmig.errors import GitmigError
from gitmig.project import squawk
from gitmig.project.project import Project
from gitmig.project.squawk import unsafe_statements
from tests.samples import parsed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitmig.migrations.model import Script
    from tests.conftest import Sandbox

UP = "-- migrate:up\n\n-- why\nALTER TABLE comments\n  ADD COLUMN likes bigint NOT NULL;\n-- migrate:down\n"


@pytest.fixture
def project(make_sandbox: Callable[..., Sandbox]) -> Project:
    return Project.load(make_sandbox().root)


def up(text: str) -> tuple[str, Script]:
    return "0001_likes", parsed("single", "0001_likes.sql", text).up


def root(project: Project) -> Path:
    return project.repository.work_tree


def test_a_finding_names_the_line_of_the_file_and_the_rule(project: Project) -> None:
    found = {
        finding.message.rpartition("squawk: ")[2].rstrip(")"): finding
        for finding in unsafe_statements(project, [up(UP)])
    }
    finding = found["adding-required-field"]
    assert (finding.path, finding.line) == ("db/migrations/0001_likes.sql", 5)
    assert (finding.code, finding.severity, finding.migrations) == ("GM701", Severity.WARNING, ("0001_likes",))
    assert finding.message.endswith(" effectively makes it required (squawk: adding-required-field)")
    assert finding.hint == "Make the field nullable or add a non-VOLATILE DEFAULT"


def test_the_rules_are_chosen_where_squawk_itself_looks(project: Project) -> None:
    (root(project) / ".squawk.toml").write_text('excluded_rules = ["adding-required-field"]\n')
    assert not [f for f in unsafe_statements(project, [up(UP)]) if "adding-required-field" in f.message]


@pytest.mark.parametrize(("outside", "told"), [("", False), ("CREATE INDEX CONCURRENTLY i ON comments (id);\n", True)])
def test_to_be_run_again_is_asked_of_what_runs_outside_a_transaction(
    project: Project, outside: str, told: bool
) -> None:
    script = f"-- migrate:up transaction:{'false' if outside else 'true'}\n{outside}ALTER TABLE comments DROP likes;\n"
    found = unsafe_statements(project, [up(script)])
    assert any("can't be rerun" in finding.message for finding in found) is told


def test_what_only_squawk_cannot_parse_is_no_finding(project: Project) -> None:
    assert unsafe_statements(project, [up("-- migrate:up\nSELEC 1;\n")]) == []


def test_without_scripts_or_without_squawk_there_is_nothing(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unsafe_statements(project, []) == []
    monkeypatch.setattr(squawk, "find_program", lambda: None)
    assert unsafe_statements(project, [up(UP)]) == []


def test_settings_that_squawk_refuses_are_told(project: Project) -> None:
    (root(project) / ".squawk.toml").write_text("excluded_rules = 1\n")
    with pytest.raises(GitmigError, match="squawk failed: "):
        unsafe_statements(project, [up(UP)])
