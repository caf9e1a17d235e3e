"""A scratch database to try scripts on, that can be cloned as it stands."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from gitmig.database.scratch import scratch_connection, scratch_copy, scratch_database

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
        self.connection.close()  # a template must not be in use
        with scratch_copy(self._url, self._name) as connection:
            self.connection = self._stack.enter_context(scratch_connection(self._url, self._name))
            yield connection


@contextmanager
def open_bench(url: str, bootstrap: str) -> Iterator[Bench]:
    """A bench on an empty database with the bootstrap SQL run; see `scratch_database`."""
    with scratch_database(url, bootstrap) as connection, ExitStack() as stack:
        yield Bench(url, connection, stack)
