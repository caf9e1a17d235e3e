"""The sockets of the forwarder, and the thread that serves them while a program runs."""

from __future__ import annotations

import os
import secrets
import selectors
import shutil
import socket
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from psycopg.pq import TransactionStatus

from gitmig.errors import GitmigError
from gitmig.postgres.forwarder.exchange import Client, Exchange, Phase

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn
    from typing_extensions import Self

    from gitmig.postgres.forwarder.protocol import Outbox

PORT = 5432
# What a server reports to every client when a connection is made.
REPORTED = (
    b"server_version", b"server_encoding", b"client_encoding", b"application_name", b"default_transaction_read_only",
    b"in_hot_standby", b"is_superuser", b"session_authorization", b"DateStyle", b"IntervalStyle", b"TimeZone",
    b"integer_datetimes", b"standard_conforming_strings", b"scram_iterations", b"search_path",
)  # fmt: skip
LONGEST_PATH = 100  # bytes; the kernels allow 103 to 107
PIECE = 1 << 18
GRACE = 1.0  # seconds that a statement may still take when the program that sent it has ended
LAST_GRACE = 10.0  # and for it to notice that it was cancelled
SEND_FLAGS = getattr(socket, "MSG_NOSIGNAL", 0)


def can_forward(pgconn: PGconn) -> bool:
    """Whether others can speak on the connection's socket: the keys of an encrypted one are libpq's alone."""
    return not pgconn.ssl_in_use and not _uses_gss(pgconn)


def _uses_gss(pgconn: PGconn) -> bool:
    """Whether the server sees this connection encrypted with GSSAPI; libpq itself tells only newer programs."""
    if not pgconn.used_gssapi:
        return False
    result = pgconn.exec_(b"SELECT encrypted FROM pg_catalog.pg_stat_gssapi WHERE pid = pg_catalog.pg_backend_pid()")
    return result.get_value(0, 0) != b"f"


class Forwarder:
    """A context in which programs can connect to `environment`, and work in the transaction of `pgconn`.

    That one must be idle inside an open transaction, and is not to be used until the block ends. Then every client is
    gone, with what it had not committed; no savepoint is left, and settings that a driver relies on are as they were.
    `failure` says what went wrong for good, if anything did. Its socket is in the `folder` (see `make_folder`), or in
    one of its own. Raises GitmigError if it cannot be used at all.
    """

    def __init__(
        self, pgconn: PGconn, *, database: str, user: str, patience: float = 5.0, folder: Path | None = None
    ) -> None:
        if not can_forward(pgconn):
            raise GitmigError(
                "programs cannot work on an encrypted connection",
                hint="connect with sslmode=disable and gssencmode=disable, or let it run outside a transaction",
            )
        if pgconn.transaction_status != TransactionStatus.INTRANS:
            raise GitmigError("the connection is not idle inside a transaction")
        found = ((name, pgconn.parameter_status(name)) for name in REPORTED)
        self._password = secrets.token_hex(32)
        self._exchange = Exchange(
            database=database,
            user=user,
            parameters={name: value for name, value in found if value is not None},
            patience=patience,
            password=self._password,
        )
        self._pgconn = pgconn
        self._cancel = pgconn.get_cancel()
        self._user, self._database = user, database
        self._folder = folder
        self._stack = ExitStack()
        self._finish = threading.Event()
        self._finish_by: float | None = None
        self._is_cancelled = False
        self._listeners: list[socket.socket] = []
        self._fault: Exception | None = None  # of our own
        self._thread = threading.Thread(target=self._serve, name="gitmig forwarder", daemon=True)
        self.environment: dict[str, str] = {}

    @property
    def failure(self) -> str | None:
        """What makes the transaction useless, or the program's work incomplete."""
        return self._exchange.failure

    @property
    def is_used(self) -> bool:
        """Whether a program has connected."""
        return self._exchange.is_used

    @property
    def last_error(self) -> dict[str, str] | None:
        """What PostgreSQL refused last of what programs sent: the fields of its ErrorResponse by their letters."""
        return self._exchange.last_error

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._selector = stack.enter_context(selectors.DefaultSelector())
            self._upstream = stack.enter_context(socket.socket(fileno=os.dup(self._pgconn.socket)))
            self._upstream.setblocking(False)
            self._wake, self._woken = (stack.enter_context(one) for one in socket.socketpair())
            folder = self._folder or make_folder(stack)
            stack.callback((folder / f".s.PGSQL.{PORT}").unlink, missing_ok=True)
            self._sockets: dict[socket.socket, Client] = {}
            self._listen(stack, socket.AF_UNIX, str(folder / f".s.PGSQL.{PORT}"))
            with suppress(OSError):
                port = self._listen(stack, socket.AF_INET, ("127.0.0.1", 0)).getsockname()[1]
                self.environment |= self._jdbc(port)
            self._selector.register(self._woken, selectors.EVENT_READ)
            self._selector.register(self._upstream, selectors.EVENT_READ)
            self.environment |= self._libpq(str(folder))
            self._stack = stack.pop_all()
        self._thread.start()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._finish.set()
        self._wake.send(b"\0")
        self._thread.join()
        self._stack.close()
        if self._fault is not None and error is None:
            raise self._fault

    def _libpq(self, folder: str) -> dict[str, str]:
        host, user, database = (quote(word, safe="") for word in (folder, self._user, self._database))
        return {
            "DATABASE_URL": f"postgresql://{user}@/{database}?host={host}&port={PORT}",
            "PGHOST": folder,
            "PGPORT": str(PORT),
            "PGUSER": self._user,
            "PGDATABASE": self._database,
            "PGSSLMODE": "disable",
            "PGGSSENCMODE": "disable",
        }

    def _jdbc(self, port: int) -> dict[str, str]:
        return {
            "JDBC_DATABASE_URL": f"jdbc:postgresql://127.0.0.1:{port}/{quote(self._database, safe='')}?sslmode=disable",
            "JDBC_DATABASE_USERNAME": self._user,
            "JDBC_DATABASE_PASSWORD": self._password,
        }

    def _listen(self, stack: ExitStack, family: int, address: str | tuple[str, int]) -> socket.socket:
        listener = stack.enter_context(socket.socket(family))
        listener.bind(address)
        listener.listen(64)
        listener.setblocking(False)
        self._listeners.append(listener)
        self._selector.register(listener, selectors.EVENT_READ, listener)
        return listener

    # In the thread.

    def _serve(self) -> None:
        try:
            try:
                while not self._exchange.is_done:
                    self._turn_once()
            finally:
                for listener in self._listeners:  # who comes now must not wait for somebody to let it in
                    listener.close()
            self._part()
        except Exception as error:  # a fault of ours must not leave a program waiting, or look like success
            self._exchange.fail(f"the forwarder failed: {error!r}")
            with suppress(OSError):
                self._upstream.shutdown(socket.SHUT_RDWR)
            for one in list(self._sockets):
                self._drop(one)
            self._fault = error

    def _turn_once(self) -> None:
        exchange = self._exchange
        self._set_interests()
        before = time.monotonic()
        events = self._selector.select(self._timeout(before))
        now = time.monotonic()
        exchange.passed(now - before)
        for key, mask in events:
            if key.fileobj is self._upstream:
                self._read_upstream(mask)
            elif key.fileobj is self._woken:
                self._woken.recv(16)
            elif isinstance(key.data, socket.socket):
                self._accept(key.data)
            elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._sockets:
                self._read_client(key.fileobj, mask)
        self._flush()
        if self._finish.is_set():
            self._wind_up(now)
            self._flush()
        if exchange.wants_cancel:
            # The server has been told when this returns, and until then nobody else's statement is sent.
            with suppress(Exception):
                self._cancel.cancel()
            exchange.cancelled()

    def _set_interests(self) -> None:
        exchange = self._exchange
        self._interest(self._upstream, exchange.reads_upstream, exchange.session.outbox)
        for one, client in self._sockets.items():
            self._interest(one, exchange.reads(client), client.outbox)

    def _interest(self, one: socket.socket, reads: bool, outbox: Outbox) -> None:
        events = selectors.EVENT_READ * reads | selectors.EVENT_WRITE * bool(outbox)
        known = self._selector.get_map().get(one)
        if known is None:
            if events:
                self._selector.register(one, events)
        elif not events:
            self._selector.unregister(one)
        elif known.events != events:
            self._selector.modify(one, events)

    def _timeout(self, now: float) -> float | None:
        waits = [self._exchange.seconds_left]
        if self._finish.is_set():
            waits.append(max(0.0, (self._finish_by or now) - now))
        known = [wait for wait in waits if wait is not None]
        return min(known) if known else None

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):
            one, _ = listener.accept()
            one.setblocking(False)
            if listener.family == socket.AF_INET:
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets[one] = self._exchange.connect(asks_password=listener.family == socket.AF_INET)

    def _read_client(self, one: socket.socket, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            self._receive(one)

    def _receive(self, one: socket.socket) -> bool:
        """Take a piece of what a client has sent; False if there is none, or no room for it."""
        client = self._sockets[one]
        if not self._exchange.reads(client):
            return False
        try:
            data = one.recv(PIECE)
        except BlockingIOError:
            return False
        except OSError:
            self._exchange.lost(client)
            return False
        if data:
            self._exchange.received(client, data)
        else:
            self._exchange.hung_up(client)
        return bool(data)

    def _read_upstream(self, mask: int) -> None:
        if mask & selectors.EVENT_READ:
            try:
                data = self._upstream.recv(PIECE)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if data:
                self._exchange.answered(data)
            else:
                self._exchange.disconnected()

    def _flush(self) -> None:
        """Send at once what the other side takes; the selector says when it takes more."""
        try:
            _send(self._upstream, self._exchange.session.outbox)
        except OSError:
            self._exchange.session.outbox.clear()
            self._exchange.disconnected()
        for one, client in list(self._sockets.items()):
            try:
                _send(one, client.outbox)
            except OSError:
                self._exchange.lost(client)
                client.outbox.clear()
            if client.phase is Phase.GONE and not client.outbox:
                self._drop(one)

    def _drop(self, one: socket.socket) -> None:
        client = self._sockets.pop(one)
        self._exchange.clients.remove(client)
        with suppress(KeyError, ValueError):
            self._selector.unregister(one)
        one.close()

    def _wind_up(self, now: float) -> None:
        """The program has ended: so do its clients, and whatever they still have running.

        What they had sent by then is read first: it may have come since the selector was asked.
        """
        exchange = self._exchange
        for one in list(self._sockets):
            while self._receive(one):
                pass
        exchange.finish()
        if self._finish_by is None:
            self._finish_by = now + GRACE
        elif now >= self._finish_by:
            if exchange.is_busy and not self._is_cancelled:
                exchange.fail("the program ended while a statement of its was still running")
                exchange.cancel()
                self._is_cancelled, self._finish_by = True, now + LAST_GRACE
            else:
                exchange.disconnected()
                with suppress(OSError):
                    self._upstream.shutdown(socket.SHUT_RDWR)

    def _part(self) -> None:
        """Close every client that is left; what it was told last is sent if it takes it."""
        for one, client in list(self._sockets.items()):
            with suppress(OSError):
                _send(one, client.outbox)
            self._drop(one)


def _send(one: socket.socket, outbox: Outbox) -> None:
    while outbox:
        try:
            outbox.sent(one.send(outbox.peek(), SEND_FLAGS))
        except BlockingIOError:
            return


def make_folder(stack: ExitStack) -> Path:
    """A directory that nobody else can enter, with a path that is short enough for a socket in it."""
    for parent in dict.fromkeys([tempfile.gettempdir(), "/tmp"]):  # noqa: S108 - a random name, for its user alone
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix="gitmig-", dir=parent))
            if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_PATH:
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                return folder
            folder.rmdir()
    raise GitmigError(
        f"there is no directory for the forwarder's socket in {tempfile.gettempdir()}",
        hint="set TMPDIR to a directory of yours with a short path",
    )
