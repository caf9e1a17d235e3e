"""Making a database that nobody sees half made: a copy of another one, rows included, or one with the bootstrap alone.

It is under construction under another name, in whose mark of a lock everybody can see whether somebody is still at it.
What a process that was killed leaves has that name, and nobody holds the lock.

A database that nobody is connected to is copied by PostgreSQL itself. A busy one is built by the scripts in its ledger,
and its rows come from one snapshot, as in a rebuild: nobody is thrown out, and nobody waits.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import contextmanager, suppress
from enum import Enum
from typing import TYPE_CHECKING

import psycopg
from msgspec import Struct
from psycopg import sql

from gitmig.errors import GitmigError
from gitmig.events import CopyingDatabase, WaitingForLock
from gitmig.execute.build import BuildFailed, build
from gitmig.execute.repair import Transformation
from gitmig.execute.scratch import create_database_like, run_bootstrap
from gitmig.ledger import schema as ledger_schema
from gitmig.ledger import store
from gitmig.ledger.access import refuse_strangers
from gitmig.ledger.protection import is_protected, set_protected
from gitmig.ledger.rows import HistoryEntry
from gitmig.ledger.store import read_state
from gitmig.migrations.plan import Direction
from gitmig.own_databases.marks import set_mark
from gitmig.postgres import lock
from gitmig.postgres.address import Address, connect, with_options
from gitmig.rebuild.copy import copy_all, write_ledger
from gitmig.rebuild.cutover import sessions
from gitmig.rebuild.databases import database_names, maintenance_url
from gitmig.rebuild.target import SELF_DESCRIBING, copy_grants, copy_settings
from gitmig.rows.copy import KeptFor
from gitmig.rows.items import REBUILD, Subject
from gitmig.schema.catalog import read_schema
from gitmig.schema.fingerprint import Fingerprinter
from gitmig.schema.model import schema_difference
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from gitmig.events import Notify
    from gitmig.own_databases.marks import Mark
    from gitmig.postgres.connection import Connection, Programs

# Names of databases under construction begin so, and go on with a hash of the name that they will get.
PREFIX = "gitmig_copy_"
# From this size on, copying the files takes less time than writing all pages to the log as well, although it waits for
# two checkpoints (PostgreSQL 15 and newer, see docs/worktrees.md).
WRITES_PAGES = 150_000
LARGE = 64 << 20  # bytes
RIGHTS = """
    SELECT rolsuper OR rolcreatedb, rolsuper OR pg_has_role(datdba, 'USAGE'), rolsuper OR pg_has_role(datdba, 'MEMBER'),
      rolname, datdba::regrole::text,
      CASE WHEN has_database_privilege(d.oid, 'CONNECT') THEN pg_database_size(d.oid) END
    FROM pg_catalog.pg_database d, pg_catalog.pg_roles WHERE datname = %s AND rolname = current_user
"""
CAN_CLONE = """
    SELECT EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'file_copy_method' AND 'clone' = ANY (enumvals))
"""
# On whose account a row is kept that finds no place; there is none, as the schema is the same.
NOBODY = Subject(version=REBUILD, name="", checksum=REBUILD)
LEAVE_IT = "have everybody leave it, and PostgreSQL copies it itself"


class CopyMethod(Enum):
    """How a database was copied."""

    TEMPLATE = "by PostgreSQL"
    BUSY = "row by row, as others are connected to it"
    FOREIGN = "row by row, as another role owns it"


class MadeDatabase(Struct, frozen=True, kw_only=True):
    """What a database was made from, None for the bootstrap alone; how, its size in bytes, and how long that took."""

    name: str
    source: str | None
    method: CopyMethod | None
    size: int | None
    milliseconds: float
    notes: tuple[str, ...] = ()


class Uncopyable(GitmigError):
    """A database cannot be copied here, whoever asks."""


class NewDatabase(Struct, frozen=True, kw_only=True):
    """A database that is to be made: its name, its mark if it gets one, and what belongs to making it.

    `url_of` maps a database's name to its URL. `roles` are those whose ledger is believed, `programs` runs migrations
    that are programs, `by` is who asks. `refuse` is called with a connection to a busy source, before its scripts run.
    """

    name: str
    mark: Mark | None
    url_of: Callable[[str], str]
    bootstrap: str
    ignore: tuple[str, ...]
    roles: tuple[str, ...]
    by: str
    programs: AbstractContextManager[Programs]
    refuse: Callable[[Connection], None]


def copy_database(new: NewDatabase, source: str, notify: Notify) -> MadeDatabase | None:
    """Make the database as a copy of `source`; None if somebody else was quicker. Raises Uncopyable, GitmigError."""
    began = time.monotonic()
    with _construction(new, notify) as site:
        if site is None:
            return None
        found = site.keeper.execute(RIGHTS, (source,)).fetchone()
        if found is None:
            raise Uncopyable(f"there is no database {source} to copy", hint="`gitmig sync` in its work tree makes it")
        may_create, may_copy, may_own, role, owner, size = found
        if not may_create:
            raise Uncopyable(f"{role} may not create databases", hint=f"ALTER ROLE {role} CREATEDB")
        notify(CopyingDatabase(source, new.name, size))
        notes: tuple[str, ...] = ()
        if may_copy and _by_template(site, source, owner if may_own else None, size or 0):
            method = CopyMethod.TEMPLATE
        else:
            method = CopyMethod.BUSY if may_copy else CopyMethod.FOREIGN
            notes = _by_rows(site, new, source, notify, same_home=may_own)
        _finish(site, new, source)
    took = (time.monotonic() - began) * 1000
    return MadeDatabase(name=new.name, source=source, method=method, size=size, milliseconds=took, notes=notes)


def make_empty(new: NewDatabase, like: str | None, notify: Notify) -> MadeDatabase | None:
    """Make the database with the bootstrap SQL alone, in encoding and locale like `like`, if that is there.

    None if somebody else was quicker. Raises Uncopyable, GitmigError.
    """
    began = time.monotonic()
    with _construction(new, notify) as site:
        if site is None:
            return None
        is_there = like is not None and like in database_names(site.keeper)
        model = new.url_of(like) if like is not None and is_there else site.maintenance
        try:
            with connect(model, "copy") as connection:
                create_database_like(connection, site.name)
        except GitmigError as error:
            if not isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
                raise
            raise Uncopyable(error.message, hint=error.hint) from error
        with connect(new.url_of(site.name), "copy") as connection:
            run_bootstrap(connection, new.bootstrap)
    took = (time.monotonic() - began) * 1000
    return MadeDatabase(name=new.name, source=None, method=None, size=None, milliseconds=took)


def name_under_construction(name: str) -> str:
    """What a database is called until it is whole."""
    return f"{PREFIX}{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def half_made(connection: Connection) -> list[str]:
    """Databases under construction at which nobody is any more; `connection` leads to a maintenance database."""
    names = [name for name in database_names(connection) if name.startswith(PREFIX)]
    return [name for name in names if _is_free(connection, name)]


class _Site(Struct, frozen=True, kw_only=True):
    """The database under construction, and the session that holds its lock, on another database."""

    name: str
    keeper: Connection
    maintenance: str


@contextmanager
def _construction(new: NewDatabase, notify: Notify) -> Iterator[_Site | None]:
    """Where to make it; it gets its name and its mark when the block is done, and is dropped if that fails.

    None if it is there already, when whoever else makes it is done.
    """
    name, maintenance = name_under_construction(new.name), maintenance_url(new.url_of, "copy")
    with connect(maintenance, "copy") as keeper:
        _take(keeper, name, notify)
        if new.name in database_names(keeper):
            yield None
            return
        _drop(keeper, name)
        try:
            yield _Site(name=name, keeper=keeper, maintenance=maintenance)
            if new.mark is not None:
                set_mark(keeper, name, new.mark)
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            keeper.execute(rename.format(sql.Identifier(name), sql.Identifier(new.name)))
        except BaseException:
            with suppress(psycopg.Error, GitmigError):  # what went wrong first is what people have to hear of
                _drop(keeper, name)
            raise


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _is_free(connection: Connection, name: str) -> bool:
    free = bool(connection.value("SELECT pg_catalog.pg_try_advisory_lock(%s)", (_key(name),)))
    if free:
        connection.value("SELECT pg_catalog.pg_advisory_unlock(%s)", (_key(name),))
    return free


def _take(keeper: Connection, name: str, notify: Notify) -> None:
    """Hold the name's lock for the rest of the session; somebody else's copy is waited for."""
    is_told = False
    while not keeper.value("SELECT pg_catalog.pg_try_advisory_lock(%s)", (_key(name),)):
        if not is_told:
            notify(CopyingDatabase(None, name, None))
            is_told = True
        time.sleep(lock.INTERVAL)


def _drop(keeper: Connection, name: str) -> None:
    keeper.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _by_template(site: _Site, source: str, owner: str | None, size: int) -> bool:
    """Have PostgreSQL copy it; False if somebody is connected to it, or comes meanwhile."""
    if sessions(site.keeper, source, []):
        return False
    clauses: list[sql.Composable] = [sql.SQL("TEMPLATE {}").format(sql.Identifier(source))]
    if owner is not None:
        clauses.append(sql.SQL("OWNER {}").format(sql.SQL(owner)))
    can_clone = False
    if site.keeper.info.server_version >= WRITES_PAGES and size >= LARGE:
        clauses.append(sql.SQL("STRATEGY file_copy"))
        # PostgreSQL 18: where the file system can, nothing is copied at all
        can_clone = bool(site.keeper.value(CAN_CLONE))
    create = sql.SQL("CREATE DATABASE {} {}").format(sql.Identifier(site.name), sql.SQL(" ").join(clauses))
    try:
        if not (can_clone and _cloned(site.keeper, create)):
            site.keeper.execute(create)
    except psycopg.errors.ObjectInUse:
        return False
    return True


def _cloned(keeper: Connection, create: sql.Composed) -> bool:
    """Have the files cloned; False where that cannot be, as on a file system that refuses. Raises ObjectInUse."""
    keeper.execute("SET file_copy_method = clone")
    try:
        keeper.execute(create)
    except psycopg.errors.ObjectInUse:
        raise
    except psycopg.Error:
        if keeper.closed:
            raise
        keeper.execute("SET file_copy_method = copy")  # if something else is wrong, that will say so
        return False
    return True


def _finish(site: _Site, new: NewDatabase, source: str) -> None:
    """What belongs to a database and is not in it, as settings; and a copy is not protected."""
    with connect(new.url_of(site.name), "copy") as connection:
        refuse_strangers(connection, new.roles)
        if is_protected(connection):
            set_protected(connection, protected=False)
    with connect(new.url_of(source), "copy") as old:
        copy_settings(old, site.name)
        copy_grants(old, site.name)


def _by_rows(site: _Site, new: NewDatabase, source: str, notify: Notify, *, same_home: bool) -> tuple[str, ...]:
    """Build the schema by the scripts in the source's ledger, and copy the rows of one snapshot; notes for people."""
    try:
        with connect(new.url_of(source), "copy") as old:
            refuse_strangers(old, new.roles)
            while not lock.acquire(old, lambda holder: notify(WaitingForLock(holder))):
                time.sleep(lock.INTERVAL)
            new.refuse(old)
            create_database_like(old, site.name, same_home=same_home)
            fast = with_options(new.url_of(site.name), "synchronous_commit=off")
            with connect(fast, "copy") as connection, new.programs as connection.programs:
                connection.ledger_roles = new.roles
                return _Rows(old, connection, new, source, notify).copy()
    except GitmigError as error:
        if not isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise
        raise Uncopyable(
            f"{source} is in use, and its rows cannot be read: {error.message}", hint=error.hint
        ) from error


class _Rows:
    """One copy of a busy database, into an empty one."""

    def __init__(self, old: Connection, new: Connection, wanted: NewDatabase, source: str, notify: Notify) -> None:
        self._old = old
        self._new = new
        self._wanted = wanted
        self._source = source
        self._notify = notify
        self._began = time.monotonic()

    def copy(self) -> tuple[str, ...]:
        """All of it; what people should know. The old database is only read."""
        self._refuse_unfit()
        self._old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        fingerprint = self._build()
        kept_for = KeptFor(subject=NOBODY, direction=Direction.REVERT, by=self._wanted.by, commit=None)
        moved = copy_all(self._old, self._new, self._wanted.ignore, kept_for, self._notify, is_locked=False)
        self._write_ledger(fingerprint)
        self._old.execute("ROLLBACK")
        aside = [f"{one.rows} rows of {one.table} are kept aside: {one.reason}" for one in moved.aside]
        return (*moved.notes, *aside)

    def _refuse_unfit(self) -> None:
        if extension := self._old.value(SELF_DESCRIBING):
            raise self._uncopyable(f"has the extension {extension}, whose tables describe others")
        if read_state(self._old).unfinished is not None:
            raise self._uncopyable("a script was interrupted there", hint="run `gitmig sync` there")

    def _uncopyable(
        self, why: str, hint: str = "have everybody leave it, and PostgreSQL copies it itself"
    ) -> Uncopyable:
        return Uncopyable(f"{self._source} is in use, and {why}", hint=hint)

    def _build(self) -> str:
        """Make the schema of the old database; its fingerprint."""
        ignore = self._wanted.ignore
        run_bootstrap(self._new, self._wanted.bootstrap)
        ledger_schema.upgrade(self._new)
        ups = [row.up_on_fresh for _, row in sorted(store.read_rows(self._old, 0).items())]
        try:
            ((_, built),) = build(self._new, ups, measure_at=(len(ups),), ignore=ignore)
        except BuildFailed as failure:
            why = f"{failure.script.path} does not run on a fresh database: {failure.error.message}"
            raise self._uncopyable(why) from failure
        wanted = read_schema(self._old, ignore, edges=True)
        if schema_difference(built, wanted):
            Transformation.between(self._new, built, wanted).run()
            if left := schema_difference(wanted, read_schema(self._new, ignore)):
                raise self._uncopyable(f"its schema cannot be made anew: {first_few(left.names)}")
        return Fingerprinter(self._new.info.server_version, ignore).fingerprint(wanted)

    def _write_ledger(self, fingerprint: str) -> None:
        state = read_state(self._old)
        rows = [row for _, row in sorted(store.read_rows(self._old, 0).items())]
        event = HistoryEntry(
            action="sync",
            done_by=self._wanted.by,
            milliseconds=round((time.monotonic() - self._began) * 1000, 3),
            from_set=state.set_id,
            to_set=state.set_id,
            from_commit=state.commit,
            to_commit=state.commit,
            note=f"copied from {Address.of(self._wanted.url_of(self._source))}",
        )
        write_ledger(self._old, self._new, rows, event, fingerprint)
