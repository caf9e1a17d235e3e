"""What lies beside the migrations runs nowhere, and is named."""

from __future__ import annotations

import pytest

from gitmig.migrations.layouts import layouts, left_alone, migration_set, unreadable
from tests.samples import FOLDER, files, labels

NO_VERSION = "is left alone: its name does not begin with a version"
FIRST = {"single": "1_a.sql", "goose": "1_a.sql", "paired": "1_a.up.sql", "directory": "1_a/up.sql"}


@pytest.mark.parametrize("layout", FIRST)
@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("schema.sql", NO_VERSION, id="a dump"),
        pytest.param("data_oauth_github.sql", NO_VERSION, id="rows for a migration"),
        pytest.param("seeds/1_users.sql", NO_VERSION, id="in a folder below"),
        pytest.param(".sql", NO_VERSION, id="an ending alone"),
        pytest.param(
            "20251226153622_v1_0_66.go",
            "is left alone: it is not executable, and no command runs .go files",
            id="a program",
        ),
        pytest.param(
            "0002.py",
            "is left alone: it is not executable, and no command runs .py files",
            id="a program without a name",
        ),
    ],
)
def test_a_file_that_could_be_taken_for_a_migration_is_named(layout: str, name: str, message: str) -> None:
    everything = files(FIRST[layout], name)
    found = migration_set(layouts()[layout], FOLDER, everything, unreadable)
    assert len(labels(found)) == 1
    assert [(p.path, p.message) for p in left_alone(everything, found.migrations)] == [(f"{FOLDER}/{name}", message)]


@pytest.mark.parametrize("layout", FIRST)
@pytest.mark.parametrize("name", ["README.md", "main.go", "embed.go", ".keep", "1_notes.md", "1_a/generate.sh"])
def test_what_nobody_takes_for_a_migration_is_not_worth_a_word(layout: str, name: str) -> None:
    everything = files(FIRST[layout], name)
    assert left_alone(everything, migration_set(layouts()[layout], FOLDER, everything, unreadable).migrations) == []
