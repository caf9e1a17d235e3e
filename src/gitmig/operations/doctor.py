"""`gitmig status --doctor`: whether all is there that lets the database follow a checkout, and what mends the rest."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig import __version__
from gitmig.errors import GitmigError
from gitmig.git import hook_managers, hooks
from gitmig.ledger import schema
from gitmig.ledger.protection import is_protected
from gitmig.ledger.store import read_state
from gitmig.project.binding import refuse_unbound
from gitmig.project.ownership import foreign_ledger
from gitmig.project.target import load_target, plan_for
from gitmig.project.trust import untrusted_of
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gitmig.git.hooks import Hook
    from gitmig.git.repository import Repository
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project


OLDEST_GIT = (2, 24)
SERVERS = range(14, 19)  # the versions of PostgreSQL that gitmig is tried on
VERSION = "import sys; sys.path = [p for p in sys.path if p]; import gitmig; print(gitmig.__version__)"
STARTUP = 20  # seconds, after which a Python that has not said its version never will


class Checkup(Struct, frozen=True, kw_only=True):
    """What was looked at, what was found, and the command that mends it; None if nothing is wrong."""

    name: str
    found: str
    mend: str | None = None


def examine(project: Project) -> list[Checkup]:
    """Look at everything; what cannot be looked at is a finding, too. Changes nothing."""
    found = [
        _checked("git", _git, project),
        _checked("hooks", _hooks, project),
        _checked("interpreter", _interpreter, project),
        _checked("followed", _followed, project),
    ]
    try:
        with project.connect("status --doctor") as connection:
            found += _of_database(project, connection)
    except GitmigError as error:
        found.append(_refused("database", error))
    return found


def _checked(name: str, look: Callable[[Project], Checkup], project: Project) -> Checkup:
    try:
        return look(project)
    except GitmigError as error:
        return _refused(name, error)


def _refused(name: str, error: GitmigError) -> Checkup:
    return Checkup(name=name, found=error.message, mend=error.hint or "gitmig status")


def _git(project: Project) -> Checkup:
    words = project.repository.lines("version")
    numbers = re.findall(r"\d+", words[0])[:2] if words else []
    found = words[0].removeprefix("git version ") if words else "unknown"
    is_old = tuple(map(int, numbers)) < OLDEST_GIT
    return Checkup(name="git", found=found, mend="install git {}.{} or newer".format(*OLDEST_GIT) if is_old else None)


def _hooks(project: Project) -> Checkup:
    """Whether they are there, and whether git gets to them."""
    if trouble := hooks.trouble(project.repository):
        return Checkup(name="hooks", found=trouble.message, mend=trouble.mend)
    installed = hooks.status(project.repository)
    if not any(hook.state is hooks.HookState.INSTALLED for hook in installed):
        return Checkup(name="hooks", found="taken away by hand, so the database does not follow", mend=hooks.INSTALL)
    lost = _unreached(project.repository)
    if lost:
        names = ", ".join(hook.name for hook in lost)
        return Checkup(
            name="hooks", found=f"called in a new work tree, they do not get to gitmig: {names}", mend=hooks.INSTALL
        )
    return Checkup(name="hooks", found=", ".join(hook.name for hook in installed))


def _interpreter(project: Project) -> Checkup:
    """Whether the hooks' Python is there and has this gitmig."""
    pythons = hooks.interpreters(project.repository)
    for python in pythons:
        version = _version_of(python)
        if version is None:
            return Checkup(name="interpreter", found=f"{python} cannot start gitmig", mend=hooks.INSTALL)
        if version != __version__:
            found = f"{python} has gitmig {version}, and this is {__version__}"
            return Checkup(name="interpreter", found=found, mend=hooks.INSTALL)
    return Checkup(name="interpreter", found=", ".join(map(str, pythons)) or "no hook starts one")


def _version_of(python: Path) -> str | None:
    """The gitmig that a hook would start, None if it would start none."""
    try:
        done = subprocess.run(
            (python, "-c", VERSION),
            capture_output=True,
            text=True,
            timeout=STARTUP,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _followed(project: Project) -> Checkup:
    """Whether a hook may change the database that the settings name."""
    if not project.is_within_reach:
        found = (
            "the database is on another machine, which no hook touches: run `gitmig sync` after a checkout, or name "
        )
        found += f"the host: git config gitmig.hosts {project.address.host}"
        return Checkup(name="followed", found=found)
    refuse_unbound(project)
    return Checkup(name="followed", found=f"hooks may change {project.binding.shown}")


def _of_database(project: Project, connection: Connection) -> Iterator[Checkup]:
    shown, source = project.address, project.settings.database_source or "embedded PostgreSQL"
    yield Checkup(name="database", found=f"{shown}, from {source}")
    yield server_checkup(connection.info.server_version)
    missing = missing_rights(connection, scratch=project.settings.verify)
    yield Checkup(
        name="rights",
        found="too few: gitmig cannot make its ledger or scratch databases" if missing else "enough",
        mend=f"as a superuser: {'; '.join(missing)}" if missing else None,
    )
    try:
        yield from _of_ledger(project, connection)
    except GitmigError as error:
        yield _refused("ledger", error)


def server_checkup(version: int) -> Checkup:
    """Whether gitmig knows this version of PostgreSQL, as in 180001: what is new in a newer one it does not see."""
    major, minor = divmod(version, 10000)
    found, mend = f"PostgreSQL {major}.{minor}", None
    if major > SERVERS[-1]:
        found += f": kinds of objects that came after {SERVERS[-1]} are neither compared nor undone"
        mend = "look for a newer gitmig"
    elif major < SERVERS[0]:
        mend = f"take PostgreSQL {SERVERS[0]} or newer"
    return Checkup(name="server", found=found, mend=mend)


# What the role must be allowed: to make the ledger's schema, and databases to try scripts in.
RIGHTS = r"""
    WITH names AS (
      SELECT replace(current_database()::text, '"', '""') AS database, replace(current_user::text, '"', '""') AS role)
    SELECT CASE WHEN NOT has_database_privilege(current_database(), 'CREATE')
        THEN format('GRANT CREATE ON DATABASE "%s" TO "%s"', n.database, n.role) END,
      CASE WHEN NOT (r.rolcreatedb OR r.rolsuper) THEN format('ALTER ROLE "%s" CREATEDB', n.role) END
    FROM pg_catalog.pg_roles r, names n WHERE r.rolname = current_user
"""


def missing_rights(connection: Connection, *, scratch: bool) -> list[str]:
    """The statements that a superuser has to run, for the ledger and, if needed, for scratch databases."""
    for_ledger, for_scratch = connection.execute(RIGHTS).fetchall()[0]
    return [statement for statement in (for_ledger, for_scratch if scratch else None) if statement]


def _of_ledger(project: Project, connection: Connection) -> Iterator[Checkup]:
    version = schema.version(connection)
    if not version:
        yield Checkup(name="ledger", found="there is none yet", mend="gitmig sync")
        return
    state, target = read_state(connection), load_target(project)
    plan = plan_for(state.stack, target)
    if foreign := foreign_ledger(connection, target, state, plan):
        yield _refused("ledger", foreign)
        return
    protected = ", protected: no hook changes it" if is_protected(connection) else ""
    yield Checkup(name="ledger", found=f"version {version}{protected}")
    unknown = untrusted_of(project, plan, target)
    found = f"not trusted, so no hook runs it: {first_few(unknown)}" if unknown else "hooks may run what is pending"
    yield Checkup(name="trust", found=found, mend="gitmig trust" if unknown else None)


# --- trying whether git's hooks reach gitmig, in a work tree made for it and without anything being synced

# The file in which a hook that gets as far as gitmig's script writes its name, and then does nothing.
VARIABLE = "GITMIG_TRIAL"


def _unreached(repository: Repository) -> list[Hook]:
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
        _run_git(
            repository, f"core.hooksPath={os.devnull}", "worktree", "add", "--quiet", "--detach", str(tree), "HEAD"
        )
        try:
            reached = _try(repository, found, tree, log)
        finally:
            _run_git(repository, f"core.hooksPath={os.devnull}", "worktree", "remove", "--force", str(tree))
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
        _run_git(repository, here, "-C", str(tree), "checkout", "--quiet", "--detach", "HEAD", environment=environment)
    for hook in found:
        if hook.through is None and hook.name != "post-checkout":
            with suppress(OSError):
                subprocess.run(
                    (hook.path,), cwd=tree, env=os.environ | environment, check=False, stdin=subprocess.DEVNULL
                )
    return log.read_text(encoding="utf-8").split() if log.exists() else []


def _run_git(repository: Repository, setting: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
    """Run git under a setting. Raises GitmigError with git's own words."""
    status, _, err = repository.attempt("-c", setting, *arguments, literal=False, environment=environment)
    if status:
        words = err.strip().splitlines() or [f"exit status {status}"]
        raise GitmigError(f"the hooks could not be tried in a work tree of their own: {words[-1]}")
