"""What a branch takes away from those who use the schema: tables and columns that are renamed or dropped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A table, or with `column` a column of it, that has another name afterwards (`to`), or none: it is dropped.

    Names are without schema and quotes. `migration` is the label of the migration that does it. `tables` are all the
    names the table has on the branch, the one before first; source code may know it by each of them.
    """

    migration: str
    tables: tuple[str, ...]
    column: str | None = None
    to: str | None = None

    @property
    def name(self) -> str:
        """`comments` or `comments.contents`."""
        return f"{self.tables[0]}.{self.column}" if self.column else self.tables[0]

    @property
    def fate(self) -> str:
        """What happens to it, as the rest of a sentence: `renames it to body`, `drops it`."""
        return f"renames it to {self.to}" if self.to else "drops it"
