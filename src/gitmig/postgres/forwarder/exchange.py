"""Who may say what to PostgreSQL, and when: the clients of the forwarder, bytes in and bytes out, without I/O.

One client has the *turn* while a unit of its work is under way, and as long as it has a block open. The others wait;
but not for ever, for the one that has the turn may be waiting for them.
"""

from __future__ import annotations

import hmac
import secrets
from enum import Enum, auto
from typing import TYPE_CHECKING

from gitmig.postgres.forwarder import protocol
from gitmig.postgres.forwarder.protocol import HEADER, Inbox, Message, Outbox, ProtocolViolation, message, report
from gitmig.postgres.forwarder.session import (
    FULL,
    Broken,
    Event,
    Prepared,
    Rejected,
    Reported,
    Said,
    Session,
    UnitEnded,
    WantsData,
)
from gitmig.postgres.forwarder.statements import Mode
from gitmig.postgres.session import RESET

if TYPE_CHECKING:
    from collections.abc import Mapping

BUSY = "another connection of this migration is inside a transaction; there is one transaction for all of them"
BUSY_HINT = "commit or roll back there first, or do the work on one connection"
ELSEWHERE_HINT = "connect as DATABASE_URL and the PG variables say"
ENDED = "the migration has ended"
COPY_ENDS, COPY_IGNORES = {b"c", b"f"}, {b"S", b"H"}


class Phase(Enum):
    """How far a client is."""

    STARTUP = auto()  # its first message has not come
    PASSWORD = auto()
    SETTING = auto()  # its settings are to be made
    READY = auto()
    REFUSED = auto()  # it has been told so, and the rest of its unit is not listened to
    LEAVING = auto()  # it is gone, or going; what it has begun is being ended
    GONE = auto()  # to be closed once its answers are sent


LISTENED_TO = {Phase.STARTUP, Phase.PASSWORD, Phase.SETTING, Phase.READY, Phase.REFUSED}


class Client:
    """One connection of a program. `asks_password`: it came in by a door that others could knock at."""

    def __init__(self, number: int, *, asks_password: bool) -> None:
        self.number = number
        self.asks_password = asks_password
        self.inbox = Inbox()
        self.outbox = Outbox()
        self.phase = Phase.STARTUP
        self.hung_up = False  # it will say nothing more
        self.key = secrets.token_bytes(4)  # to cancel with
        self.waited = 0.0  # seconds
        self.settings: list[tuple[str, str]] = []
        self.resets = False  # the session is another's that has gone, and to be made a new one first
        self.greeting = b""
        self.prepared = Prepared(b"program%d_" % number)

    @property
    def is_listened_to(self) -> bool:
        """Whether what it says still matters."""
        return self.phase in LISTENED_TO


class Exchange:
    """The state of everything. `parameters` is what the server has reported, `patience` in seconds.

    The caller says what happened (`connect`, `received`, `hung_up`, `lost`, `answered`, `disconnected`, `passed`),
    sends what is in the outboxes of the session and the clients, asks the server to cancel when `wants_cancel`, and
    closes clients that are GONE. After `finish`, `is_done` says when the server has given its last answer.
    """

    def __init__(
        self, *, database: str, user: str, parameters: Mapping[bytes, bytes], patience: float, password: str
    ) -> None:
        self.database = database
        self.user = user
        self.patience = patience
        self.password = password
        self.session = Session(parameters)
        self.clients: list[Client] = []
        self.is_done = False
        self._failure: str | None = None
        self._is_dead = False  # nothing can be done in the transaction any more
        self._turn: Client | None = None
        self._waiting: list[Client] = []
        self._departed: list[Prepared] = []  # what clients that are gone have prepared
        self._count = 0
        self.is_used = False  # by a client, at any time
        self.last_error: dict[str, str] | None = None  # the fields of what a client was refused last
        self._undoes = False  # the client that has the turn is gone before its unit was complete
        self._refusal: bytes | None = None  # of a client's settings
        self._cancels = False
        self._finishing = False
        self._closing = False
        self._moved = (0, 0)  # bytes to the server and to the client, when somebody looked last

    # What the caller tells.

    def connect(self, *, asks_password: bool = False) -> Client:
        """A client has come."""
        self._count += 1
        client = Client(self._count, asks_password=asks_password)
        self.clients.append(client)
        if self._is_dead or self._finishing:
            self._close(client, report("FATAL", "57P01", self.failure or ENDED))
        return client

    def received(self, client: Client, data: bytes) -> None:
        """A client has sent something."""
        if client.is_listened_to:
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
        for event in self.session.answers(data):
            self._hear(event)

    def disconnected(self) -> None:
        """The server has gone."""
        self._die("the connection to the server broke")
        self.is_done = True

    def passed(self, seconds: float) -> None:
        """Time has passed in which nothing happened.

        It counts for those who wait while the server, too, waits for the client that has the turn. While data is
        moved, nobody is in anybody's way for good.
        """
        if self._turn is not None and self.session.expected:
            moved = (self.session.outbox.total, self._turn.outbox.total)
            if moved != self._moved:
                self._moved = moved
                for client in self._waiting:
                    client.waited = 0.0
        if self._is_stuck:
            for client in list(self._waiting):
                client.waited += seconds
                if client.waited >= self.patience:
                    self._refuse(client)

    def finish(self) -> None:
        """No client comes any more. Those that have hung up are served to their end, the others are dropped.

        But for those that may have sent more than there is room for: to be called again.
        """
        self._finishing = True
        for client in list(self.clients):
            if self.reads(client):
                self.lost(client)
        self._give_turn()

    def fail(self, reason: str) -> None:
        """Something is wrong with what the program did, whatever it says itself."""
        self._failure = self._failure or reason

    def cancel(self) -> None:
        """Cancel whatever runs."""
        self._cancels = bool(self.session.expected)

    def cancelled(self) -> None:
        """The server has been asked to."""
        self._cancels = False

    # What the caller asks.

    @property
    def failure(self) -> str | None:
        """What is wrong for good, as a sentence."""
        return self._failure or (self.session.attempt and f"the program tried {self.session.attempt}")

    @property
    def reads_upstream(self) -> bool:
        """Whether what the server says can be kept."""
        return self._turn is None or len(self._turn.outbox) < FULL

    def reads(self, client: Client) -> bool:
        """Whether what a client says can be kept."""
        has_room = len(self.session.outbox) < FULL and (len(client.inbox) < FULL or client.inbox.is_incomplete)
        return has_room and client.is_listened_to and not client.hung_up

    @property
    def seconds_left(self) -> float | None:
        """When time is up for somebody who waits; None if for nobody."""
        if not self._is_stuck or not self._waiting:
            return None
        return max(0.0, self.patience - max(client.waited for client in self._waiting))

    @property
    def is_busy(self) -> bool:
        """Whether the server has something to answer."""
        return bool(self.session.expected)

    @property
    def wants_cancel(self) -> bool:
        """Whether the statement that runs now is to be cancelled."""
        return self._cancels and self.session.can_cancel

    @property
    def _is_stuck(self) -> bool:
        """Whether nothing happens until the client that has the turn says or reads something."""
        session = self.session
        return self._turn is not None and (not session.expected or session.copies_in or not self.reads_upstream)

    # Letting clients in.

    def _start(self, client: Client, packet: bytes) -> None:
        (code,) = HEADER.unpack_from(packet)
        if code in {protocol.SSL_REQUEST, protocol.GSS_REQUEST}:
            client.outbox.put(b"N")
        elif code == protocol.CANCEL_REQUEST:
            self._request_cancel(packet)
            self._close(client)
        else:
            startup = protocol.read_startup(packet)
            client.settings = startup.settings
            client.greeting = protocol.negotiate(startup)
            if refusal := self._why_not(startup):
                self._close(client, refusal)
            elif client.asks_password:
                client.outbox.put(message(b"R", HEADER.pack(3)))
                client.phase = Phase.PASSWORD
            else:
                self._let_in(client)

    def _request_cancel(self, packet: bytes) -> None:
        if len(packet) == 12 and self._turn is not None and self.session.started:
            number, key = HEADER.unpack_from(packet, 4)[0], packet[8:]
            self._cancels |= number == self._turn.number and hmac.compare_digest(key, self._turn.key)

    def _why_not(self, startup: protocol.Startup) -> bytes | None:
        wanted = startup.parameters
        if wanted.get("replication", "false").lower() not in {"false", "off", "no", "0"}:
            return report("FATAL", "0A000", "replication is not possible inside a migration")
        if (database := wanted.get("database", self.database)) != self.database:
            text = f'the migration runs in database "{self.database}", and "{database}" cannot be reached from it'
            return report("FATAL", "3D000", text, ELSEWHERE_HINT)
        if (user := wanted.get("user", self.user)) != self.user:
            text = f'the migration runs as "{self.user}", and "{user}" cannot log in'
            return report("FATAL", "28000", text, ELSEWHERE_HINT)
        return None

    def _check_password(self, client: Client, found: Message) -> None:
        if found.kind == b"p" and hmac.compare_digest(found.body.rstrip(b"\0"), self.password.encode()):
            self._let_in(client)
        else:
            self._close(client, report("FATAL", "28P01", f'password authentication failed for user "{self.user}"'))

    def _let_in(self, client: Client) -> None:
        is_shared = any(one.phase in {Phase.SETTING, Phase.READY, Phase.REFUSED} for one in self.clients)
        client.resets, self.is_used = self.is_used and not is_shared, True
        known = {name.decode().lower(): value for name, value in self.session.parameters.items()}
        client.settings = [
            (name, value)
            for name, value in client.settings
            if client.resets or known.get(name.lower()) != value.encode("utf-8", "surrogateescape")
        ]
        client.phase = Phase.SETTING
        if not client.resets and not client.settings:
            self._welcome(client)

    def _make_settings(self, client: Client) -> bool:
        if self._take_turn(client):
            self.session.configure(RESET if client.resets else (), client.settings)
        return False

    def _welcome(self, client: Client) -> None:
        client.phase = Phase.READY
        client.outbox.put(message(b"R", HEADER.pack(0)) + client.greeting)
        for name, value in self.session.parameters.items():
            client.outbox.put(message(b"S", name + b"\0" + value + b"\0"))
        client.outbox.put(message(b"K", HEADER.pack(client.number) + client.key) + protocol.ready(b"I"))

    # What clients say.

    def _advance(self, client: Client) -> None:
        """Do what a client wants, as far as it has said it and may."""
        try:
            while self._step(client):
                pass
        except ProtocolViolation as error:
            self._leave(client, report("FATAL", "08P01", str(error)))
        if client.hung_up and client.is_listened_to and not self._is_waiting(client):
            self._leave(client)

    def _is_waiting(self, client: Client) -> bool:
        """Whether there will be an answer for it, perhaps for somebody who has only stopped to talk."""
        session = self.session
        return client in self._waiting or (self._turn is client and session.closed and not session.copies_in)

    def _step(self, client: Client) -> bool:
        """Do the next thing that a client wants; False if there is none, or it has to wait."""
        match client.phase:
            case Phase.STARTUP:
                packet = client.inbox.startup()
                if packet is not None:
                    self._start(client, packet)
                return packet is not None
            case Phase.PASSWORD:
                found = client.inbox.message()
                if found is not None:
                    self._check_password(client, found)
                return found is not None
            case Phase.SETTING if self._turn is not client:
                return self._make_settings(client)
            case Phase.READY:
                return self._work(client) if self._turn is client else self._ask(client)
            case Phase.REFUSED:
                return self._ignore(client)
        return False

    def _ask(self, client: Client) -> bool:
        """A client says something without having the turn."""
        inbox = client.inbox
        kind = inbox.kind() if not inbox.left else b"d"
        if kind in {b"d", b"c", b"f", b"H"}:  # of a COPY that has failed; and there is nothing to flush
            return bool(inbox.passage(b"dcfH"))
        if kind == b"X":
            self._leave(client)
        return kind is not None and client.is_listened_to and self._take_turn(client)

    def _work(self, client: Client) -> bool:
        """Deal with what the client says that has the turn."""
        session, inbox = self.session, client.inbox
        if inbox.left:
            return session.pass_on(inbox, b"d" * session.copies_in) if session.unfinished else bool(inbox.passage(b""))
        kind = inbox.kind()
        if kind is None or (session.closed and not session.copies_in):
            return False
        if session.copies_in:
            return self._copy(client, kind)
        if kind in {b"d", b"c", b"f"} or (session.skips and kind not in {b"S", b"X"}):
            return bool(inbox.passage(kind))
        found = inbox.message(piecewise=kind == b"B")
        if found is not None and found.kind == b"X":
            self._leave(client)
        elif found is not None:
            session.speak(client.prepared, found)
        return found is not None

    def _copy(self, client: Client, kind: bytes) -> bool:
        """Data for a COPY. What libpq sends behind the Execute, the server ignores as long as data comes."""
        if kind == b"d":
            return self.session.pass_on(client.inbox, b"d")
        if kind not in COPY_ENDS | COPY_IGNORES:
            self._leave(client, report("FATAL", "08P01", f"unexpected message type {kind!r} during COPY from stdin"))
            return False
        found = client.inbox.message()
        if found is not None and kind in COPY_ENDS:
            self.session.end_copy(found)
        return found is not None

    def _ignore(self, client: Client) -> bool:
        """Drop what is left of a unit that was answered with an error."""
        inbox = client.inbox
        kind = (inbox.kind() or b"") if not inbox.left else b""
        if kind == b"X":
            self._leave(client)
            return False
        if kind not in {b"Q", b"F", b"S"}:
            return bool(inbox.passage(kind))
        if inbox.message() is None:
            return False
        client.phase = Phase.READY
        client.outbox.put(protocol.ready(b"I"))
        return True

    # Whose turn it is.

    def _take_turn(self, client: Client) -> bool:
        is_first = not self._waiting or self._waiting[0] is client
        if self._turn is None and is_first and not self._closing:
            del self._waiting[:1]
            self._turn = client
        elif client not in self._waiting:
            client.waited = 0.0
            self._waiting.append(client)
        return self._turn is client

    def _release(self) -> None:
        self._turn = None
        self._give_turn()

    def _give_turn(self) -> None:
        while self._turn is None and self._waiting:
            first = self._waiting[0]
            self._advance(first)
            if self._turn is None and self._waiting[:1] == [first]:
                del self._waiting[0]
        is_quiet = self._finishing and self._turn is None and not self._closing
        if is_quiet and all(client.phase is Phase.GONE for client in self.clients):
            self._closing = True
            if self._is_dead:
                self.is_done = True
            else:
                self.session.close(self._left_over())

    def _left_over(self) -> list[bytes]:
        return [prepared.name(name) for prepared in self._departed for name in prepared.meanings if name]

    def _refuse(self, client: Client) -> None:
        """Tell a client that it has waited long enough."""
        self._waiting.remove(client)
        if client.phase is Phase.SETTING:
            self._close(client, report("FATAL", "55P03", BUSY, BUSY_HINT))
        else:
            client.outbox.put(report("ERROR", "55P03", BUSY, BUSY_HINT))
            client.phase = Phase.REFUSED
            self._advance(client)

    def _close(self, client: Client, last: bytes = b"") -> None:
        client.outbox.put(last)
        client.inbox.clear()
        client.phase = Phase.GONE
        self._departed.append(client.prepared)
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
        self._undoes = self.session.abandon()
        if not self.session.started:
            self._clean_up(client)

    def _clean_up(self, client: Client) -> None:
        undoes, self._undoes = self._undoes, False
        if self._is_dead or not (undoes or self.session.mode.in_block) or not self.session.undo():
            self._close(client)
            self._release()

    # What the server says.

    def _hear(self, event: Event) -> None:
        client = self._turn
        match event:
            case Said(data):
                self._tell(data)
            case Reported(data):
                for one in self.clients:
                    if one.phase in {Phase.READY, Phase.REFUSED}:
                        one.outbox.put(data)
            case Rejected(data):
                self._hear_refusal(client, data)
            case WantsData():
                self._hear_copy(client)
            case Broken(reason):
                self._die(reason)
            case UnitEnded():
                self._end_unit(client)

    def _hear_copy(self, client: Client | None) -> None:
        if client is not None and client.phase is Phase.READY:
            self._advance(client)  # some send their data at once
        else:
            self._undoes |= self.session.abandon()

    def _hear_refusal(self, client: Client | None, data: bytes) -> None:
        self._tell(data)
        if client is not None and client.phase is Phase.READY:
            self.last_error = protocol.read_report(data[5:])  # behind kind and length
        if client is not None and client.phase is Phase.SETTING:
            self._refusal = self._refusal or data
        if client is not None and not client.is_listened_to and self.session.skips:
            self.session.sync()  # in its place

    def _tell(self, data: bytes) -> None:
        if self._turn is not None and self._turn.phase is Phase.READY:
            self._turn.outbox.put(data)

    def _end_unit(self, client: Client | None) -> None:
        """What comes when a unit of the client that has the turn has ended; without a client, the session is closed."""
        refusal, self._refusal = self._refusal, None
        self._cancels = False
        if client is None:
            self.is_done = self._closing
        elif client.phase is Phase.LEAVING:
            self._clean_up(client)
        elif client.phase is Phase.SETTING and refusal:
            self._close(client, protocol.as_fatal(refusal))
            self._release()
        elif client.phase is Phase.SETTING:
            self._welcome(client)
            self._release()
            self._advance(client)
        else:
            if client.phase is Phase.READY:
                status = {Mode.BLOCK: b"T", Mode.FAILED_BLOCK: b"E"}.get(self.session.mode, b"I")
                client.outbox.put(protocol.ready(status))
            if client.phase is not Phase.READY or not self.session.mode.in_block:
                self._release()
            self._advance(client)

    def _die(self, reason: str) -> None:
        """Give up: nothing that a client does can be right any more."""
        self.fail(reason)
        self._is_dead = True
        for client in self.clients:
            if client.is_listened_to:
                self._close(client, report("FATAL", "57P01", self.failure or reason))
        if not self.session.expected and not self.session.started:
            self._turn = None
