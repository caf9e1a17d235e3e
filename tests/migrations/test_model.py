"""Migrations and their sets, as values."""

from __future__ import annotations

import pytest

from gitmig.migrations.model import Migration, MigrationSet, Version, label, set_id
from tests.samples import FOLDER, content, file, grouped, labels, migration


def test_a_migration_is_named_by_version_and_name() -> None:
    assert migration("0001_create_comments").label == "0001_create_comments"
    assert migration("42").label == label("42", "") == "42"


def test_a_migration_of_several_files_shows_its_up_script_first() -> None:
    files = (("up", file("1_a.up.sql", "f00")), ("down", file("1_a.down.sql", "ba7")))
    found = Migration(version=Version("1"), name="a", files=files)
    assert found.path == f"{FOLDER}/1_a.up.sql"
    assert found.blobs == "up:f00 down:ba7"


def test_blobs_tell_the_roles_of_the_same_bytes_apart() -> None:
    """An up and a down with the same content are not the same as an up alone."""
    up, down = ("up", file("1_a.up.sql", "f00")), ("down", file("1_a.down.sql", "f00"))
    both = Migration(version=Version("1"), name="a", files=(up, down))
    alone = Migration(version=Version("1"), name="a", files=(up,))
    assert both.blobs != alone.blobs


@pytest.mark.parametrize(
    ("up", "is_same"),
    [
        pytest.param("CREATE TABLE t (id int);", True, id="as it is"),
        pytest.param("-- why\ncreate table T\n  (id INT)", True, id="comment, space, case and semicolon"),
        pytest.param("CREATE TABLE t (id bigint);", False, id="another type"),
    ],
)
def test_equal_checksums_mean_the_same_change(up: str, *, is_same: bool) -> None:
    assert (content(up).checksum == content("CREATE TABLE t (id int);").checksum) is is_same


@pytest.mark.parametrize("down", [None, "", "DROP TABLE t;"])
def test_the_down_does_not_count_in_the_checksum(down: str | None) -> None:
    """It can be corrected without the migration being an edited one."""
    assert content("SELECT 1;", down).checksum == content("SELECT 1;", "SELECT 2;").checksum


@pytest.mark.parametrize(
    ("text", "is_blank"),
    [
        pytest.param("", True, id="empty"),
        pytest.param("\n-- nothing to undo\n/* really */;\n", True, id="comments alone"),
        pytest.param("-- undo\nSELECT 1;", False, id="a statement"),
        pytest.param("'", False, id="no SQL"),
    ],
)
def test_a_script_of_comments_alone_is_blank(text: str, *, is_blank: bool) -> None:
    assert content(text).up.is_blank is is_blank


def test_a_set_has_an_id_that_follows_from_names_and_files() -> None:
    one = grouped("single", "1_a.sql", "2_b.sql")
    assert len(one) == 2
    assert len(one.id) == 16
    assert one.id == grouped("single", "2_b.sql", "1_a.sql", "README.md").id
    assert one.id == set_id([("1_a", "both:<1_a.sql>"), ("2_b", "both:<2_b.sql>")])


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([], id="nothing"),
        pytest.param([("1_a", "both:f00")], id="one less"),
        pytest.param([("1_a", "both:f00"), ("2_b", "both:ba7"), ("3_c", "both:ba2")], id="one more"),
        pytest.param([("1_a", "both:f00"), ("2_x", "both:ba7")], id="another name"),
        pytest.param([("1_a", "both:f00"), ("2_b", "both:bad")], id="other bytes"),
        pytest.param([("2_b", "both:ba7"), ("1_a", "both:f00")], id="another order"),
    ],
)
def test_another_set_has_another_id(members: list[tuple[str, str]]) -> None:
    assert set_id(members) != set_id([("1_a", "both:f00"), ("2_b", "both:ba7")])


def test_the_empty_set_has_an_id_too() -> None:
    empty = MigrationSet(folder=FOLDER, layout="single", migrations=())
    assert len(empty) == 0
    assert empty.id == set_id([])


def test_names_that_are_no_utf8_have_an_id() -> None:
    """Git gives such paths with surrogate escapes."""
    assert set_id([(b"1_\xff".decode("utf-8", "surrogateescape"), "both:f00")]) != set_id([("1_", "both:f00")])


def test_a_set_is_in_version_order_whatever_order_the_files_come_in() -> None:
    assert labels(grouped("single", "10_c.sql", "9_b.sql", "0001_a.sql")) == ["0001_a", "9_b", "10_c"]
