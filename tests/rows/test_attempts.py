"""What is tried leaves no traces, and takes nothing from others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from gitmig.rows.sequences import attempt

if TYPE_CHECKING:
    from tests.conftest import Database
    from tests.rows.conftest import Bench

NEXT = "SELECT nextval('s')"


def test_sequences_are_where_they_were(bench: Bench) -> None:
    bench.sql("CREATE SEQUENCE s; CREATE SEQUENCE unused")
    bench.sql(NEXT)
    assert not attempt(bench.connection, lambda: bool(bench.sql(NEXT)) and False)
    assert bench.sql(NEXT) == [(2,)]
    assert bench.sql("SELECT nextval('unused')") == [(1,)]


def test_a_number_that_somebody_took_meanwhile_is_not_given_out_again(bench: Bench, database: Database) -> None:
    bench.sql("CREATE SEQUENCE s")
    with psycopg.connect(database.url, autocommit=True) as application:

        def work() -> bool:
            assert bench.sql(NEXT) == [(1,)]
            assert application.execute(NEXT).fetchone() == (2,)
            return False

        attempt(bench.connection, work)
    assert bench.sql(NEXT) == [(3,)]


def test_a_session_that_only_sleeps_is_no_reason_for_a_gap(bench: Bench, database: Database) -> None:
    bench.sql("CREATE SEQUENCE s")
    with psycopg.connect(database.url, autocommit=True) as application:
        application.execute("SELECT 1")
        attempt(bench.connection, lambda: bool(bench.sql(NEXT)) and False)
        assert bench.sql(NEXT) == [(1,)]
