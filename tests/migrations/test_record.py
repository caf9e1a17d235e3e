"""What gitmig writes about a commit's migration set."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.migrations.model import MigrationSet
from gitmig.migrations.record import Record, joined, make_record, suspects
from tests.samples import FOLDER, migration

FULL = Record(set_id="0123456789abcdef", count=3, added=("3_c", "4_d"), removed=("1_a",), edited=("2_b",))
FULL_TEXT = """\
Migration-Set: 0123456789abcdef
Migrations: 3
Added: 3_c
Added: 4_d
Removed: 1_a
Edited: 2_b
"""
LABELS = st.lists(st.text(st.characters(exclude_characters="\n\0", exclude_categories=["Cs"])), max_size=3).map(tuple)


def commit(*entries: str) -> MigrationSet:
    """A commit's set of migrations as `1_a`, or `1_a=x` where x is the files' content."""
    parts = [entry.partition("=") for entry in entries]
    migrations = tuple(migration(label, blob=blob or label) for label, _, blob in parts)
    return MigrationSet(folder=FOLDER, layout="single", migrations=migrations)


def recorded(parent: MigrationSet | None, current: MigrationSet) -> Record:
    """The record, where `x` and `x'` are the same change with another comment."""
    read = {m.blobs for pair in suspects(parent, current) for m in pair}
    return make_record(parent, current, {blobs: blobs.rstrip("'") for blobs in read})


def test_a_record_is_written_as_trailers() -> None:
    assert FULL.to_text() == FULL_TEXT
    assert Record(set_id="ff", count=0).to_text() == "Migration-Set: ff\nMigrations: 0\n"


def test_a_record_is_read_as_it_was_written() -> None:
    assert Record.from_text(FULL_TEXT) == FULL


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        pytest.param(FULL_TEXT, FULL_TEXT, FULL_TEXT, id="the same"),
        pytest.param(FULL_TEXT, "Migration-Set: ff\nMigrations: 1\nAdded: z\n", FULL_TEXT, id="our record counts"),
        pytest.param(FULL_TEXT, "Migrations: 1\n\nseen\n", f"{FULL_TEXT}seen\n", id="another line is kept"),
        pytest.param(f"{FULL_TEXT}\nseen", "seen\n", f"{FULL_TEXT}\nseen", id="once"),
        pytest.param("by hand", FULL_TEXT, f"by hand\n{FULL_TEXT}", id="ours is no record"),
        pytest.param(FULL_TEXT, "", FULL_TEXT, id="an empty one"),
    ],
)
def test_two_notes_on_one_commit_are_one(ours: str, theirs: str, expected: str) -> None:
    assert joined(ours, theirs) == expected
    assert joined(expected, theirs) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("Reviewed-by: Ada\n", id="somebody else's note"),
        pytest.param("Migration-Set: ff\n", id="no count"),
        pytest.param("Migration-Set: ff\nMigrations: many\n", id="no number"),
        pytest.param("Migrations: 3\n", id="no set id"),
        pytest.param("Migration-Set: ff\nMigrations: -1\n", id="a negative number"),
    ],
)
def test_a_note_of_another_kind_is_no_record(text: str) -> None:
    assert Record.from_text(text) is None


def test_of_two_records_in_one_note_the_first_one_counts() -> None:
    """As `git notes append` leaves them; the labels of both are there."""
    assert Record.from_text(FULL_TEXT + "\nMigration-Set: ff\nMigrations: many\n") == FULL
    assert Record.from_text(FULL_TEXT + "\nMigration-Set: ff\nMigrations: 9\n") == FULL


def test_lines_that_are_not_known_yet_are_passed_over() -> None:
    assert Record.from_text(FULL_TEXT + "\nReviewed-by: Ada\nno trailer\n") == FULL


@given(st.from_regex(r"[0-9a-f]{16}", fullmatch=True), st.integers(0, 10_000), LABELS, LABELS, LABELS)
@settings(deadline=None)
def test_a_record_survives_the_note(
    set_id: str, count: int, added: tuple[str, ...], removed: tuple[str, ...], edited: tuple[str, ...]
) -> None:
    record = Record(set_id=set_id, count=count, added=added, removed=removed, edited=edited)
    assert Record.from_text(record.to_text()) == record


@pytest.mark.parametrize(
    ("parent", "current", "added", "removed", "edited"),
    [
        pytest.param(None, "1_a 2_b", "1_a 2_b", "", "", id="the first commit"),
        pytest.param("", "1_a", "1_a", "", "", id="the first migration"),
        pytest.param("1_a", "1_a", "", "", "", id="no change"),
        pytest.param("1_a", "1_a 2_b 10_c", "2_b 10_c", "", "", id="added, in version order"),
        pytest.param("1_a 2_b", "1_a", "", "2_b", "", id="removed"),
        pytest.param("1_a=x 2_b", "1_a=y 2_b", "", "", "1_a", id="edited"),
        pytest.param("1_a=y 2_b", "1_a=x 2_b", "", "", "1_a", id="edited back"),
        pytest.param("1_a=x", "1_a=x'", "", "", "", id="another comment"),
        pytest.param("1_a=x", "1_better=x", "", "", "", id="another name"),
        pytest.param("1_a=x", "1_better=y", "", "", "1_better", id="edited under another name"),
        pytest.param("1_a=x", "0001_a=x", "", "", "", id="leading zeros"),
        pytest.param("1_a=x", "2_a=x", "2_a", "1_a", "", id="another version"),
        pytest.param("1_a 2_b=x 3_c", "2_b=y 3_c 4_d", "4_d", "1_a", "2_b", id="everything at once"),
    ],
)
def test_a_record_tells_how_the_set_changed(
    parent: str | None, current: str, added: str, removed: str, edited: str
) -> None:
    after = commit(*current.split())
    record = recorded(None if parent is None else commit(*parent.split()), after)
    assert record == Record(
        set_id=after.id,
        count=len(after),
        added=tuple(added.split()),
        removed=tuple(removed.split()),
        edited=tuple(edited.split()),
    )
    assert record.changes == bool(added or removed or edited)


def test_only_versions_whose_files_differ_are_read() -> None:
    before, after = commit("1_a", "2_b=x", "3_c"), commit("1_a", "2_b=y", "4_d")
    assert [(old.blobs, new.blobs) for old, new in suspects(before, after)] == [("both:x", "both:y")]
    assert suspects(None, after) == []
