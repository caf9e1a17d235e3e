"""`gitmig hooks`: install, uninstall and look at the hooks of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.git import hooks
from gitmig.project.trust import approve_local_branches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.git.hooks import Consent, Hook, Installation, Trouble
    from gitmig.project.project import Project


def install(project: Project, *, check: bool = False, consent: Consent = hooks.refuse) -> Installation:
    """See `gitmig.git.hooks.install`. Set up for the first time, hooks may run what local branches have."""
    approve_local_branches(project)
    return hooks.install(project.repository, check=check, consent=consent)


def uninstall(project: Project, *, consent: Consent = hooks.refuse) -> Installation:
    """See `gitmig.git.hooks.uninstall`."""
    return hooks.uninstall(project.repository, consent=consent)


def status(project: Project) -> list[Hook]:
    """See `gitmig.git.hooks.status`."""
    return hooks.status(project.repository)


def trouble(project: Project) -> Trouble | None:
    """See `gitmig.git.hooks.trouble`."""
    return hooks.trouble(project.repository)


def call(project: Project, event: str, arguments: Sequence[str]) -> int:
    """See `gitmig.git.hooks.call`."""
    return hooks.call(project.repository, event, arguments)
