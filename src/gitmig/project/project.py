"""A repository with its settings, and the way to its database."""

from __future__ import annotations

import io
import json
import os
import re
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace as replaced

from gitmig.config import CONFIG_FILE, Settings, parse_team_settings, resolve
from gitmig.errors import DatabaseUnavailable, GitmigError, UsageError
from gitmig.events import StandInMade, WaitingForBlockers, WaitingForLock, silent
from gitmig.git import binding, marker
from gitmig.git.binding import Binding, BoundSettings
from gitmig.git.repository import Repository
from gitmig.git.worktrees import this_work_tree, trunk, work_trees
from gitmig.ledger.access import SETTING
from gitmig.ledger.protection import Caller
from gitmig.own_databases.names import EMBEDDED, Checkout, Naming, Per
from gitmig.postgres.embedded import MAINTENANCE, EmbeddedServer, forget_libpq_variables
from gitmig.postgres.url import plain_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from gitmig.events import Notify
    from gitmig.git.marker import Generation
    from gitmig.postgres.address import Address
    from gitmig.postgres.connection import Connection, Programs
    from gitmig.postgres.lock import Holder
    from gitmig.postgres.lock_wait import Blocker

Value = TypeVar("Value")

NO_CHECKOUT = Checkout(worktree=None, branch=None)
SHARES, BASES = "shares.json", "env.json"
PROGRAMS = "gitmig.postgresPrograms"  # personal: a folder of programs, which no checkout may name
HOSTS = "gitmig.hosts"  # personal: which other machines hooks may work on
CONFIG_FILES = (CONFIG_FILE, "pyproject.toml")


class Sharing(Struct, frozen=True, kw_only=True):
    """Why a work tree has no database of its own, and the one that it uses instead."""

    why: str
    name: str


class Project(Struct, frozen=True, kw_only=True, eq=False):
    """Everything an operation starts from; `team_file` is where the team's settings were found, None if nowhere.

    `naming` says how databases of work trees or branches are called, None if there is one for all; `place` is where
    this one is, and `shares` why it has none of its own all the same; `is_new` says that its database was made a moment
    ago. `agreed` are programs that may run as long as
    this process does, although no store has them.
    """

    repository: Repository
    settings: Settings
    team_file: str | None
    naming: Naming | None = None
    checkout: Checkout = NO_CHECKOUT
    shares: Sharing | None = None
    is_new: bool = False
    agreed: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, start: Path, database: str | None = None) -> Project:
        """The project `start` lies in; `database` is what was asked for on the command line. Raises UsageError."""
        repository = Repository.open(start)
        present = _team_file(repository)
        file, text = present or _kept_team_file(repository)
        team = parse_team_settings(text, file)
        personal = _personal(repository.config)
        root, has_own = repository.root, bool(team.get("per") or personal.get("per"))
        dotenv, dotenv_name = _dotenv(root), ".env"
        if has_own and not dotenv and repository.is_linked and (main := work_trees(repository)[0]).name is None:
            dotenv, dotenv_name = _dotenv(main.path), str(main.path / ".env")  # git has not brought it here
        settings = resolve(
            team=team,
            personal=personal,
            lists=_personal(repository.config_values),
            worktree=_personal(repository.worktree_config),
            environ=os.environ,
            dotenv=dotenv,
            option=database,
            file=file,
            dotenv_name=dotenv_name,
        )
        if settings.database is None:
            forget_libpq_variables()
        plain = cls(repository=repository, settings=settings, team_file=file if present else None)
        return plain._with_own_database()

    def _with_own_database(self) -> Project:
        """The same, with the database of this work tree or branch, if the settings give it one."""
        settings, is_embedded = self.settings, self.settings.database is None
        base = self._base_name()
        per = Per(settings.per) if settings.per else Per.WORKTREE if is_embedded and not settings.shared else None
        if settings.database_is_literal:
            per = None
        naming = Naming.of(base, per, "", is_embedded=is_embedded)
        if naming is None:
            return self
        here, last = this_work_tree(self.repository), binding.read(self.repository)[0]
        branch = here.branch or (last.branch if last else None)
        if naming.per is Per.BRANCH:
            naming = replaced(naming, trunk=trunk(self.repository))
        found = replaced(self, naming=naming, checkout=Checkout(worktree=here.name, branch=branch))
        why, name = read_json(self.repository.private(shared=False) / SHARES).get(found.name) or ("", "")
        return replaced(found, shares=Sharing(why=why, name=name)) if name else found

    def _base_name(self) -> str:
        """The database's name as the settings have it; where gitmig itself wrote it there, what it was before."""
        if self.settings.database is None:
            return EMBEDDED
        text = self.settings.database
        if not (self.settings.per or "{" in text) or (self.settings.database_is_literal and "{" not in text):
            return ""  # nothing is made of it
        from gitmig.postgres.address import Address

        name = Address.of(plain_url(text).url).name
        written = read_json(self.repository.private(shared=True) / BASES)
        return str(written.get(name, name)) if self.settings.database_source.endswith(")") else name

    @property
    def name(self) -> str:
        """The name of the database, where the settings decide it: of the work tree, of the branch, or of all."""
        if self.shares:
            return self.shares.name
        return self.naming.name_for(self.checkout) if self.naming else EMBEDDED

    @property
    def is_alone(self) -> bool:
        """Whether no other work tree has the same database."""
        return self.naming is not None and self.naming.per is Per.WORKTREE and self.shares is None

    @property
    def has_common_name(self) -> bool:
        """Whether the database is called what the settings say, as in the main work tree; no copy is made for that."""
        return self.naming is not None and self.name == self.naming.base

    @property
    def server(self) -> EmbeddedServer:
        """The embedded server of this clone."""
        programs = self.repository.config.get(PROGRAMS.lower())
        return EmbeddedServer(self.repository.private(shared=True), Path(programs) if programs else None)

    @property
    def url(self) -> str:
        """The URL of the database: the configured one, else this work tree's on the embedded server."""
        return self.url_named(self.name)

    def url_named(self, name: str) -> str:
        """The URL with that name in it, if names are made here, else the configured one."""
        if self.settings.database is None:
            return self.server.url(name)
        plain = plain_url(self.settings.database).url
        if self.naming is None:
            return plain
        from gitmig.postgres.address import url_with_name

        return url_with_name(plain, name)

    def awake_url(self) -> str:
        """The same URL, with the embedded server running and its database made, if it is meant."""
        if self.settings.database is None:
            self.wake()
        return self.url

    @property
    def address(self) -> Address:
        """Where that URL leads, fit to be shown. Raises UsageError if it cannot be parsed."""
        from gitmig.postgres.address import Address  # psycopg takes its time to load

        return Address.of(self.url)

    @property
    def passed_over(self) -> tuple[str, ...]:
        """The parameters of the URL that are meant for other programs. Raises UsageError."""
        return plain_url(self.settings.database).passed_over if self.settings.database else ()

    @property
    def is_within_reach(self) -> bool:
        """Whether a hook may change the database: it is on this machine, or on a host that the user has named."""
        named = {name for value in self.repository.configured(HOSTS) for name in re.split(r"[\s,]+", value)}
        return self.address.is_within(named)

    @property
    def binding(self) -> Binding:
        """The database that the settings name now, and how far they let gitmig go there. Raises UsageError."""
        from gitmig.postgres.address import Address, location

        is_embedded, naming = self.settings.database is None, self.naming
        if is_embedded:
            database, shown = f"embedded:{self.name}", f"{self.name} of the embedded PostgreSQL"
        else:
            database, shown = location(self.url), str(self.address)
        own = ""
        if naming is not None and not (is_embedded and naming.per is Per.WORKTREE):
            own, base = database, self.url_named(naming.base)
            each = f"one for each {naming.per.words}"
            database = f"{'embedded:dev' if is_embedded else location(base)}, {each}"
            shown = f"{'the embedded PostgreSQL' if is_embedded else Address.of(base)}, {each}"
        return Binding(
            database=database,
            shown=shown,
            source=self.settings.database_source,
            limits=BoundSettings.of(self.settings),
            own=own,
            branch=self.checkout.branch if naming is not None and naming.per is Per.BRANCH else None,
        )

    @property
    def user(self) -> str:
        """Who works here, for the ledger: as git knows them, else as the system does."""
        name, email = (self.repository.config.get(f"user.{key}", "") for key in ("name", "email"))
        return f"{name} <{email}>".strip() if name or email else os.environ.get("USER", "unknown")

    @property
    def ledger_roles(self) -> tuple[str, ...]:
        """The roles whose ledger is believed besides the user's own; a personal setting, which no checkout brings."""
        return self.repository.configured(SETTING)

    @contextmanager
    def connect(
        self,
        purpose: str,
        *,
        timeout: int = 10,
        locked: bool = False,
        gitmig_wait: float | None = None,
        in_hook: bool = False,
        notify: Notify = silent,
    ) -> Iterator[Connection]:
        """A connection to the project's database; the embedded server and its database are made on demand.

        If it is `locked`, it holds the lock, and tells for whom it has to wait; somebody who rebuilds the database is
        waited for without a connection. `gitmig_wait` is for how many seconds another gitmig is waited for, None for as
        long as it takes; anybody else for as long as the settings say (see `LockWait`), `in_hook` or not. Raises
        LockBusy; UntrustedLedger before anything of the ledger is read.
        """
        from gitmig.ledger.access import refuse_strangers
        from gitmig.postgres import lock

        if self.settings.database is None:
            self.wake()
        told: set[int] = set()

        def tell(holder: Holder) -> None:
            notify(WaitingForLock(holder))

        try:
            while True:
                with self._checked(purpose, timeout, in_hook=in_hook, notify=notify) as connection:
                    if not locked or lock.acquire(connection, tell, told, wait=gitmig_wait):
                        if locked:  # what was there before may not be all that is there now
                            refuse_strangers(connection, self.ledger_roles)
                        with self.programs(notify) as connection.programs:
                            yield connection
                        return
                time.sleep(lock.INTERVAL)
        except DatabaseUnavailable as error:
            error.hint = self._how_to_reach_it(error)
            raise

    @contextmanager
    def _checked(self, purpose: str, timeout: int, *, in_hook: bool, notify: Notify) -> Iterator[Connection]:
        """A connection of which nobody else has a part, to a ledger that is believed; what it waits for is told."""
        from gitmig.ledger.access import refuse_strangers
        from gitmig.postgres import stand_ins
        from gitmig.postgres.address import connect, refuse_shared_sessions
        from gitmig.postgres.lock_wait import LockWait

        def tell_blocked(blockers: Sequence[Blocker], limit: float | None) -> None:
            notify(WaitingForBlockers(blockers, limit))

        def tell_stand_in(notice: str) -> None:
            notify(StandInMade(notice))

        with connect(self.url, purpose, timeout=timeout) as connection:
            stand_ins.watch(connection, tell_stand_in)
            refuse_shared_sessions(connection, self.url)
            LockWait(self.url, self.settings.lock_wait_of(hook=in_hook), tell_blocked).start(connection)
            refuse_strangers(connection, self.ledger_roles)
            yield connection

    def _how_to_reach_it(self, error: DatabaseUnavailable) -> str:
        from gitmig.postgres.address import is_missing_database

        if self.naming is not None and not self.has_common_name and is_missing_database(error):
            return f"`gitmig sync` makes it for this {self.naming.per.words}"
        return f"the URL comes from {self.settings.database_source or 'the embedded server'}; {error.hint}"

    def programs(self, notify: Notify = silent) -> AbstractContextManager[Programs]:
        """Who runs migrations that are programs, as long as the block lasts."""
        from gitmig.project.programs import ProjectPrograms

        return ProjectPrograms(self, notify)

    def generation(self, connection: Connection) -> Generation | None:
        """The generation of the database, to be asked under the lock."""
        from gitmig.postgres.address import identity

        key = identity(connection)
        return marker.current_generation(key, os.environ) if key else None

    def announce_change(self, connection: Connection) -> None:
        """Let the next hook of every work tree and clone look for itself, before the database is changed."""
        from gitmig.postgres.address import identity

        marker.forget(self.repository, everywhere=not self.is_alone)
        if key := identity(connection):
            marker.renew_generation(key, os.environ)

    def provided(self, *, caller: Caller = Caller.PERSON, timeout: int = 10, notify: Notify = silent) -> Project:
        """The same, with the database of this work tree or branch made if it is not there. Raises GitmigError."""
        if self.naming is None:
            return self
        from gitmig.project.own_database import have_own_database

        if self.settings.database is None and not self.server.is_running():
            self.server.start()
        return have_own_database(self, caller=caller, timeout=timeout, notify=notify)

    def wake(self, *, anew: bool = False) -> None:
        """Have the embedded server run and hold this work tree's database, or, `anew`, a new and empty one."""
        from gitmig.execute.scratch import create_from_bootstrap
        from gitmig.postgres.address import connect, is_missing_database

        self.server.secure()
        if self.naming is not None and not (self.has_common_name or anew):
            self.provided()
            return
        try:
            with connect(self.url, "wake"):
                if not anew:
                    return
        except DatabaseUnavailable as error:
            if not is_missing_database(error):
                self.server.start()
        create_from_bootstrap(self.server.url(MAINTENANCE), self.server.url, self.name, self.bootstrap_sql(), anew=anew)

    def keep_team_settings(self) -> None:
        """Let them hold for commits without any, from before they were written, which are checked out, too."""
        if self.team_file == CONFIG_FILE and (text := _read(self.repository, CONFIG_FILE)) is not None:
            kept = self.repository.make_private(shared=True) / CONFIG_FILE
            if not kept.exists() or kept.read_text(encoding="utf-8") != text:
                kept.write_text(text, encoding="utf-8")

    @property
    def bootstrap_file(self) -> str | None:
        """The bootstrap file that a checkout brings along, as git calls it: links are followed.

        None if there is none, or one of the user's own outside the repository. Raises UsageError.
        """
        if self.settings.bootstrap is None:
            return None
        top = (self.repository.root or Path()).resolve()
        path = (top / self.settings.bootstrap).resolve()
        inside = path.relative_to(top) if path.is_relative_to(top) else None
        # what lies in a submodule, or in a git directory, is none of the commit's
        folders = inside.parents[:-1] if inside else ()
        nested = any((top / folder / ".git").exists() or folder.name.lower() == ".git" for folder in folders)
        if inside and not nested:
            return inside.as_posix()
        if "gitmig.bootstrap" in self.repository.config:
            return None
        raise UsageError(
            f"{self.team_file or CONFIG_FILE}: bootstrap names {self.settings.bootstrap}, outside the repository",
            hint="move the file into the repository; one of your own: git config gitmig.bootstrap PATH",
        )

    def bootstrap_sql(self) -> str:
        """The SQL that every fresh database needs before the first migration; empty if none is configured."""
        if self.settings.bootstrap is None:
            return ""
        path = (self.repository.root or Path()) / (self.bootstrap_file or self.settings.bootstrap)
        try:
            return path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            hint = "correct `bootstrap` in gitmig.toml or `git config gitmig.bootstrap`"
            raise GitmigError(f"cannot read the bootstrap file {path}: {error}", hint=hint) from error


def _personal(config: Mapping[str, Value]) -> dict[str, Value]:
    return {key.partition(".")[2]: value for key, value in config.items() if key.startswith("gitmig.")}


def _team_file(repository: Repository) -> tuple[str, str] | None:
    """The name and text of the team's settings; None if the code version has none."""
    for name in CONFIG_FILES:
        text = _read(repository, name)
        if text is not None and (name == CONFIG_FILE or "tool.gitmig" in text):
            return name, text
    return None


def _kept_team_file(repository: Repository) -> tuple[str, str]:
    """The settings of the last sync: commits from before they were written are checked out, too."""
    kept = repository.private(shared=True) / CONFIG_FILE
    return CONFIG_FILE, kept.read_text(encoding="utf-8") if kept.exists() else ""


def _read(repository: Repository, name: str) -> str | None:
    """A file at the top of the work tree, or of HEAD where there is no work tree."""
    if repository.root is None:
        found = repository.read_object(f"HEAD:{name}")
        data = found[1] if found else None
    else:
        path = repository.root / name
        data = path.read_bytes() if path.is_file() else None  # a link can lead to /dev/zero
    if data is None:
        return None
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text", hint="save the file as UTF-8") from error


def read_json(path: Path) -> dict[str, Any]:
    """What gitmig noted for itself; {} if it has not."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _dotenv(root: Path | None) -> Mapping[str, Any]:
    path = root / ".env" if root else None
    if path is None or not path.is_file():
        return {}
    from dotenv import dotenv_values
    from dotenv.variables import parse_variables

    text = path.read_text(encoding="utf-8-sig", errors="replace")
    found: dict[str, str | None] = {}
    # not by dotenv itself: it would put the environment's values into a file that a checkout brings along
    for name, value in dotenv_values(stream=io.StringIO(text), interpolate=False).items():
        found[name] = value and "".join(atom.resolve(found) for atom in parse_variables(value))
    return found
