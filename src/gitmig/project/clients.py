"""`gitmig check`, source code without a database: its words are looked through for what the branch takes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.clients.words import Hit, removed_objects, uses, words
from gitmig.check.rules.clients import client_left_behind
from gitmig.git.snapshot import grep

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.check.findings import Finding
    from gitmig.check.footprint import Footprint
    from gitmig.project.project import Project


def find_clients(project: Project, commit: str, branch: Iterable[tuple[str, Footprint]]) -> list[Finding]:
    """A note for every use in the tracked files of a commit, the migrations folders and `clients_ignore` left out.

    `branch` are the labels and footprints of the branch's migrations, in order. Nothing is searched if they take
    nothing away.
    """
    gone = removed_objects(branch)
    if not gone:
        return []
    settings = project.settings
    rows = grep(project.repository, commit, words(gone), without=settings.folders, patterns=settings.clients_ignore)
    return [client_left_behind(use) for use in uses(gone, (Hit(*row) for row in rows))]
