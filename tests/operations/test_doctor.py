"""`gitmig status --doctor`: each line is well, or says what mends it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig import __version__
from gitmig.operations.doctor import Checkup, examine, missing_rights, server_checkup
from gitmig.postgres.address import connect
from gitmig.project.project import Project
from tests.hook_managers import MANAGERS

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox


@pytest.fixture
def repo(sandbox: Sandbox) -> Sandbox:
    """A project with one migration, which is committed and synced; the hooks are installed."""
    sandbox.table("0001_a", "a")
    sandbox.commit("a")
    sandbox.gitmig_here("sync")
    return sandbox


def wrong(repo: Sandbox) -> dict[str, Checkup]:
    """What is wrong, by name."""
    url = repo.environment["DATABASE_URL"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", url)
        found = examine(Project.load(repo.root))
    return {check.name: check for check in found if check.mend is not None}


def test_all_is_well_and_stays_as_it_is(repo: Sandbox, database: Database) -> None:
    said = repo.gitmig("status", "--doctor")
    assert [line.split()[:2] for line in said.out.splitlines()] == [
        ["ok", name]
        for name in ("git", "hooks", "interpreter", "followed", "database", "server", "rights", "ledger", "trust")
    ]
    assert repo.git("worktree", "list").out.count("\n") == 1
    assert database.tables() == ["a"]
    assert wrong(repo) == {}


def test_a_fresh_clone_is_told_what_to_run(repo: Sandbox, database: Database) -> None:
    repo.git("clone", "--quiet", str(repo.root), str(repo.root.parent / "clone"))
    clone = type(repo)(repo.root.parent / "clone", repo.environment)
    database.rows("DROP SCHEMA gitmig CASCADE")
    said = clone.gitmig("status", "--doctor", "--json", check=False)
    assert said.status == 1
    assert {name: check.mend for name, check in wrong(clone).items()} == {
        "hooks": "gitmig hooks install",
        "followed": "`gitmig sync` by hand decides",
        "ledger": "gitmig sync",
    }


@pytest.mark.parametrize("name", ["post-checkout", "post-commit"])
def test_a_hook_that_git_cannot_start_is_found_by_trying(repo: Sandbox, name: str) -> None:
    hook = repo.root / ".git/hooks" / name
    hook.write_bytes(hook.read_bytes().replace(b"#!/bin/sh", b"#!/nowhere/sh"))
    script = repo.root / ".git/gitmig/hooks" / name
    script.write_bytes(hook.read_bytes())
    assert wrong(repo)["hooks"].mend == "gitmig hooks install"


@pytest.mark.parametrize("manager", MANAGERS)
def test_hooks_of_other_tools_are_tried_too(repo: Sandbox, manager: str) -> None:
    for path, text in MANAGERS[manager].files.items():
        repo.write(path, text)
    MANAGERS[manager].run(repo)
    assert wrong(repo)["hooks"].mend == "gitmig hooks install"
    repo.gitmig_here("hooks", "install", "--yes")
    assert wrong(repo) == {}


def test_a_tool_that_does_not_get_to_gitmig_is_found_by_trying(repo: Sandbox) -> None:
    MANAGERS["husky 9"].run(repo)
    repo.gitmig_here("hooks", "install", "--yes")
    text = repo.root / ".husky/post-checkout"
    text.write_text(text.read_text().replace("# gitmig", "return 0\n# gitmig"))
    assert wrong(repo)["hooks"].found == "called in a new work tree, they do not get to gitmig: post-checkout"


def test_an_interpreter_with_another_gitmig_is_named(repo: Sandbox) -> None:
    old = repo.write("../old-python", "#!/bin/sh\necho 0.0.1\n")
    old.chmod(0o755)
    for folder in (".git/hooks", ".git/gitmig/hooks"):
        hook = repo.root / folder / "post-merge"
        hook.write_text(hook.read_text().replace(f"python={sys.executable}", f"python={old.resolve()}"))
    found = wrong(repo)
    assert found.keys() == {"interpreter"}
    assert found["interpreter"].found == f"{old.resolve()} has gitmig 0.0.1, and this is {__version__}"


def test_a_database_that_is_not_there_ends_the_list(repo: Sandbox) -> None:
    repo.environment["DATABASE_URL"] = "postgresql://127.0.0.1:1/none"
    assert wrong(repo).keys() == {"followed", "database"}


@pytest.mark.parametrize(
    ("version", "mend"),
    [(130014, "take PostgreSQL 14 or newer"), (140000, None), (180001, None), (190000, "look for a newer gitmig")],
)
def test_a_server_that_gitmig_was_never_tried_on_is_told(version: int, mend: str | None) -> None:
    found = server_checkup(version)
    assert found.mend == mend
    assert ("neither compared nor undone" in found.found) is (version == 190000)


def test_what_a_role_lacks_is_a_statement(database: Database) -> None:
    role = f"meek_{os.getpid()}"
    database.rows(f"CREATE ROLE {role}")
    try:
        with connect(database.url, "test") as connection:
            assert missing_rights(connection, scratch=True) == []
            connection.execute(f"SET ROLE {role}".encode())
            grant = f'GRANT CREATE ON DATABASE "{database.name}" TO "{role}"'
            assert missing_rights(connection, scratch=False) == [grant]
            assert missing_rights(connection, scratch=True) == [grant, f'ALTER ROLE "{role}" CREATEDB']
    finally:
        with psycopg.connect(database.url, autocommit=True) as connection:
            connection.execute(f"DROP ROLE {role}".encode())
