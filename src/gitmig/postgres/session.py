"""What a session is set to, and what has to be sent to change that. Nothing is sent here.

Names without a schema are looked up along `search_path`, and a function, operator, type or table that somebody made to
be found first would run with the rights of whoever syncs (CVE-2018-1058). So gitmig's statements run at home: with
nothing but `pg_catalog, pg_temp` on the path. `pg_temp` is named, or a temporary table would be found before all else.

Scripts run under the path of their user: what a new session of that user has. So do the statements that write rows into
users' tables, for what the owners attached to these (checks, domains, generated columns, expression indexes) is looked
up along the path as well; they are written so that they mean the same under every path.

Where the path is, is noted, and looked after before each of gitmig's own statements. Nothing is known of it after
whatever may call functions of users, and after a rollback behind that: `ROLLBACK TO` takes back a `SET`, and what a
script sets and commits outlives it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from copy import copy
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOME = b"SET search_path = pg_catalog, pg_temp"
USERS = b"RESET search_path"
# To compile gitmig's queries of catalogs takes ten times as long as to run them, and to plan them five times. A time
# limit that a role or a database has for statements of an application is none for those.
TUNE = (b"SET jit = off", b"SET plan_cache_mode = force_generic_plan", b"SET statement_timeout = 0")
UNTUNE = (b"RESET jit", b"RESET plan_cache_mode", b"RESET statement_timeout")
# While a scratch database is built or a question is answered, the session idles, and must not be thrown out for it;
# these hold while scripts run, too. With the version of PostgreSQL that knows the setting.
IDLE = (
    (90600, b"SET idle_in_transaction_session_timeout = 0"),
    (140000, b"SET idle_session_timeout = 0"),
    (170000, b"SET transaction_timeout = 0"),
)
# Every script starts as on a new connection, so that a database that came here step by step equals one that was
# built in one go: a SET, a temporary table or a role of one migration does not reach the next one.
RESET = (b"RESET ALL", b"RESET SESSION AUTHORIZATION", b"DISCARD TEMP")
# None of these calls a function of somebody else, as long as it is about catalogs and gitmig's own tables: at most DDL
# does, through event triggers, and what is checked late.
LEAVES_PATH = re.compile(
    r"\s*(?:select|with|values|show|set\s+(?!constraints|search_path)|reset\s+(?!all|search_path)|savepoint|release|(?:insert\s+into|update|delete\s+from)"
    r"\s+gitmig(?:_kept)?\.)",
    re.IGNORECASE,
)

VALUES = {
    "datestyle": "ISO, YMD",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}
# How PostgreSQL writes expressions depends on these. With nothing but pg_catalog on the path, it writes every other
# name with its schema. No jit: to compile queries of catalogs takes longer than to run them.
DEFINITIONS = {
    "search_path": "pg_catalog, pg_temp",
    **VALUES,
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "jit": "off",
}
# A policy must not hide rows, and no time limit of the database or the role may cut the work short. Rows are read in
# the order they lie in, by which those without a key are known again.
ROWS = {
    **VALUES,
    "xmloption": "content",
    "row_security": "off",
    "statement_timeout": "0",
    "array_nulls": "on",
    "max_parallel_workers_per_gather": "0",
    "synchronize_seqscans": "off",
    "jit": "off",
}
TRANSFER = {
    **DEFINITIONS,
    "xmloption": "content",
    "check_function_bodies": "off",
    "row_security": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "default_transaction_read_only": "off",
}


def setting(settings: Mapping[str, str], *, local: bool = False) -> str:
    """The expressions of a SELECT that make these settings; `local` ones end with the transaction."""
    return ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', {str(local).lower()})" for name, value in settings.items()
    )


class SearchPath(Enum):
    """Which path is set, or shall be: gitmig's own, that of a new session of the user, or whatever there is."""

    HOME = auto()
    USERS = auto()
    ANY = auto()


class SessionState:
    """What a session is set to now, as far as that is known, and what the next statement wants.

    `strangers` counts how often code was sent that is not gitmig's; `is_untrusted`: what is sent now may call some.
    `lock_timeout` is for how many milliseconds a statement may wait for a lock; None is what the user has.
    """

    def __init__(self, version: int = 0) -> None:
        self.lock_timeout: int | None = None
        self._idle = tuple(statement for since, statement in IDLE if version >= since)
        self.path = SearchPath.USERS
        self.wanted = SearchPath.HOME
        self.strangers = 0
        self.is_untrusted = False
        self.settings: str | None = None  # expressions that set what the session is set to, if not to what is usual
        self._wants_settings = False
        self._is_tuned: bool | None = False  # as no script shall find it; None: perhaps
        self._is_spoilt = False  # a script failed, and its settings may have stayed

    @property
    def is_changed(self) -> bool:
        """Whether it is not as a new session of the user."""
        return self._is_tuned is not False or self.settings is not None or self.path is not SearchPath.USERS

    @contextmanager
    def under(self, path: SearchPath) -> Iterator[None]:
        """Statements in the block find this path, and may call code of users."""
        before, self.wanted = self.wanted, path
        try:
            with self.among_rows():
                yield
        finally:
            self.wanted = before

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """Statements in the block run at home, whatever is wanted around it."""
        before, self.wanted = self.wanted, SearchPath.HOME
        try:
            yield
        finally:
            self.wanted = before

    @contextmanager
    def among_rows(self) -> Iterator[None]:
        """Statements in the block may call what owners of types have made."""
        before, self.is_untrusted = self.is_untrusted, True
        try:
            yield
        finally:
            self.is_untrusted = before

    @contextmanager
    def with_settings(self) -> Iterator[None]:
        """Statements in the block want what `change_settings` has led to."""
        before, self._wants_settings = self._wants_settings, True
        try:
            yield
        finally:
            self._wants_settings = before

    def change_settings(self, settings: str) -> list[bytes]:
        """What has to be sent so that these settings are made; from here on it counts as sent."""
        if self.settings == settings and not self._is_spoilt:
            return []
        statements = [f"SELECT {settings}".encode()]
        if self._is_spoilt or self.settings:
            statements = [*self.reset(), *statements]
        self.settings = settings
        return statements

    def opening(self) -> list[bytes]:
        """What has to be sent before the next statement; from here on it counts as sent."""
        if self.wanted is SearchPath.ANY:
            return []
        found: list[bytes] = []
        if self._is_spoilt or (self.settings and not self._wants_settings and self.wanted is SearchPath.USERS):
            found += self.reset()
        if self.path is not self.wanted:
            found.append(HOME if self.wanted is SearchPath.HOME else USERS)
            self.path = self.wanted
        if self.path is SearchPath.HOME and not self._is_tuned:
            found += (*TUNE, *self._limits)
            self._is_tuned = True
        return found

    def reset(self) -> tuple[bytes, ...]:
        """What makes it a new session of the user; from here on it counts as sent."""
        self.path, self._is_spoilt, self._is_tuned, self.settings = SearchPath.USERS, False, False, None
        return (*RESET, *self._limits)

    @property
    def _limits(self) -> tuple[bytes, ...]:
        """How long the session may idle, and wait for a lock."""
        lock = () if self.lock_timeout is None else (f"SET lock_timeout = {self.lock_timeout}".encode(),)
        return (*self._idle, *lock)

    def note_stranger(self) -> None:
        """Note that code was sent that is not gitmig's."""
        self.strangers += 1
        self.path = SearchPath.ANY

    def begin_script(self, home: list[bytes]) -> list[bytes]:
        """What gives the session to a script, with the statements that gitmig sends before it at home."""
        opening = [HOME, *home, USERS] if home else [] if self.path is SearchPath.USERS else [USERS]
        if self._is_spoilt or self.settings:
            opening = [*self.reset(), *opening]
        if self._is_tuned is not False:
            opening += UNTUNE
            self._is_tuned = False
        self._is_spoilt = True
        self.note_stranger()
        return opening

    def commit(self) -> list[bytes]:
        """What has to be sent so that what is checked at the commit finds the user's path."""
        if self.wanted is SearchPath.ANY:  # the script's own settings last until its end
            return []
        statements = self.reset() if self.settings else (USERS,)
        self.path = SearchPath.USERS
        return list(statements)

    @contextmanager
    def transaction(self, *, force_rollback: bool) -> Iterator[None]:
        """Follow what becomes of the settings when the block, a transaction or savepoint, ends."""
        before, committed = copy(self), False
        try:
            yield
            committed = not force_rollback
        finally:
            if before.strangers != self.strangers:
                self.path = SearchPath.ANY
            elif not committed:
                self.path = before.path
            if not committed:
                self.settings, self._is_spoilt, self._is_tuned = before.settings, before._is_spoilt, None
