"""Install, uninstall and look at the hooks of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.operations.trust import approve_local_branches
from gitmig.repository import hooks

if TYPE_CHECKING:
    from gitmig.operations.project import Project
    from gitmig.repository.hooks import Hook


def install(project: Project, *, check: bool = False) -> list[Hook]:
    """See `gitmig.repository.hooks.install`. Set up for the first time, hooks may run what local branches have."""
    approve_local_branches(project)
    return hooks.install(project.repository, check=check)


def uninstall(project: Project) -> list[Hook]:
    """See `gitmig.repository.hooks.uninstall`."""
    return hooks.uninstall(project.repository)


def status(project: Project) -> list[Hook]:
    """See `gitmig.repository.hooks.status`."""
    return hooks.status(project.repository)
