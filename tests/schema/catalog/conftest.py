"""The server of the run as a laboratory, and all cases built in it, once."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitmig.postgres.embedded import EmbeddedServer
from tests.conftest import SERVER_VARIABLE
from tests.schema.catalog.case import ALONE, TOGETHER
from tests.schema.catalog.dump import PgDump
from tests.schema.catalog.laboratory import Found, Laboratory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    import psycopg

    ByCase: TypeAlias = dict[str | None, Found]

# Read when the module is imported: the variable is gone when a test runs.
EMBEDDED = not os.environ.get(SERVER_VARIABLE)


@pytest.fixture(scope="session")
def laboratory(server: str, maintenance: psycopg.Connection) -> Iterator[Laboratory]:
    """The server of the run, with a few roles to grant things to."""
    opened = Laboratory.opened(server)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def pg_dump(laboratory: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> PgDump:
    """The pg_dump that belongs to the server, or a newer one."""
    if EMBEDDED:
        return PgDump(EmbeddedServer(tmp_path_factory.mktemp("programs")).program("pg_dump"))
    path = shutil.which("pg_dump")
    if path is None:
        pytest.skip(f"{SERVER_VARIABLE} is set, and there is no pg_dump on PATH")
    found = PgDump(Path(path))
    if found.version < laboratory.version // 10000:
        pytest.skip(f"{path} is of version {found.version}: too old for the server; put its own first on PATH")
    return found


@pytest.fixture(scope="session")
def pair(laboratory: Laboratory) -> tuple[str, str]:
    """Two databases: in one ran the scripts a, in the other the scripts b, of all cases that this server can run."""
    cases = {own: case for own, case in TOGETHER.items() if laboratory.runs(case)}
    scripts = [{own: case.a for own, case in cases.items()}, {own: case.b for own, case in cases.items()}]
    with ThreadPoolExecutor() as pool:
        a, b = pool.map(laboratory.make, scripts)
    return a, b


@pytest.fixture(scope="session")
def together(pg_dump: PgDump, pair: tuple[str, str]) -> tuple[ByCase, ByCase]:
    """What is in them."""
    with ThreadPoolExecutor() as pool:
        a, b = pool.map(lambda url: Found.look(url, pg_dump), pair)
    return a.by_case(), b.by_case()


@pytest.fixture(scope="session")
def alone(laboratory: Laboratory, pg_dump: PgDump) -> dict[str, Found]:
    """By script, what is in a database in which nothing else ran."""
    scripts = sorted({script for case in ALONE if laboratory.runs(case) for script in (case.a, case.b)})
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda script: Found.look(laboratory.make({"case_0000": script}), pg_dump), scripts)
        return dict(zip(scripts, found))
