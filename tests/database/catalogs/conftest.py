"""The server of the run as a laboratory, and all cases built in it, once."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.database.embedded import EmbeddedServer
from tests.conftest import SERVER_VARIABLE, url_of
from tests.database.catalogs.case import TOGETHER
from tests.database.catalogs.laboratory import Found, Laboratory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    ByCase: TypeAlias = dict[str | None, Found]

# Read when the module is imported: the variable is gone when a test runs.
EMBEDDED = not os.environ.get(SERVER_VARIABLE)


@pytest.fixture(scope="session")
def laboratory(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """The server of the run, with the pg_dump that belongs to it."""
    program = EmbeddedServer(tmp_path_factory.mktemp("programs")).program("pg_dump") if EMBEDDED else _on_path()
    _check_version(program, server)
    opened = Laboratory.opened(server, program)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def together(laboratory: Laboratory) -> tuple[ByCase, ByCase]:
    """What the scripts a, and what the scripts b build, all cases that this server can run in one database."""
    cases = {own: case for own, case in TOGETHER.items() if laboratory.runs(case)}
    a, b = laboratory.find_both(
        {own: case.a for own, case in cases.items()}, {own: case.b for own, case in cases.items()}
    )
    return a.by_case(), b.by_case()


def _on_path() -> Path:
    program = shutil.which("pg_dump")
    if program is None:
        pytest.skip(f"{SERVER_VARIABLE} is set, and there is no pg_dump on PATH")
    return Path(program)


def _check_version(program: Path, server: str) -> None:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    client = int(re.search(r"\) (\d+)", said)[1])
    with psycopg.connect(url_of(server, "postgres")) as connection:
        major = connection.info.server_version // 10000
    if client < major:
        pytest.skip(f"pg_dump on PATH is version {client}, the server is {major}; put the server's own first")
