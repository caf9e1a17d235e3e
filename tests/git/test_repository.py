"""What is asked of git directly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Sandbox
from tests.git.conftest import opened

if TYPE_CHECKING:
    from pathlib import Path


def test_objects_that_are_there_are_told_from_others(repo: Sandbox) -> None:
    blob = repo.git("rev-parse", "HEAD:migrations/0001_a.sql").out.strip()
    loose = repo.git("hash-object", "-w", "migrations/0002_b.sql").out.strip()
    asked = {blob, loose, "0" * 40, "f" * 64, "HEAD", "", "--all", f"{blob}\n", blob[:12]}
    assert opened(repo).present(asked) == {blob, loose}
    repo.git("gc", "--quiet")
    assert opened(repo).present(asked) == {blob, loose}
    assert opened(repo).present([]) == frozenset()


def test_thousands_of_objects_can_be_asked_for(repo: Sandbox) -> None:
    blob = repo.git("rev-parse", "HEAD:migrations/0001_a.sql").out.strip()
    assert opened(repo).present({blob, *(f"{k:040x}" for k in range(2500))}) == {blob}


def test_a_partial_clone_is_asked_without_fetching(repo: Sandbox, tmp_path: Path) -> None:
    repo.git("config", "uploadpack.allowFilter", "true")
    where = str(tmp_path / "clone")
    repo.run("git", "clone", "--quiet", "--filter=blob:none", "--no-checkout", f"file://{repo.root}", where)
    clone = Sandbox(tmp_path / "clone", {})
    blob = repo.git("rev-parse", "HEAD:migrations/0001_a.sql").out.strip()
    head = repo.git("rev-parse", "HEAD").out.strip()
    assert opened(clone).present({blob, head}) == {head}
    assert opened(clone).is_incomplete
    clone.git("cat-file", "-p", blob)
    assert opened(clone).present({blob}) == {blob}, "fetched by git itself, and known from then on"


@pytest.mark.parametrize(("option", "expected"), [("--depth=1", True), ("--no-hardlinks", False)])
def test_a_clone_that_lacks_history_is_incomplete(repo: Sandbox, tmp_path: Path, option: str, expected: bool) -> None:
    repo.commit("more")
    repo.run("git", "clone", "--quiet", option, f"file://{repo.root}", str(tmp_path / "clone"))
    assert opened(Sandbox(tmp_path / "clone", {})).is_incomplete is expected


def test_a_setting_may_be_given_several_times_in_any_spelling(repo: Sandbox) -> None:
    for role in ("ada", "Bob", "with\nline"):
        repo.git("config", "--add", "gitmig.ledgerRole", role)
    assert opened(repo).configured("gitmig.ledgerRole") == ("ada", "Bob", "with\nline")
    assert opened(repo).configured("gitmig.LEDGERROLE") == ("ada", "Bob", "with\nline")
    assert opened(repo).configured("gitmig.other") == ()
