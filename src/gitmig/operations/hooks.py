"""`gitmig hooks install`; all else about hooks is between the command and git."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.git import hooks
from gitmig.project.trust import approve_local_branches

if TYPE_CHECKING:
    from gitmig.git.hooks import Consent, Installation
    from gitmig.project.project import Project


def install(project: Project, *, check: bool = False, consent: Consent = hooks.refuse) -> Installation:
    """See `gitmig.git.hooks.install`. Set up for the first time, hooks may run what local branches have."""
    approve_local_branches(project)
    return hooks.install(project.repository, check=check, consent=consent)
