"""What a new migration is called."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.errors import UsageError
from gitmig.migrations.model import Migration, Version
from gitmig.migrations.naming import next_version, slug

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=timezone.utc)
STAMPS = st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 31)).map(lambda time: time.strftime("%Y%m%d%H%M%S"))
DASHED = st.datetimes(datetime(1000, 1, 1), datetime(2999, 12, 31)).map(lambda time: time.strftime("%Y-%m-%d-%H%M%S"))
COUNTED = st.from_regex(r"[0-9]{1,30}", fullmatch=True)
ODD = st.from_regex(r"[0-9]{1,9}(-[0-9]{1,9}){0,4}", fullmatch=True)
VERSIONS = st.lists(st.one_of(STAMPS, DASHED, COUNTED, ODD))


def existing(*versions: str) -> list[Migration]:
    """Migrations of these versions, in version order."""
    return [Migration(version=v, name="", files=()) for v in sorted(map(Version, versions))]


@pytest.mark.parametrize(
    ("title", "name"),
    [
        pytest.param("rename contents to body", "rename_contents_to_body", id="words"),
        pytest.param("  Rename   Contents ", "rename_contents", id="capitals and spaces"),
        pytest.param("add index: comments(body), 100%!", "add_index_comments_body_100", id="punctuation"),
        pytest.param("rename_contents", "rename_contents", id="a slug already"),
        pytest.param("../../etc/passwd", "etc_passwd", id="no way out of the folder"),
        pytest.param("-f", "f", id="no leading dash"),
        pytest.param("_private__part_", "private_part", id="underscores around and between"),
        pytest.param("Año nuevo", "año_nuevo", id="letters beyond ASCII"),
        pytest.param("コメント を作る", "コメント_を作る", id="no capitals at all"),
        pytest.param("2nd try", "2nd_try", id="a digit first"),
        pytest.param("x" * 80, "x" * 50, id="cut to what a file name may hold"),
        pytest.param("x" * 49 + " y", "x" * 49, id="not cut behind an underscore"),
        pytest.param("y" * 48 + "x y", "y" * 48 + "x", id="an x at the end is no underscore"),
    ],
)
def test_a_title_becomes_a_slug(title: str, name: str) -> None:
    assert slug(title) == name


@pytest.mark.parametrize("title", ["", " ", "!?", "--", "_", "/"])
def test_a_title_that_names_nothing_is_refused(title: str) -> None:
    with pytest.raises(UsageError) as caught:
        slug(title)
    assert caught.value.message == f"{title!r} has no letter or digit to name a migration by"
    assert caught.value.hint == 'give it a short title, as in: gitmig new "create comments"'
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("versions", "following"),
    [
        pytest.param([], "20260101120000", id="the first is a timestamp"),
        pytest.param(["20251231235959"], "20260101120000", id="timestamps"),
        pytest.param(["20260101120000"], "20260101120001", id="two within one second"),
        pytest.param(["20270101000000"], "20270101000001", id="the newest is from the future"),
        pytest.param(["2025-12-31-235959"], "2026-01-01-120000", id="timestamps with dashes"),
        pytest.param(["2027-01-01-000000"], "2027-01-01-000001", id="with dashes, from the future"),
        pytest.param(["20251231235959", "2025-12-31-235958"], "20260101120000", id="written as the newest is"),
        pytest.param(["2025-1231-235959"], "20260101120000", id="dashes at unusual places"),
        pytest.param(["0001", "0002"], "0003", id="counted, with leading zeros"),
        pytest.param(["1", "2", "10"], "11", id="counted, without"),
        pytest.param(["0009"], "0010", id="one digit more"),
        pytest.param(["999"], "1000", id="all digits used up"),
        pytest.param(["0"], "1", id="zero"),
        pytest.param(["20260101"], "20260102", id="dates are counted"),
        pytest.param(["1-09"], "1-10", id="counted, with a dash"),
        pytest.param(["9-9"], "100", id="counted, with a dash, all digits used up"),
        pytest.param(["0001", "20251231235959"], "20260101120000", id="counted first, timestamps since"),
        pytest.param(["99999999999999"], "100000000000000", id="fourteen digits that are no timestamp"),
        pytest.param(["1735689600"], "1767268800", id="seconds since 1970"),
        pytest.param(["1735689600123"], "1767268800000", id="milliseconds since 1970"),
        pytest.param(["1893456000"], "1893456001", id="seconds since 1970, from the future"),
        pytest.param(["202512312359590007"], "202601011200000000", id="timestamps that are counted on"),
        pytest.param(["2025-12-31-235959-0007"], "2026-01-01-120000-0000", id="counted on, with dashes"),
        pytest.param(["202601011200000000"], "202601011200000001", id="counted on, two within one second"),
    ],
)
def test_the_next_version_is_written_as_the_newest(versions: list[str], following: str) -> None:
    assert next_version(existing(*versions), NOW) == following


@pytest.mark.parametrize(
    ("here", "elsewhere", "following"),
    [
        pytest.param(["0001", "0002"], ["0003", "0004"], "0005", id="counted: behind those of other work trees"),
        pytest.param(["0001", "0007"], ["0003"], "0008", id="counted: the newest is here"),
        pytest.param(["0001"], ["20260101120000", "abc"], "0002", id="counted: what is no number does not count"),
        pytest.param(["20250101000000"], ["20260101120000", "20260101120001"], "20260101120002", id="one second"),
        pytest.param(
            ["20250101000000"], ["20990101000000"], "20260101120000", id="a timestamp of the future elsewhere"
        ),
        pytest.param([], ["20260101120000"], "20260101120001", id="the first"),
    ],
)
def test_what_another_work_tree_has_is_not_taken(here: list[str], elsewhere: list[str], following: str) -> None:
    assert next_version(existing(*here), NOW, {Version(one) for one in elsewhere}) == following


@given(VERSIONS)
@settings(deadline=None)
def test_the_next_version_sorts_behind_all_others(versions: list[str]) -> None:
    following = Version(next_version(existing(*versions), NOW))
    assert all(Version(version) < following for version in versions)


@given(st.text())
@settings(deadline=None)
def test_a_slug_is_short_and_safe_as_a_file_name(title: str) -> None:
    try:
        name = slug(title)
    except UsageError:
        return
    assert 0 < len(name) <= 50
    assert name[0] != "_"
    assert name[-1] != "_"
    assert not set(name) & set("/\\.-%'\" \n\0")
