"""Which database the hooks of a work tree may change: the one that the last sync by hand went to, and no further."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitmig.config import CONFIG_FILE, KEYS, OPTION
from gitmig.errors import BeforeGitmig, LeftToSync, UsageError
from gitmig.git import binding
from gitmig.project.target import load_target
from gitmig.project.trust import bootstrap_scripts, untrusted

if TYPE_CHECKING:
    from gitmig.project.project import Project


def bind(project: Project, *, by_hand: bool) -> None:
    """Note that hooks of this work tree may change the database that the settings name now, and how far they may go.

    A hook has gone less far, perhaps; how far it may go stays as it is. A new work tree has it from another one, and
    never from what a hook finds.
    """
    own, others = binding.read(project.repository)
    now = project.binding
    if by_hand:
        binding.write(project.repository, now)
    elif own is None and others:
        models = [one.limits for one in others if not one.limits.widened(now.limits)]
        binding.write(project.repository, replace(now, limits=models[0]) if models else now)
    elif own is not None and (own.own, own.branch) != (now.own, now.branch):
        binding.write(project.repository, replace(own, own=now.own, branch=now.branch))
    project.keep_team_settings()


def rebinding_notice(project: Project) -> str | None:
    """What to tell a person whose sync goes to another database than the last one of this work tree; None if not."""
    own, _ = binding.read(project.repository)
    now = project.binding
    if own is None or own.database == now.database or project.settings.database_source == OPTION:
        return None
    told, before = now.told_apart(own)
    return f"this work tree was last synced with {before}, and is from now on with {told}"


def refuse_unbound(project: Project) -> None:
    """Raise LeftToSync if the checked-out settings lead a hook elsewhere, or further, than a sync by hand did."""
    own, others = binding.read(project.repository)
    why = binding.objection(
        project.binding,
        own,
        others,
        is_personal=project.settings.database_is_personal,
        own_keys=frozenset(k.name for k in KEYS.values() if f"gitmig.{k.personal}" in project.repository.config),
        file=project.team_file or CONFIG_FILE,
    )
    if why is not None:
        hint = "`gitmig sync` by hand decides"
        if project.settings.database is None and (own or others):
            hint = "`git config gitmig.database URL` is seen by every program and work tree"
        raise LeftToSync(f"{why}; nothing was synced", hint=hint)
    try:
        bootstrap = bootstrap_scripts(project)
    except UsageError as error:
        raise LeftToSync(f"{error.message}; nothing was synced", hint=error.hint) from error
    if untrusted(project, bootstrap, [project.repository.head]):
        message = f"the bootstrap file {project.settings.bootstrap} is not trusted; nothing was synced"
        raise LeftToSync(message, hint="`gitmig trust` shows and approves it")


# Databases on other machines, which no hook touches. A hook cannot ask one whether it has the migrations of the work
# tree. What it can tell is whether the work tree still has those of the last sync by hand, or of the last time that it
# said so: a file in its git directory says which.
FILE = "out-of-reach"


def is_news(project: Project) -> bool:
    """Whether the work tree has other migrations than when it was last synced or told; from here on it counts as told.

    Raises InvalidMigrations.
    """
    try:
        current = load_target(project).set.id
    except BeforeGitmig:
        return False
    path = project.repository.private(shared=False) / FILE
    if path.is_file() and path.read_text(encoding="ascii").strip() == current:
        return False
    _note(project, current)
    return True


def note_synced(project: Project, set_id: str) -> None:
    """Note that a database on another machine has this set, which is the work tree's."""
    if not project.is_within_reach:
        _note(project, set_id)


def _note(project: Project, set_id: str) -> None:
    folder = project.repository.make_private(shared=False)
    (folder / FILE).write_text(f"{set_id}\n", encoding="ascii")
