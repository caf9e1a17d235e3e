"""`gitmig trust`: which scripts no hook may run yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.project.target import load_target
from gitmig.project.trust import bootstrap_scripts, candidates_of, untrusted

if TYPE_CHECKING:
    from gitmig.project.project import Project
    from gitmig.project.trust import Candidate


def untrusted_in(project: Project, revision: str | None) -> list[Candidate]:
    """What is not trusted of a commit's migrations, or of the work tree's and its bootstrap file.

    Raises BeforeGitmig, InvalidMigrations, UsageError.
    """
    target = load_target(project, revision)
    candidates = candidates_of(target, target.set.migrations)
    if revision is None:
        candidates = [*bootstrap_scripts(project), *candidates]
    return untrusted(project, candidates, [target.commit])
