"""`gitmig status --doctor`: whether all is there that lets the database follow a checkout, and what mends the rest."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig import __version__
from gitmig.errors import GitmigError
from gitmig.git import hook_trial, hooks
from gitmig.ledger import schema
from gitmig.ledger.protection import is_protected
from gitmig.ledger.store import read_state
from gitmig.postgres.rights import missing_rights
from gitmig.project.binding import refuse_unbound
from gitmig.project.ownership import foreign_ledger
from gitmig.project.target import load_target, plan_for
from gitmig.project.trust import untrusted_of
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project

OLDEST_GIT = (2, 24)
INSTALL = "gitmig hooks install"
VERSION = "import sys; sys.path = [p for p in sys.path if p]; import gitmig; print(gitmig.__version__)"
STARTUP = 20  # seconds, after which a Python that has not said its version never will


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, what was found, and the command that mends it; None if nothing is wrong."""

    name: str
    found: str
    mend: str | None = None


def examine(project: Project) -> list[Check]:
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


def _checked(name: str, look: Callable[[Project], Check], project: Project) -> Check:
    try:
        return look(project)
    except GitmigError as error:
        return _refused(name, error)


def _refused(name: str, error: GitmigError) -> Check:
    return Check(name=name, found=error.message, mend=error.hint or "gitmig status")


def _git(project: Project) -> Check:
    words = project.repository.lines("version")
    numbers = re.findall(r"\d+", words[0])[:2] if words else []
    found = words[0].removeprefix("git version ") if words else "unknown"
    is_old = tuple(map(int, numbers)) < OLDEST_GIT
    return Check(name="git", found=found, mend="install git {}.{} or newer".format(*OLDEST_GIT) if is_old else None)


def _hooks(project: Project) -> Check:
    """Whether they are there, and whether git gets to them."""
    if trouble := hooks.trouble(project.repository):
        return Check(name="hooks", found=trouble.message, mend=trouble.mend)
    installed = hooks.status(project.repository)
    if not any(hook.state is hooks.HookState.INSTALLED for hook in installed):
        return Check(name="hooks", found="taken away by hand, so the database does not follow", mend=INSTALL)
    lost = hook_trial.unreached(project.repository)
    if lost:
        names = ", ".join(hook.name for hook in lost)
        return Check(name="hooks", found=f"called in a new work tree, they do not get to gitmig: {names}", mend=INSTALL)
    return Check(name="hooks", found=", ".join(hook.name for hook in installed))


def _interpreter(project: Project) -> Check:
    """Whether the hooks' Python is there and has this gitmig."""
    pythons = hooks.interpreters(project.repository)
    for python in pythons:
        version = _version_of(python)
        if version is None:
            return Check(name="interpreter", found=f"{python} cannot start gitmig", mend=INSTALL)
        if version != __version__:
            found = f"{python} has gitmig {version}, and this is {__version__}"
            return Check(name="interpreter", found=found, mend=INSTALL)
    return Check(name="interpreter", found=", ".join(map(str, pythons)) or "no hook starts one")


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


def _followed(project: Project) -> Check:
    """Whether a hook may change the database that the settings name."""
    if not project.is_within_reach:
        found = (
            "the database is on another machine, which no hook touches: run `gitmig sync` after a checkout, or name "
        )
        found += f"the host: git config gitmig.hosts {project.address.host}"
        return Check(name="followed", found=found)
    refuse_unbound(project)
    return Check(name="followed", found=f"hooks may change {project.binding.shown}")


def _of_database(project: Project, connection: Connection) -> Iterator[Check]:
    shown, source = project.address, project.settings.database_source or "embedded PostgreSQL"
    yield Check(name="database", found=f"{shown}, from {source}")
    missing = missing_rights(connection, scratch=project.settings.verify)
    yield Check(
        name="rights",
        found="too few: gitmig cannot make its ledger or scratch databases" if missing else "enough",
        mend=f"as a superuser: {'; '.join(missing)}" if missing else None,
    )
    try:
        yield from _of_ledger(project, connection)
    except GitmigError as error:
        yield _refused("ledger", error)


def _of_ledger(project: Project, connection: Connection) -> Iterator[Check]:
    version = schema.version(connection)
    if not version:
        yield Check(name="ledger", found="there is none yet", mend="gitmig sync")
        return
    state, target = read_state(connection), load_target(project)
    plan = plan_for(state.stack, target)
    if foreign := foreign_ledger(connection, target, state, plan):
        yield _refused("ledger", foreign)
        return
    protected = ", protected: no hook changes it" if is_protected(connection) else ""
    yield Check(name="ledger", found=f"version {version}{protected}")
    unknown = untrusted_of(project, plan, target)
    found = f"not trusted, so no hook runs it: {first_few(unknown)}" if unknown else "hooks may run what is pending"
    yield Check(name="trust", found=found, mend="gitmig trust" if unknown else None)
