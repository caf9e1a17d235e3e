"""Which migrations get which new versions, and what follows from that."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from gitmig.migrations.naming import Mentions, Renumbering, moves, own, renumbering
from tests.samples import grouped, migration

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=timezone.utc)


def renumbered(mine: str, others: str) -> str:
    """The labels of `mine` afterwards, in order."""
    found = renumbering([migration(x) for x in mine.split()], [migration(x) for x in others.split()], NOW)
    new = {one.migration.label: one.label for one in found}
    return " ".join(new.get(label, label) for label in mine.split())


@pytest.mark.parametrize(
    ("mine", "others", "after"),
    [
        ("0003_x", "0001_a 0002_b", "0003_x"),
        ("0002_x", "0001_a 0002_b", "0003_x"),
        ("0002_x 0003_y", "0001_a 0002_b 0003_c", "0004_x 0005_y"),
        ("0002_x 0005_y", "0001_a 0003_b", "0004_x 0005_y"),
        ("0002_x 0004_y", "0001_a 0003_b", "0004_x 0005_y"),
        ("0002_x 0009_y", "0001_a 0003_b", "0004_x 0009_y"),
        ("0004_x 0004_y", "0001_a 0003_b", "0004_x 0005_y"),
        ("9_x", "10_a", "11_x"),
        ("98_x 99_y", "99_a", "100_x 101_y"),
        ("20260101000000_x", "20260201000000_a", "20260506070809_x"),
        ("20260101000000_x 20260102000000_y", "20260201000000_a", "20260506070809_x 20260506070810_y"),
        ("20260101000000_x 20260301000000_y", "20260201000000_a", "20260506070809_x 20260506070810_y"),
        ("20260101000000_x", "20270101000000_a", "20270101000001_x"),
        ("2026-01-01-000000_x", "2026-02-01-000000_a", "2026-05-06-070809_x"),
        ("0002_x", "0001_a 20260201000000_b", "20260506070809_x"),
        ("0001_x", "", "0001_x"),
        ("", "0001_a", ""),
    ],
)
def test_as_few_as_possible_are_renamed_and_the_order_stays(mine: str, others: str, after: str) -> None:
    assert renumbered(mine, others) == after


def test_a_second_renumbering_is_empty() -> None:
    once = renumbered("0002_x 0003_y 0007_z", "0001_a 0003_b 0005_c")
    assert renumbered(once, "0001_a 0003_b 0005_c") == once


def test_ours_is_what_neither_the_ancestor_nor_the_other_side_has() -> None:
    common = [migration("0001_a")]
    theirs = [migration("0001_a"), migration("0002_picked"), migration("0002_both", "<theirs>")]
    ours = [migration("0001_a"), migration("0002_picked"), migration("0002_both", "<ours>"), migration("0003_x")]
    assert [m.label for m in own(ours, theirs, common)] == ["0002_both", "0003_x"]


def test_an_edited_old_migration_is_not_ours_to_rename() -> None:
    assert own([migration("0001_a", "<edited>")], [migration("0001_a")], [migration("0001_a")]) == []


@pytest.mark.parametrize(
    ("layout", "names", "paths", "entries"),
    [
        ("single", ["0002_x.sql"], ["0004_x.sql"], ["0004_x.sql"]),
        ("goose", ["0002-x.sql"], ["0004-x.sql"], ["0004-x.sql"]),
        (
            "paired",
            ["0002_x.up.sql", "0002_x.down.sql"],
            ["0004_x.up.sql", "0004_x.down.sql"],
            ["0004_x.up.sql", "0004_x.down.sql"],
        ),
        (
            "directory",
            ["0002_x/up.sql", "0002_x/down.sql", "0002_x/metadata.toml"],
            ["0004_x/up.sql", "0004_x/down.sql", "0004_x/metadata.toml"],
            ["0004_x"],
        ),
    ],
)
def test_every_layout_names_its_files(layout: str, names: list[str], paths: list[str], entries: list[str]) -> None:
    (only,) = grouped(layout, *names).migrations
    renaming = Renumbering(migration=only, version="0004")
    assert [new for _, new in renaming.paths] == [f"db/migrations/{path}" for path in paths]
    assert [new for _, new in renaming.entries] == [f"db/migrations/{entry}" for entry in entries]


def test_the_last_migration_moves_first_so_that_its_old_place_is_free() -> None:
    found = renumbering([migration("0002_x"), migration("0003_x")], [migration("0002_a")], NOW)
    assert moves(found) == [
        ("db/migrations/0003_x.sql", "db/migrations/0004_x.sql"),
        ("db/migrations/0002_x.sql", "db/migrations/0003_x.sql"),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("-- needs 0002_x", "-- needs 0003_x"),
        ("see 0002_x.sql and 0003_y.sql", "see 0003_x.sql and 0004_y.sql"),
        ("migrations/0002_x/up.sql", "migrations/0003_x/up.sql"),
        ("10002_x 0002_xy 0002_x-old", "10002_x 0002_xy 0002_x-old"),
        ("SELECT 0002", "SELECT 0002"),
        ("nothing at all", "nothing at all"),
    ],
)
def test_mentions_are_renewed_all_at_once(before: str, after: str) -> None:
    renamings = [
        Renumbering(migration=migration("0002_x"), version="0003"),
        Renumbering(migration=migration("0003_y"), version="0004"),
    ]
    assert Mentions(renamings).renewed(before) == after


def test_a_migration_without_a_name_is_mentioned_by_its_file() -> None:
    mentions = Mentions([Renumbering(migration=migration("0002"), version="0003")])
    assert mentions.renewed("0002.sql, not 0002") == "0003.sql, not 0002"


def test_a_label_counts_also_where_the_file_is_written_with_a_dash() -> None:
    (only,) = grouped("single", "0002-x.sql").migrations
    assert Mentions([Renumbering(migration=only, version="0003")]).renewed("0002-x, 0002_x") == "0003-x, 0003_x"


def test_without_renamings_no_text_changes() -> None:
    assert Mentions([]).renewed("0002_x") == "0002_x"
