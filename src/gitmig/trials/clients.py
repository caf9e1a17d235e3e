"""Preparing the statements of source code on the schemas of both sides; none of them is run.

To prepare a statement is to have PostgreSQL parse it and look up every name and type. What it says later, or only of a
row, is asked for as well where it follows from the schema: a conflict target without its unique constraint, by EXPLAIN;
a column that has to have a value and gets none, from the catalogs.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

from gitmig.check.clients.trial import Refusal, Verdict, insertions, is_refusal, relations
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg.pq.abc import PGresult

    from gitmig.check.proof import OrderFailure, PlannedScript
    from gitmig.postgres.connection import Connection
    from gitmig.trials.orders import FoundedScratch, RunScripts

SAVEPOINT = b"SAVEPOINT gitmig_client"
BACK = b"ROLLBACK TO SAVEPOINT gitmig_client"
GENERIC = b"SET plan_cache_mode = force_generic_plan"
UNTYPED = re.compile(r"parameter \$(\d+)")
INDETERMINATE = "42P18"
TEXT_OID = 25
MOST_UNTYPED = 20
ON_CONFLICT = re.compile(r"\bon\s+conflict\b", re.IGNORECASE)

# Columns that an INSERT has to name. A trigger before it could give them a value.
REQUIRED = """
    SELECT named, a.attname, c.relname FROM pg_catalog.unnest(%s::text[]) named
    JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(named)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND (a.attnotnull OR t.typnotnull)
      AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND g.tgtype & 7 = 7 AND NOT g.tgisinternal)
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '3')
"""
THERE = "SELECT named FROM pg_catalog.unnest(%s::text[]) named WHERE pg_catalog.to_regclass(named) IS NOT NULL"


class Deployment(Struct, frozen=True, kw_only=True):
    """The scripts that bring the foundation to the base's schema, those of the branch after it, and its own alone."""

    base: tuple[PlannedScript, ...]
    branch: tuple[PlannedScript, ...]
    own: tuple[PlannedScript, ...]


class CannotTry(Exception):
    """A script did not run, so that there is no schema to try the code on."""

    def __init__(self, failure: OrderFailure) -> None:
        super().__init__(failure.message)
        self.failure = failure


Refusals = dict[str, "Refusal | None"]


def try_statements(founded: FoundedScratch, deployment: Deployment, sqls: Sequence[str]) -> dict[str, Verdict]:
    """What PostgreSQL says of the statements. Raises CannotTry."""
    ((base, branch, known),) = founded.attempt([partial(_deploy, deployment=deployment, sqls=sqls)])
    refused = [sql for sql in sqls if branch[sql] is not None]
    neither = [sql for sql in refused if base[sql] is not None]
    own: Refusals = {}
    if neither and deployment.own != (*deployment.base, *deployment.branch):
        (own,) = founded.attempt([partial(_alone, scripts=deployment.own, sqls=neither)])
    broken = [sql for sql in refused if base[sql] is None]
    breaker = dict.fromkeys(broken, deployment.branch[-1].label) if deployment.branch else {}
    if broken and len(deployment.branch) > 1:
        (breaker,) = founded.attempt([partial(_find_breaker, deployment=deployment, sqls=broken)])
    return {
        sql: Verdict(
            base=base[sql],
            branch=branch[sql],
            is_own=sql in own and own[sql] is None,
            breaker=breaker.get(sql),
            is_known=sql in known,
        )
        for sql in sqls
    }


def _deploy(
    connection: Connection, run_scripts: RunScripts, *, deployment: Deployment, sqls: Sequence[str]
) -> tuple[Refusals, Refusals, frozenset[str]]:
    _run(connection, run_scripts, deployment.base)
    base = prepare(connection, sqls)
    _run(connection, run_scripts, deployment.branch)
    branch = prepare(connection, sqls) if deployment.branch else base
    return base, branch, _known(connection, [sql for sql in sqls if branch[sql] is not None])


def _alone(
    connection: Connection, run_scripts: RunScripts, *, scripts: Sequence[PlannedScript], sqls: Sequence[str]
) -> Refusals:
    _run(connection, run_scripts, scripts)
    return prepare(connection, sqls)


def _find_breaker(
    connection: Connection, run_scripts: RunScripts, *, deployment: Deployment, sqls: Sequence[str]
) -> dict[str, str]:
    """Which of the branch's migrations is the last that no statement survived."""
    _run(connection, run_scripts, deployment.base)
    found: dict[str, str] = {}
    for script in deployment.branch:
        _run(connection, run_scripts, [script])
        verdicts = prepare(connection, sqls)
        for sql in sqls:
            if verdicts[sql] is None:
                found.pop(sql, None)
            else:
                found.setdefault(sql, script.label)
    return found


def _run(connection: Connection, run_scripts: RunScripts, scripts: Sequence[PlannedScript]) -> None:
    if failure := run_scripts(connection, scripts):
        raise CannotTry(failure)


def prepare(connection: Connection, sqls: Sequence[str]) -> Refusals:
    """Statement → why the schema as it stands refuses it, None if it does not."""
    with connection.users_path():
        connection.prepare_path()
        session = _Session(connection)
        try:
            verdicts = {sql: session.judge(sql) for sql in sqls}
        finally:
            session.close()
        required = _required(connection, [sql for sql in sqls if verdicts[sql] is None])
    return verdicts | required


class _Session:
    """Has statements parsed one after the other; one that fails leaves no trace."""

    def __init__(self, connection: Connection) -> None:
        self._pgconn = connection.pgconn
        self._is_open = connection.info.transaction_status == TransactionStatus.INTRANS
        if self._is_open:
            self._execute(SAVEPOINT)

    def close(self) -> None:
        """Leave the session as it was."""
        if self._is_open:
            self._execute(BACK)
            self._execute(b"RELEASE SAVEPOINT gitmig_client")

    def judge(self, sql: str) -> Refusal | None:
        """Why the statement is refused."""
        result = self._parse(sql)
        if result.status != ExecStatus.COMMAND_OK:
            return _refusal(result, sql)
        return self._plan(sql) if ON_CONFLICT.search(sql) else None

    def _parse(self, sql: str) -> PGresult:
        """The answer to Parse. A parameter of which PostgreSQL cannot tell the type is a text."""
        types: list[int] = []
        for _ in range(MOST_UNTYPED):
            result = self._pgconn.prepare(b"", sql.encode("utf-8", "replace"), types)
            if result.status == ExecStatus.COMMAND_OK:
                break
            self._go_back()
            found = UNTYPED.search(_field(result, DiagnosticField.MESSAGE_PRIMARY))
            if _field(result, DiagnosticField.SQLSTATE) != INDETERMINATE or found is None:
                break
            number = int(found[1])
            types += [0] * (number - len(types))
            types[number - 1] = TEXT_OID
        return result

    def _plan(self, sql: str) -> Refusal | None:
        """Why there is no plan of a statement that was parsed."""
        count = self._pgconn.describe_prepared(b"").nparams
        values = b"(" + b", ".join([b"NULL"] * count) + b")" if count else b""
        types = b"(" + b", ".join([b"unknown"] * count) + b")" if count else b""
        self._execute(GENERIC)
        refusal = None
        prepared = self._pgconn.exec_(b"PREPARE gitmig_client" + types + b" AS " + sql.encode("utf-8", "replace"))
        if prepared.status == ExecStatus.COMMAND_OK:
            result = self._pgconn.exec_(b"EXPLAIN EXECUTE gitmig_client" + values)
            if result.status == ExecStatus.FATAL_ERROR:
                refusal = _refusal(result, "")
                self._go_back()
            self._execute(b"DEALLOCATE gitmig_client")
        else:
            self._go_back()
        self._execute(b"RESET plan_cache_mode")
        return refusal

    def _go_back(self) -> None:
        if self._is_open:
            self._execute(BACK)

    def _execute(self, command: bytes) -> None:
        result = self._pgconn.exec_(command)
        if result.status not in {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}:
            raise GitmigError(
                f"the code cannot be tried: {_field(result, DiagnosticField.MESSAGE_PRIMARY)}",
                hint="`--clients words` does without a database",
            )


def _refusal(result: PGresult, sql: str) -> Refusal | None:
    """The error as a judgement of the statement. Raises GitmigError for any other one."""
    sqlstate, message = (_field(result, field) for field in (DiagnosticField.SQLSTATE, DiagnosticField.MESSAGE_PRIMARY))
    if not sqlstate:
        raise GitmigError(f"the code cannot be tried: {result.error_message.decode(errors='replace').strip()}")
    position = _field(result, DiagnosticField.STATEMENT_POSITION)
    offset = int(position) - 1 if position and sql else None
    return Refusal(sqlstate, " ".join(message.split()), offset) if is_refusal(sqlstate) else None


def _field(result: PGresult, field: DiagnosticField) -> str:
    return (result.error_field(field) or b"").decode("utf-8", "replace")


def _required(connection: Connection, sqls: Iterable[str]) -> dict[str, Refusal | None]:
    """What is refused because a column that has to have a value gets none."""
    inserting = {sql: found for sql in sqls if (found := insertions(sql))}
    tables = sorted({one.table for found in inserting.values() for one in found})
    if not tables:
        return {}
    missing: dict[str, list[tuple[str, str]]] = {}
    for named, column, table in connection.execute(REQUIRED, (tables,)).fetchall():
        missing.setdefault(named, []).append((column, table))
    refused: dict[str, Refusal | None] = {}
    for sql, found in inserting.items():
        for one in found:
            for column, table in missing.get(one.table, ()):
                if column not in one.columns:
                    words = f'null value in column "{column}" of relation "{table}" violates not-null constraint'
                    refused.setdefault(sql, Refusal("23502", words))
    return refused


def _known(connection: Connection, sqls: Iterable[str]) -> frozenset[str]:
    """Those of the statements all of whose tables are there; a statement without one is not."""
    named = {sql: relations(sql) for sql in sqls}
    every = sorted(frozenset[str]().union(*named.values()))
    with connection.users_path():
        there = frozenset(connection.values(THERE, (every,)))
    return frozenset(sql for sql, names in named.items() if names and names <= there)
