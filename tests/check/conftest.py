"""One empty database for all pairs of migrations: every try is rolled back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gitmig.postgres.address import connect
from tests.conftest import url_of
from tests.servers import create_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from gitmig.postgres.connection import Connection


@pytest.fixture(scope="session")
def laboratory(server: str, maintenance: psycopg.Connection) -> Iterator[Connection]:
    """A connection to the database."""
    name = f"test_conflicts_{os.getpid()}"
    create_database(maintenance, name)
    with connect(url_of(server, name), "test") as connection:
        yield connection
    maintenance.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
