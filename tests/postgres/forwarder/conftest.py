"""A transaction that nobody has committed, and programs that work in it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.postgres.forwarder import Forwarder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import Database

XID = b"SELECT pg_current_xact_id()"


@dataclass
class Migration:
    """A database with an open transaction, in which programs run."""

    connection: psycopg.Connection
    database: Database
    failures: list[str | None] = field(default_factory=list)

    @contextmanager
    def forwarder(self, patience: float = 5.0) -> Iterator[Forwarder]:
        """A forwarder; afterwards the transaction is the same one, and goes on."""
        before = self.connection.execute(XID).fetchone()
        user = self.connection.info.user
        with Forwarder(self.connection.pgconn, database=self.database.name, user=user, patience=patience) as forwarder:
            yield forwarder
        self.failures.append(forwarder.failure)
        if forwarder.failure is None:
            assert self.connection.execute(XID).fetchone() == before

    def run(
        self, *command: str, check: bool = True, patience: float = 5.0, environment: Mapping[str, str] | None = None
    ) -> str:
        """Run a program and return what it printed."""
        with self.forwarder(patience) as forwarder:
            result = subprocess.run(
                command,
                env={**os.environ, **forwarder.environment, **(environment or {})},
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        said = result.stdout + result.stderr
        assert not check or result.returncode == 0, said
        return said

    def python(self, code: str, *, check: bool = True, patience: float = 5.0) -> str:
        """Run a program in Python, in which `URL` is where to connect to."""
        return self.run(
            sys.executable, "-c", f"import os\nURL = os.environ['DATABASE_URL']\n{code}", check=check, patience=patience
        )

    def value(self, query: str) -> object:
        """The one value of a query, inside the transaction."""
        row = self.connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    def savepoints_are_gone(self) -> bool:
        """Whether none of the forwarder's is left; asking ends the transaction if so."""
        try:
            self.connection.execute(b"ROLLBACK TO SAVEPOINT gitmig_program")
        except psycopg.errors.InvalidSavepointSpecification:
            return True
        return False


@pytest.fixture
def migration(database: Database) -> Iterator[Migration]:
    """Everything is rolled back at the end, and then nothing is left."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(b"BEGIN")
        yield Migration(connection, database)
        if not connection.closed:
            connection.execute(b"ROLLBACK")
    assert database.tables() == []
