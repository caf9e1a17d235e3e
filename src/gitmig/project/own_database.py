"""The database of this work tree or branch: whether it is there and its own, and from which one it is made."""

from __future__ import annotations

import json
import os
import socket
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.errors import DatabaseUnavailable, GitmigError, LeftToSync
from gitmig.events import DatabaseMade, DatabaseSetAside, DatabaseShared, silent
from gitmig.git import binding
from gitmig.git.worktrees import local_branches, make_token, this_work_tree, work_trees
from gitmig.ledger.protection import Caller
from gitmig.ledger.store import read_programs, read_state
from gitmig.own_databases.marks import Living, Mark, Owner, owner, read_mark, set_mark
from gitmig.own_databases.names import Checkout, Per
from gitmig.postgres.address import connect, is_missing_database
from gitmig.project.project import SHARES, Sharing
from gitmig.project.trust import refuse_unknown_ledger
from gitmig.rebuild.databases import NoOtherDatabase, database_names, maintenance_url, name_of_old, rename

if TYPE_CHECKING:
    from gitmig.events import Notify
    from gitmig.own_databases.make import NewDatabase
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project

# In which the hook's shell part hands over where `git worktree add` was called.
SOURCE_VARIABLE = "GITMIG_SOURCE_DIRECTORY"


class _Found(Struct, frozen=True, kw_only=True):
    """What there is under the name that this work tree's or branch's database has."""

    is_there: bool
    mark: Mark | None = None


def have_own_database(
    project: Project, *, caller: Caller = Caller.PERSON, timeout: int = 10, notify: Notify = silent
) -> Project:
    """See to it that the database of this work tree or branch is there, and is its own; it is made if it is not.

    Returns the project with which to go on: where none can be made, and the settings say so, it shares the common one.
    Raises GitmigError; LeftToSync in a hook.
    """
    if project.naming is None or project.shares or project.has_common_name:
        return project
    try:
        return _Maker(project, caller, timeout, notify).see_to_it()
    except DatabaseUnavailable:
        raise
    except GitmigError as error:
        if caller is Caller.PERSON or isinstance(error, LeftToSync):
            raise
        raise LeftToSync(f"{error.message}; nothing was synced", hint=error.hint or "run `gitmig sync`") from error


def mark_of(project: Project, name: str) -> Mark:
    """The mark of this work tree's or branch's database."""
    repository, naming, branch = project.repository, project.naming, project.checkout.branch
    is_of_branch = naming is not None and naming.per is Per.BRANCH and branch is not None
    return Mark(
        name=name,
        clone=make_token(repository.common_dir),
        git_dir=str(repository.common_dir),
        host=socket.gethostname(),
        worktree=None if is_of_branch else make_token(repository.git_dir),
        branch=branch if is_of_branch else None,
        path=str(this_work_tree(repository).path),
    )


def living(project: Project) -> Living:
    """What there is of the clone."""
    repository = project.repository
    trees = work_trees(repository)
    return Living(
        clone=make_token(repository.common_dir),
        git_dir=str(repository.common_dir),
        host=socket.gethostname(),
        worktrees=frozenset(token for tree in trees if (token := tree.token)),
        branches=local_branches(repository) | {tree.branch for tree in trees if tree.branch},
    )


def clone_exists(mark: Mark) -> bool:
    """Whether the git directory of the clone that made a mark is there, as far as this machine can tell."""
    return Path(mark.git_dir).is_dir()


def request(project: Project, name: str, *, caller: Caller, marked: bool, notify: Notify = silent) -> NewDatabase:
    """All that belongs to making a database for the project."""
    from gitmig.own_databases.make import NewDatabase  # rarely needed, and large

    def refuse(connection: Connection) -> None:
        if caller is Caller.HOOK:
            refuse_unknown_ledger(project, connection, read_state(connection))
            if read_programs(connection):
                raise LeftToSync(
                    "the database to copy is in use, and would be built by programs", hint="run `gitmig sync`"
                )

    return NewDatabase(
        name=name,
        mark=mark_of(project, name) if marked else None,
        url_of=project.url_named,
        bootstrap=project.bootstrap_sql(),
        ignore=project.settings.ignore,
        roles=project.ledger_roles,
        by=project.user,
        programs=project.programs(notify),
        refuse=refuse,
    )


def forget_sharing(project: Project) -> None:
    """Forget that the work tree could not have a database of its own."""
    (project.repository.private(shared=False) / SHARES).unlink(missing_ok=True)


class _Maker:
    """Looks whether the database is there, and makes it."""

    def __init__(self, project: Project, caller: Caller, timeout: int, notify: Notify) -> None:
        self._project = project
        self._caller = caller
        self._timeout = timeout
        self._notify = notify
        self._name = project.name

    def see_to_it(self) -> Project:
        """What `have_own_database` promises."""
        found = self._look()
        if found.is_there and not self._is_left_by_another(found):
            return self._project
        return self._make()

    def _look(self) -> _Found:
        try:
            with connect(self._project.url, "look", timeout=self._timeout) as connection:
                return _Found(is_there=True, mark=read_mark(connection))
        except DatabaseUnavailable as error:
            if not is_missing_database(error):
                raise
            return _Found(is_there=False)

    def _is_left_by_another(self, found: _Found) -> bool:
        """Whether the name had a work tree or branch that is gone; its database has another name then."""
        project, mark, here = self._project, found.mark, mark_of(self._project, self._name)
        there = mark is not None and clone_exists(mark)
        whose = owner(mark, self._name, here, living(project), is_there=there)
        if whose is Owner.NOBODY and project.settings.database is None:
            with connect(self._maintenance, "mark") as connection:  # an earlier gitmig made it
                set_mark(connection, self._name, here)
        if whose in {Owner.OTHER, Owner.STRANGER} and mark is not None:
            clone = "this clone" if whose is Owner.OTHER else f"the clone {mark.git_dir}"
            raise GitmigError(
                f"the database {self._name} belongs to {mark.owner} of {clone}",
                hint="give this clone another URL, or this work tree one: git config --worktree gitmig.database URL",
            )
        if whose is not Owner.GONE:
            return False
        with connect(self._maintenance, "set aside") as connection:
            names = frozenset(database_names(connection))
            kept_as = name_of_old(self._name, datetime.now(timezone.utc), names)
            rename(connection, self._name, kept_as)
        self._notify(DatabaseSetAside(self._name, kept_as))
        return True

    @property
    def _maintenance(self) -> str:
        return maintenance_url(self._project.url_named, "copy")

    def _make(self) -> Project:
        from gitmig.own_databases.make import Uncopyable, copy_database, make_empty

        new = request(self._project, self._name, caller=self._caller, marked=True)
        source = None
        try:
            source = self._source()
            made = copy_database(new, source, self._notify) if source else make_empty(new, None, self._notify)
        except NoOtherDatabase as error:
            naming = self._project.naming
            return self._do_without(new, None if naming is None or naming.is_template else naming.base, error)
        except Uncopyable as error:
            return self._do_without(new, source, error)
        if made is None:
            return self._project
        self._notify(DatabaseMade(made))
        return replace(self._project, is_new=True)

    def _source(self) -> str | None:
        """Which database is copied: of where this work tree or branch comes from. None: there is none to copy."""
        with connect(self._maintenance, "look") as connection:
            there = frozenset(database_names(connection))
        for name in self._candidates():
            if name != self._name and name in there:
                return name
        naming = self._project.naming
        assert naming is not None  # else there is no name to make
        if naming.is_template or naming.is_embedded:
            return None
        raise GitmigError(
            f"there is no database {naming.base}, of which this {naming.per.words} would get a copy",
            hint=f"createdb {naming.base}, then run `gitmig sync` in the main work tree",
        )

    def _candidates(self) -> list[str]:
        project, naming = self._project, self._project.naming
        assert naming is not None
        trees = work_trees(project.repository)
        places = [(tree.path, Checkout(worktree=tree.name, branch=tree.branch)) for tree in trees]
        found = []
        if naming.per is Per.BRANCH:
            last, _ = binding.read(project.repository)
            if last is not None and last.branch is not None:  # the one that was checked out here before
                found.append(naming.name_for(Checkout(worktree=project.checkout.worktree, branch=last.branch)))
        called_in = os.environ.get(SOURCE_VARIABLE)
        around = [one for one in places if called_in and Path(called_in).is_relative_to(one[0])]
        if around:  # work trees may lie in one another
            found.append(naming.name_for(max(around, key=lambda one: len(one[0].parts))[1]))
        if not naming.is_template:
            found.append(naming.base)
        return [
            *found,
            naming.name_for(Checkout(worktree=None, branch=naming.trunk)),
            *(naming.name_for(p) for _, p in places),
        ]

    def _do_without(self, new: NewDatabase, source: str | None, error: GitmigError) -> Project:
        """Build an empty one, or share the source, as the settings say. Raises GitmigError."""
        from gitmig.own_databases.make import Uncopyable, make_empty

        project, what = self._project, self._project.settings.unclonable
        if what == "empty":
            with suppress(Uncopyable, NoOtherDatabase):
                if made := make_empty(new, source, self._notify):
                    self._notify(DatabaseMade(replace(made, notes=(f"nothing was copied: {error.message}",))))
                return project
        if what == "share" and source is not None:
            path = project.repository.make_private(shared=False) / SHARES
            path.write_text(json.dumps({self._name: [error.message, source]}), encoding="utf-8")
            self._notify(DatabaseShared(error.message, source))
            return replace(project, shares=Sharing(why=error.message, name=source))
        words = project.naming.per.words if project.naming else "work tree"
        raise GitmigError(
            f"this {words} cannot have a database of its own: {error.message}",
            hint=f"{error.hint}; the setting `unclonable` says what to do without",
        ) from error
