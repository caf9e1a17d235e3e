"""Write the files of a new migration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from gitmig.core.naming import slug
from gitmig.operations.writing import draft, work_tree, write

if TYPE_CHECKING:
    from gitmig.operations.project import Project

UP = "-- what changes, as in: ALTER TABLE comments RENAME COLUMN contents TO body;\n"
DOWN = "-- exactly the opposite, as in: ALTER TABLE comments RENAME COLUMN body TO contents;\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The paths that were written, from the top of the repository."""

    label: str
    paths: tuple[str, ...]


def new(project: Project, title: str, *, now: datetime | None = None) -> Created:
    """Write an empty migration that sorts behind all others. Raises GitmigError, UsageError."""
    name = slug(title)
    drafted = draft(work_tree(project), name, UP, DOWN, now or datetime.now(timezone.utc))
    write(drafted)
    return Created(label=drafted.label, paths=drafted.paths)
