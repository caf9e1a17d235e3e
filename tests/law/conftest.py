"""Databases for tours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.law.tour import Databases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

    from tests.law.tour import Tour


@pytest.fixture
def databases(
    server: str, maintenance: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Databases]:
    """Databases that are gone after the test."""
    monkeypatch.chdir(tmp_path)  # `-C` changes the process's directory; this brings it back
    made = Databases(server, maintenance, tmp_path)
    yield made
    made.drop()


@pytest.fixture
def tour(databases: Databases) -> Tour:
    """A repository with an empty database."""
    return databases.tour()
