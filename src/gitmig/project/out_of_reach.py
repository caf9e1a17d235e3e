"""Databases on other machines, which no hook touches: what is told about them, and how often.

A hook cannot ask the database whether it has the migrations of the work tree. What it can tell is whether the work tree
still has those of the last sync by hand, or of the last time that it said so. A file in its git directory says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.errors import BeforeGitmig
from gitmig.project.target import load_target

if TYPE_CHECKING:
    from gitmig.project.project import Project

FILE = "out-of-reach"


def is_news(project: Project) -> bool:
    """Whether the work tree has other migrations than when it was last synced or told; from here on it counts as told.

    Raises InvalidMigrations.
    """
    try:
        current = load_target(project).set.id
    except BeforeGitmig:
        return False
    path = project.repository.private(shared=False) / FILE
    if path.is_file() and path.read_text(encoding="ascii").strip() == current:
        return False
    _note(project, current)
    return True


def note_synced(project: Project, set_id: str) -> None:
    """Note that a database on another machine has this set, which is the work tree's."""
    if not project.is_within_reach:
        _note(project, set_id)


def _note(project: Project, set_id: str) -> None:
    folder = project.repository.make_private(shared=False)
    (folder / FILE).write_text(f"{set_id}\n", encoding="ascii")
