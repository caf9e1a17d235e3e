"""`gitmig renumber`: rename our migrations so that they follow those of the branch others work from."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.errors import BeforeGitmig, GitmigError, UsageError
from gitmig.git import branches, history
from gitmig.migrations.model import InvalidMigrations
from gitmig.migrations.naming import Mentions, moves, own, renumbering
from gitmig.operations.sync import sync
from gitmig.project.decisions import Decisions
from gitmig.project.sides import Side, grouped, read_side
from gitmig.project.target import layout_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.git.repository import Repository
    from gitmig.git.snapshot import Snapshot
    from gitmig.migrations.model import Migration
    from gitmig.migrations.naming import Renumbering
    from gitmig.migrations.plan import Plan
    from gitmig.project.project import Project


class Renumbered(Struct, frozen=True, kw_only=True):
    """What was renamed, and what followed.

    `mine` are all our migrations, `rewritten` the files in which a mention was changed, by their new paths. `ran` is
    False for a dry run. `followed` says that the ledger has the new names; if not, `behind` says why.
    """

    base: str
    mine: tuple[Migration, ...]
    renamings: tuple[Renumbering, ...]
    ran: bool
    rewritten: tuple[str, ...] = ()
    followed: bool = False
    behind: str | None = None


def renumber(
    project: Project,
    onto: str | None = None,
    *,
    force: bool = False,
    dry_run: bool = False,
    now: datetime | None = None,
) -> Renumbered:
    """Rename the work tree's migrations that the base (None: the default branch) does not have.

    Raises GitmigError, also if remote branches that others use have them, unless `force`.
    """
    repository = project.repository
    base = onto or history.default_base(repository)
    ours, theirs = _read(project, None), _read(project, base)
    parted = history.merge_bases(repository, ours.commit, theirs.commit)[0]
    mine = own(ours.migrations, theirs.migrations, _read(project, parted).migrations)
    others = [*(migration for migration in ours.migrations if migration not in mine), *theirs.migrations]
    renamings = renumbering(mine, others, now or datetime.now(timezone.utc))
    result = Renumbered(base=base, mine=tuple(mine), renamings=tuple(renamings), ran=False)
    if renamings and not force:
        _refuse_shared(project, renamings, theirs.commit, parted)
    if not renamings or dry_run:
        return result
    _rename_files(repository, moves(renamings))
    return _follow(project, replace(result, ran=True, rewritten=_rewrite(project, result, ours.snapshot)))


def _read(project: Project, revision: str | None) -> Side:
    """A side with its migrations, two of one version included: they are what is to be mended. Raises GitmigError."""
    side = read_side(project, revision)
    if revision is None and side.snapshot.folder is None:
        raise BeforeGitmig("the work tree has no migrations folder", hint="`gitmig init` makes it")
    layout = layout_of(project, side.snapshot)
    if layout.is_graph:
        hint = "where two follow one, the tool writes a third that merges them: alembic merge, makemigrations --merge"
        raise UsageError(f"the migrations of {layout.name} have no numbers", hint=hint)
    side = grouped(project, side, layout)
    if side.problems:
        raise InvalidMigrations(side.problems)
    return side


def _refuse_shared(project: Project, renamings: Sequence[Renumbering], tip: str, parted: str) -> None:
    """Raise GitmigError if a remote branch that others use has one of the migrations under its old name.

    The branches that ours is pushed to are nobody else's, as long as nobody else has commits on them.
    """
    repository = project.repository
    remote, own_names = branches.remote_branches(repository), branches.own_branches(repository)
    used = [b for b in remote if b.name not in own_names or branches.other_authors(repository, b.commit, parted)]
    for one in renamings:
        if holders := branches.having(repository, used, one.migration.path, tip):
            raise GitmigError(
                f"others have {one.migration.label} from {', '.join(holders[:3])}{' …' if holders[3:] else ''}",
                hint="renumber it there and merge that, or, if nobody has applied it, `gitmig renumber --force`",
            )


def _rewrite(project: Project, result: Renumbered, found: Snapshot) -> tuple[str, ...]:
    """Renew the mentions in all files of ours. A file with changes of its own is not staged: they are the user's."""
    mentions, new = Mentions(result.renamings), {old: path for one in result.renamings for old, path in one.paths}
    files = [file.path for migration in result.mine for _, file in migration.files]
    return tuple(
        new.get(path, path)
        for path in files
        if _rewrite_file(project.repository, new.get(path, path), mentions.renewed, stage=path not in found.on_disk)
    )


def _follow(project: Project, result: Renumbered) -> Renumbered:
    """Let the ledger follow at once where nothing else is to be done; whatever is in the way, the files are renamed."""
    if project.settings.database is None and not project.server.data.exists():
        return replace(result, behind="there is no database yet")
    try:
        planned = sync(project, dry_run=True)
        if planned.plan.steps or planned.unfinished:
            return replace(result, behind=f"{planned.database} is out of sync")
        synced = sync(project, decisions=_OnlyMoves())
    except GitmigError as error:
        return replace(result, behind=error.message)
    return replace(result, followed=synced.ran)


class _OnlyMoves(Decisions):
    """Agrees to a plan that runs nothing."""

    def run_plan(self, plan: Plan) -> bool:
        """A migration that somebody has applied or reverted meanwhile is not this command's business."""
        return not plan.steps


def _rename_files(repository: Repository, moves: Sequence[tuple[str, str]]) -> None:
    """Rename files or directories, in order; what git tracks is staged, what it does not is just renamed.

    Raises GitmigError before anything is renamed if a new path is taken by something that stays.
    """
    top, old = repository.work_tree, {source for source, _ in moves}
    for _, target in moves:
        if target not in old and os.path.lexists(top / target):
            raise GitmigError(f"{target} is there already", hint="rename or delete it; nothing was changed")
    tracked = repository.fields("ls-files", "-z", "--", *old)
    for source, target in moves:
        if any(path == source or path.startswith(f"{source}/") for path in tracked):
            repository.run("mv", "--", source, target)
        else:
            (top / source).rename(top / target)


def _rewrite_file(repository: Repository, path: str, change: Callable[[str], str], *, stage: bool) -> bool:
    """Change the text of a file, line ends and odd bytes kept; True if it is another one now."""
    file = repository.work_tree / path
    before = file.read_bytes()
    after = change(before.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if after == before:
        return False
    file.write_bytes(after)
    if stage:
        repository.run("add", "--", path)
    return True
