"""Rows that cannot live in the older schema are not in the way of a revert, and come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.postgres.run_sql import ScriptError
from gitmig.rows.tables import TableName

if TYPE_CHECKING:
    from tests.rows.conftest import Bench

T = "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t VALUES (1, 'a'), (2, NULL), (3, 'a');"
CHILD = "CREATE TABLE child (id int PRIMARY KEY, t int NOT NULL REFERENCES t); INSERT INTO child VALUES (1, 2), (2, 3);"
CASES: dict[str, tuple[str, str, str, list[int]]] = {
    "not null": (T + CHILD, "ALTER TABLE t ALTER x DROP NOT NULL", "ALTER TABLE t ALTER x SET NOT NULL", [1, 3]),
    "unique": (T, "ALTER TABLE t DROP CONSTRAINT IF EXISTS u", "ALTER TABLE t ADD CONSTRAINT u UNIQUE (x)", [1, 2]),
    "check": (T, "ALTER TABLE t DROP CONSTRAINT IF EXISTS c", "ALTER TABLE t ADD CONSTRAINT c CHECK (id < 3)", [1, 2]),
    "cast": (T, "ALTER TABLE t ALTER x TYPE text", "ALTER TABLE t ALTER x TYPE int USING x::int", [2]),
    "foreign key": (
        "CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1); " + T,
        "ALTER TABLE t DROP CONSTRAINT IF EXISTS f",
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES p",
        [1],
    ),
    "enum": (
        T
        + (
            "CREATE TYPE e AS ENUM ('a', 'b', 'c'); ALTER TABLE t ADD COLUMN e e DEFAULT 'a'; UPDATE t SET "
            "e = 'c' WHERE id = 1;"
        ),
        "ALTER TYPE e RENAME TO e_old; CREATE TYPE e AS ENUM ('a', 'b', 'c'); ALTER TABLE t ALTER e DROP DEFAULT, "
        "ALTER e TYPE e USING e::text::e, ALTER e SET DEFAULT 'a'; DROP TYPE e_old",
        "ALTER TYPE e RENAME TO e_old; CREATE TYPE e AS ENUM ('a', 'b'); ALTER TABLE t ALTER e DROP DEFAULT, "
        "ALTER e TYPE e USING e::text::e, ALTER e SET DEFAULT 'a'; DROP TYPE e_old",
        [2, 3],
    ),
    "new column without default": (
        T,
        "ALTER TABLE t DROP COLUMN IF EXISTS must",
        "ALTER TABLE t ADD COLUMN must int NOT NULL",
        [],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_that_do_not_fit_are_put_aside_and_come_back(bench: Bench, case: str) -> None:
    base, up, down, left = CASES[case]
    bench.sql(base)
    bench.up("m", up, down)
    before = bench.contents()
    report = bench.down("m", down, up)
    assert report.aside[-1] == TableName("public", "t")
    assert [row for (row,) in bench.sql("SELECT id FROM t ORDER BY 1")] == left
    bench.up("m", up, down)
    assert bench.contents() == before
    assert bench.kept() == []


@pytest.mark.parametrize(
    ("up", "row"),
    [
        ("ALTER TABLE t ALTER x SET NOT NULL", '{"x": null, "id": 2}'),
        ("ALTER TABLE t ADD COLUMN y int NOT NULL", '{"x": "a", "id": 1}'),
    ],
)
def test_an_up_that_fails_on_rows_fails_and_names_one(bench: Bench, up: str, row: str) -> None:
    bench.sql(T)
    before = bench.contents()
    with pytest.raises(ScriptError) as caught:
        bench.up("m", up)
    assert caught.value.detail == f"one such row is {row}"
    assert bench.contents() == before
    assert bench.kept() == []


def test_a_revert_that_fails_for_another_reason_fails(bench: Bench) -> None:
    bench.sql(T)
    with pytest.raises(ScriptError):
        bench.down("m", "ALTER TABLE t DROP COLUMN nonsense")
    assert bench.kept() == []
