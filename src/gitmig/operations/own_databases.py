"""`gitmig db list`, `db clone`, `db prune`: the databases of the clone's work trees and branches, and what is left."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta, timezone
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from gitmig.errors import GitmigError, UsageError
from gitmig.events import DatabaseMade, silent
from gitmig.git import binding
from gitmig.git.worktrees import this_work_tree, work_trees
from gitmig.ledger.access import refuse_strangers
from gitmig.ledger.protection import Caller, is_protected
from gitmig.ledger.store import read_last_use, read_state
from gitmig.own_databases.make import copy_database, half_made
from gitmig.own_databases.marks import read_all_marks
from gitmig.own_databases.names import EMBEDDED, Checkout
from gitmig.postgres.address import connect, with_name
from gitmig.project.own_database import clone_exists, forget_sharing, living, request
from gitmig.rebuild.databases import (
    NEW_PREFIX,
    database_names,
    drop_unused,
    listed,
    maintenance_url,
    name_and_oid,
    name_of_new,
    orphans,
    replaced_at,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitmig.events import Notify
    from gitmig.own_databases.make import MadeDatabase
    from gitmig.own_databases.marks import Mark
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project


TOLD = "told"  # the names of databases of which a hook has said that they are left


class DatabaseUse(Enum):
    """What a database is there for."""

    USED = "used"
    LEFT = "left"  # its work tree or branch is gone
    REPLACED = "replaced"  # a rebuild, or a later work tree of the same name, has taken its place
    HALF_MADE = "half made"  # a process that made it was killed


class ListedDatabase(Struct, frozen=True, kw_only=True):
    """A database of the clone.

    `work_trees` are the paths of those that use it, `branch` the branch whose own it is, or that its work tree has
    checked out. `size` is in bytes, `set_id` and `count` tell what is applied; None is what is not known. `is_here`:
    it is that of the work tree one is in. `since` says since when it is replaced.
    """

    name: str
    use: DatabaseUse
    work_trees: tuple[str, ...] = ()
    branch: str | None = None
    set_id: str | None = None
    count: int | None = None
    size: int | None = None
    sessions: int = 0
    last_use: datetime | None = None
    protected: bool | None = None
    is_here: bool = False
    since: datetime | None = None

    @property
    def why_left(self) -> str:
        """Why nobody needs it, for people."""
        if self.use is DatabaseUse.REPLACED and self.since is not None:
            return f"replaced {self.since:%Y-%m-%d %H:%M} UTC"
        if self.use is DatabaseUse.HALF_MADE:
            return "half made"
        whose = f"branch {self.branch}" if self.branch else f"work tree {', '.join(self.work_trees)}"
        return f"{whose} is gone"


def databases(project: Project, *, details: bool = True) -> list[ListedDatabase]:
    """All databases that the clone's work trees and branches have, and those that they left, in order of name.

    `details` are those that stand in each database. Raises GitmigError.
    """
    url_of = _url_of(project)
    try:
        anywhere, sees_half_made = maintenance_url(url_of, "list"), True
    except GitmigError:
        anywhere, sees_half_made = project.url, False
    with connect(anywhere, "list") as connection:
        found = _Survey(project).look(connection, half_made=half_made(connection) if sees_half_made else ())
        sizes = {one.name: one for one in listed(connection, [one.name for one in found])}
    found = [
        replace(one, size=sizes[one.name].size, sessions=sizes[one.name].sessions) for one in found if one.name in sizes
    ]
    if details:
        found = [_with_details(project, one, url_of(one.name)) for one in found]
    return sorted(found, key=lambda one: (one.use is not DatabaseUse.USED, one.name))


def clone(project: Project, name: str | None = None, *, notify: Notify = silent) -> str:
    """Copy the work tree's database, rows included, under another name; its URL. Raises GitmigError, UsageError.

    Without a name the work tree gets its own database, if the settings give it one and it could not be made before.
    """
    if name is None:
        if project.naming is None:
            hint = '`gitmig db clone NAME` makes a copy; `per = "worktree"` gives every work tree its own'
            raise UsageError("the settings give this work tree no database of its own", hint=hint)
        forget_sharing(project)
        project = replace(project, shares=None)
        return project.provided(notify=notify).url
    url_of = _url_of(project)
    source = project.address.name
    with connect(maintenance_url(url_of, "copy"), "copy") as connection:
        if name in database_names(connection):
            raise UsageError(f"there is a database {name} already", hint="take another name")
    new = replace(request(project, name, caller=Caller.PERSON, marked=False, notify=notify), url_of=url_of)
    made: MadeDatabase | None = copy_database(new, source, notify)
    if made is not None:
        notify(DatabaseMade(made))
    return url_of(name)


def superfluous(project: Project, *, days: float = 0) -> list[ListedDatabase]:
    """What `prune` may drop: left behind, or replaced at least so many days ago. Oldest first, then by name.

    Without days no age is asked: of two that were replaced within a second, one is named by a second to come.
    """
    before = datetime.now(timezone.utc) - timedelta(days=days)
    found = [one for one in databases(project, details=False) if one.use in {DatabaseUse.LEFT, DatabaseUse.REPLACED}]
    due = [one for one in found if not days or one.since is None or one.since <= before]
    return sorted(due, key=lambda one: (one.since or datetime.min.replace(tzinfo=timezone.utc), one.name))


def newly_left(project: Project) -> list[ListedDatabase]:
    """Databases left by what is gone, of which this has not told before; none if nobody can tell."""
    if project.naming is None:
        return []
    try:
        found = [one for one in databases(project, details=False) if one.use is DatabaseUse.LEFT]
        path = project.repository.make_private(shared=True) / TOLD
        known = set(path.read_text(encoding="utf-8").splitlines()) if path.exists() else set()
        names = {one.name for one in found}
        if names != known:
            path.write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    except (GitmigError, OSError):
        return []
    return [one for one in found if one.name not in known]


def prune(project: Project, chosen: Sequence[ListedDatabase], *, notify: Notify = silent) -> list[ListedDatabase]:
    """Drop these databases, and what processes that were killed left half made; returns those that are in use."""
    with suppress(GitmigError), project.connect("prune", locked=True, notify=notify) as connection:
        for name in (name_of_new(name_and_oid(connection)[1]), *orphans(connection, NEW_PREFIX)):
            drop_unused(connection, name)
    try:
        anywhere = maintenance_url(_url_of(project), "prune")
    except GitmigError:
        with connect(project.url, "prune") as connection:
            return [one for one in chosen if not drop_unused(connection, one.name)]
    with connect(anywhere, "prune") as connection:
        for name in half_made(connection):
            drop_unused(connection, name)
        return [one for one in chosen if not drop_unused(connection, one.name)]


def _url_of(project: Project) -> Callable[[str], str]:
    """Name of a database → its URL, on the project's server."""
    if project.naming is not None or project.settings.database is None:
        return project.url_named
    return partial(with_name, project.url)


class _Survey(Struct):
    """Goes through the server's databases and finds those of one clone."""

    project: Project
    used: dict[str, ListedDatabase] = field(default_factory=dict)

    def look(self, connection: Connection, half_made: Sequence[str]) -> list[ListedDatabase]:
        """All of them."""
        names, marks = database_names(connection), read_all_marks(connection)
        alive = living(self.project)
        ours = {name: mark for name, mark in marks.items() if alive.is_ours(mark, is_there=clone_exists(mark))}
        self._find_used()
        lost = {name for name, mark in ours.items() if alive.has_lost(mark, is_there=clone_exists(mark))}
        left = [self._left(name, mark) for name, mark in ours.items() if mark.name == name and name in lost]
        left += self._left_by_older_ones(names, marks)
        kept = [self._replaced(name, ours.get(name)) for name in names]
        half = [ListedDatabase(name=name, use=DatabaseUse.HALF_MADE) for name in half_made]
        branches = [
            ListedDatabase(name=name, use=DatabaseUse.USED, branch=mark.branch)
            for name, mark in ours.items()
            if mark.name == name and mark.branch is not None and alive.has(mark) and name not in self.used
        ]
        rest = [*left, *(one for one in kept if one), *half, *branches]
        return [*self.used.values(), *(one for one in rest if one.name not in self.used)]

    def _find_used(self) -> None:
        project, here = self.project, this_work_tree(self.project.repository)
        if project.naming is None:
            own = project.address.name if project.settings.database else EMBEDDED
            trees = [here, *binding.sharing(project.repository, project.binding.used)]
            self._note(own, [(tree.shown_from(here.path), tree.branch) for tree in trees], is_here=True)
            return
        for tree in work_trees(project.repository):
            is_here = tree.git_dir == here.git_dir
            place = Checkout(worktree=tree.name, branch=tree.branch)
            name = project.name if is_here else project.naming.name_for(place)
            self._note(name, [(tree.shown_from(here.path), tree.branch)], is_here=is_here)

    def _note(self, name: str, users: Sequence[tuple[str, str | None]], *, is_here: bool) -> None:
        before = self.used.get(name) or ListedDatabase(name=name, use=DatabaseUse.USED, branch=users[0][1])
        self.used[name] = replace(
            before,
            work_trees=(*before.work_trees, *(path for path, _ in users)),
            is_here=before.is_here or is_here,
        )

    def _left(self, name: str, mark: Mark) -> ListedDatabase:
        trees = (mark.path,) if mark.branch is None else ()
        return ListedDatabase(name=name, use=DatabaseUse.LEFT, work_trees=trees, branch=mark.branch)

    def _left_by_older_ones(self, names: Sequence[str], marks: dict[str, Mark]) -> list[ListedDatabase]:
        """On the embedded server, which is this clone's alone, also what was made before there were marks."""
        if self.project.settings.database is not None:
            return []
        prefix = f"{EMBEDDED}_"
        old = [name for name in names if name.startswith(prefix) and name not in marks and "__gitmig_" not in name]
        return [ListedDatabase(name=n, use=DatabaseUse.LEFT, work_trees=(n.removeprefix(prefix),)) for n in old]

    def _replaced(self, name: str, mark: Mark | None) -> ListedDatabase | None:
        before = [*self.used, *([mark.name] if mark else [])]
        times = [at for one in before if (at := replaced_at(one, name))]
        return ListedDatabase(name=name, use=DatabaseUse.REPLACED, since=times[0]) if times else None


def _with_details(project: Project, database: ListedDatabase, url: str) -> ListedDatabase:
    """With what stands in the database, as far as the role may read it."""
    with suppress(GitmigError), connect(url, "list") as connection:
        refuse_strangers(connection, project.ledger_roles)
        state = read_state(connection)
        return replace(
            database,
            set_id=state.set_id,
            count=len(state.stack),
            protected=is_protected(connection),
            last_use=read_last_use(connection),
        )
    return database
