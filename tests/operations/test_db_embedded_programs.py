"""The embedded server with the programs, and the extensions, of an installed PostgreSQL."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("cold")  # servers are children of what starts them
EXTENSIONS = ("pgcrypto", "uuid-ossp", "citext", "pg_trgm", "btree_gist", "hstore")
NEEDS = "".join(f'CREATE EXTENSION "{name}"; ' for name in EXTENSIONS) + "CREATE TABLE u (email citext);"


def installed() -> Path | None:
    """The newest PostgreSQL of the machine that has them all."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in folders:
        if (folder / "pg_config").exists() and (folder / "initdb").exists():
            share = subprocess.check_output([folder / "pg_config", "--sharedir"], text=True).strip()
            if all(Path(share, "extension", f"{name}.control").exists() for name in EXTENSIONS):
                return folder
    return None


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[Sandbox]:
    for folder in (tmp_path, tmp_path.parent):
        folder.chmod(folder.stat().st_mode | 0o111)
    made = Sandbox(tmp_path / "repo", {})
    made.root.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    made.migration("1_u", NEEDS, "DROP TABLE u;")
    yield made
    made.gitmig("db", "stop", check=False)


def test_the_extensions_of_an_installed_postgresql_are_there(repo: Sandbox) -> None:
    folder = installed()
    if folder is None:
        pytest.skip("no PostgreSQL with contrib is installed here")
    repo.git("config", "gitmig.postgresPrograms", str(folder))
    repo.gitmig("sync")
    assert repo.gitmig("status", "--exit-code").status == 0
    (repo.root / "migrations/1_u.sql").unlink()
    repo.write("migrations/.gitkeep", "")
    repo.gitmig("sync", "--yes")


def test_a_folder_without_the_programs_is_named(repo: Sandbox) -> None:
    repo.git("config", "gitmig.postgresPrograms", str(repo.root))
    refused = repo.gitmig("sync", check=False)
    assert refused.status == 3
    assert refused.err.startswith(f"error: {repo.root} has not the programs of a PostgreSQL server\nhint: gitmig.post")


def test_a_missing_extension_gets_a_hint_that_helps(sandbox: Sandbox) -> None:
    sandbox.migration("1_u", "CREATE EXTENSION nobody_has_this;", "SELECT 1;")
    refused = sandbox.gitmig("sync", check=False)
    assert 'extension "nobody_has_this" is not available' in refused.err
    assert "the embedded one can run with the programs of an installed PostgreSQL" in refused.err.splitlines()[-1]
