"""Messages out of bytes, in whatever pieces these come."""

from __future__ import annotations

import pytest

from gitmig.postgres.forwarder.protocol import (
    COMPACT,
    HEADER,
    Inbox,
    Outbox,
    ProtocolViolation,
    message,
    read_options,
    read_startup,
)


@pytest.mark.parametrize("piece", [1, 3, 7, 1000])
def test_messages_come_out_as_they_went_in(piece: int) -> None:
    sent = [message(b"Q", b"SELECT 1\0"), message(b"d", b"x" * 20), message(b"d"), message(b"c"), message(b"S")]
    inbox, data, rows, found = Inbox(), b"".join(sent), b"", []
    for start in range(0, len(data), piece):
        inbox.feed(data[start : start + piece])
        while True:
            if inbox.left or inbox.kind() == b"d":
                taken = inbox.passage(b"d")
                rows += taken
                if not taken:
                    break
            elif (one := inbox.message()) is not None:
                found.append(message(*one[:2]))
            else:
                break
    assert rows == sent[1] + sent[2]
    assert found == [sent[0], sent[3], sent[4]]
    assert len(inbox) == 0


def test_a_long_message_can_be_taken_in_part() -> None:
    inbox = Inbox()
    whole = message(b"B", b"y" * (COMPACT + 10))
    inbox.feed(whole[: COMPACT + 5])
    one = inbox.message(piecewise=True)
    assert one is not None
    assert (len(one.body), one.left, inbox.left) == (COMPACT, 10, 10)
    inbox.feed(whole[COMPACT + 5 :] + message(b"S"))
    assert inbox.passage(b"") == b"y" * 10
    assert inbox.kind() == b"S"


@pytest.mark.parametrize("length", [0, 3, 1 << 31])
def test_a_length_that_cannot_be_is_refused(length: int) -> None:
    inbox = Inbox()
    inbox.feed(b"Q" + HEADER.pack(length) + b"x")
    with pytest.raises(ProtocolViolation):
        inbox.message()


def test_what_is_to_be_sent_is_kept_in_order() -> None:
    outbox = Outbox()
    for word in (b"one", b"", b"two", b"three"):
        outbox.put(word)
    assert outbox.peek() == b"onetwothree"
    outbox.sent(4)
    assert (outbox.peek(), len(outbox), outbox.total) == (b"wothree", 7, 4)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("", []),
        (r"-c a=b -csearch_path=x\ y --work-mem=1MB", [("a", "b"), ("search_path", "x y"), ("work_mem", "1MB")]),
        (r"-c my.name=a\\b", [("my.name", r"a\b")]),
    ],
)
def test_options_are_read(options: str, settings: list[tuple[str, str]]) -> None:
    assert read_options(options) == settings


@pytest.mark.parametrize("options", ["-d 5", "-c", "-c nothing"])
def test_other_options_are_refused(options: str) -> None:
    with pytest.raises(ProtocolViolation):
        read_options(options)


@pytest.mark.parametrize(
    "body", [HEADER.pack(2 << 16) + b"\0", HEADER.pack(196608) + b"user\0me", HEADER.pack(196608) + b"user\0\0"]
)
def test_a_startup_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        read_startup(body)
