"""Work trees that share one database: who they are, what people are told, and what a hook must not take from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gitmig.errors import GitmigError, LeftToSync
from gitmig.git import binding, snapshot
from gitmig.git.repository import Repository
from gitmig.git.worktrees import this_work_tree, work_trees
from gitmig.project.target import target_of
from gitmig.text import first_few

if TYPE_CHECKING:
    from gitmig.git.worktrees import WorkTree
    from gitmig.migrations.plan import Plan
    from gitmig.project.project import Project
    from gitmig.project.target import Target

ADVICE = '`per = "worktree"` gives each its own, `shared = true` says that it is meant so'


def notices(project: Project) -> list[str]:
    """What people should know of the database's other users, and of a setting that says otherwise to no effect."""
    found = [text for text in (_without_effect(project), _shared_with(project)) if text]
    if project.shares:
        found.append(f"this work tree has no database of its own ({project.shares.why}); `gitmig db clone` tries again")
    return found


def first_notices(project: Project) -> list[str]:
    """The same where a hook runs in a work tree that was never synced; none later, as nobody would read them."""
    own, _ = binding.read(project.repository)
    return notices(project) if own is None else []


def refuse_taking_away(project: Project, plan: Plan) -> None:
    """Raise LeftToSync if a hook would revert what another work tree, which shares the database, has."""
    if not plan.reverts or project.settings.shared:
        return
    here = this_work_tree(project.repository).path
    for tree in binding.sharing(project.repository, project.binding.used):
        theirs = _versions(project, tree)
        taken = [s.label for s in plan.reverts if theirs is None or s.migration.version.text in theirs]
        if taken:
            raise LeftToSync(
                f"{project.address} is also the database of {tree.shown_from(here)}, "
                f"from which this would take {first_few(taken)}; nothing was synced",
                hint=f"`gitmig sync` by hand does it; {ADVICE}",
            )


def seen_from(project: Project, tree: WorkTree) -> Project:
    """The same project, its files being those of another work tree of the clone."""
    common = project.repository.common_dir
    repository = Repository(root=tree.path, git_dir=tree.git_dir, common_dir=common, named=True)
    return replace(project, repository=repository)


def target_in(project: Project, tree: WorkTree) -> Target | None:
    """The set of another work tree, uncommitted files and all; None if it has no folder. Raises GitmigError."""
    there = seen_from(project, tree)
    return target_of(there, snapshot.of_work_tree(there.repository, there.settings.folders))


def other_work_trees(project: Project) -> list[WorkTree]:
    """Those of the clone whose files can be read."""
    here = project.repository.git_dir
    return [tree for tree in work_trees(project.repository) if tree.git_dir != here and tree.path.is_dir()]


def _versions(project: Project, tree: WorkTree) -> frozenset[str] | None:
    """Of the migrations that a work tree has now; None if nobody can tell."""
    try:
        target = target_in(project, tree)
    except GitmigError:
        return None
    return frozenset(one.version.text for one in target.set.migrations) if target else frozenset()


def _shared_with(project: Project) -> str | None:
    if project.settings.shared:
        return None
    here = this_work_tree(project.repository).path
    trees = [tree.shown_from(here) for tree in binding.sharing(project.repository, project.binding.used)]
    if not trees:
        return None
    return f"{project.address} is also the database of {' and '.join(trees)}; {ADVICE}"


def _without_effect(project: Project) -> str | None:
    """Another place of the URL wins over the setting that would give the work tree its own database."""
    settings, own = project.settings, project.repository.worktree_config.get("gitmig.database")
    if not settings.database_is_from_environment:
        return None
    source = settings.database_source
    if own:
        return f"`git config --worktree gitmig.database` has no effect: {source} comes first"
    if settings.per and project.naming is None:
        where = f"{source} names {project.address.name} for all"
        return f'per = "{settings.per}" has no effect: {where}; unset it, or write {{{settings.per}}} into the name'
    return None
