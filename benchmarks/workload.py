"""The migrations that every tool gets: plain values, the same for the same count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

BEGAN = datetime(2026, 1, 1)
PREFIX = "bench_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One migration. `at` is when it is said to have been written, one minute after the one before."""

    at: datetime
    name: str
    up: str
    down: str

    @property
    def version(self) -> str:
        """Fourteen digits."""
        return self.at.strftime("%Y%m%d%H%M%S")

    @property
    def label(self) -> str:
        """How most tools name the file."""
        return f"{self.version}_{self.name}"


def changes(count: int) -> tuple[Change, ...]:
    """Tables, each followed by a migration that adds a column and one that adds an index."""
    kinds = (create_table, _add_column, _add_index)
    return tuple(kinds[k % 3](k, f"{PREFIX}{k // 3}") for k in range(count))


def tables(count: int) -> int:
    """How many tables there are after `count` changes."""
    return (count + 2) // 3


def create_table(k: int, table: str) -> Change:
    """A migration that makes a table, `k` minutes after the first."""
    up = f"""CREATE TABLE {table} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);"""
    return Change(at=at(k), name=f"create_{table}", up=up, down=f"DROP TABLE {table};")


def _add_column(k: int, table: str) -> Change:
    return Change(
        at=at(k),
        name=f"add_note_to_{table}",
        up=f"ALTER TABLE {table} ADD COLUMN note text;",
        down=f"ALTER TABLE {table} DROP COLUMN note;",
    )


def _add_index(k: int, table: str) -> Change:
    return Change(
        at=at(k),
        name=f"index_{table}_by_name",
        up=f"CREATE INDEX {table}_name ON {table} (name);",
        down=f"DROP INDEX {table}_name;",
    )


def at(k: int) -> datetime:
    """When the `k`th is said to have been written."""
    return BEGAN + timedelta(minutes=k)
