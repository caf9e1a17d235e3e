"""The target: the migration set of a code version, and the plan that leads there from what is applied.

The set comes from names and blob ids; contents are read only of what is asked for, and of what will run.
"""

from __future__ import annotations

from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.errors import BeforeGitmig, GitmigError, UsageError
from gitmig.git import snapshot
from gitmig.migrations.languages.program import PYTHON
from gitmig.migrations.layouts import SUBMODULE, SYMLINK, detect, layouts, left_alone, migration_set, twins
from gitmig.migrations.layouts.graph import continued
from gitmig.migrations.layouts.parsing import is_script
from gitmig.migrations.layouts.programs import WithPrograms
from gitmig.migrations.model import InvalidMigrations, Problem
from gitmig.migrations.plan import desire, make_plan, set_difference, unread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.execute.tasks import SyncContext
    from gitmig.git.snapshot import Snapshot
    from gitmig.migrations.layouts import Layout, Read
    from gitmig.migrations.model import Content, Migration, MigrationSet
    from gitmig.migrations.plan import Applied, Plan, SetDifference
    from gitmig.project.project import Project


class Target(Struct, frozen=True, kw_only=True):
    """A migration set together with where it was read from."""

    project: Project
    snapshot: Snapshot
    layout: Layout
    set: MigrationSet

    @property
    def commit(self) -> str | None:
        """The commit, or HEAD for the work tree; None on a branch without commits."""
        return self.snapshot.commit

    @property
    def context(self) -> SyncContext:
        """What the ledger notes of a sync to it."""
        from gitmig.execute.tasks import SyncContext  # not loaded where nothing runs

        return SyncContext(target=self.set, commit=self.commit, by=self.project.user)

    @property
    def left_alone(self) -> list[Problem]:
        """What is no migration of the set, though somebody could take it for some: files, and further folders."""
        hint = "if its migrations shall run, move them; if it is the newer place, put it first"
        message = f"is left alone: of the folders in the settings the first that is there counts, {self.set.folder}"
        others = [Problem(path=other, message=message, hint=hint) for other in self.snapshot.other_folders]
        return others + left_alone(self.snapshot.files, self.set.migrations)

    @property
    def twins(self) -> list[Problem]:
        """Committed migrations that have the version of another one: they run in the order of their names."""
        hint = "they run in the order of their names; gitmig check finds such before a merge"
        return [replace(problem, hint=hint) for problem, _ in twins(self.set.migrations)]

    def contents(self, migrations: Sequence[Migration]) -> dict[str, Content]:
        """Path → content of the migrations. Raises InvalidMigrations with everything that is wrong in them."""
        files = [file for migration in migrations for _, file in migration.files]
        texts = snapshot.read_texts(self.project.repository, self.snapshot, files)
        found: dict[str, Content] = {}
        problems: list[Problem] = []
        for migration in migrations:
            try:
                found[migration.path] = parsed(self.layout, migration, texts, self.snapshot)
            except InvalidMigrations as error:
                problems += error.problems
        if problems:
            raise InvalidMigrations(problems)
        return found


def parsed(layout: Layout, migration: Migration, texts: Mapping[str, str], found: Snapshot) -> Content:
    """What the files of a migration say, whose texts are given by path. Raises InvalidMigrations."""
    content = layout.parse(migration, {role: texts[file.path] for role, file in migration.files})
    return content.beside(None if found.is_work_tree else found.commit)


def flawed_downs(contents: Mapping[str, Content]) -> tuple[Problem, ...]:
    """Why some of the downs cannot run. Nothing is refused for it: they are of no use when they are needed."""
    return tuple(trouble for c in contents.values() if c.down is not None and (trouble := c.down.trouble))


def load_target(project: Project, revision: str | None = None) -> Target:
    """The set of a commit, or of the work tree as it is. Raises BeforeGitmig, InvalidMigrations, UsageError."""
    repository, folders = project.repository, project.settings.folders
    if revision is None:
        found = snapshot.of_work_tree(repository, folders)
    else:
        found = snapshot.at_commit(repository, repository.resolve(revision), folders)
    target = target_of(project, found)
    if target is None:
        where = f"commit {found.commit[:10]}" if revision and found.commit else "the work tree"
        raise BeforeGitmig(
            f"{where} has no migrations folder ({', '.join(folders)}): the database is left alone",
            hint="is it older than gitmig's adoption, or was `gitmig init` never run?",
        )
    return target


def target_of(project: Project, found: Snapshot) -> Target | None:
    """The set a snapshot holds, None if it has no migrations folder."""
    if found.folder is None:
        return None
    layout = layout_of(project, found)
    members = migration_set(layout, found.folder, found.files, reader_of(project, found), drafts=found.on_disk)
    return Target(project=project, snapshot=found, layout=layout, set=members)


def reader_of(project: Project, found: Snapshot) -> Read:
    """How the files of a snapshot are read."""
    return partial(snapshot.read_texts, project.repository, found)


def detect_layout(project: Project, found: Snapshot) -> str | None:
    """The name of the layout the files are written in, None if there are none to judge by."""
    scripts = [file for file in found.files if is_script(file) and file.mode not in {SYMLINK, SUBMODULE}]
    try:
        texts = snapshot.read_texts(project.repository, found, scripts[:5])
    except InvalidMigrations:
        texts = {}
    return detect(found.files, texts, reader_of(project, found))


def layout_of(project: Project, found: Snapshot) -> Layout:
    """The layout that is configured or detected; `single` where there is nothing to judge by. Raises UsageError."""
    return layout_named(project, project.settings.layout or detect_layout(project, found) or "single")


def layout_named(project: Project, name: str) -> Layout:
    """A layout, with the programs that the project's settings have commands for. Raises UsageError."""
    layout = layouts().get(name)
    if layout is None:
        hint = f"the layouts are {', '.join(layouts())}"
        raise UsageError(f"unknown layout {name!r} in the settings", hint=hint)
    if layout.is_graph:  # all of its files are programs, and of the same kind
        return layout
    return WithPrograms(layout, frozenset({PYTHON, *project.settings.languages}))


class Distance(Struct, frozen=True, kw_only=True):
    """What is applied, compared with a target: how the sets differ, and the plan from one to the other.

    `contents` are those of the migrations that the ledger does not have as they are, by path.
    """

    difference: SetDifference
    plan: Plan
    contents: Mapping[str, Content]


def distance_to(stack: Sequence[Applied], target: Target) -> Distance:
    """Compare a stack with a target. Everything that would run is read and validated here."""
    ordered = arranged(stack, target)
    members = in_order(ordered, target)
    contents = target.contents(unread(ordered, members))
    desired = desire(ordered, members, contents)
    return Distance(difference=set_difference(stack, desired), plan=make_plan(ordered, desired), contents=contents)


def plan_for(stack: Sequence[Applied], target: Target) -> Plan:
    """The plan from a stack to a target; see `distance_to`."""
    return distance_to(stack, target).plan


def arranged(stack: Sequence[Applied], target: Target) -> tuple[Applied, ...]:
    """What is applied, in the order in which it is easiest to leave: first what stays.

    In a graph, what stays needs nothing of what goes; so nothing has to be taken back for the sake of something that
    happened to be applied before it. What is known of the schema along the stack is so only up to the first change.
    """
    if not target.layout.is_graph:
        return tuple(stack)
    known = {one.version.text: one for one in target.set.migrations}
    staying: dict[str, Applied] = {}
    for one in stack:
        wanted = known.get(one.version.text)
        if wanted is not None and wanted.blobs == one.blobs and set(_parents(wanted)) <= staying.keys():
            staying[one.version.text] = one
    order = [*staying.values(), *(one for one in stack if one.version.text not in staying)]
    same = sum(1 for _ in takewhile(lambda pair: pair[0] is pair[1], zip(stack, order)))
    moved = [replace(one, position=place, fingerprint=None) for place, one in enumerate(order[same:], same + 1)]
    if moved:
        moved[-1] = replace(moved[-1], fingerprint=stack[-1].fingerprint)
    return (*order[:same], *moved)


def _parents(migration: Migration) -> tuple[str, ...]:
    ancestry = migration.ancestry
    return (*ancestry.follows, *ancestry.needs) if ancestry else ()


def in_order(stack: Sequence[Applied], target: Target) -> Sequence[Migration]:
    """The set's migrations in the order in which the database gets them.

    Of the orders that a graph allows, the one that begins with as much as it can of what is applied: what has nothing
    to do with a new revision need not be reverted for it.
    """
    members = target.set.migrations
    if not target.layout.is_graph:
        return members
    known = {one.version.text: one for one in members}
    parents = {key: _parents(one) for key, one in known.items()}
    return [known[key] for key in continued(list(known), parents, [one.version.text for one in stack])]


def refuse_irreversible(plan: Plan, database: str) -> None:
    """Raise GitmigError if the plan has to revert what has no down."""
    if not plan.irreversible:
        return
    first = plan.irreversible[0]
    raise GitmigError(
        f"{first.label} has no down section: {database} cannot go back before it",
        hint="write its down on a commit that has it and sync there first, or start anew with an empty database",
        details=tuple(f"also irreversible: {step.label}" for step in plan.irreversible[1:]),
    )
