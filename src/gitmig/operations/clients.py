"""Find the source code that still uses what a branch's migrations rename or drop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.clients import Hit, departures, note, uses, words
from gitmig.repository.grep import grep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.core.findings import Finding
    from gitmig.core.footprint import Footprint
    from gitmig.operations.project import Project


def clients(project: Project, commit: str, branch: Iterable[tuple[str, Footprint]]) -> list[Finding]:
    """A note for every use in the tracked files of a commit, the migrations folders and `clients_ignore` left out.

    `branch` are the labels and footprints of the branch's migrations, in order. Nothing is searched if they take
    nothing away.
    """
    gone = departures(branch)
    if not gone:
        return []
    settings = project.settings
    rows = grep(project.repository, commit, words(gone), without=settings.folders, patterns=settings.clients_ignore)
    return [note(use) for use in uses(gone, (Hit(*row) for row in rows))]
