"""Downs that take more than their ups have given, so that the rest of the way back has to be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.law.test_edited import must_be_home, must_have
from tests.law.tour import Scripts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.law.tour import Tour

KEYS = pytest.mark.parametrize("key", [" PRIMARY KEY", ""], ids=["keyed", "keyless"])
NULLS = pytest.mark.parametrize("null", ["", " NOT NULL"], ids=["nullable", "required"])


def go_there_and_back(
    tour: Tour, near: Mapping[str, Scripts], far: Mapping[str, Scripts], query: str, rows: str
) -> None:
    """Twice: at `near` a query has to answer with these rows, and at `far` is to be what is there now."""
    before = tour.rows()
    for _ in range(2):
        tour.sync(near)
        must_have(tour, query, rows)
        tour.sync(far)
        must_be_home(tour, before)


@NULLS
@KEYS
def test_a_column_that_the_up_takes_along_and_the_down_does_not_know(tour: Tour, key: str, null: str) -> None:
    """The down writes rows, so that it is tried when the up has run; it makes nothing of the column."""
    table = f"CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE TABLE t (id int{key}, v int{null}, tag e{null});"
    one = {"1_t": Scripts(up=f"{table} CREATE TABLE o (tag e);", down="DROP TABLE t, o;")}
    retype = "ALTER TABLE o ALTER tag TYPE e_new USING tag::text::e_new;"
    swap = f"{retype} DROP TYPE e CASCADE; ALTER TYPE e_new RENAME TO e;"
    up = f"DELETE FROM o WHERE tag = 'c'; CREATE TYPE e_new AS ENUM ('a', 'b'); {swap}"
    two = one | {"2_e": Scripts(up=up, down=f"CREATE TYPE e_new AS ENUM ('a', 'b', 'c'); {swap}")}
    tour.sync(one)
    tour.people("INSERT INTO t VALUES (1, 1, 'a'), (2, 2, 'b')")
    go_there_and_back(tour, two, one, "SELECT * FROM t", "1|1 2|2")
