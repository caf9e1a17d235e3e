"""A connection that gives gitmig's statements and users' scripts the session that each has to find.

What that is, `session` says; here it is sent. A message takes as long as a small statement. So savepoints, settings,
and what nobody waits for go ahead of the statement that follows, in its message; and queries of catalogs are planned
once in a session. A session that holds the lock keeps it, whatever a script does.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import psycopg
from psycopg import adapt, generators, sql
from psycopg.pq import ExecStatus, PipelineStatus, TransactionStatus
from psycopg.rows import TupleRow, scalar_row, tuple_row

from gitmig.errors import LockLost
from gitmig.postgres.session import LEAVES_PATH, RESET, SearchPath, SessionState, setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from psycopg.abc import Params, PQGen, Query, Transformer
    from psycopg.copy import Copy, Writer
    from psycopg.pq.abc import PGconn, PGresult
    from psycopg.rows import RowFactory
    from typing_extensions import Self

    from gitmig.migrations.model import Script
    from gitmig.postgres.lock_wait import LockWait

Value = TypeVar("Value")

XID = "pg_catalog.pg_current_xact_id()"
PREPARED = (
    "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements WHERE pg_catalog.starts_with(name, 'gitmig_'))"
)
SAVEPOINT, RELEASE = b"SAVEPOINT ", b"RELEASE "
FAILED = {ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE}


class Programs(Protocol):
    """Who runs scripts that are programs."""

    def run(self, connection: Connection, script: Script) -> None:
        """Run one inside the open transaction. Raises ScriptError."""

    def run_outside(self, connection: Connection, script: Script) -> None:
        """Run one outside a transaction. Raises ScriptError."""

    def printed(self, script: Script) -> str | None:
        """The SQL that a program printed when it ran last, if that is all it did to the database."""


class Connection(psycopg.Connection[TupleRow]):
    """A session whose statements run at home unless they are sent within `users_path` or `any_path`.

    `advisory_key` is that of the lock which the session holds, None for a session without. `ledger_roles` says whose
    ledger is believed, `believed` which schemas were found to be theirs (see `ledger.access`). `script_transaction` is
    the number of the last transaction in which a script began, None if that began outside one. `programs` runs those
    scripts that are programs; None where none shall run. `lock_wait` tells for whom it waits, and for how long it may.
    """

    def __init__(self, pgconn: PGconn, row_factory: RowFactory[TupleRow] = tuple_row) -> None:
        super().__init__(pgconn, row_factory)
        self.cursor_factory = _Cursor
        self.advisory_key: int | None = None
        self.ledger_roles: tuple[str, ...] = ()
        self.believed: frozenset[int] = frozenset()
        self.script_transaction: str | None = None
        self.programs: Programs | None = None
        self.lock_wait: LockWait | None = None
        self.state = SessionState(pgconn.server_version)
        self._unsent: list[bytes] = []  # what goes ahead of the next statement, in the same message
        self._lock_in_doubt = False
        self._count = 0  # of the names that were given to queries and savepoints
        self._plans: dict[str, str] = {}  # query → the name under which PostgreSQL has it
        self._plans_in_doubt = False

    # What is asked.

    def value(self, query: bytes | str | sql.SQL | sql.Composed, params: Params | None = None) -> Any:
        """The first column of the first row; None if there is no row, too."""
        return self.cursor(row_factory=scalar_row).execute(query, params).fetchone()

    def values(self, query: bytes | str | sql.SQL | sql.Composed, params: Params | None = None) -> list[Any]:
        """The first column of every row."""
        return self.cursor(row_factory=scalar_row).execute(query, params).fetchall()

    def run_prepared(self, *queries: tuple[str, Sequence[object]]) -> list[list[TupleRow]]:
        """Send queries at home, with their parameters ($1 …), in one message; the rows of each.

        Each is planned once in a session: to plan one of the catalogs takes longer than to run it. Lists are sent as
        arrays of what is in them, as text.
        """
        if self._plans_in_doubt:
            ((prepared,),) = self._send(f"SELECT {PREPARED}".encode())
            self._note_prepared(prepared)
        transformer = adapt.Transformer(self)
        preparing, parts = [], []
        for query, parameters in queries:
            if query not in self._plans:
                self._count += 1
                self._plans[query] = f"gitmig_{self._count}"
                preparing.append(f"PREPARE {self._plans[query]} AS {query}".encode())
            values = b", ".join(transformer.as_literal(_as_array(p)) for p in parameters)
            parts.append(f"EXECUTE {self._plans[query]}".encode() + (b"(%s)" % values if parameters else b""))
        try:
            text, before = self.joined(b"; ".join([*preparing, *parts]))
            results = self._exchange(text)
        except psycopg.Error:
            self._plans.clear()  # whether those that came first were prepared, nobody knows
            raise
        return [_rows(transformer, result) for result in results[before:] if result.nfields]

    # What the session is set to.

    def users_path(self) -> AbstractContextManager[None]:
        """Statements in the block find the path of a new session of the user, and mean the same under every one."""
        return self.state.under(SearchPath.USERS)

    def any_path(self) -> AbstractContextManager[None]:
        """Statements in the block find whatever path is set, and mean the same under every one."""
        return self.state.under(SearchPath.ANY)

    def among_rows(self) -> AbstractContextManager[None]:
        """Statements in the block run at home; reading rows, they may call what owners of types have made."""
        return self.state.among_rows()

    def with_settings(self, settings: Mapping[str, str]) -> AbstractContextManager[None]:
        """Statements in the block find these settings; and scripts do not.

        They stay until a script begins, or code of users can run: often the next block wants the same ones.
        """
        self._unsent += self.state.change_settings(setting(settings))
        return self.state.with_settings()

    def limit_lock_waits(self, milliseconds: int | None) -> None:
        """From the next statement on, none waits for a lock for longer; None is what the user has."""
        self.state.lock_timeout = milliseconds
        self._unsent.append(b"RESET lock_timeout" if milliseconds is None else b"SET lock_timeout = %d" % milliseconds)

    def give_back(self) -> None:
        """Leave the user's path behind, at the end: a pooler may hand the session on to somebody else."""
        if self.state.is_changed and self.info.transaction_status == TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                self._send(*RESET)

    # How statements are sent.

    def wait(self, gen: PQGen[Value], *args: Any, **options: Any) -> Value:
        """As psycopg's; who is in the way is looked after meanwhile."""
        return super().wait(gen if self.lock_wait is None else self.lock_wait.watch(self, gen), *args, **options)

    def prepare_path(self) -> None:
        """Set the path that the next statement shall have, if it is not known to be set."""
        if opening := self.opening():
            self._send(*opening)

    def opening(self) -> list[bytes]:
        """The statements that have to be sent first, for this path and else; from here on they count as sent."""
        found, self._unsent = self._unsent, []
        return found if self._is_failed else [*found, *self.state.opening()]

    def ahead(self, *statements: sql.SQL | sql.Composed) -> None:
        """Let statements of gitmig's own go ahead of the next one, at home, in the same message.

        What they answer is not asked for; if one of them fails, the next one does.
        """
        with self.state.at_home():
            if self.info.transaction_status != TransactionStatus.INTRANS:  # what is sent at once is one transaction
                self.execute(sql.SQL("; ").join(statements))
                return
            for statement in statements:
                text = statement.as_bytes(self)
                self._unsent = [*self.opening(), text]
                self.note_statement(text)

    def joined(self, query: bytes | str | sql.Composable) -> tuple[bytes, int]:
        """The statement with what has to be sent first, in one message, and how many statements that is.

        Only inside a transaction: outside, statements that are sent together are one.
        """
        if isinstance(query, sql.Composable):
            query = query.as_bytes(self)
        text = query.encode() if isinstance(query, str) else query
        if self.info.transaction_status != TransactionStatus.INTRANS or not self._takes_several:
            self.prepare_path()
            return text, 0
        opening = self.opening()
        return b"; ".join([*opening, text]), len(opening)

    def note_statement(self, query: Query) -> None:
        """Note what a statement that was sent may have done to the path."""
        if self.state.is_untrusted or not LEAVES_PATH.match(_text(query, self)):
            self.state.note_stranger()

    @contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """As psycopg's. The path is set before it begins: its statements go one by one."""
        self.prepare_path()
        with super().pipeline() as pipeline:
            yield pipeline

    # Scripts of users.

    def begin_script(self) -> None:
        """Give the session to a script: from here on it has the settings of a new session of the user."""
        first: list[bytes] = []
        if self.info.transaction_status != TransactionStatus.INTRANS:
            self.script_transaction = None
        elif self.script_transaction is None:
            key = ""
            if self.advisory_key:  # the transaction holds it as well: no script can release that
                key = f", pg_catalog.pg_try_advisory_xact_lock({self.advisory_key}::pg_catalog.int8)"
            first = [f"SELECT {XID}{key}".encode()]
        for xid, *is_ours in self._send(*self.state.begin_script(first)):
            if is_ours == [False]:
                raise LockLost
            self.script_transaction = str(xid)

    def end_script(self) -> bool:
        """Take the session back, once a script has run or failed; False if it left the transaction it began in."""
        if self.closed or self._is_failed:
            self._plans_in_doubt = True
            return True
        ((xid, prepared),) = self._send(
            *self.state.reset(), f"SELECT pg_catalog.pg_current_xact_id_if_assigned(), {PREPARED}".encode()
        )
        self._note_prepared(prepared)
        return self.script_transaction is None or str(xid) == self.script_transaction

    def _note_prepared(self, count: int) -> None:
        if count < len(self._plans):  # a script said DEALLOCATE, which no rollback takes back
            self._plans.clear()
        self._plans_in_doubt = False

    def secure_lock(self) -> None:
        """Take the lock again, if this session has it, in case a script has let go of it. Raises LockLost.

        To be called wherever the session may be; the statement means the same under every path.
        """
        if self.advisory_key:
            query = f"SELECT pg_catalog.pg_try_advisory_lock({self.advisory_key}::pg_catalog.int8)"
            ((mine,),) = self._send(query.encode())
            if not mine:
                raise LockLost
        self._lock_in_doubt = False

    # Transactions.

    @contextmanager
    def transaction(  # type: ignore[override]  # nobody needs psycopg's object
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> Iterator[None]:
        """As psycopg's. What is checked when it commits finds the user's path, and then the lock is still held.

        Within another one it is a savepoint, which is made and let go of with the statement that follows.
        """
        transaction: AbstractContextManager[object] = super().transaction(savepoint_name, force_rollback)
        if self.info.transaction_status == TransactionStatus.IDLE:
            transaction = self._outermost(transaction, force_rollback)
        elif self.info.transaction_status == TransactionStatus.INTRANS and self._takes_several:
            transaction = self._savepoint(force_rollback)
        with self.state.transaction(force_rollback=force_rollback), transaction:
            yield

    @contextmanager
    def _outermost(self, transaction: AbstractContextManager[object], force_rollback: bool) -> Iterator[None]:
        self._send()
        self.script_transaction = None
        if self._lock_in_doubt:
            self.secure_lock()
        strangers, committed = self.state.strangers, False
        try:
            with transaction:
                yield
                if not (force_rollback or self._is_failed):
                    if strangers != self.state.strangers:
                        self._before_commit()
                    self._unsent = [one for one in self._unsent if not one.startswith(RELEASE)]
                    self._send()
            committed = not force_rollback
        finally:
            self._unsent.clear()
            if strangers != self.state.strangers:
                self._lock_in_doubt = not committed

    def _before_commit(self) -> None:
        """While the transaction holds the lock, the session takes it again, and nobody else can come in between."""
        if statements := self.state.commit():
            if self.advisory_key and self.script_transaction is not None:
                lock = f"SELECT pg_catalog.pg_advisory_lock({self.advisory_key}::pg_catalog.int8)"
                statements = [lock.encode(), *statements]
            self._send(*statements)

    @contextmanager
    def _savepoint(self, force_rollback: bool) -> Iterator[None]:
        """A savepoint that costs no message of its own, and none at all where nothing is sent meanwhile."""
        self._count += 1
        name = f"gitmig_{self._count}".encode()
        opening = SAVEPOINT + name
        self._unsent.append(opening)
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):  # the connection broke; what is raised says so
                self._roll_back(opening, name)
            raise
        if force_rollback:
            self._roll_back(opening, name)
        elif opening in self._unsent:
            self._unsent.remove(opening)
        else:
            self._unsent.append(RELEASE + name)

    def _roll_back(self, opening: bytes, name: bytes) -> None:
        if opening in self._unsent:
            del self._unsent[self._unsent.index(opening) :]
        else:
            self._unsent.clear()
            self._send(b"ROLLBACK TO " + name, RELEASE + name)

    @property
    def _takes_several(self) -> bool:
        """Whether a message may hold several statements: within a pipeline it has one."""
        return self.pgconn.pipeline_status == PipelineStatus.OFF

    @property
    def _is_failed(self) -> bool:
        return self.info.transaction_status in {TransactionStatus.INERROR, TransactionStatus.UNKNOWN}

    def _send(self, *statements: bytes) -> list[TupleRow]:
        """Send statements as they are, in one message, behind what goes ahead of them; the rows of all of them."""
        ahead, self._unsent = self._unsent, []
        every = [*ahead, *statements]
        if not every:
            return []
        if not self._takes_several:
            cursor = psycopg.Cursor(self)
            for statement in every:
                cursor.execute(statement)
            return []
        transformer = adapt.Transformer(self)
        results = self._exchange(b"; ".join(every))[len(ahead) :]
        return [row for result in results if result.nfields for row in _rows(transformer, result)]

    def _exchange(self, message: bytes) -> list[PGresult]:
        """Send statements in one message; the result of each.

        A cursor would make much of every single one, and most only set something.
        """
        self.pgconn.send_query(message)
        results: list[PGresult] = self.wait(generators.execute(self.pgconn))
        for result in results:
            if result.status in FAILED:
                raise psycopg.errors.error_from_result(result, encoding=self.info.encoding)
        return results


class _Cursor(psycopg.Cursor[TupleRow]):
    """Looks after the path before each statement."""

    @property
    def _session(self) -> Connection:
        connection = self.connection
        assert isinstance(connection, Connection)
        return connection

    def execute(
        self, query: Query, params: Params | None = None, *, prepare: bool | None = None, binary: bool | None = None
    ) -> Self:
        """As psycopg's."""
        statement, before = query, 0
        if params is None and isinstance(query, (bytes, str, sql.Composable)):
            statement, before = self._session.joined(query)
        else:
            self._session.prepare_path()
        try:
            super().execute(statement, params, prepare=prepare, binary=binary)  # type: ignore[arg-type,misc,unused-ignore]
        finally:
            self._session.note_statement(query)
        for _ in range(before):
            self.nextset()
        return self

    def executemany(self, query: Query, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """As psycopg's."""
        self._session.prepare_path()
        try:
            super().executemany(query, params_seq, returning=returning)
        finally:
            self._session.note_statement(query)

    def stream(
        self, query: Query, params: Params | None = None, *, binary: bool | None = None, size: int = 1
    ) -> Iterator[Any]:
        """As psycopg's."""
        self._session.prepare_path()
        try:
            yield from super().stream(query, params, binary=binary, size=size)
        finally:
            self._session.note_statement(query)

    @contextmanager
    def copy(self, statement: Query, params: Params | None = None, *, writer: Writer | None = None) -> Iterator[Copy]:
        """As psycopg's."""
        self._session.prepare_path()
        try:
            with super().copy(statement, params, writer=writer) as copy:
                yield copy
        finally:
            self._session.note_statement(statement)


def _rows(transformer: Transformer, result: PGresult) -> list[TupleRow]:
    """The rows of a result, as a cursor gives them."""
    transformer.set_pgresult(result)
    rows: list[TupleRow] = transformer.load_rows(0, result.ntuples, tuple)
    return rows


def _as_array(value: object) -> object:
    """A list as PostgreSQL reads an array."""
    if not isinstance(value, (list, tuple, set, frozenset)):
        return value
    quoted = (str(part).replace("\\", "\\\\").replace('"', '\\"') for part in value)
    return "{" + ",".join(f'"{part}"' for part in quoted) + "}"


def _text(query: Query, connection: Connection) -> str:
    """As much of it as tells what it is about."""
    if isinstance(query, bytes):
        return query[:60].decode(errors="replace")
    if isinstance(query, sql.Composable):
        return query.as_string(connection)
    return query if isinstance(query, str) else ""  # a template: nothing is known of it
