"""Write the files of a new migration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from gitmig.core.naming import next_version, slug
from gitmig.errors import BeforeGitmig, GitmigError
from gitmig.operations.target import load_target

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
    try:
        target = load_target(project)
    except BeforeGitmig as error:
        raise GitmigError(error.message, hint="`gitmig init` makes the folder") from error
    version = next_version(target.set.migrations, now or datetime.now(timezone.utc))
    folder = project.repository.work_tree / target.set.folder
    files = target.layout.render(version, name, UP, DOWN)
    paths = tuple(f"{target.set.folder}/{relative}" for relative in files)
    if ignored := project.repository.ignored(paths):
        raise GitmigError(f"git ignores {ignored[0]}", hint="correct .gitignore: gitmig sees what git sees")
    for relative, text in files.items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError as error:
            raise GitmigError(f"{path.name} is there already", hint="delete it or take another title") from error
    return Created(label=f"{version}_{name}", paths=paths)
