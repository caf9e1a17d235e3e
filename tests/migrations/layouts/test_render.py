"""The files of a new migration, in every layout."""

from __future__ import annotations

import pytest

from gitmig.migrations.layouts import layouts


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("single", {"0001_a.sql": "-- migrate:up\nSELECT 1;\n"}),
        ("goose", {"0001_a.sql": "-- +goose Up\nSELECT 1;\n"}),
        ("paired", {"0001_a.up.sql": "SELECT 1;\n"}),
        ("directory", {"0001_a/up.sql": "SELECT 1;\n"}),
    ],
)
def test_a_migration_without_a_down_has_no_place_for_one(layout: str, expected: dict[str, str]) -> None:
    assert layouts()[layout].render("0001", "a", "SELECT 1;\n", None) == expected


def test_goose_is_told_not_to_cut_dollar_quoted_bodies() -> None:
    (text,) = layouts()["goose"].render("0001", "a", "DO $$ BEGIN; END $$;\n", "SELECT 1;\n").values()
    assert text == (
        "-- +goose Up\n-- +goose StatementBegin\nDO $$ BEGIN; END $$;\n-- +goose StatementEnd\n\n"
        "-- +goose Down\nSELECT 1;\n"
    )
