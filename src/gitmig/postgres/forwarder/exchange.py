"""Who may say what to PostgreSQL, and what it hears: the state of the forwarder, bytes in and bytes out, without I/O.

One client has the *turn* while a unit of its work is under way (a simple query, a function call, or extended messages
up to a Sync), and as long as it has a block open. Of every message that is passed on, an `Expected` remembers what its
answer means: PostgreSQL answers in order, and after an error skips everything up to the next Sync.
"""

from __future__ import annotations

import hmac
import secrets
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from gitmig.postgres.forwarder import protocol, statements
from gitmig.postgres.forwarder.protocol import HEADER, Inbox, ProtocolViolation, message, report
from gitmig.postgres.forwarder.statements import Kind, Meaning, Mode, Translation

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = b"gitmig_program"  # the name of statements and portals of the forwarder's own
SYNC, FLUSH = message(b"S"), message(b"H")
# How much is kept for one side before the other is no longer read from.
FULL = 1 << 20
ZEROS = bytes(FULL)
# What ends the answer to each kind of message.
ENDS = {b"P": b"1", b"B": b"2", b"C": b"3", b"D": b"Tn", b"E": b"CIs", b"S": b"Z", b"Q": b"Z", b"F": b"Z"}
# What a session is given back with before another client gets it, so that it begins as a new one would.
FRESH = (b"RESET ALL", b"RESET SESSION AUTHORIZATION", b"DISCARD TEMP")
SET_CONFIG = b"SELECT pg_catalog.set_config($1, $2, false)"
# What can be set of what a server reports.
SETTABLE = (
    b"client_encoding", b"DateStyle", b"IntervalStyle", b"TimeZone", b"standard_conforming_strings",
    b"application_name", b"default_transaction_read_only", b"search_path",
)  # fmt: skip
BUSY = "another connection of this migration is inside a transaction; there is one transaction for all of them"
BUSY_HINT = "commit or roll back there first, or do the work on one connection"


class Phase(Enum):
    """How far a client is."""

    STARTUP = auto()  # its first message has not come
    PASSWORD = auto()
    SETTING = auto()  # its settings are to be made
    READY = auto()
    LEAVING = auto()  # it is gone, or going; what it has begun is being ended
    GONE = auto()  # to be closed once its answers are sent


class Outbox:
    """Bytes to be sent."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self.total = 0  # what was sent

    def __len__(self) -> int:
        return self._size

    def put(self, data: bytes) -> None:
        """Add to the end."""
        if data:
            self._chunks.append(data)
            self._size += len(data)

    def peek(self) -> bytes:
        """A piece from the front that is worth a system call."""
        if len(self._chunks) > 1 and len(self._chunks[0]) < protocol.COMPACT:
            joined, size = [], 0
            while self._chunks and size < protocol.COMPACT:
                joined.append(self._chunks.popleft())
                size += len(joined[-1])
            self._chunks.appendleft(b"".join(joined))
        return self._chunks[0] if self._chunks else b""

    def sent(self, count: int) -> None:
        """Take away what was sent."""
        self._size -= count
        self.total += count
        if rest := self._chunks.popleft()[count:]:
            self._chunks.appendleft(rest)

    def clear(self) -> None:
        """Forget everything."""
        self._chunks.clear()
        self._size = 0


class Client:
    """One connection of a program. `asks_password`: it came in by a door that others could knock at."""

    def __init__(self, number: int, *, asks_password: bool) -> None:
        self.number = number
        self.asks_password = asks_password
        self.prefix = b"program%d_" % number
        self.inbox = Inbox()
        self.outbox = Outbox()
        self.phase = Phase.STARTUP
        self.hung_up = False
        self.key = secrets.token_bytes(4)
        self.waited = 0.0  # seconds, for another's idle block
        self.settings: list[tuple[str, str]] = []
        self.greeting = b""
        self.is_fresh = True  # the session is to be made a new one first
        self.prepared: dict[bytes, Meaning] = {}  # the statements it has, by the names it gave them
        self.discards = False  # everything up to the end of the unit has been answered with an error

    @property
    def is_alive(self) -> bool:
        """Whether it is still to be listened to."""
        return self.phase not in {Phase.LEAVING, Phase.GONE}


@dataclass(slots=True)
class Expected:
    """What the answer to a message means.

    `shown`: the client gets it. `fatal`: without this statement the transaction cannot go on. `mode` is what its
    success leaves behind, `failed` what an error does, where that is more than usual. `forget` is the name of a
    prepared statement which there is not if this fails. `skip` is how many answers of a text are not the client's.
    """

    kind: bytes
    shown: bool = True
    fatal: bool = False
    mode: Mode | None = None
    failed: Mode | None = None
    tag: bytes | None = None
    warning: bytes = b""
    error: bytes = b""
    skip: int = 0
    forget: bytes | None = None
    has_failed: bool = field(default=False, init=False)


class Exchange:
    """The state of everything. `parameters` is what the server has reported, `patience` in seconds.

    The caller feeds `received`, `hung_up`, `answered` and `passed`; sends what is in `upstream` and in the clients'
    `outbox`es; asks the server to cancel when `wants_cancel`; and closes clients that are GONE.
    """

    def __init__(
        self, *, database: str, user: str, parameters: Mapping[bytes, bytes], patience: float, password: str
    ) -> None:
        self.database = database
        self.user = user
        self.parameters = dict(parameters)
        self.patience = patience
        self.password = password
        self.upstream = Outbox()
        self.clients: list[Client] = []
        self.failure: str | None = None
        self.is_dead = False  # nothing can be done in the transaction any more
        self.is_done = False
        self.mode = Mode.BARE
        self._original = dict(parameters)
        self._inbox = Inbox()
        self._expected: deque[Expected] = deque()
        self._turn: Client | None = None
        self._waiting: list[Client] = []
        self._count = 0
        self.is_used = False  # by a client, at any time
        self.last_error: dict[str, str] | None = None  # the fields of what PostgreSQL refused last, for a client
        self._progress = (0, 0)
        self._predicted = Mode.BARE  # the mode if everything that was sent succeeds
        self._started = False  # a unit is under way
        self._closed = False  # all of it has been sent
        self._copies_in = False
        self._skips = False  # an extended unit has failed, and its Sync has not come
        self._unfinished = 0  # bytes to come of the message that was passed on in part
        self._undoes = False  # the client is gone before its unit was complete
        self._parts: deque[bytes] = deque()  # of a text that is sent in several
        self._portals: dict[bytes, Meaning] = {}  # those that a client has named, and what is bound to them
        self._left_over: list[bytes] = []  # prepared statements of clients that are gone
        self._refusal: bytes | None = None  # of a client's settings
        self._cancels = False
        self._finishing = False
        self._closing = False

    # What the caller tells.

    def connect(self, *, asks_password: bool = False) -> Client:
        """A client has come."""
        self._count += 1
        client = Client(self._count, asks_password=asks_password)
        self.clients.append(client)
        if self.is_dead:
            self._close(client, report("FATAL", "57P01", self.failure or "the migration has ended"))
        return client

    def received(self, client: Client, data: bytes) -> None:
        """A client has sent something."""
        if client.is_alive:
            client.inbox.feed(data)
            self._advance(client)

    def hung_up(self, client: Client) -> None:
        """A client will send nothing more; what it has sent is done first."""
        client.hung_up = True
        self._advance(client)

    def lost(self, client: Client) -> None:
        """A client cannot be reached any more."""
        client.outbox.clear()
        client.inbox.clear()
        self.hung_up(client)

    def answered(self, data: bytes) -> None:
        """The server has sent something."""
        self._inbox.feed(data)
        try:
            while self._answer():
                pass
        except ProtocolViolation as error:
            self._die(f"the server does not keep to its protocol: {error}")
            self.is_done = True

    def disconnected(self) -> None:
        """The server has gone."""
        self._die("the connection to the server broke")
        self._expected.clear()
        self._release()
        self.is_done = True

    def passed(self, seconds: float) -> None:
        """Time has passed in which nothing happened.

        It counts for those who wait while the server, too, waits for the client that has the turn: that one may be
        waiting for them. While data is moved, it is not.
        """
        if self._turn is not None and self._expected:
            progress = (self.upstream.total, self._turn.outbox.total)
            if progress != self._progress:
                self._progress = progress
                for client in self._waiting:
                    client.waited = 0.0
        if self._is_stuck:
            for client in list(self._waiting):
                client.waited += seconds
                if client.waited >= self.patience:
                    self._refuse(client)

    def finish(self) -> None:
        """No client comes any more. Those that have hung up are served to their end, the others are dropped."""
        self._finishing = True
        for client in list(self.clients):
            if client.is_alive and not client.hung_up:
                client.inbox.clear()
                self.hung_up(client)
        self._give_turn()

    # What the caller asks.

    @property
    def reads_upstream(self) -> bool:
        """Whether what the server says can be kept."""
        return self._turn is None or len(self._turn.outbox) < FULL

    def reads(self, client: Client) -> bool:
        """Whether what a client says can be kept."""
        has_room = len(self.upstream) < FULL and (len(client.inbox) < FULL or client.inbox.is_incomplete)
        return has_room and client.is_alive and not client.hung_up

    @property
    def seconds_left(self) -> float | None:
        """When time is up for somebody who waits; None if for nobody."""
        if not self._is_stuck or not self._waiting:
            return None
        return max(0.0, self.patience - max(client.waited for client in self._waiting))

    @property
    def is_busy(self) -> bool:
        """Whether the server has something to answer."""
        return bool(self._expected)

    @property
    def wants_cancel(self) -> bool:
        """Whether the statement that runs now is to be cancelled: a client's, none of the forwarder's own."""
        return self._cancels and bool(self._expected) and not self._expected[0].fatal

    def cancelled(self) -> None:
        """The server has been asked to."""
        self._cancels = False

    def cancel(self) -> None:
        """Cancel whatever runs."""
        self._cancels = bool(self._expected)

    @property
    def _is_stuck(self) -> bool:
        """Whether nothing happens until the client that has the turn says or reads something."""
        return self._turn is not None and (not self._expected or self._copies_in or not self.reads_upstream)

    # What clients say.

    def _advance(self, client: Client) -> None:
        try:
            while self._step(client):
                pass
        except ProtocolViolation as error:
            self._leave(client, report("FATAL", "08P01", str(error)))

    def _step(self, client: Client) -> bool:  # noqa: C901, PLR0911
        """Do the next thing that a client wants; False if there is none, or it has to wait."""
        match client.phase:
            case Phase.STARTUP:
                packet = client.inbox.startup()
                if packet is not None:
                    self._start(client, packet)
                    return True
            case Phase.PASSWORD:
                found = client.inbox.message()
                if found:
                    self._check_password(client, found)
                    return True
            case Phase.SETTING:
                if self._turn is not client:
                    return self._take_turn(client) and self._make_settings(client)
                return False
            case Phase.READY:
                if (client.discards or client.inbox.left or client.inbox.kind()) and self._work(client):
                    return True
                if client in self._waiting or (self._turn is client and self._closed and not self._copies_in):
                    return False  # there will be an answer, perhaps for somebody who only stopped to talk
            case _:
                return False
        if client.hung_up and client.is_alive:
            self._leave(client)
        return False

    def _start(self, client: Client, packet: bytes) -> None:
        (code,) = HEADER.unpack_from(packet)
        if code in {protocol.SSL_REQUEST, protocol.GSS_REQUEST}:
            client.outbox.put(b"N")
            return
        if code == protocol.CANCEL_REQUEST:
            self._request_cancel(packet)
            self._close(client)
            return
        startup = protocol.read_startup(packet)
        if refusal := self._why_not(startup):
            self._close(client, refusal)
            return
        client.settings = [
            setting
            for name, value in startup.parameters.items()
            if name not in {"user", "database", "replication"}
            for setting in (protocol.read_options(value) if name == "options" else [(name, value)])
        ]
        if startup.version > protocol.VERSION or startup.unknown:
            names = b"".join(name.encode("utf-8", "surrogateescape") + b"\0" for name in startup.unknown)
            count = HEADER.pack(len(startup.unknown))
            client.greeting = message(b"v", HEADER.pack(protocol.VERSION) + count + names)
        if client.asks_password:
            client.outbox.put(message(b"R", HEADER.pack(3)))
            client.phase = Phase.PASSWORD
        else:
            self._let_in(client)

    def _why_not(self, startup: protocol.Startup) -> bytes | None:
        wanted = startup.parameters
        if wanted.get("replication", "false").lower() not in {"false", "off", "no", "0"}:
            return report("FATAL", "0A000", "replication is not possible inside a migration")
        if (database := wanted.get("database", self.database)) != self.database:
            text = f'the migration runs in database "{self.database}", and "{database}" cannot be reached from it'
            return report("FATAL", "3D000", text, "connect as DATABASE_URL and the PG variables say")
        if (user := wanted.get("user", self.user)) != self.user:
            text = f'the migration runs as "{self.user}", and "{user}" cannot log in'
            return report("FATAL", "28000", text, "connect as DATABASE_URL and the PG variables say")
        return None

    def _check_password(self, client: Client, found: protocol.Message) -> None:
        if found.kind != b"p" or not hmac.compare_digest(found.body.rstrip(b"\0"), self.password.encode()):
            self._close(client, report("FATAL", "28P01", f'password authentication failed for user "{self.user}"'))
        else:
            self._let_in(client)

    def _let_in(self, client: Client) -> None:
        others = any(one is not client and one.phase in {Phase.READY, Phase.SETTING} for one in self.clients)
        client.is_fresh, self.is_used = others or not self.is_used, True
        reported = {name.decode().lower(): value.decode("utf-8", "replace") for name, value in self.parameters.items()}
        client.settings = [(name, value) for name, value in client.settings if reported.get(name.lower()) != value]
        client.phase = Phase.SETTING
        if client.is_fresh and not client.settings:
            self._welcome(client)

    def _welcome(self, client: Client) -> None:
        client.phase = Phase.READY
        client.outbox.put(message(b"R", HEADER.pack(0)) + client.greeting)
        for name, value in self.parameters.items():
            client.outbox.put(message(b"S", name + b"\0" + value + b"\0"))
        client.outbox.put(message(b"K", HEADER.pack(client.number) + client.key) + protocol.ready(b"I"))

    def _make_settings(self, client: Client) -> bool:
        self._open_unit()
        for text in () if client.is_fresh else FRESH:
            self._send_own(text, fatal=False)
        for name, value in client.settings:
            values = (name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
            self._send_own(SET_CONFIG, fatal=False, values=values)
        self._predicted = Mode.DIRTY
        self._send_sync(mode=Mode.DIRTY)
        return False

    def _request_cancel(self, packet: bytes) -> None:
        if len(packet) == 12 and self._turn is not None and self._started:
            number, key = HEADER.unpack_from(packet, 4)[0], packet[8:]
            if number == self._turn.number and hmac.compare_digest(key, self._turn.key):
                self._cancels = True

    def _work(self, client: Client) -> bool:  # noqa: C901, PLR0911
        if client.discards:
            return self._discard(client)
        inbox = client.inbox
        kind = inbox.kind() if not inbox.left else b""
        if self._turn is not client:
            if kind == b"X":
                self._leave(client)
                return False
            if kind in {b"d", b"c", b"f", b"H"} or inbox.left:  # of a COPY that has failed; there is nothing to flush
                return bool(inbox.passage(b"dcfH"))
            if not self._take_turn(client):
                return False
        if self._copies_in:
            return self._copy_in(client)
        if inbox.left:
            return self._pass_on(client, b"") if self._unfinished else bool(inbox.passage(b""))
        if self._closed:
            return False
        if kind in {b"d", b"c", b"f"}:
            return bool(inbox.passage(b"dcf"))
        if self._skips and kind not in {b"S", b"X"}:
            return bool(inbox.passage(kind or b""))
        found = inbox.message(piecewise=kind == b"B")
        if found:
            self._speak(client, found)
        return found is not None

    def _copy_in(self, client: Client) -> bool:
        """Data for a COPY. What libpq sends behind the Execute, the server ignores as long as data comes."""
        kind = client.inbox.kind() if not client.inbox.left else b"d"
        if kind == b"d":
            return self._pass_on(client, b"d")
        if kind is None:
            return False
        if kind not in {b"c", b"f", b"S", b"H"}:
            self._leave(client, report("FATAL", "08P01", f"unexpected message type {kind!r} during COPY from stdin"))
            return False
        found = client.inbox.message()
        if found and kind in {b"c", b"f"}:
            self.upstream.put(message(*found[:2]))
            self._copies_in = False
        return found is not None

    def _pass_on(self, client: Client, kinds: bytes) -> bool:
        data = client.inbox.passage(kinds)
        self._unfinished = client.inbox.left
        self.upstream.put(data)
        return bool(data)

    def _end_message(self) -> None:
        """Give the message that was passed on in part an end, for the server waits for it."""
        while self._unfinished:
            zeros = ZEROS[: self._unfinished]
            self.upstream.put(zeros)
            self._unfinished -= len(zeros)

    def _speak(self, client: Client, found: protocol.Message) -> None:  # noqa: C901
        """Pass a message on, with what has to come before it and in the place of it."""
        kind, body, _ = found
        match kind:
            case b"Q":
                self._query(client, body)
            case b"P":
                self._parse(client, body)
            case b"B":
                self._bind(client, found)
            case b"E":
                self._execute(client, body)
            case b"D" | b"C":
                self._describe_or_close(client, kind, body)
            case b"F":
                self._open_unit()
                self._send(message(kind, body), Expected(kind, mode=self._touch()))
                self._closed = True
            case b"S":
                self._send_sync()
            case b"H":
                self.upstream.put(FLUSH)
            case b"X":
                self._leave(client)
            case _:
                raise ProtocolViolation(f"invalid frontend message type {kind[0]}")

    def _open_unit(self) -> None:
        """Have the savepoint where the statement that comes next needs it."""
        starts, self._started = not self._started, True
        before = statements.prologue(self._predicted, starts_unit=starts)
        if starts and not self._predicted.in_block:
            self._close_portals()
        for text in before:
            self._predicted = statements.after(text)
            self._send_own(text, mode=self._predicted)
        if before:
            self.upstream.put(FLUSH)  # so that a cancel knows what it would meet

    def _close_portals(self) -> None:
        """PostgreSQL would close them, had the transaction ended."""
        for portal in self._portals:
            self._send(protocol.close(b"P", portal), Expected(b"C", shown=False, fatal=True))
        self._portals.clear()

    def _send(self, data: bytes, expected: Expected) -> None:
        self.upstream.put(data)
        self._expected.append(expected)

    def _send_sync(self, mode: Mode | None = None) -> None:
        self._send(SYNC, Expected(b"S", mode=mode))
        self._started = self._closed = True
        self._skips = False

    def _send_own(
        self, text: bytes, *, fatal: bool = True, mode: Mode | None = None, values: tuple[bytes, ...] = ()
    ) -> None:
        """A statement whose answers nobody sees; no simple query, for that would drop a client's unnamed statement."""
        for data in (
            protocol.close(b"S", OWN),
            protocol.close(b"P", OWN),
            protocol.parse(OWN, text),
            protocol.bind(OWN, OWN, values),
        ):
            self._send(data, Expected(data[:1], shown=False, fatal=fatal))
        self._send(protocol.execute(OWN), Expected(b"E", shown=False, fatal=fatal, mode=mode))

    def _touch(self) -> Mode:
        self._predicted = statements.touched(self._predicted)
        return self._predicted

    def _translate(self, client: Client, meaning: Meaning) -> Translation:
        if meaning.kind is Kind.DEALLOCATE and meaning.name not in client.prepared:
            meaning = statements.PLAIN  # it was prepared with SQL
        if meaning.gives_up:
            self.failure = self.failure or f"a program tried {meaning.gives_up}"
        return statements.translate(meaning, self._predicted, client.prefix)

    def _meaning(self, text: bytes) -> Meaning:
        standard = self.parameters.get(b"standard_conforming_strings", b"on") == b"on"
        return statements.meaning(text, standard_strings=standard)

    def _query(self, client: Client, body: bytes) -> None:
        text = body.removesuffix(b"\0")
        meaning = self._meaning(text)
        self._parts.extend(meaning.parts or [text])
        self._closed = True
        self._next_part(client)

    def _next_part(self, client: Client) -> None:
        self._open_unit()
        text = self._parts.popleft()
        meaning = self._meaning(text)
        translation = self._translate(client, meaning)
        for name in meaning.cursors:
            self._portals[name] = statements.PLAIN
        if translation.ends_transaction:
            self._close_portals()
        expected = _expected(b"Q", translation)
        self._predicted = translation.mode
        self._send(protocol.query(text if translation.text is None else translation.text), expected)

    def _parse(self, client: Client, body: bytes) -> None:
        name, text, types = protocol.first_words(body, 2)
        meaning = self._meaning(text)
        self._open_unit()
        expected = Expected(b"P", forget=name)
        if meaning.kind is Kind.REFUSED:
            translation = self._translate(client, meaning)
            text, expected.error = translation.text or text, translation.error
        elif meaning.kind in {Kind.BEGIN, Kind.COMMIT, Kind.ROLLBACK, Kind.SET_TRANSACTION}:
            text = statements.ROLLBACK  # can be prepared even where everything has failed; is never executed
        client.prepared[name] = meaning
        self._send(message(b"P", _prefixed(client, name) + b"\0" + text + b"\0" + types), expected)

    def _bind(self, client: Client, found: protocol.Message) -> None:
        portal, name, rest = protocol.first_words(found.body, 2)
        self._open_unit()
        meaning = client.prepared.get(name, statements.PLAIN)
        self._portals[portal] = meaning
        statement = _prefixed(client, name)
        length = len(portal) + len(statement) + 2 + len(rest) + found.left + 4
        mode = self._touch() if meaning.kind is Kind.PLAIN else None
        self._unfinished = found.left
        self._send(b"B" + HEADER.pack(length) + portal + b"\0" + statement + b"\0" + rest, Expected(b"B", mode=mode))

    def _execute(self, client: Client, body: bytes) -> None:
        portal = protocol.first_words(body, 1)[0]
        self._open_unit()
        meaning = self._portals.get(portal, statements.PLAIN)
        translation = self._translate(client, meaning)
        if translation.ends_transaction:
            self._close_portals()
        for name in meaning.cursors:
            self._portals[name] = statements.PLAIN
        expected = _expected(b"E", translation)
        if translation.text is not None:
            for data in (
                protocol.close(b"S", OWN),
                protocol.close(b"P", portal),
                protocol.parse(OWN, translation.text),
                protocol.bind(portal, OWN),
            ):
                error = translation.error if data[:1] == b"P" else b""
                self._send(data, Expected(data[:1], shown=False, error=error, failed=expected.failed))
            self._portals[portal] = meaning
        self._predicted = translation.mode
        self._send(message(b"E", body), expected)

    def _describe_or_close(self, client: Client, kind: bytes, body: bytes) -> None:
        what, name = body[:1], protocol.first_words(body[1:], 1)[0]
        self._open_unit()
        if kind == b"C" and what == b"P":
            self._portals.pop(name, None)
        if what == b"S":
            if kind == b"C":
                client.prepared.pop(name, None)
            name = _prefixed(client, name)
        self._send(message(kind, what + name + b"\0"), Expected(kind))

    # Whose turn it is.

    def _take_turn(self, client: Client) -> bool:
        if self._turn is client:
            return True
        if self._turn is None and not self._closing and (not self._waiting or self._waiting[0] is client):
            if self._waiting:
                self._waiting.pop(0)
            self._turn = client
            self._predicted = self.mode
            return True
        if client not in self._waiting:
            client.waited = 0.0
            self._waiting.append(client)
        return False

    def _release(self) -> None:
        self._turn = None
        self._give_turn()

    def _give_turn(self) -> None:
        while self._turn is None and self._waiting:
            client = self._waiting[0]
            self._advance(client)
            if self._waiting and self._waiting[0] is client and self._turn is None:
                self._waiting.pop(0)
        is_quiet = self._finishing and self._turn is None and not self._waiting and not self._closing
        if is_quiet and all(client.phase is Phase.GONE for client in self.clients):
            self._close_session()

    def _refuse(self, client: Client) -> None:
        """Tell a client that it has waited long enough."""
        self._waiting.remove(client)
        if client.phase is Phase.SETTING:
            self._close(client, report("FATAL", "55P03", BUSY, BUSY_HINT))
            return
        client.outbox.put(report("ERROR", "55P03", BUSY, BUSY_HINT))
        client.discards = True
        self._advance(client)

    def _discard(self, client: Client) -> bool:
        """Drop what is left of a unit that was answered with an error."""
        inbox = client.inbox
        kind = inbox.kind() if not inbox.left else b""
        if kind == b"X" or (kind is None and client.hung_up):
            self._leave(client)
            return False
        if kind in {b"Q", b"F", b"S"}:
            if inbox.message() is None:
                return False
            client.discards = False
            client.outbox.put(protocol.ready(b"I"))
            return True
        return bool(inbox.passage(kind or b""))

    def _close(self, client: Client, last: bytes = b"") -> None:
        client.outbox.put(last)
        client.inbox.clear()
        client.phase = Phase.GONE
        self._left_over += [_prefixed(client, name) for name in client.prepared if name]
        client.prepared.clear()
        if client in self._waiting:
            self._waiting.remove(client)

    def _leave(self, client: Client, last: bytes = b"") -> None:
        """End what a client has begun."""
        if self._turn is not client:
            self._close(client, last)
            return
        client.outbox.put(last)
        client.phase = Phase.LEAVING
        client.inbox.clear()
        self._parts.clear()
        self._end_message()
        if self._copies_in:
            self._stop_copy()
        if not self._started:
            self._clean_up(client)
        elif not self._closed:
            self._undoes = True
            self._send_sync()

    def _stop_copy(self) -> None:
        self._copies_in = False
        self.upstream.put(message(b"f", b"the client is gone\0"))

    def _clean_up(self, client: Client) -> None:
        if self.is_dead or not (self.mode.in_block or self._undoes) or self.mode is Mode.FAILED:
            self._undoes = False
            self._close(client)
            self._release()
            return
        self._undoes = False
        self._started = True
        self._send_own(statements.ROLLBACK, mode=Mode.CLEAN)
        self._send_sync()

    def _close_session(self) -> None:
        """Leave the session as it was found."""
        self._closing = True
        if self.is_dead:
            self.is_done = True
            return
        self._predicted = self.mode
        if self.mode is Mode.FAILED:
            self._send_own(statements.ROLLBACK, mode=Mode.CLEAN)
        self._close_portals()
        if self.mode is not Mode.BARE:
            self._send_own(statements.RELEASE, mode=Mode.BARE)
        changed = {name for name, value in self._original.items() if self.parameters.get(name) != value}
        if changed & {b"session_authorization", b"is_superuser"}:
            self._send_own(b"RESET SESSION AUTHORIZATION")
        for name in SETTABLE:
            if name in changed:
                self._send_own(SET_CONFIG, values=(name, self._original[name]))
        for name in [*self._left_over, OWN]:
            self._send(protocol.close(b"S", name), Expected(b"C", shown=False))
        self._send(protocol.close(b"P", OWN), Expected(b"C", shown=False))
        self._send_sync()

    # What the server says.

    def _answer(self) -> bool:  # noqa: C901
        inbox = self._inbox
        head = self._expected[0] if self._expected else None
        kind = inbox.kind() if not inbox.left else b"D"
        if kind in {b"D", b"d"}:
            data = inbox.passage(b"Dd")
            if head is not None and head.shown:
                self._tell(data)
            return bool(data)
        found = inbox.message() if kind is not None else None
        if found is None:
            return False
        kind, body, _ = found
        match kind:
            case b"S":
                self._note_parameter(body)
            case b"N" | b"A":
                self._tell(message(kind, body))
            case b"E":
                self._fail(body)
            case _ if head is None:
                self._die("the server said something that nobody had asked for")
            case b"Z":
                self._end_unit(head, body)
            case b"G":
                self._tell(message(kind, body))
                self._begin_copy(head)
            case _:
                self._succeed(head, kind, body)
        return True

    def _tell(self, data: bytes) -> None:
        if self._turn is not None and self._turn.phase is Phase.READY:
            self._turn.outbox.put(data)

    def _note_parameter(self, body: bytes) -> None:
        name, value, _ = protocol.first_words(body, 2)
        self.parameters[name] = value
        for client in self.clients:
            if client.phase is Phase.READY:
                client.outbox.put(message(b"S", body))

    def _succeed(self, head: Expected, kind: bytes, body: bytes) -> None:
        if kind == b"C" and head.skip:
            head.skip -= 1
            return
        data = message(kind, body)
        if kind == b"C" and head.tag is not None:
            data = head.warning + message(kind, head.tag + b"\0")
        if head.shown:
            self._tell(data)
        if kind in ENDS[head.kind]:
            self._expected.popleft()
            if head.mode is not None:
                self.mode = head.mode

    def _begin_copy(self, head: Expected) -> None:
        """The server takes data now, and ignores the Sync that libpq sends together with its Execute."""
        self._copies_in = True
        if head.kind == b"E":
            if len(self._expected) > 1 and self._expected[1].kind == b"S":
                del self._expected[1]
            self._closed = False
        if self._turn is not None and self._turn.phase is Phase.READY:
            self._advance(self._turn)  # some send their data at once
        else:
            self._stop_copy()
            if not self._closed:
                self._undoes = True
                self._send_sync()

    def _fail(self, body: bytes) -> None:  # noqa: C901
        fields = protocol.read_report(body)
        text = fields.get("M", "")
        if fields.get("V", fields.get("S")) in {"FATAL", "PANIC"}:
            self._die(f"the server ended the connection: {text}")
            return
        if not self._expected:
            return
        if self._copies_in:
            self._end_message()
            self._copies_in = False
        head = self._expected[0]
        if head.fatal:
            self._die(f"the transaction cannot go on: {text}")
        elif self._turn is not None and self._turn.phase is Phase.SETTING:
            self._refusal = self._refusal or message(b"E", body)
        else:
            self._tell(head.error or message(b"E", body))
            self.last_error = self.last_error if head.error else fields
        if head.failed is not None:
            self.mode = head.failed
        if head.kind in {b"Q", b"F"} and not head.fatal:
            head.has_failed = True
            return
        while self._expected and self._expected[0].kind != b"S":
            forget = self._expected.popleft().forget
            if forget is not None and self._turn is not None:
                self._turn.prepared.pop(forget, None)
        if not self._expected:
            self._skips = True
            if self.is_dead or self._turn is None or not self._turn.is_alive:
                self._send_sync()

    def _end_unit(self, head: Expected, status: bytes) -> None:
        self._expected.popleft()
        failed = status == b"E"
        if status == b"I":
            self._die("the transaction has ended, and gitmig did not end it")
        elif failed:
            self.mode = Mode.FAILED_BLOCK if self.mode.in_block else Mode.FAILED
        elif head.mode is not None and not head.has_failed:
            self.mode = head.mode
        self._predicted = self.mode
        client = self._turn
        if self._parts and not failed and client is not None and client.phase is Phase.READY and not self.is_dead:
            self._next_part(client)
            return
        self._parts.clear()
        self._started = self._closed = self._skips = self._copies_in = False
        if client is None:
            self.is_done = self._closing or self.is_dead
        else:
            self._go_on(client)

    def _go_on(self, client: Client) -> None:
        """A unit of the client that has the turn has ended."""
        refusal, self._refusal = self._refusal, None
        match client.phase:
            case Phase.SETTING if refusal:
                self._close(client, _as_fatal(refusal))
                self._release()
            case Phase.SETTING:
                self._welcome(client)
                self._release()
                self._advance(client)
            case Phase.READY:
                status = {Mode.BLOCK: b"T", Mode.FAILED_BLOCK: b"E"}.get(self.mode, b"I")
                client.outbox.put(protocol.ready(status))
                if not self.mode.in_block:
                    self._release()
                self._advance(client)
            case Phase.LEAVING:
                self._clean_up(client)
            case _:
                self._release()

    def _die(self, reason: str) -> None:
        """Give up: nothing that a client does can be right any more."""
        self.failure = self.failure or reason
        self.is_dead = True
        for client in self.clients:
            if client.is_alive:
                self._close(client, report("FATAL", "57P01", self.failure))
        self._parts.clear()


def _expected(kind: bytes, translation: Translation) -> Expected:
    return Expected(
        kind, mode=translation.mode, tag=translation.tag, warning=translation.warning, error=translation.error
    )


def _prefixed(client: Client, name: bytes) -> bytes:
    """The name under which the server knows a client's statement; others, and gitmig itself, have statements too."""
    return client.prefix + name if name else name


def _as_fatal(error: bytes) -> bytes:
    fields = protocol.read_report(error[5:])
    return report("FATAL", fields.get("C", "XX000"), fields.get("M", ""), fields.get("H"))
