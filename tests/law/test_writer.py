"""Somebody writes all the time while others check out: what was committed is there in the end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import psycopg

from tests.law.case import LONG
from tests.law.tour import Scripts

if TYPE_CHECKING:
    from tests.law.tour import Tour

CHECKOUTS = 50 if LONG else 6
PAUSE = 0.002  # seconds between two statements of the writer

BASE = Scripts(
    up="""CREATE TABLE t (id serial PRIMARY KEY, v text NOT NULL); CREATE TABLE l (v text, n int);
        CREATE TABLE w (id int PRIMARY KEY, n int NOT NULL); INSERT INTO w SELECT g, 0 FROM generate_series(1, 5) g;""",
    down=None,
)
STEPS = {
    "2_column": Scripts(
        up="ALTER TABLE t ADD note text; ALTER TABLE l ADD m int DEFAULT 1;",
        down="ALTER TABLE l DROP m; ALTER TABLE t DROP note;",
    ),
    "3_rows": Scripts(
        up="UPDATE t SET note = 'x'; UPDATE l SET m = 2; UPDATE w SET n = n + 1000000;",
        down="UPDATE w SET n = n - 1000000;",
    ),
    "4_table": Scripts(
        up="CREATE TABLE c AS SELECT v, n FROM l; INSERT INTO l VALUES ('seed', 0, 0);",
        down="DROP TABLE c; DELETE FROM l WHERE v = 'seed';",
    ),
}


class Writer(threading.Thread):
    """Commits a row of its own name in two tables, and counts in a third, as fast as it may."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._stopped = threading.Event()
        self.names: list[str] = []  # committed, in both tables
        self.deleted: set[str] = set()  # from both again
        self.counted = dict.fromkeys(range(1, 6), 0)
        self.doubtful: set[str] = set()  # nobody knows: the connection was lost before the answer
        self.refused = 0

    def run(self) -> None:
        """Write until told to stop; what is refused is tried again, as the next one."""
        number = 0
        while not self._stopped.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True) as connection:
                    while not self._stopped.is_set():
                        number += 1
                        self._write(connection, number)
                        time.sleep(PAUSE)
            except psycopg.Error as error:
                self.refused += 1
                if error.sqlstate:  # PostgreSQL has said no
                    self.doubtful.clear()
                time.sleep(PAUSE)

    def _write(self, connection: psycopg.Connection, number: int) -> None:
        name, row = f"w{number}", number % 5 + 1
        self.doubtful.add(name)
        with connection.transaction():
            connection.execute("INSERT INTO t (v) VALUES (%s)", (name,))
            connection.execute("INSERT INTO l (v, n) VALUES (%s, %s)", (name, number))
            connection.execute("UPDATE w SET n = n + 1 WHERE id = %s", (row,))
        self.doubtful.discard(name)
        self.names.append(name)
        self.counted[row] += 1
        if number % 10 == 0:
            with connection.transaction():
                connection.execute("DELETE FROM t WHERE v = %s", (name,))
                connection.execute("DELETE FROM l WHERE v = %s", (name,))
            self.deleted.add(name)

    def stop(self) -> None:
        """Let it finish what it is at."""
        self._stopped.set()
        self.join(60)
        assert not self.is_alive(), "the writer waits for a lock that nobody gives back"


def test_every_row_that_is_committed_during_checkouts_is_there_in_the_end(tour: Tour) -> None:
    there, here = {"1_base": BASE}, {"1_base": BASE, **STEPS}
    tour.sync(there)
    writer = Writer(tour.url)
    writer.start()
    try:
        for number in range(CHECKOUTS):
            tour.sync(here if number % 2 == 0 else there)
    finally:
        writer.stop()
    tour.sync(there)
    assert not writer.doubtful, "a plan that rebuilds nothing takes nobody's connection away"
    wanted = sorted(set(writer.names) - writer.deleted)
    assert len(wanted) > CHECKOUTS, f"the writer has hardly written: {writer.refused} times refused"
    counts = " ".join(sorted(f"{row}|{count}" for row, count in writer.counted.items()))
    assert tour.ask("SELECT v FROM t").split() == wanted, str(tour)
    assert tour.ask("SELECT v FROM l").split() == wanted, str(tour)
    assert tour.ask("SELECT id, n FROM w") == counts, str(tour)
    assert tour.stuck() == []
    tour.sync(here)
    assert tour.ask("SELECT v FROM t").split() == wanted
    assert tour.ask("SELECT v FROM l WHERE v <> 'seed'").split() == wanted
