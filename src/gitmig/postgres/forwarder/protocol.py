"""PostgreSQL's wire protocol, version 3, as far as is needed to pass it on: messages out of bytes and back.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import re
from collections import deque
from struct import Struct
from typing import NamedTuple

HEADER = Struct("!I")
VERSION = 196608  # 3.0
SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST = 80877103, 80877104, 80877102
LARGEST = (1 << 30) - 1  # what PostgreSQL itself takes for one message (PQ_LARGE_MESSAGE_LIMIT)
LARGEST_STARTUP = 10000  # MAX_STARTUP_PACKET_LENGTH
COMPACT = 1 << 16
NO_SETTINGS = {"user", "database", "replication", "options"}
OPTION = re.compile(r"(?:-c|--)([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)


class ProtocolViolation(Exception):
    """What the other side sent is not the protocol."""


class Message(NamedTuple):
    """One message; `left` bytes of the body are still to come, and are taken with `Inbox.passage`."""

    kind: bytes
    body: bytes
    left: int = 0


class Inbox:
    """Bytes as they came in, taken out as messages. Long ones can be taken in pieces, so that they are never whole."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._at = 0
        self.left = 0  # bytes of a message that has been taken in part

    def __len__(self) -> int:
        return len(self._data) - self._at

    def feed(self, data: bytes) -> None:
        """Add what was read."""
        if self._at > COMPACT or self._at == len(self._data):
            del self._data[: self._at]
            self._at = 0
        self._data += data

    def kind(self) -> bytes | None:
        """What kind of message comes next; None until its header is there."""
        if len(self) < 5:
            return None
        self._length(self._at)
        return bytes(self._data[self._at : self._at + 1])

    @property
    def is_incomplete(self) -> bool:
        """Whether more has to come before there is a whole message."""
        return self.left > 0 or len(self) < 5 or len(self) <= self._length(self._at)

    def passage(self, kinds: bytes) -> bytes:
        """Everything that is there up to the first message of another kind; the last message may be incomplete."""
        data, start, end = self._data, self._at, len(self._data)
        at = start
        if self.left:
            taken = min(self.left, end - at)
            at += taken
            self.left -= taken
        if not self.left:
            while at + 5 <= end and data[at] in kinds:
                length = self._length(at) + 1
                if at + length > end:
                    self.left, at = at + length - end, end
                    break
                at += length
        return self._take(at - start)

    def message(self, *, piecewise: bool = False) -> Message | None:
        """The next message, None until all of it is there; a piece of it is enough if it is a long one."""
        if len(self) < 5:
            return None
        length = self._length(self._at) - 4
        there = len(self) - 5
        if there >= length:
            kind = self._take(5)[:1]
            return Message(kind, self._take(length))
        if piecewise and there >= COMPACT:
            kind = self._take(5)[:1]
            self.left = length - there
            return Message(kind, self._take(there), self.left)
        return None

    def startup(self) -> bytes | None:
        """The body of a message without a kind, as the first ones are; None until all of it is there."""
        if len(self) < 4:
            return None
        (length,) = HEADER.unpack_from(self._data, self._at)
        if not 8 <= length <= LARGEST_STARTUP:
            raise ProtocolViolation("invalid length of startup packet")
        return self._take(length)[4:] if len(self) >= length else None

    def clear(self) -> None:
        """Forget everything."""
        self._data.clear()
        self._at = self.left = 0

    def _length(self, at: int) -> int:
        length: int = HEADER.unpack_from(self._data, at + 1)[0]
        if not 4 <= length <= LARGEST:
            raise ProtocolViolation("invalid message length")
        return length

    def _take(self, count: int) -> bytes:
        taken = bytes(self._data[self._at : self._at + count])
        self._at += count
        return taken


class Outbox:
    """Bytes to be sent; `total` counts those that were."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self.total = 0

    def __len__(self) -> int:
        return self._size

    def put(self, data: bytes) -> None:
        """Add to the end."""
        if data:
            self._chunks.append(data)
            self._size += len(data)

    def peek(self) -> bytes:
        """A piece from the front that is worth a system call."""
        if len(self._chunks) > 1 and len(self._chunks[0]) < COMPACT:
            joined, size = [], 0
            while self._chunks and size < COMPACT:
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


class Startup(NamedTuple):
    """What a client asks for with its first real message; `unknown` are options of the protocol itself."""

    version: int
    parameters: dict[str, str]
    unknown: tuple[str, ...]
    settings: list[tuple[str, str]]


def read_startup(body: bytes) -> Startup:
    """Raises ProtocolViolation."""
    (version,) = HEADER.unpack_from(body)
    words = [word.decode("utf-8", "surrogateescape") for word in body[4:].split(b"\0")]
    if version >> 16 != 3:
        raise ProtocolViolation(f"unsupported frontend protocol {version >> 16}.{version & 0xFFFF}")
    if len(words) < 2 or words[-2:] != ["", ""] or len(words) % 2:
        raise ProtocolViolation("invalid startup packet layout")
    found = dict(zip(words[:-2:2], words[1:-2:2]))
    unknown = tuple(name for name in found if name.startswith("_pq_."))
    settings = [(name, value) for name, value in found.items() if name not in NO_SETTINGS and name not in unknown]
    return Startup(version, found, unknown, settings + read_options(found.get("options", "")))


def negotiate(startup: Startup) -> bytes:
    """What a client has to be told that wants more than version 3.0; nothing for others."""
    if startup.version <= VERSION and not startup.unknown:
        return b""
    names = b"".join(name.encode("utf-8", "surrogateescape") + b"\0" for name in startup.unknown)
    return message(b"v", HEADER.pack(VERSION) + HEADER.pack(len(startup.unknown)) + names)


def read_options(options: str) -> list[tuple[str, str]]:
    r"""The settings in a startup's `options`: `-c name=value` or `--name=value`, with `\ ` for a space in a value.

    Raises ProtocolViolation for any other switch of the server.
    """
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r"(?:\\.|\S)+", options)]
    found = []
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            word += words.pop(0)
        match = OPTION.fullmatch(word)
        if not match:
            raise ProtocolViolation(f"the option {word} cannot be passed on")
        name = match[1].replace("-", "_") if word.startswith("--") else match[1]
        found.append((name, match[2]))
    return found


def message(kind: bytes, body: bytes = b"") -> bytes:
    """A whole message."""
    return kind + HEADER.pack(len(body) + 4) + body


def query(text: bytes) -> bytes:
    """A simple query."""
    return message(b"Q", text + b"\0")


def parse(name: bytes, text: bytes) -> bytes:
    """A Parse without types of parameters."""
    return message(b"P", name + b"\0" + text + b"\0\0\0")


def bind(portal: bytes, statement: bytes, values: tuple[bytes, ...] = ()) -> bytes:
    """A Bind with its values as text."""
    sent = b"".join(HEADER.pack(len(value)) + value for value in values)
    return message(b"B", portal + b"\0" + statement + b"\0\0\0" + len(values).to_bytes(2, "big") + sent + b"\0\0")


def execute(portal: bytes) -> bytes:
    """An Execute without a limit."""
    return message(b"E", portal + b"\0\0\0\0\0")


def close(what: bytes, name: bytes) -> bytes:
    """Close a statement (`S`) or a portal (`P`), whether there is one or not."""
    return message(b"C", what + name + b"\0")


def ready(status: bytes) -> bytes:
    """ReadyForQuery: `I` outside a transaction block, `T` inside, `E` inside one that has failed."""
    return message(b"Z", status)


def report(severity: str, sqlstate: str, text: str, hint: str | None = None, position: int | None = None) -> bytes:
    """An ErrorResponse (severity ERROR or FATAL) or a NoticeResponse; `position` counts characters from 1."""
    fields = [("S", severity), ("V", severity), ("C", sqlstate), ("M", text)]
    fields += [("H", hint)] if hint else []
    fields += [("P", str(position))] if position else []
    body = b"".join(f"{key}{value}".encode("utf-8", "replace") + b"\0" for key, value in fields)
    return message(b"E" if severity in {"ERROR", "FATAL"} else b"N", body + b"\0")


def read_report(body: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse."""
    fields = [field.decode("utf-8", "replace") for field in body.split(b"\0") if field]
    return {field[0]: field[1:] for field in fields}


def as_fatal(error: bytes) -> bytes:
    """The ErrorResponse that ends a connection for the reason of another one."""
    fields = read_report(error[5:])
    return report("FATAL", fields.get("C", "XX000"), fields.get("M", ""), fields.get("H"))


def first_words(body: bytes, count: int) -> list[bytes]:
    """The zero-terminated words that a body begins with, and what follows them. Raises ProtocolViolation."""
    words = body.split(b"\0", count)
    if len(words) <= count:
        raise ProtocolViolation("a message ends before its names do")
    return words
