from __future__ import annotations

from msgspec.structs import replace

from gitmig.migrations.languages.sql import SQL
from gitmig.migrations.model import Script
from gitmig.migrations.same_schema import Split, missing_parts, parts_of, splits, squashed_in, with_head


def script(text: str) -> Script:
    return Script(language=SQL, text=text, path="x.sql")


ONE, TWO, THREE = (
    script("CREATE TABLE t (a int);"),
    script("UPDATE t SET a = 1;"),
    script("ALTER TABLE t RENAME a TO b;"),
)
SEED = "INSERT INTO t VALUES (1);"
PARTS = [("0001_one", ONE), ("0002_two", TWO), ("0003_three", THREE)]
WHOLE = script("CREATE TABLE t (b int);")
SQUASH = replace(WHOLE, text=with_head(WHOLE, PARTS))


def test_a_squash_names_what_it_takes_the_place_of() -> None:
    assert [part.label for part in squashed_in(SQUASH)] == ["0001_one", "0002_two", "0003_three"]
    assert squashed_in(ONE) == ()


def test_its_head_is_comments_alone() -> None:
    assert SQL.checksum(SQUASH.text) == SQL.checksum(WHOLE.text)


def test_a_comment_or_the_case_of_a_word_in_what_was_squashed_changes_nothing() -> None:
    other = script("create table T (a int); -- one")
    assert parts_of(other)[0].digest == parts_of(ONE)[0].digest


def test_a_squash_that_writes_other_rows_by_now_takes_the_place_of_nothing() -> None:
    assert squashed_in(replace(SQUASH, text=f"{SQUASH.text} {SEED}")) == ()


def test_a_squash_of_a_squash_names_what_that_one_named() -> None:
    four = script("CREATE TABLE u (a int);")
    again = replace(WHOLE, text=with_head(WHOLE, [("0003_squash", SQUASH), ("0004_four", four)]))
    assert [part.label for part in squashed_in(again)] == ["0001_one", "0002_two", "0003_three", "0004_four"]
    assert splits([SQUASH, four], [again]) == [Split(2, 1)]
    assert Split(4, 1) in splits([ONE, TWO, THREE, four], [again])


def test_a_squash_may_be_the_same_although_a_backfill_is_not_in_it() -> None:
    assert splits([ONE, TWO, THREE], [SQUASH]) == [Split(3, 1)]
    assert splits([SQUASH], [ONE, TWO, THREE]) == [Split(1, 3)]
    assert splits([ONE, TWO, THREE], [WHOLE]) == []


def test_behind_a_squash_rows_have_to_be_written_alike() -> None:
    seed = script(SEED)
    assert splits([ONE, TWO, THREE, seed], [SQUASH, seed])[0] == Split(4, 2)
    assert splits([ONE, TWO, THREE], [SQUASH, seed]) == [Split(3, 1)]


def test_what_is_missing_is_the_rest_of_what_was_begun() -> None:
    assert [part.label for part in missing_parts([ONE], SQUASH)] == ["0002_two", "0003_three"]
    assert [part.label for part in missing_parts([ONE, TWO, script(SEED)], SQUASH)] == ["0003_three"]
    assert missing_parts([ONE, TWO, THREE, script(SEED)], SQUASH) == ()
    assert missing_parts([TWO], SQUASH) == ()
    assert missing_parts([], SQUASH) == ()
    assert missing_parts([ONE], WHOLE) == ()
