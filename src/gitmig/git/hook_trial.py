"""Trying whether git's hooks reach gitmig, in a work tree made for it and without anything being synced."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError
from gitmig.git import hook_managers, hooks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.git.hooks import Hook
    from gitmig.git.repository import Repository

# The file in which a hook that gets as far as gitmig's script writes its name, and then does nothing.
VARIABLE = "GITMIG_TRIAL"


def unreached(repository: Repository) -> list[Hook]:
    """Those installed hooks that do not get to gitmig when they are called.

    post-checkout is called by git, with whatever else runs there, as `git worktree add` would. The others are called
    where gitmig's own script stands alone: what another tool does after a commit or a merge is not done for a trial.
    Raises GitmigError if there is no commit, or no work tree can be made.
    """
    found = [hook for hook in hooks.status(repository) if hook.state is hooks.HookState.INSTALLED]
    if repository.head is None:
        raise GitmigError(
            "there is no commit yet, so the hooks were not tried", hint="`git commit` makes the first one"
        )
    with tempfile.TemporaryDirectory(prefix="gitmig-trial-") as folder:
        tree, log = Path(folder) / "tree", Path(folder) / "reached"
        _git(repository, f"core.hooksPath={os.devnull}", "worktree", "add", "--quiet", "--detach", str(tree), "HEAD")
        try:
            reached = _try(repository, found, tree, log)
        finally:
            _git(repository, f"core.hooksPath={os.devnull}", "worktree", "remove", "--force", str(tree))
    return [
        hook for hook in found if hook.name not in reached and (hook.through is None or hook.name == "post-checkout")
    ]


def _try(repository: Repository, found: Sequence[Hook], tree: Path, log: Path) -> list[str]:
    """The names of the hooks that got to gitmig."""
    for name in (*hook_managers.LEFTHOOK_FILES, *hook_managers.LEFTHOOK_LOCAL_FILES):
        if (repository.work_tree / name).is_file() and (tree / name).parent.is_dir():
            shutil.copyfile(repository.work_tree / name, tree / name)  # as they are now, committed or not
    environment = {VARIABLE: str(log)}
    with suppress(GitmigError):  # a hook of somebody else's fails
        here = f"core.hooksPath={hooks.directory(repository)}"
        _git(repository, here, "-C", str(tree), "checkout", "--quiet", "--detach", "HEAD", environment=environment)
    for hook in found:
        if hook.through is None and hook.name != "post-checkout":
            with suppress(OSError):
                subprocess.run(
                    (hook.path,), cwd=tree, env=os.environ | environment, check=False, stdin=subprocess.DEVNULL
                )
    return log.read_text(encoding="utf-8").split() if log.exists() else []


def _git(repository: Repository, setting: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
    """Run git under a setting. Raises GitmigError with git's own words."""
    status, _, err = repository.attempt("-c", setting, *arguments, literal=False, environment=environment)
    if status:
        words = err.strip().splitlines() or [f"exit status {status}"]
        raise GitmigError(f"the hooks could not be tried in a work tree of their own: {words[-1]}")
