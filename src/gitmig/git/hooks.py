"""Installing gitmig's hooks beside whatever hooks are there, and taking them away again."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from enum import Enum
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from gitmig.git.repository import Repository

# Those that keep the database with the commit; they are always installed.
FOLLOWING = (
    *("post-checkout", "post-merge", "post-rewrite", "post-commit"),
    *("post-index-change", "reference-transaction"),  # from git 2.22 and 2.28 on
)
# Those that check, only for those who ask for them: they can keep git from merging and pushing.
CHECKING = ("pre-merge-commit", "pre-push")
SCRIPT = "gitmig-hook"
MARK = "Written by `gitmig hooks install`"
# `.legacy` belongs to pre-commit, which would run and rename what it finds there.
CHAINED = ".pre-gitmig"
LEGACY = ".legacy"


class HookState(Enum):
    """What stands where git looks for a hook."""

    INSTALLED = "installed"
    OUTDATED = "outdated"
    FOREIGN = "not gitmig's"
    MISSING = "not installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One hook of the repository; `chained` is the foreign hook that ours runs first."""

    name: str
    path: Path
    state: HookState
    chained: Path | None = None


def status(repository: Repository) -> list[Hook]:
    """The hooks that keep the database with the commit, as they are now, and those that check, if they are gitmig's."""
    every = _every(repository)
    return [hook for hook in every if hook.name in FOLLOWING or _is_ours(hook.path)]


def install(repository: Repository, *, check: bool = False) -> list[Hook]:
    """Put the hooks in place, keep a foreign one as `<hook>.pre-gitmig`; again and again if you like.

    `check` adds those that check merges and pushes; where they are installed already, they are renewed.
    """
    found = _every(repository) if check else status(repository)
    for hook in found:
        _refuse_two_foreign(hook)
    for hook in found:
        hook.path.parent.mkdir(parents=True, exist_ok=True)
        if hook.state is HookState.FOREIGN:
            hook.path.rename(hook.path.with_name(hook.name + CHAINED))
        if hook.state is not HookState.INSTALLED:
            _write(hook)
    return status(repository)


def uninstall(repository: Repository) -> list[Hook]:
    """Take gitmig's hooks away and put back the ones that were there before.

    Under a pre-commit that was installed over ours, the one before goes where pre-commit calls it.
    """
    for hook in _every(repository):
        legacy = hook.path.with_name(hook.name + LEGACY)
        for path in (hook.path, legacy):
            if _is_ours(path):
                path.unlink()
                if hook.chained and os.path.lexists(hook.chained):
                    hook.chained.rename(path)
    return status(repository)


def _every(repository: Repository) -> list[Hook]:
    directory = _directory(repository)
    return [_look(directory / name) for name in FOLLOWING + CHECKING]


def _directory(repository: Repository) -> Path:
    """Right for the main and linked work trees and for core.hooksPath."""
    found = repository.lines("rev-parse", "--git-path", "hooks")
    directory = (repository.root or repository.git_dir) / Path(found[0]).expanduser()
    if directory.exists() and not directory.is_dir():
        hint = "hooks are switched off there; `git config core.hooksPath` names a folder"
        raise GitmigError(f"{directory}, where git looks for hooks, is no folder", hint=hint)
    return directory


def _look(path: Path) -> Hook:
    chained = path.with_name(path.name + CHAINED)
    if not os.path.lexists(path):
        state = HookState.MISSING
    elif not _is_ours(path):
        state = HookState.FOREIGN
    else:
        current = path.read_bytes() == _script() and os.access(path, os.X_OK)
        state = HookState.INSTALLED if current else HookState.OUTDATED
    return Hook(name=path.name, path=path, state=state, chained=chained if os.path.lexists(chained) else None)


def _is_ours(path: Path) -> bool:
    try:
        return MARK.encode() in path.read_bytes()
    except OSError:
        return False


def _refuse_two_foreign(hook: Hook) -> None:
    if hook.state is HookState.FOREIGN and hook.chained:
        raise GitmigError(
            f"both {hook.path} and {hook.chained} are there, and neither is gitmig's",
            hint=f"merge the two into {hook.chained.name}, delete {hook.name}, and install again",
        )


def _write(hook: Hook) -> None:
    temporary = hook.path.with_name(f".{hook.name}.{os.getpid()}")
    try:
        temporary.write_bytes(_script())
        temporary.chmod(0o755)
        temporary.replace(hook.path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise GitmigError(
            f"cannot write {hook.path}: {error.strerror}", hint="check the folder's permissions"
        ) from error


def _script() -> bytes:
    """The packaged hook with the interpreter that runs now; a checkout of gitmig has the hook at its top."""
    packaged = Path(str(files("gitmig"))) / "hooks" / SCRIPT
    source = packaged if packaged.exists() else Path(__file__).parents[3] / "hooks" / SCRIPT
    return source.read_bytes().replace(b"@PYTHON@", shlex.quote(sys.executable).encode())
