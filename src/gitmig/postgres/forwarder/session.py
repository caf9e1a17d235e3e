"""What PostgreSQL has been told on behalf of a client, and what its answers mean.

It answers in the order in which it was asked, and after an error skips everything up to the next Sync. So of every
message that is sent, an `Expected` remembers what becomes of its answer. A *unit* is what ends with a ReadyForQuery: a
simple query, a function call, or extended messages up to a Sync.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct, field

from gitmig.postgres.forwarder import protocol, statements
from gitmig.postgres.forwarder.protocol import HEADER, Inbox, Message, Outbox, ProtocolViolation, message
from gitmig.postgres.forwarder.statements import Meaning, Mode, StatementKind, Translation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

OWN = b"gitmig_program"  # the name of statements and portals of the forwarder's own
SYNC, FLUSH = message(b"S"), message(b"H")
# How much is kept for one side before the other is no longer read from.
FULL = 1 << 20
ZEROS = bytes(FULL)
# What ends the answer to each kind of message.
ENDS = {b"P": b"1", b"B": b"2", b"C": b"3", b"D": b"Tn", b"E": b"CIs", b"S": b"Z", b"Q": b"Z", b"F": b"Z"}
# In the place of these another statement is executed; what is prepared is one that never fails.
REPLACED = {StatementKind.BEGIN, StatementKind.COMMIT, StatementKind.ROLLBACK, StatementKind.SET_TRANSACTION}
SET_CONFIG = b"SELECT pg_catalog.set_config($1, $2, false)"
# What can be set of what a server reports.
SETTABLE = (
    b"client_encoding", b"DateStyle", b"IntervalStyle", b"TimeZone", b"standard_conforming_strings",
    b"application_name", b"default_transaction_read_only", b"search_path",
)  # fmt: skip
OWN_CONTEXT = re.compile(rb"\0W[^\0]*?(?=SQL statement \"SET CONSTRAINTS)[^\0]*")


class Said(Struct, frozen=True):
    """Something for the client on whose behalf the server works."""

    data: bytes


class Reported(Struct, frozen=True):
    """A parameter of the session has changed, which is everybody's."""

    data: bytes


class Rejected(Struct, frozen=True):
    """An error for the client."""

    data: bytes


class WantsData(Struct, frozen=True):
    """COPY … FROM STDIN has begun."""


class UnitEnded(Struct, frozen=True):
    """Everything that was asked has been answered."""


class Broken(Struct, frozen=True):
    """The transaction cannot go on."""

    reason: str


Event = Said | Reported | Rejected | WantsData | UnitEnded | Broken


class Expected(Struct):
    """What the answer to a message means.

    `shown`: the client gets it. `fatal`: without this statement the transaction cannot go on. `mode` is what its
    success leaves behind, `failed` what an error does, where that is more than usual. `error` stands in the place of
    PostgreSQL's. The first `skip` answers of a text are not the client's. `undo` is what has to be remembered of a
    prepared statement if this fails, or is not done at all.
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
    undo: tuple[Prepared, bytes, Meaning | None] | None = None
    has_failed: bool = False


class Prepared(Struct, eq=False):
    """The prepared statements of a client, by the names it gave them.

    The server knows them with the prefix: other clients have statements, and so has gitmig itself.
    """

    prefix: bytes
    meanings: dict[bytes, Meaning] = field(default_factory=dict)

    def name(self, name: bytes) -> bytes:
        """The name that the server knows; there is only one statement without."""
        return self.prefix + name if name else name

    def note(self, name: bytes, meaning: Meaning | None) -> tuple[Prepared, bytes, Meaning | None]:
        """Remember a statement, or that it is gone; returns what it was before."""
        before = self.meanings.pop(name, None)
        if meaning is not None:
            self.meanings[name] = meaning
        return self, name, before


class Session:
    """The server's end. `parameters` is what it has reported."""

    def __init__(self, parameters: Mapping[bytes, bytes]) -> None:
        self.outbox = Outbox()
        self.parameters = dict(parameters)
        self.mode = Mode.BARE
        self.started = False  # a unit is under way
        self.closed = False  # all of it has been sent
        self.copies_in = False  # the server takes data
        self.skips = False  # an extended unit has failed, and its Sync has not come
        self.expected: deque[Expected] = deque()
        self.unfinished = 0  # bytes to come of the message that was passed on in part
        self.attempt: str | None = None  # what a client tried that nobody can give it
        self._original = dict(parameters)
        self._inbox = Inbox()
        self._predicted = Mode.BARE  # the mode if everything that was sent succeeds
        self._parts: deque[bytes] = deque()  # of a text that is sent in several
        self._prepared = Prepared(b"")  # of the client that sent it
        self._portals: dict[bytes, Meaning] = {}  # those that a client has named, and what is bound to them
        self._held = b""  # what a client hears of a simple query only when it is committed
        self._writes = False  # something may have to be checked when the client's transaction ends

    @property
    def can_cancel(self) -> bool:
        """Whether what runs now is a client's, and may be cancelled."""
        return bool(self.expected) and not self.expected[0].fatal

    # What it is told.

    def speak(self, prepared: Prepared, found: Message) -> None:
        """Pass a client's message on, with what has to come before it and in the place of it."""
        kind, body, _ = found
        match kind:
            case b"Q":
                self._query(prepared, body.removesuffix(b"\0"))
            case b"P":
                self._parse(prepared, body)
            case b"B":
                self._bind(prepared, found)
            case b"E":
                self._execute(prepared, body)
            case b"D" | b"C":
                self._describe_or_close(prepared, kind, body)
            case b"F":
                self._call(body)
            case b"S":
                self.sync()
            case b"H":
                self.outbox.put(FLUSH)
            case _:
                raise ProtocolViolation(f"invalid frontend message type {kind[0]}")

    def pass_on(self, inbox: Inbox, kinds: bytes) -> bool:
        """Pass on what there is of messages of these kinds, and of the one that was begun; False if nothing."""
        data = inbox.passage(kinds)
        self.unfinished = inbox.left
        self.outbox.put(data)
        return bool(data)

    def end_copy(self, found: Message) -> None:
        """The client has no more data, or gives up."""
        self.outbox.put(message(found.kind, found.body))
        self.copies_in = False

    def configure(self, resets: Iterable[bytes], settings: Iterable[tuple[str, str]]) -> None:
        """Make settings, as a unit of its own."""
        self._open_unit()
        for text in resets:
            self._send_own(text, fatal=False)
        for name, value in settings:
            values = (name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
            self._send_own(SET_CONFIG, fatal=False, values=values)
        self.sync(Mode.DIRTY)

    def undo(self) -> bool:
        """Undo what a client has done that is gone; False if there is nothing."""
        if self.mode in {Mode.BARE, Mode.CLEAN, Mode.FAILED}:
            return False
        self._send_own(statements.ROLLBACK, mode=Mode.CLEAN)
        self.sync()
        return True

    def abandon(self) -> bool:
        """End the unit of a client that is gone before it had said everything; False if it had."""
        self.end_message()
        self._parts.clear()
        was_complete = not self.started or (self.closed and not self.copies_in)
        if self.copies_in:
            self.copies_in = False
            self.outbox.put(message(b"f", b"the client is gone\0"))
        if self.started and not self.closed:
            self.sync()
        return not was_complete

    def end_message(self) -> None:
        """Give the message that was passed on in part an end, for the server waits for it."""
        while self.unfinished:
            zeros = ZEROS[: self.unfinished]
            self.outbox.put(zeros)
            self.unfinished -= len(zeros)

    def close(self, left_over: Iterable[bytes]) -> None:
        """Leave the session as it was found, with none of those prepared statements."""
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
        for name in [*left_over, OWN]:
            self._send(protocol.close(b"S", name), Expected(b"C", shown=False))
        self._send(protocol.close(b"P", OWN), Expected(b"C", shown=False))
        self.sync()

    def sync(self, mode: Mode | None = None) -> None:
        """End a unit; `mode` is what its success leaves behind."""
        self._send(SYNC, Expected(b"S", mode=mode))
        self.started = self.closed = True
        self.skips = False

    def _open_unit(self) -> None:
        """Have the savepoint where the statement that comes next needs it."""
        starts, self.started = not self.started, True
        if starts:
            self._predicted = self.mode
        before = statements.prologue(self._predicted, starts_unit=starts)
        if starts and not self._predicted.in_block:
            self._close_portals()
            self._writes = False
        for text in before:
            self._predicted = statements.after(text)
            self._send_own(text, mode=self._predicted)
        if before:
            self.outbox.put(FLUSH)  # so that it is known when a cancel would meet the client's own statement

    def _close_portals(self) -> None:
        """PostgreSQL would close them, had the transaction ended."""
        for portal in self._portals:
            self._send(protocol.close(b"P", portal), Expected(b"C", shown=False, fatal=True))
        self._portals.clear()

    def _send(self, data: bytes, expected: Expected) -> None:
        self.outbox.put(data)
        self.expected.append(expected)

    def _send_own(
        self,
        text: bytes,
        *,
        fatal: bool = True,
        mode: Mode | None = None,
        failed: Mode | None = None,
        values: tuple[bytes, ...] = (),
    ) -> None:
        """A statement whose answers nobody sees; no simple query, for that would drop a client's unnamed statement."""
        for data in (
            protocol.close(b"S", OWN),
            protocol.close(b"P", OWN),
            protocol.parse(OWN, text),
            protocol.bind(OWN, OWN, values),
            protocol.execute(OWN),
        ):
            self._send(data, Expected(data[:1], shown=False, fatal=fatal, failed=failed))
        self.expected[-1].mode = mode

    def _touch(self) -> Mode:
        self._predicted = statements.touched(self._predicted)
        return self._predicted

    def _meaning(self, text: bytes) -> Meaning:
        standard = self.parameters.get(b"standard_conforming_strings", b"on") == b"on"
        return statements.meaning(text, standard_strings=standard)

    def _translate(self, prepared: Prepared, meaning: Meaning) -> Translation:
        """What to send for a statement that is to be executed now."""
        if meaning.kind is StatementKind.DEALLOCATE and meaning.name not in prepared.meanings:
            meaning = statements.PLAIN  # it was prepared with SQL
        if meaning.gives_up:
            self.attempt = self.attempt or meaning.gives_up
        translation = statements.translate(meaning, self._predicted, prepared.prefix)
        if translation.ends_transaction:
            self._close_portals()
        self._portals |= dict.fromkeys(meaning.cursors, statements.PLAIN)
        self._predicted = translation.mode
        return translation

    def _query(self, prepared: Prepared, text: bytes) -> None:
        self._prepared = prepared
        self._parts.extend(self._meaning(text).parts or [text])
        self.closed = True
        self._next_part()

    def _next_part(self) -> None:
        self._open_unit()
        text = self._parts.popleft()
        meaning = self._meaning(text)
        translation = self._translate(self._prepared, meaning)
        expected = _expected(b"Q", translation)
        if meaning.kind is StatementKind.DEALLOCATE:
            expected.undo = self._prepared.note(meaning.name, None)
        sent = text if translation.text is None else translation.text
        if translation.commits and self._writes:
            sent, expected.skip, expected.failed = statements.CHECK + b"; " + sent, 1, Mode.FAILED
        self._writes = (self._writes or meaning.writes) and not translation.ends_transaction
        self._send(protocol.query(sent), expected)

    def _parse(self, prepared: Prepared, body: bytes) -> None:
        name, text, types = protocol.first_words(body, 2)
        meaning = self._meaning(text)
        self._open_unit()
        expected = Expected(b"P")
        if meaning.kind is StatementKind.REFUSED:
            translation = self._translate(prepared, meaning)
            text, expected.error = translation.text or text, translation.error
        elif meaning.kind in REPLACED:
            text = statements.ROLLBACK
        expected.undo = prepared.note(name, meaning)
        self._send(message(b"P", prepared.name(name) + b"\0" + text + b"\0" + types), expected)

    def _bind(self, prepared: Prepared, found: Message) -> None:
        portal, name, rest = protocol.first_words(found.body, 2)
        self._open_unit()
        meaning = prepared.meanings.get(name, statements.PLAIN)
        self._portals[portal] = meaning
        mode = None if meaning.kind in REPLACED else self._touch()
        head = portal + b"\0" + prepared.name(name) + b"\0"
        length = HEADER.pack(len(head) + len(rest) + found.left + 4)
        self.unfinished = found.left
        self._send(b"B" + length + head + rest, Expected(b"B", mode=mode))

    def _execute(self, prepared: Prepared, body: bytes) -> None:
        portal = protocol.first_words(body, 1)[0]
        self._open_unit()
        meaning = self._portals.get(portal, statements.PLAIN)
        translation = self._translate(prepared, meaning)
        if translation.commits and self._writes:
            self._send_own(statements.CHECK, fatal=False, failed=Mode.FAILED)
        self._writes = (self._writes or meaning.writes) and not translation.ends_transaction
        expected = _expected(b"E", translation)
        if meaning.kind is StatementKind.DEALLOCATE:
            expected.undo = prepared.note(meaning.name, None)
        if translation.text is not None:
            for data in (
                protocol.close(b"S", OWN),
                protocol.close(b"P", portal),
                protocol.parse(OWN, translation.text),
                protocol.bind(portal, OWN),
            ):
                self._send(data, Expected(data[:1], shown=False, error=translation.error))
            self._portals[portal] = meaning
        self._send(message(b"E", body), expected)

    def _describe_or_close(self, prepared: Prepared, kind: bytes, body: bytes) -> None:
        what, name = body[:1], protocol.first_words(body[1:], 1)[0]
        self._open_unit()
        expected = Expected(kind)
        if kind == b"C" and what == b"P":
            self._portals.pop(name, None)
        if what == b"S":
            if kind == b"C":
                expected.undo = prepared.note(name, None)
            name = prepared.name(name)
        self._send(message(kind, what + name + b"\0"), expected)

    def _call(self, body: bytes) -> None:
        self._open_unit()
        self._writes = self.closed = True
        self._send(message(b"F", body), Expected(b"F", mode=self._touch()))

    # What it says.

    def answers(self, data: bytes) -> Iterator[Event]:
        """What the server's words mean, one after the other; each is to be dealt with before the next is asked for."""
        self._inbox.feed(data)
        try:
            while (event := self._answer()) is not None:
                yield from event
        except ProtocolViolation as error:
            yield Broken(f"the server does not keep to its protocol: {error}")

    def _answer(self) -> Iterable[Event] | None:
        """What comes next; None until more is there."""
        inbox = self._inbox
        head = self.expected[0] if self.expected else None
        kind = inbox.kind() if not inbox.left else b"D"
        if kind in {b"D", b"d"}:
            data = inbox.passage(b"Dd")
            return _said(self._take_held() + data, head) if data else None
        found = inbox.message() if kind is not None else None
        if found is None:
            return None
        return self._hear(head, found)

    def _hear(self, head: Expected | None, found: Message) -> Iterable[Event]:
        match found.kind:
            case b"S":
                name, value, _ = protocol.first_words(found.body, 2)
                self.parameters[name] = value
                events: Iterable[Event] = [Reported(message(b"S", found.body))]
            case b"N" | b"A":
                events = [Said(message(*found[:2]))]
            case b"E":
                events = self._fail(found.body)
            case _ if head is None:
                events = [Broken("the server said something that nobody had asked for")]
            case b"Z":
                events = self._end_unit(head, found.body)
            case b"G":
                events = self._begin_copy(head, found)
            case _:
                events = self._succeed(head, found)
        return events

    def _succeed(self, head: Expected, found: Message) -> Iterable[Event]:
        kind, body, _ = found
        if kind == b"C" and head.skip:
            head.skip -= 1
            return ()
        data = message(kind, body)
        if kind == b"C" and head.tag is not None:
            data = head.warning + message(kind, head.tag + b"\0")
        if head.kind == b"Q" and kind != b"C":
            data = self._take_held() + data
        if kind in ENDS[head.kind]:
            self.expected.popleft()
            self.mode = head.mode or self.mode
        if kind == b"C" and head.kind == b"Q" and self._writes:
            data, self._held = self._take_held(), data
        return _said(data, head)

    def _take_held(self) -> bytes:
        held, self._held = self._held, b""
        return held

    def _begin_copy(self, head: Expected, found: Message) -> Iterable[Event]:
        """The server takes data now, and ignores the Sync that libpq sends together with its Execute."""
        self.copies_in = True
        if head.kind == b"E":
            if len(self.expected) > 1 and self.expected[1].kind == b"S":
                del self.expected[1]
            self.closed = False
        return [Said(self._take_held() + message(*found[:2])), WantsData()]

    def _fail(self, body: bytes) -> Iterable[Event]:
        fields = protocol.read_report(body)
        text = fields.get("M", "")
        if fields.get("V", fields.get("S")) in {"FATAL", "PANIC"}:
            return [Broken(f"the server ended the connection: {text}")]
        if not self.expected:
            return ()
        if self.copies_in:
            self.end_message()
            self.copies_in = False
        head = self.expected[0]
        held = self._take_held()
        held = b"" if head.failed else held  # a check has failed: it was not done after all
        self.mode = head.failed or self.mode
        if head.kind in {b"Q", b"F"}:
            head.has_failed = True
        else:
            self._skip()
        if head.fatal:
            self.skips = False
            if not self.expected:
                self.sync()
            return [Broken(f"the transaction cannot go on: {text}")]
        refusal = head.error or (message(b"E", OWN_CONTEXT.sub(b"", body) if head.failed else body))
        return [*_said(held, head), Rejected(refusal)]

    def _skip(self) -> None:
        """Everything up to the next Sync is not done."""
        skipped = []
        while self.expected and self.expected[0].kind != b"S":
            skipped.append(self.expected.popleft())
        for one in reversed(skipped):
            if one.undo:
                prepared, name, before = one.undo
                prepared.note(name, before)
        self.skips = not self.expected

    def _end_unit(self, head: Expected, status: bytes) -> Iterable[Event]:
        self.expected.popleft()
        if head.has_failed and head.undo:
            prepared, name, before = head.undo
            prepared.note(name, before)
        failed = status == b"E"
        if failed:
            self.mode = Mode.FAILED_BLOCK if self.mode.in_block else Mode.FAILED
        elif not head.has_failed:
            self.mode = head.mode or self.mode
        self._predicted = self.mode
        if status == b"I":
            self._parts.clear()
            self.started = self.closed = False
            return [Broken("the transaction has ended, and gitmig did not end it"), UnitEnded()]
        if self._parts and not failed:
            self._next_part()
            return [Said(self._take_held())]
        if self._writes and self.mode is Mode.DIRTY:
            self._writes = False
            self._send_own(statements.CHECK, fatal=False, failed=Mode.FAILED)
            self.sync()
            return ()
        self._parts.clear()
        self.started = self.closed = self.skips = self.copies_in = False
        return [Said(self._take_held()), UnitEnded()]


def _expected(kind: bytes, translation: Translation) -> Expected:
    return Expected(
        kind, mode=translation.mode, tag=translation.tag, warning=translation.warning, error=translation.error
    )


def _said(data: bytes, head: Expected | None) -> Iterable[Event]:
    return [Said(data)] if data and head is not None and head.shown else ()
