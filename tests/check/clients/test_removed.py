"""What a branch takes away."""

from __future__ import annotations

import pytest

from gitmig.check.clients.words import removed_objects
from gitmig.check.footprint import footprint


def gone(*scripts: str) -> list[str]:
    """What has gone after the scripts 0, 1, …, in words."""
    found = removed_objects([(str(number), footprint(script)) for number, script in enumerate(scripts)])
    return [f"{d.migration} {d.name} {d.fate}" for d in found]


@pytest.mark.parametrize(
    ("scripts", "expected"),
    [
        (["ALTER TABLE comments RENAME contents TO body"], ["0 comments.contents renames it to body"]),
        (["ALTER TABLE app.comments DROP COLUMN contents"], ["0 comments.contents drops it"]),
        (["DROP TABLE a, b"], ["0 a drops it", "0 b drops it"]),
        (["DROP VIEW v"], ["0 v drops it"]),
        (["ALTER TABLE comments RENAME TO replies"], ["0 comments renames it to replies"]),
        (["ALTER TABLE a RENAME x TO y", "ALTER TABLE a RENAME y TO z"], ["1 a.x renames it to z"]),
        (["ALTER TABLE a RENAME x TO y", "ALTER TABLE a RENAME y TO x"], []),
        (["ALTER TABLE a RENAME x TO y", "ALTER TABLE a DROP y"], ["1 a.x drops it"]),
        (["ALTER TABLE a DROP x", "ALTER TABLE a ADD x int"], []),
        (["DROP TABLE a", "CREATE TABLE a (id int)"], []),
        (["CREATE TABLE a (x int)", "ALTER TABLE a DROP x", "DROP TABLE a"], []),
        (["ALTER TABLE a ADD x int", "ALTER TABLE a RENAME x TO y"], []),
        (["ALTER TABLE a DROP x; DROP TABLE a"], ["0 a drops it"]),
        (["ALTER TABLE a SET SCHEMA other"], []),
        (["ALTER TABLE a RENAME TO b; ALTER TABLE b RENAME x TO y"], ["0 a renames it to b", "0 a.x renames it to y"]),
        (["ALTER TABLE a ADD y int", "CREATE INDEX ON a (x)", "DROP INDEX i"], []),
    ],
)
def test_what_has_gone_when_all_have_run(scripts: list[str], expected: list[str]) -> None:
    assert gone(*scripts) == expected


def test_a_column_is_known_by_every_name_of_its_table() -> None:
    (_, column) = removed_objects([("1", footprint("ALTER TABLE a RENAME TO b; ALTER TABLE b DROP x"))])
    assert column.tables == ("a", "b")
