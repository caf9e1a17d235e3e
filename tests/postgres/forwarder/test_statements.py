"""What a text means to transactions, and what is sent in its place."""

from __future__ import annotations

import pytest

from gitmig.postgres.forwarder.protocol import read_report
from gitmig.postgres.forwarder.statements import (
    NOTHING,
    RELEASE,
    ROLLBACK,
    SAVEPOINT,
    Kind,
    Meaning,
    Mode,
    after,
    meaning,
    prologue,
    translate,
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("begin", Kind.BEGIN),
        ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY;", Kind.BEGIN),
        ("/* COMMIT */ BEGIN WORK -- ROLLBACK", Kind.BEGIN),
        ("COMMIT;;", Kind.COMMIT),
        ("END TRANSACTION", Kind.COMMIT),
        ("COMMIT AND NO CHAIN", Kind.COMMIT),
        ("ROLLBACK WORK", Kind.ROLLBACK),
        ("ABORT", Kind.ROLLBACK),
        ("ROLLBACK TO a", Kind.ROLLBACK_TO),
        ("ROLLBACK WORK TO SAVEPOINT a", Kind.ROLLBACK_TO),
        ("SAVEPOINT a", Kind.SAVEPOINT),
        ("RELEASE a", Kind.RELEASE),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", Kind.SET_TRANSACTION),
        ("SET TRANSACTION SNAPSHOT 'x'", Kind.PLAIN),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", Kind.PLAIN),
        ("DEALLOCATE ALL", Kind.DEALLOCATE_ALL),
        ("DEALLOCATE PREPARE Name", Kind.DEALLOCATE),
        ("PREPARE TRANSACTION 'x'", Kind.REFUSED),
        ("COMMIT PREPARED 'x'", Kind.REFUSED),
        ("ROLLBACK PREPARED 'x'", Kind.REFUSED),
        ("COMMIT AND CHAIN", Kind.REFUSED),
        ("COMMIT nope", Kind.REFUSED),
        ("PREPARE p AS SELECT 1", Kind.PLAIN),
        ("SELECT 'COMMIT; ROLLBACK'", Kind.PLAIN),
        ("SELECT 1 AS commit", Kind.PLAIN),
        ("SELECT CASE WHEN true THEN 1 END", Kind.PLAIN),
        ("DO $$BEGIN COMMIT; END$$", Kind.PLAIN),
        ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END", Kind.PLAIN),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'DECLARE i int; BEGIN RETURN 1; END'", Kind.PLAIN),
        ("SELECT 'open", Kind.PLAIN),
        ("BEGIN; SELECT 1; COMMIT", Kind.SEVERAL),
        ("SELECT 1; SAVEPOINT a", Kind.SEVERAL),
        ("SELECT 1; SELECT 2; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END", Kind.PLAIN),
        ("SELECT 1; COMMIT AND CHAIN", Kind.REFUSED),
    ],
)
def test_what_a_text_means(text: str, kind: Kind) -> None:
    assert meaning(text.encode()).kind is kind


def test_a_text_of_several_is_sent_in_parts_that_stay_at_their_places() -> None:
    text = "SELECT 'é'; SELECT 2; COMMIT; BEGIN ; SELECT 3"
    parts = [part.decode() for part in meaning(text.encode()).parts]
    assert [part.strip() for part in parts] == ["SELECT 'é'; SELECT 2", "COMMIT", "BEGIN", "SELECT 3"]
    assert all(text[len(part) - len(part.strip()) :].startswith(part.strip()) for part in parts)


def test_a_text_in_another_encoding_is_read_as_well() -> None:
    assert meaning("SELECT 'é'; COMMIT".encode("latin-1")).parts[0] == "SELECT 'é'".encode("latin-1")


def test_where_strings_end_cannot_be_told_with_backslashes_that_escape() -> None:
    text = rb"SELECT '\'; COMMIT --'"
    assert meaning(text).kind is Kind.SEVERAL
    assert meaning(text, standard_strings=False).kind is Kind.REFUSED


@pytest.mark.parametrize(
    ("text", "cursors"),
    [
        ("DECLARE Name CURSOR FOR SELECT 1", (b"name",)),
        ('DECLARE "Name" BINARY SCROLL CURSOR WITHOUT HOLD FOR SELECT 1; SELECT 2', (b"Name",)),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", ()),
    ],
)
def test_cursors_are_known(text: str, cursors: tuple[bytes, ...]) -> None:
    assert meaning(text.encode()).cursors == cursors


@pytest.mark.parametrize("mode", list(Mode))
def test_before_a_unit_the_savepoint_is_there_and_holds_nothing(mode: Mode) -> None:
    for text in prologue(mode, starts_unit=True):
        mode = after(text)
    assert mode is Mode.CLEAN or mode.in_block


BEGIN, COMMIT, ABORT = Meaning(kind=Kind.BEGIN, name=b"BEGIN"), Meaning(kind=Kind.COMMIT), Meaning(kind=Kind.ROLLBACK)


@pytest.mark.parametrize(
    ("sent", "mode", "text", "tag", "left", "warns"),
    [
        (BEGIN, Mode.CLEAN, NOTHING, b"BEGIN", Mode.BLOCK, False),
        (BEGIN, Mode.DIRTY, NOTHING, b"BEGIN", Mode.BLOCK, False),
        (BEGIN, Mode.BLOCK, NOTHING, b"BEGIN", Mode.BLOCK, True),
        (COMMIT, Mode.BLOCK, RELEASE, b"COMMIT", Mode.BARE, False),
        (COMMIT, Mode.FAILED_BLOCK, ROLLBACK, b"ROLLBACK", Mode.CLEAN, False),
        (COMMIT, Mode.CLEAN, ROLLBACK, b"COMMIT", Mode.CLEAN, True),
        (COMMIT, Mode.DIRTY, RELEASE, b"COMMIT", Mode.BARE, True),
        (ABORT, Mode.BLOCK, ROLLBACK, b"ROLLBACK", Mode.CLEAN, False),
        (ABORT, Mode.FAILED_BLOCK, ROLLBACK, b"ROLLBACK", Mode.CLEAN, False),
        (ABORT, Mode.DIRTY, ROLLBACK, b"ROLLBACK", Mode.CLEAN, True),
        (Meaning(), Mode.CLEAN, None, None, Mode.DIRTY, False),
        (Meaning(), Mode.BLOCK, None, None, Mode.BLOCK, False),
        (Meaning(kind=Kind.ROLLBACK_TO), Mode.FAILED_BLOCK, None, None, Mode.BLOCK, False),
    ],
)
def test_what_is_sent_instead(
    sent: Meaning, mode: Mode, text: bytes | None, tag: bytes | None, left: Mode, *, warns: bool
) -> None:
    found = translate(sent, mode, b"")
    assert (found.text, found.tag, found.mode, bool(found.warning)) == (text, tag, left, warns)


@pytest.mark.parametrize("kind", [Kind.SAVEPOINT, Kind.RELEASE, Kind.ROLLBACK_TO])
def test_savepoints_need_a_block(kind: Kind) -> None:
    found = translate(Meaning(kind=kind), Mode.CLEAN, b"")
    assert read_report(found.error[5:])["C"] == "25P01"
    assert translate(Meaning(kind=kind), Mode.BLOCK, b"").text is None


def test_the_savepoint_is_made_once() -> None:
    assert prologue(Mode.BARE, starts_unit=False) == [SAVEPOINT]
    assert prologue(Mode.DIRTY, starts_unit=False) == []
