"""Whatever a client sends, it gets the answers that it would get on an ordinary connection."""

from __future__ import annotations

import select
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.pq import DiagnosticField, ExecStatus, PipelineStatus, TransactionStatus

from gitmig.postgres.forwarder import Forwarder

if TYPE_CHECKING:
    from psycopg.pq.abc import PGresult

    from tests.conftest import Database

SCHEMA = """
CREATE TABLE t (n int PRIMARY KEY, again int REFERENCES t DEFERRABLE INITIALLY DEFERRED);
INSERT INTO t VALUES (1), (2);
SET CONSTRAINTS t_again_fkey IMMEDIATE;
SET CONSTRAINTS t_again_fkey DEFERRED;
"""
INSERT = "INSERT INTO t SELECT max(n) + 1 FROM t"
DANGLING = "INSERT INTO t SELECT max(n) + 1, 999 FROM t"
BY_TWO = "INSERT INTO t SELECT max(n) + 1, max(n) + 2 FROM t"
READ = "SELECT n, again FROM t ORDER BY n"
SINGLE = [
    *("BEGIN", "COMMIT", "ROLLBACK", "START TRANSACTION READ WRITE", "END", "ABORT", "BEGIN", "COMMIT"),
    *("SAVEPOINT a", "ROLLBACK TO a", "RELEASE a", "SAVEPOINT b", "ROLLBACK WORK TO SAVEPOINT b"),
    *(INSERT, READ, BY_TWO, DANGLING, "UPDATE t SET again = NULL WHERE again = 999"),
    *(
        "SELECT 1 / 0",
        "SELECT nope",
        "SELEC",
        "",
        "/* COMMIT */ SELECT 'ROLLBACK'",
        "COMMIT nope",
        "COMMIT AND NO CHAIN",
    ),
    *("PREPARE p AS SELECT 1", "EXECUTE p", "DEALLOCATE p", "DEALLOCATE ALL", "FETCH c", "CLOSE c"),
    "DO $$BEGIN RAISE NOTICE 'END'; END$$",
    "ALTER TABLE t ADD IF NOT EXISTS more int",
]
SEVERAL = [
    f"BEGIN; {INSERT}; COMMIT",
    f"{INSERT}; {INSERT}",
    f"{INSERT}; SELECT 1 / 0; {INSERT}",
    f"{INSERT}; COMMIT; {INSERT}; SELECT 1 / 0",
    f"{INSERT}; BEGIN; {INSERT}; SELECT nope",
    f"{INSERT}; ROLLBACK; {READ}",
    f"BEGIN; {INSERT}",
    f"COMMIT; BEGIN; {INSERT}; ROLLBACK; {READ}",
    "SAVEPOINT a; SELECT 1",
    f"BEGIN; SAVEPOINT a; {DANGLING}; ROLLBACK TO a; COMMIT; {READ}",
]
# Together in one go, up to one Sync.
PIPELINES = [
    ["BEGIN", INSERT, "COMMIT"],
    [INSERT, INSERT],
    [INSERT, "SELECT 1 / 0", INSERT],
    [INSERT, "COMMIT", INSERT, "SELECT 1 / 0"],
    [INSERT, "ROLLBACK", READ],
    ["ROLLBACK", "BEGIN", INSERT, READ],
    ["COMMIT", "BEGIN", "SAVEPOINT a", "SELECT nope", "COMMIT"],
]


@dataclass(frozen=True)
class Sent:
    """Something that is sent as one unit, in one of the ways that there are."""

    way: str
    texts: tuple[str, ...]


UNITS = st.one_of(
    st.builds(Sent, st.sampled_from(["simple", "extended", "prepared"]), st.sampled_from(SINGLE).map(lambda t: (t,))),
    st.builds(Sent, st.just("simple"), st.sampled_from(SEVERAL).map(lambda t: (t,))),
    st.builds(Sent, st.just("pipeline"), st.sampled_from(PIPELINES).map(tuple)),
    st.just(Sent("portals", ("DECLARE c CURSOR FOR SELECT generate_series(1, 3)",))),
)


class Line:
    """A connection, and everything that was heard on it.

    Nothing waits within libpq: that keeps Python's threads, and so the forwarder, from running.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self.pgconn = connection.pgconn
        self.notices: list[str] = []
        self.pgconn.notice_handler = lambda result: self.notices.append(_diagnosis(result))
        self.names = 0

    @property
    def status(self) -> TransactionStatus:
        return TransactionStatus(self.pgconn.transaction_status)

    def send(self, unit: Sent) -> list[object]:
        """Send a unit; what came back."""
        self.notices.clear()
        pgconn, encoded = self.pgconn, [text.encode() for text in unit.texts]
        match unit.way:
            case "simple" | "portals":
                pgconn.send_query(encoded[0])
            case "extended":
                pgconn.send_query_params(encoded[0], [])
            case "prepared":
                self.names += 1
                name = b"s%d" % self.names
                pgconn.send_prepare(name, encoded[0])
                heard = self.results()
                if heard[0][0] != "COMMAND_OK":
                    return [*heard, self.status]
                pgconn.send_query_prepared(name, [])
            case "pipeline":
                pgconn.enter_pipeline_mode()
                for text in encoded:
                    pgconn.send_query_params(text, [])
                pgconn.pipeline_sync()
        heard = self.results()
        if unit.way == "pipeline":
            pgconn.exit_pipeline_mode()
        return [*heard, *self.notices, self.status]

    def results(self) -> list[tuple[object, ...]]:
        """Everything up to the end of the unit."""
        found: list[tuple[object, ...]] = []
        empty = 0
        while empty < 2:
            result = self.result()
            if result is None:
                empty += 2 if self.pgconn.pipeline_status == PipelineStatus.OFF else 1
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return found
            empty = 0
            rows = [[result.get_value(r, c) for c in range(result.nfields)] for r in range(result.ntuples)]
            found.append((ExecStatus(result.status).name, result.command_status, rows, _diagnosis(result)))
        return found

    def result(self) -> PGresult | None:
        """The next result; fails if none comes for too long."""
        self.pgconn.flush()
        while self.pgconn.is_busy():
            assert select.select([self.pgconn.socket], [], [], 20)[0], "no answer"
            self.pgconn.consume_input()
        return self.pgconn.get_result()


def _diagnosis(result: PGresult) -> str:
    fields = (DiagnosticField.SQLSTATE, DiagnosticField.MESSAGE_PRIMARY, DiagnosticField.STATEMENT_POSITION)
    return b" ".join(result.error_field(field) or b"" for field in fields).decode()


@given(units=st.lists(UNITS, min_size=1, max_size=14))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_same_answers(database: Database, units: list[Sent]) -> None:
    with psycopg.connect(database.url, autocommit=True) as outer:
        outer.execute(b"DROP SCHEMA IF EXISTS ordinary CASCADE; CREATE SCHEMA ordinary; SET search_path = ordinary")
        outer.execute(b"BEGIN;" + SCHEMA.encode() + b"COMMIT")
        outer.execute(b"RESET search_path; BEGIN; CREATE SCHEMA forwarded; SET LOCAL search_path = forwarded")
        outer.execute(SCHEMA.encode())
        with Forwarder(outer.pgconn, database=database.name, user=outer.info.user) as forwarder:
            url = forwarder.environment["DATABASE_URL"]
            with (
                psycopg.connect(database.url, options="-csearch_path=ordinary") as one,
                psycopg.connect(url, options="-csearch_path=forwarded") as two,
            ):
                ordinary, forwarded = Line(one), Line(two)
                for unit in units:
                    if unit.way == "portals" and ordinary.status == TransactionStatus.IDLE:
                        continue  # an ordinary server refuses it; here it lasts for the unit
                    assert (unit, forwarded.send(unit)) == (unit, ordinary.send(unit))
                one.close()
                two.close()
        assert forwarder.failure is None
        left = outer.execute(b"SELECT n, again FROM forwarded.t ORDER BY n").fetchall()
        outer.execute(b"ROLLBACK")
        assert left == outer.execute(b"SELECT n, again FROM ordinary.t ORDER BY n").fetchall()
        assert outer.execute(b"SELECT to_regnamespace('forwarded')").fetchone() == (None,)
