"""A scratch database to try scripts on, that can be cloned as it stands."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.conninfo import make_conninfo

from gitmig.database.connection import connect, drop_database
from gitmig.database.scratch import scratch_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.database.connection import Connection


class Bench:
    """The database, and the connection to it, which is another one after each clone."""

    def __init__(self, url: str, connection: Connection, stack: ExitStack) -> None:
        self.connection = connection
        self._url = url
        self._name = connection.info.dbname
        self._stack = stack

    @contextmanager
    def clone(self) -> Iterator[Connection]:
        """A connection to a database that equals this one, rows included; dropped afterwards."""
        name = f"{self._name}_clone"
        self.connection.close()  # a template must not be in use
        with connect(self._url, "scratch") as connection:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(self._name)))
        try:
            self.connection = self._stack.enter_context(scratch_connection(self._url, self._name))
            with scratch_connection(self._url, name) as connection:
                yield connection
        finally:
            drop_database(self._url, name)


@contextmanager
def open_bench(url: str, bootstrap: str) -> Iterator[Bench]:
    """A bench on an empty database with the bootstrap SQL run; see `scratch_database`."""
    with scratch_database(url, bootstrap) as connection, ExitStack() as stack:
        yield Bench(url, connection, stack)


@contextmanager
def scratch_connection(url: str, name: str) -> Iterator[Connection]:
    """A connection to a database that nobody will miss after a power cut."""
    with connect(make_conninfo(url, dbname=name), "scratch") as connection:
        connection.execute("SET synchronous_commit = off")
        yield connection
