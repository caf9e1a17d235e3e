"""A connection on which gitmig's own SQL means the same whatever the users of the database have set or made.

Names without a schema are looked up along `search_path`, and a function, operator, type or table that somebody made to
be found first would run with the rights of whoever syncs (CVE-2018-1058). So gitmig's statements run at home: with
nothing but `pg_catalog, pg_temp` on the path. `pg_temp` is named, or a temporary table would be found before all else.

Scripts run under the path of their user: what a new session of that user has. So do the statements that write rows into
users' tables, for what the owners attached to these (checks, domains, generated columns, expression indexes) is looked
up along the path as well; they are written so that they mean the same under every path.

Where the path is, the connection notes, and looks after it before each of gitmig's own statements. It knows nothing
after whatever may call functions of users, and after a rollback behind that: `ROLLBACK TO` takes back a `SET`, and what
a script sets and commits outlives it.

A message takes as long as a small statement. So savepoints, settings, and what nobody waits for go ahead of the
statement that follows, in its message; and queries of catalogs are planned once in a session.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import TupleRow, scalar_row, tuple_row

from gitmig.errors import LockLost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from psycopg.abc import Params, Query
    from psycopg.copy import Copy, Writer
    from psycopg.pq.abc import PGconn
    from psycopg.rows import RowFactory
    from typing_extensions import Self

HOME = b"SET search_path = pg_catalog, pg_temp"
# To compile gitmig's queries of catalogs takes ten times as long as to run them, and to plan them five times.
TUNE = (b"SET jit = off", b"SET plan_cache_mode = force_generic_plan")
UNTUNE = (b"RESET jit", b"RESET plan_cache_mode")
USERS = b"RESET search_path"
# Every script starts as on a new connection, so that a database that came here step by step equals one that was
# built in one go: a SET, a temporary table or a role of one migration does not reach the next one.
RESET = (b"RESET ALL", b"RESET SESSION AUTHORIZATION", b"DISCARD TEMP")
# None of these calls a function of somebody else, as long as it is about catalogs and gitmig's own tables: at most DDL
# does, through event triggers, and what is checked late.
LEAVES_PATH = re.compile(
    r"\s*(?:select|with|values|show|set\s+(?!constraints|search_path)|reset\s+(?!all|search_path)|savepoint|release|(?:insert\s+into|update|delete\s+from)"
    r"\s+gitmig(?:_kept)?\.)",
    re.IGNORECASE,
)
XID = "pg_catalog.pg_current_xact_id()"
PREPARED = (
    "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements WHERE pg_catalog.starts_with(name, 'gitmig_'))"
)
SAVEPOINT, RELEASE = b"SAVEPOINT ", b"RELEASE "


class Path(Enum):
    """Which path is set, or shall be: gitmig's own, that of a new session of the user, or whatever there is."""

    HOME = auto()
    USERS = auto()
    ANY = auto()


class Connection(psycopg.Connection[TupleRow]):
    """A session whose statements run at home unless they are sent within `users_path` or `any_path`.

    `advisory_key` is that of the lock which the session holds, None for a session without. `ledger_roles` says whose
    ledger is believed, `believed` which schemas were found to be theirs (see `ledger_access`).
    """

    def __init__(self, pgconn: PGconn, row_factory: RowFactory[TupleRow] = tuple_row) -> None:
        super().__init__(pgconn, row_factory)
        self.cursor_factory = _Cursor
        self.advisory_key: int | None = None
        self.ledger_roles: tuple[str, ...] = ()
        self.believed: frozenset[int] = frozenset()
        self._is = Path.USERS
        self._is_tuned: bool | None = False  # as no script shall find it; None: perhaps
        self._wanted = Path.HOME
        self._untrusted = False
        self._spoilt = False  # a script failed, and its settings may have stayed
        self._settings: str | None = None  # expressions that set what the session is set to, if not to what is usual
        self._is_settled = False  # within a block that wants them
        self._unsent: list[bytes] = []  # what goes ahead of the next statement, in the same message
        self._strangers = 0  # how often code was sent that is not gitmig's
        self._xid: str | None = None
        self._lock_in_doubt = False
        self._count = 0  # of the names that were given to queries
        self._plans: dict[str, str] = {}  # query → the name under which PostgreSQL has it
        self._plans_in_doubt = False

    def value(self, query: bytes | str | sql.SQL | sql.Composed, params: Params | None = None) -> Any:
        """The first column of the first row; None if there is no row, too."""
        return self.cursor(row_factory=scalar_row).execute(query, params).fetchone()

    def values(self, query: bytes | str | sql.SQL | sql.Composed, params: Params | None = None) -> list[Any]:
        """The first column of every row."""
        return self.cursor(row_factory=scalar_row).execute(query, params).fetchall()

    @contextmanager
    def users_path(self) -> Iterator[None]:
        """Statements in the block find the path of a new session of the user, and mean the same under every one."""
        with self._under(Path.USERS):
            yield

    @contextmanager
    def any_path(self) -> Iterator[None]:
        """Statements in the block find whatever path is set, and mean the same under every one."""
        with self._under(Path.ANY):
            yield

    @contextmanager
    def among_rows(self) -> Iterator[None]:
        """Statements in the block run at home; reading rows, they may call what owners of types have made."""
        before, self._untrusted = self._untrusted, True
        try:
            yield
        finally:
            self._untrusted = before

    @contextmanager
    def settled(self, settings: str) -> Iterator[None]:
        """Statements in the block find these settings, which the expressions of a SELECT make; and scripts do not.

        They stay until a script begins, or code of users can run: often the next block wants the same ones.
        """
        if self._settings != settings or self._spoilt:
            if self._spoilt or self._settings:
                self._unsent += RESET
                self._note_reset()
            self._unsent.append(f"SELECT {settings}".encode())
            self._settings = settings
        before, self._is_settled = self._is_settled, True
        try:
            yield
        finally:
            self._is_settled = before

    @contextmanager
    def _under(self, path: Path) -> Iterator[None]:
        before, self._wanted = self._wanted, path
        try:
            with self.among_rows():
                yield
        finally:
            self._wanted = before

    def prepare_path(self) -> None:
        """Set the path that the next statement shall have, if it is not known to be set."""
        if opening := self.opening():
            self._send(*opening)

    def opening(self) -> list[bytes]:
        """The statements that have to be sent first, for this path and else; from here on they count as sent."""
        found, self._unsent = self._unsent, []
        if self._wanted is Path.ANY or self._is_failed:
            return found
        if self._spoilt or (self._settings and not self._is_settled and self._wanted is Path.USERS):
            found += RESET
            self._note_reset()
        if self._is is not self._wanted:
            found.append(HOME if self._wanted is Path.HOME else USERS)
            self._is = self._wanted
        if self._is is Path.HOME and not self._is_tuned:
            found += TUNE
            self._is_tuned = True
        return found

    def ahead(self, *statements: sql.SQL | sql.Composed) -> None:
        """Let statements of gitmig's own go ahead of the next one, at home, in the same message.

        What they answer is not asked for; if one of them fails, the next one does.
        """
        before, self._wanted = self._wanted, Path.HOME
        try:
            if self.info.transaction_status != TransactionStatus.INTRANS:  # what is sent at once is one transaction
                self.execute(sql.SQL("; ").join(statements))
                return
            for statement in statements:
                text = statement.as_bytes(self)
                self._unsent = [*self.opening(), text]
                self.note_statement(text)
        finally:
            self._wanted = before

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
        if self._untrusted or not LEAVES_PATH.match(_text(query, self)):
            self._strangers += 1
            self._is = Path.ANY

    def begin_script(self) -> None:
        """Give the session to a script: from here on it has the settings of a new session of the user."""
        opening = [] if self._is is Path.USERS else [USERS]
        if self.info.transaction_status != TransactionStatus.INTRANS:
            self._xid = None
        elif self._xid is None:
            key = ""
            if self.advisory_key:  # the transaction holds it as well: no script can release that
                key = f", pg_catalog.pg_try_advisory_xact_lock({self.advisory_key}::pg_catalog.int8)"
            opening = [HOME, f"SELECT {XID}{key}".encode(), USERS]
        if self._spoilt or self._settings:
            opening = [*RESET, *opening]
            self._note_reset()
        if self._is_tuned is not False:
            opening += UNTUNE
            self._is_tuned = False
        for xid, *is_ours in self._send(*opening):
            if is_ours == [False]:
                raise LockLost
            self._xid = str(xid)
        self._spoilt, self._is = True, Path.ANY
        self._strangers += 1

    def end_script(self) -> bool:
        """Take the session back, once a script has run or failed; False if it left the transaction it began in."""
        if self.closed or self._is_failed:
            self._plans_in_doubt = True
            return True
        ((xid, prepared),) = self._send(
            *RESET, f"SELECT pg_catalog.pg_current_xact_id_if_assigned(), {PREPARED}".encode()
        )
        self._note_reset()
        self._note_prepared(prepared)
        return self._xid is None or str(xid) == self._xid

    def _note_prepared(self, count: int) -> None:
        if count < len(self._plans):  # a script said DEALLOCATE, which no rollback takes back
            self._plans.clear()
        self._plans_in_doubt = False

    def give_back(self) -> None:
        """Leave the user's path behind, at the end: a pooler may hand the session on to somebody else."""
        is_changed = self._is_tuned is not False or self._settings or self._is is not Path.USERS
        if is_changed and self.info.transaction_status == TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                self._send(*RESET)

    def reset(self) -> None:
        """Bring the settings back to those of a new session, at home."""
        self._send(*RESET, HOME)
        self._note_reset()
        self._is = Path.HOME

    def _note_reset(self) -> None:
        self._is, self._spoilt, self._is_tuned, self._settings = Path.USERS, False, False, None

    @property
    def script_transaction(self) -> str | None:
        """The number of the last transaction in which a script began, None if that began outside one."""
        return self._xid

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
        path, settings, spoilt, strangers, committed = self._is, self._settings, self._spoilt, self._strangers, False
        try:
            with transaction:
                yield
            committed = not force_rollback
        finally:
            if strangers != self._strangers:
                self._is = Path.ANY
            elif not committed:
                self._is = path
            if not committed:
                self._settings, self._spoilt, self._is_tuned = settings, spoilt, None

    @contextmanager
    def _outermost(self, transaction: AbstractContextManager[object], force_rollback: bool) -> Iterator[None]:
        self._send()
        self._xid = None
        if self._lock_in_doubt:
            self.secure_lock()
        strangers, committed = self._strangers, False
        try:
            with transaction:
                yield
                if not (force_rollback or self._is_failed):
                    if strangers != self._strangers:
                        self._before_commit()
                    self._unsent = [one for one in self._unsent if not one.startswith(RELEASE)]
                    self._send()
            committed = not force_rollback
        finally:
            self._unsent.clear()
            if strangers != self._strangers:
                self._lock_in_doubt = not committed

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

    def run_prepared(self, *queries: tuple[str, Sequence[object]]) -> list[list[TupleRow]]:
        """Send queries at home, with their parameters ($1 …), in one message; the rows of each.

        Each is planned once in a session: to plan one of the catalogs takes longer than to run it. Lists are sent as
        arrays of what is in them, as text.
        """
        if self._plans_in_doubt:
            ((prepared,),) = self._send(f"SELECT {PREPARED}".encode())
            self._note_prepared(prepared)
        preparing, parts = [], []
        for query, parameters in queries:
            if query not in self._plans:
                self._count += 1
                self._plans[query] = f"gitmig_{self._count}"
                preparing.append(f"PREPARE {self._plans[query]} AS {query}")
            values = ", ".join(sql.Literal(_as_array(p)).as_string(self) for p in parameters)
            parts.append(f"EXECUTE {self._plans[query]}({values})" if parameters else f"EXECUTE {self._plans[query]}")
        cursor = psycopg.Cursor(self)
        try:
            text, before = self.joined("; ".join([*preparing, *parts]).encode())
            cursor.execute(text)
        except psycopg.Error:
            self._plans.clear()  # whether those that came first were prepared, nobody knows
            raise
        for _ in range(before):
            cursor.nextset()
        found: list[list[TupleRow]] = []
        more: bool | None = True
        while more:
            if _has_rows(cursor):
                found.append(cursor.fetchall())
            more = cursor.nextset()
        return found

    @contextmanager
    def pipeline(self) -> Iterator[psycopg.Pipeline]:
        """As psycopg's. The path is set before it begins: its statements go one by one."""
        self.prepare_path()
        with super().pipeline() as pipeline:
            yield pipeline

    def _before_commit(self) -> None:
        """While the transaction holds the lock, the session takes it again, and nobody else can come in between."""
        if self._wanted is Path.ANY:  # the script's own settings last until its end
            return
        statements = RESET if self._settings else (USERS,)
        if self.advisory_key and self._xid is not None:
            lock = f"SELECT pg_catalog.pg_advisory_lock({self.advisory_key}::pg_catalog.int8)"
            statements = (lock.encode(), *statements)
        self._send(*statements)
        self._is = Path.USERS
        if self._settings:
            self._note_reset()

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
        cursor = psycopg.Cursor(self)
        if not self._takes_several:
            for statement in every:
                cursor.execute(statement)
            return []
        cursor.execute(b"; ".join(every))
        rows: list[TupleRow] = []
        for place in range(len(every)):
            if place >= len(ahead) and _has_rows(cursor):
                rows += cursor.fetchall()
            cursor.nextset()
        return rows


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


def _has_rows(cursor: psycopg.Cursor[TupleRow]) -> bool:
    """Whether the statement is one that answers with rows; to ask for their description takes longer."""
    return cursor.pgresult is not None and cursor.pgresult.nfields > 0


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
