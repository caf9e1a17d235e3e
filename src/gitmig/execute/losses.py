"""What a script for the outside of a transaction would take that cannot be kept there, told before it begins."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.execute.script import OUTSIDE_ONLY
from gitmig.migrations.languages.sql import SQL, executable, units, without_block_commits, words_of
from gitmig.migrations.model import Script
from gitmig.migrations.parser import Statement
from gitmig.postgres.run_sql import REFUSED, ScriptError, send_sql, session_of
from gitmig.rows.reach import Reach, reaches_rows, suspect

if TYPE_CHECKING:
    from gitmig.migrations.languages import Unit
    from gitmig.postgres.connection import Connection
    from gitmig.rows.preserve import Preserver

# Each statement whose rows are kept has a session of its own, and temporary tables end with that: such a script runs
# in one, and may take nothing.
TEMPORARY = re.compile(r"\b(?:temp|temporary|pg_temp)\b", re.IGNORECASE)
# A block without any of these ends no transaction, and runs inside.
ENDS = re.compile(r"\b(?:commit|rollback|abort|call|language)\b", re.IGNORECASE)
# Whether a procedure of this name may be somebody's work; those of extensions keep their own rows.
OWN_PROCEDURE = """
    SELECT EXISTS (
        SELECT FROM pg_catalog.pg_proc p WHERE p.prokind = 'p' AND p.proname = ANY ($1::text[]) AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
        )
    )
"""


def refuse_losses(connection: Connection, preserver: Preserver, script: Script) -> None:
    """Raise ScriptError if a script for the outside may take rows that cannot be kept; it runs for that, and is undone.

    That is a block or a procedure that ends transactions by itself, temporary tables that such statements share, and a
    program whose print is known. Of a program that connects nothing is known.
    """
    if (known := _as_sql(connection, script)) is None or not _is_doubtful(script, known):
        return
    trial = _Trial(connection, known)
    try:
        changes = preserver.preview(trial)
    except ScriptError:  # it fails, or needs its own commits: what it does is kept as far as it goes
        if connection.broken:
            raise
        changes = None
    if trial.unseen is not None:
        raise _refusal(script, trial.unseen, "it ends its transaction by itself: rows that it takes could not be kept")
    if changes is not None and changes.losses and (script is not known or TEMPORARY.search(known.text)):
        what = ", ".join(str(change) for change in changes.losses[:3])
        raise _refusal(
            script,
            None,
            f"it takes rows ({what}) outside a transaction, where they cannot be kept: make two migrations of it",
        )


def _as_sql(connection: Connection, script: Script) -> Script | None:
    if not script.language.is_program:
        return script
    printed = connection.programs.printed(script) if connection.programs else None
    return Script(language=SQL, text=printed, path=script.path, section=script.section) if printed else None


def _is_doubtful(script: Script, known: Script) -> bool:
    if suspect(known.text).reach is Reach.NONE:
        return False
    return script is not known or bool(TEMPORARY.search(known.text)) or any(map(_may_end, units(known.text)))


def _may_end(unit: Unit) -> bool:
    """Whether it may end its transaction by itself, and not by plain COMMITs, which are left out."""
    if _head(unit) == "DO":
        return bool(ENDS.search(unit.text)) and without_block_commits(unit.text) == unit.text
    return _head(unit) == "CALL"


def _head(unit: Unit) -> str:
    return next(iter(words_of(Statement(unit.text, unit.offset))), "")


class _Trial:
    """A script, unit by unit in one transaction, without those that must not be there.

    `unseen` is one of them that may take rows.
    """

    def __init__(self, connection: Connection, script: Script) -> None:
        self.unseen: Unit | None = None
        self._connection = connection
        self._script = script

    def run(self) -> None:
        """Run it in the open transaction. Raises ScriptError."""
        self.unseen = None
        with session_of(self._connection, self._script), self._connection.any_path():
            for unit in units(self._script.text):
                if not self._runs(unit) and _may_end(unit) and self._may_take(unit):
                    self.unseen = unit
                    return

    def _runs(self, unit: Unit) -> bool:
        try:
            with self._connection.transaction():
                self._connection.value("SELECT 1")  # with which the savepoint is made
                send_sql(self._connection, without_block_commits(executable(unit.text)), self._script, unit.offset)
        except ScriptError as error:
            if error.sqlstate not in OUTSIDE_ONLY:
                raise
            return False
        return True

    def _may_take(self, unit: Unit) -> bool:
        words = suspect(unit.text).words
        if _head(unit) == "CALL":
            (((is_own,),),) = self._connection.run_prepared((OWN_PROCEDURE, (sorted(words),)))
            if not is_own:
                return False
        return reaches_rows(self._connection, suspect(unit.text))


def _refusal(script: Script, unit: Unit | None, message: str) -> ScriptError:
    is_line = unit is not None and not script.language.is_program
    line = script.first_line + (script.text.count("\n", 0, unit.offset) if unit and is_line else 0)
    return ScriptError(
        sqlstate=REFUSED,
        message=message,
        line=line,
        statement=unit.text if unit else "",
    )
