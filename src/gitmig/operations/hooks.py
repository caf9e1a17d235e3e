"""`gitmig hooks`: install, uninstall and look at the hooks of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.git import hooks
from gitmig.project.trust import approve_local_branches

if TYPE_CHECKING:
    from gitmig.git.hooks import Hook
    from gitmig.project.project import Project


def install(project: Project, *, check: bool = False) -> list[Hook]:
    """See `gitmig.git.hooks.install`. Set up for the first time, hooks may run what local branches have."""
    approve_local_branches(project)
    return hooks.install(project.repository, check=check)


def uninstall(project: Project) -> list[Hook]:
    """See `gitmig.git.hooks.uninstall`."""
    return hooks.uninstall(project.repository)


def status(project: Project) -> list[Hook]:
    """See `gitmig.git.hooks.status`."""
    return hooks.status(project.repository)
