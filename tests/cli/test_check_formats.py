"""`gitmig check` with its formats, its proof and its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database, Result, Sandbox

    Gitmig = Callable[..., Result]


@pytest.fixture
def feature(repo: Sandbox) -> Sandbox:
    """main renames a.id, feature (checked out) has an index on it and no down."""
    repo.git("branch", "feature")
    repo.migration("0002_key", "ALTER TABLE a RENAME id TO key;", "ALTER TABLE a RENAME key TO id;")
    repo.commit("key")
    repo.git("switch", "--quiet", "feature")
    repo.migration("0003_index", "CREATE INDEX i ON a (id);", None)
    repo.commit("index")
    return repo


def test_the_proof_is_told_with_the_findings(feature: Sandbox, gitmig: Gitmig) -> None:
    said = gitmig("check", "--prove")
    assert said.status == 1
    assert said.out.splitlines()[-3:-1] == [
        'proof: the merged order fails: 0003_index at migrations/0003_index.sql:2: column "id" does not exist',
        "proof: no round trip: 0003_index without a down",
    ]


def test_a_scratch_server_can_be_named(feature: Sandbox, gitmig: Gitmig, database: Database) -> None:
    said = gitmig("check", "--scratch", database.url)
    assert "proof: the merged order fails" in said.out


def test_json_has_findings_and_proof(feature: Sandbox, gitmig: Gitmig) -> None:
    shape = json.loads(gitmig("check", "--prove", "--json").out)
    assert [finding["code"] for finding in shape["findings"]] == ["GM205", "GM301"]
    assert shape["proof"]["holds"] is False


def test_every_other_format_is_printed_whole(feature: Sandbox, gitmig: Gitmig) -> None:
    refused = gitmig("check", "--json", "--format", "sarif")
    assert (refused.status, refused.err.splitlines()[0]) == (2, "error: --json does not go with --format")
    assert gitmig("check", "--format", "github").out.startswith("::error file=migrations/0003_index.sql,line=2,")
    assert json.loads(gitmig("check", "--format", "sarif").out)["version"] == "2.1.0"
    assert gitmig("check", "--format", "markdown").out.startswith("### gitmig check: the work tree onto main\n")


@pytest.mark.parametrize(("arguments", "status"), [(["HEAD"], 0), (["HEAD", "--strict"], 0), ([], 1)])
def test_errors_are_told_by_the_exit_code(feature: Sandbox, gitmig: Gitmig, arguments: list[str], status: int) -> None:
    assert gitmig("check", *arguments).status == status


def test_strictly_warnings_count(feature: Sandbox, gitmig: Gitmig) -> None:
    feature.git("branch", "old", "main~1")
    assert gitmig("check", "old").status == 0
    assert gitmig("check", "old", "--strict").status == 1


def test_what_cannot_be_decided_is_an_error_of_its_own(feature: Sandbox, gitmig: Gitmig) -> None:
    said = gitmig("check", "--scratch", "postgresql://localhost:1/nowhere")
    assert (said.status, said.out) == (3, "")
    assert said.err.startswith("error: cannot connect to nowhere")


def test_clients_are_looked_for_unless_not_wanted(feature: Sandbox, gitmig: Gitmig) -> None:
    feature.write("app.py", "db.all('SELECT id FROM a')\n")
    feature.migration("0004_drop", "ALTER TABLE a DROP id;", "SELECT 1;")
    feature.commit("drop")
    assert "note GM601: app.py:1 still reads a.id" in gitmig("check").out
    assert "GM601" not in gitmig("check", "--no-clients").out
