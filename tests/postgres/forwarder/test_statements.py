"""What a text means to transactions, and what is sent in its place."""

from __future__ import annotations

import pytest

from gitmig.postgres.forwarder.protocol import read_report
from gitmig.postgres.forwarder.statements import (
    NOTHING,
    RELEASE,
    ROLLBACK,
    SAVEPOINT,
    Meaning,
    Mode,
    StatementKind,
    after,
    meaning,
    prologue,
    translate,
)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("begin", StatementKind.BEGIN),
        ("START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY;", StatementKind.BEGIN),
        ("/* COMMIT */ BEGIN WORK -- ROLLBACK", StatementKind.BEGIN),
        ("COMMIT;;", StatementKind.COMMIT),
        ("END TRANSACTION", StatementKind.COMMIT),
        ("COMMIT AND NO CHAIN", StatementKind.COMMIT),
        ("ROLLBACK WORK", StatementKind.ROLLBACK),
        ("ABORT", StatementKind.ROLLBACK),
        ("ROLLBACK TO a", StatementKind.ROLLBACK_TO),
        ("ROLLBACK WORK TO SAVEPOINT a", StatementKind.ROLLBACK_TO),
        ("SAVEPOINT a", StatementKind.SAVEPOINT),
        ("RELEASE a", StatementKind.RELEASE),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", StatementKind.SET_TRANSACTION),
        ("SET TRANSACTION SNAPSHOT 'x'", StatementKind.PLAIN),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", StatementKind.PLAIN),
        ("DEALLOCATE ALL", StatementKind.DEALLOCATE_ALL),
        ("DEALLOCATE PREPARE Name", StatementKind.DEALLOCATE),
        ("PREPARE TRANSACTION 'x'", StatementKind.REFUSED),
        ("COMMIT PREPARED 'x'", StatementKind.REFUSED),
        ("ROLLBACK PREPARED 'x'", StatementKind.REFUSED),
        ("COMMIT AND CHAIN", StatementKind.REFUSED),
        ("COMMIT nope", StatementKind.REFUSED),
        ("PREPARE p AS SELECT 1", StatementKind.PLAIN),
        ("SELECT 'COMMIT; ROLLBACK'", StatementKind.PLAIN),
        ("SELECT 1 AS commit", StatementKind.PLAIN),
        ("SELECT CASE WHEN true THEN 1 END", StatementKind.PLAIN),
        ("DO $$BEGIN COMMIT; END$$", StatementKind.PLAIN),
        ("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END", StatementKind.PLAIN),
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'DECLARE i int; BEGIN RETURN 1; END'",
            StatementKind.PLAIN,
        ),
        ("SELECT 'open", StatementKind.PLAIN),
        ("BEGIN; SELECT 1; COMMIT", StatementKind.SEVERAL),
        ("SELECT 1; SAVEPOINT a", StatementKind.SEVERAL),
        ("SELECT 1; SELECT 2; CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END", StatementKind.PLAIN),
        ("SELECT 1; COMMIT AND CHAIN", StatementKind.REFUSED),
    ],
)
def test_what_a_text_means(text: str, kind: StatementKind) -> None:
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
    assert meaning(text).kind is StatementKind.SEVERAL
    assert meaning(text, standard_strings=False).kind is StatementKind.REFUSED


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


BEGIN, COMMIT, ABORT = (
    Meaning(kind=StatementKind.BEGIN, name=b"BEGIN"),
    Meaning(kind=StatementKind.COMMIT),
    Meaning(kind=StatementKind.ROLLBACK),
)


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
        (Meaning(kind=StatementKind.ROLLBACK_TO), Mode.FAILED_BLOCK, None, None, Mode.BLOCK, False),
    ],
)
def test_what_is_sent_instead(
    sent: Meaning, mode: Mode, text: bytes | None, tag: bytes | None, left: Mode, *, warns: bool
) -> None:
    found = translate(sent, mode, b"")
    assert (found.text, found.tag, found.mode, bool(found.warning)) == (text, tag, left, warns)


@pytest.mark.parametrize("kind", [StatementKind.SAVEPOINT, StatementKind.RELEASE, StatementKind.ROLLBACK_TO])
def test_savepoints_need_a_block(kind: StatementKind) -> None:
    found = translate(Meaning(kind=kind), Mode.CLEAN, b"")
    assert read_report(found.error[5:])["C"] == "25P01"
    assert translate(Meaning(kind=kind), Mode.BLOCK, b"").text is None


def test_the_savepoint_is_made_once() -> None:
    assert prologue(Mode.BARE, starts_unit=False) == [SAVEPOINT]
    assert prologue(Mode.DIRTY, starts_unit=False) == []
