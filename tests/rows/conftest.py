"""A database on which steps run under a keeper, each in a transaction of its own."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from gitmig.ledger import schema
from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Script
from gitmig.migrations.plan import Direction
from gitmig.postgres.address import connect
from gitmig.postgres.run_sql import run_sql
from gitmig.rows.items import Limits, Report, Subject
from gitmig.rows.preserve import Preserver
from tests.conftest import url_of
from tests.rows.running import Call
from tests.servers import TEMPLATE, create_database
from tests.statements import send

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from gitmig.postgres.connection import Connection
    from tests.conftest import Database


@dataclass
class Bench:
    """A connection, a keeper, and migrations by name."""

    connection: Connection
    limits: Limits = field(default_factory=Limits)

    def sql(self, text: str) -> list[tuple[object, ...]]:
        with self.connection.users_path():
            return send(self.connection, text)

    def step(self, direction: Direction, name: str, text: str, opposite: str | None = None) -> Report:
        """Run a script in a transaction of its own."""
        keeper = Preserver(self.connection, self.limits, "Ada", None)
        with self.connection.transaction():
            back = None if opposite is None else self.script(opposite)
            return keeper.run(subject(name, text, opposite), direction, self.script(text), back)

    def script(self, text: str):  # type: ignore[no-untyped-def]
        return Call(lambda: run_sql(self.connection, Script(language=SQL, text=text, path="x.sql")))

    def up(self, name: str, text: str, opposite: str | None = None) -> Report:
        return self.step(Direction.APPLY, name, text, opposite)

    def down(self, name: str, text: str, opposite: str | None = None) -> Report:
        return self.step(Direction.REVERT, name, text, opposite)

    def kept(self) -> list[tuple[object, ...]]:
        """Table and number of rows of everything that is kept."""
        return self.sql("SELECT table_name, rows FROM gitmig_kept.item WHERE rows > 0 ORDER BY id")

    def contents(self) -> dict[str, list[str]]:
        """Every row of every table, as text."""
        tables = self.sql(
            "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition "
            "AND relnamespace::regnamespace::text !~ '^(pg_|gitmig|information_schema)' ORDER BY 1"
        )
        return {
            str(name): sorted(str(row) for (row,) in self.sql(f"SELECT to_jsonb(t)::text FROM {name} t"))
            for (name,) in tables
        }


def subject(name: str, text: str | None = None, opposite: str | None = None) -> Subject:
    return Subject(version="1", name=name, checksum=name, text=text, opposite=opposite)


@pytest.fixture(scope="session")
def with_ledger(server: str, maintenance: psycopg.Connection) -> Iterator[str]:
    """A database that has a ledger, and nothing else."""
    name = f"test_with_ledger_{os.getpid()}"
    create_database(maintenance, name)
    for _ in range(2):  # the second connection leaves what every connection begins with
        with connect(url_of(server, name), "test") as connection:
            schema.upgrade(connection)
    yield name
    maintenance.execute(f'DROP DATABASE "{name}"'.encode())


@pytest.fixture
def template(request: pytest.FixtureRequest, with_ledger: str) -> str:
    """A test on a bench has a database with a ledger."""
    return with_ledger if "bench" in request.fixturenames else TEMPLATE


@pytest.fixture
def bench(database: Database) -> Iterator[Bench]:
    with connect(database.url, "test") as connection:
        yield Bench(connection)
