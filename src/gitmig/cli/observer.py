"""How a sync is watched from the command line and from a hook."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gitmig.cli.copying import CopyProgress
from gitmig.cli.kept_rows import abandoned_line, lines, staying_line
from gitmig.cli.render import confirm, ledger_lines, plural, say, step_line, tell, warn
from gitmig.core.plan import Direction
from gitmig.core.repair import Way, named
from gitmig.core.sizes import as_size
from gitmig.core.text import visible
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress

    from gitmig.core.ownership import ForeignLedger
    from gitmig.core.plan import Plan, Step
    from gitmig.core.schema import SchemaDifference
    from gitmig.database.book import Done
    from gitmig.database.lock import Holder
    from gitmig.database.rebuild.sessions import Session
    from gitmig.errors import SyncFailed
    from gitmig.rows.items import Item, Report
    from gitmig.rows.tables import TableName

AMENDED = {
    Way.COMPLETED: "gitmig put the rest right",
    Way.COMPUTED: "gitmig computed the way back",
}
# Shorter plans are over before a bar can be read.
LONG_PLAN = 10
LARGE_COPY = 50 << 20  # bytes; smaller ones are over before the line can be read


class Watcher:
    """Prints one line per step that is done; shows progress on a terminal; asks before a revert if it may.

    `agreed` says that a person has said yes in advance; `command` is what they called.
    """

    def __init__(self, *, may_ask: bool, quiet: bool = False, agreed: bool = False, command: str = "sync") -> None:
        self._may_ask = may_ask and sys.stdin.isatty() and sys.stderr.isatty()
        self._agreed = agreed
        self._quiet = quiet
        self._command = command
        self._progress: Progress | None = None
        self._copying = CopyProgress()

    def waiting(self, holder: Holder) -> None:
        """Say who works on the database."""
        who = f"{holder.application or 'another program'} (process {holder.pid}, user {holder.user})"
        tell(f"waiting for {who}, which has been at work for {holder.seconds:.0f} s …")

    def resuming(self, label: str) -> None:
        """Say what is finished first."""
        tell(f"finishing {label}, which was interrupted outside a transaction")

    def discarded(self, drift: SchemaDifference) -> None:
        """Say what had been changed by hand and is not any more."""
        tell(f"took back what was changed by hand: {named(drift.names)}")

    def taking_back(self, plan: Plan) -> None:
        """Say why steps run that nobody has asked for."""
        tell(f"a later step fails: taking back {plural(len(plan.steps), 'step')} that had to be committed before it")

    def planned(self, plan: Plan) -> bool:
        """Show and ask where it matters."""
        if plan.reverts and self._may_ask:
            for step in plan.steps:
                tell(step_line(step))
            made = "what it made" if len(plan.reverts) == 1 else "what they made"
            tell(f"Reverting {plural(len(plan.reverts), 'migration')} takes away {made}; rows are kept aside.")
            return confirm("Go on?", default=True)
        if len(plan.steps) >= LONG_PLAN and sys.stderr.isatty():
            self._start_progress(len(plan.steps))
        return True

    def expired(self, items: Sequence[Item]) -> None:
        """Say what is too old to be kept any longer."""
        tell(f"dropped {plural(len(items), 'item')} of kept rows older than `kept_age`, the first from {items[0].what}")

    def abandoned(self, items: Sequence[Item]) -> None:
        """Say what nobody will bring back, and that it stays."""
        for item in items:
            warn(abandoned_line(item))

    def staying(self, items: Sequence[Item]) -> None:
        """Say what is still kept although its step has come."""
        self.close()
        if not self._quiet:
            for item in items:
                say(staying_line(item))

    def keeping(self, table: TableName, size: int) -> None:
        """Show which copy takes its time, and how long that may be."""
        if size >= LARGE_COPY:
            if sys.stderr.isatty():
                self._stop_progress()
                self._copying.add(str(table), size)
            else:
                tell(f"copying {as_size(size)} of {table}, whose rows a step may take away …")

    def settled(self, report: Report) -> None:
        """Print what was put back last."""
        if not self._quiet:
            for line in lines(report):
                say(line)

    def unrepairable(self, failure: SyncFailed) -> bool:
        """A database that cannot go back is built anew, after a question if there is somebody to answer it."""
        self.close()
        warn(failure.message)
        for line in failure.details:
            tell(f"  {line}")
        if not self._may_ask:
            return True
        tell("It can be made anew beside the old one, which is kept, and its rows are carried over.")
        return confirm("Go on?", default=True)

    def protected(self, plan: Plan) -> bool:
        """A protected database is changed only if somebody says yes."""
        if self._agreed:
            return True
        if not self._may_ask:
            raise GitmigError(
                "the database is protected: this needs your word",
                hint=f"`gitmig {self._command} --yes` gives it",
            )
        for step in plan.steps:
            tell(step_line(step))
        return confirm("The database is protected. Go on?", default=False)

    def foreign(self, known: ForeignLedger) -> bool:
        """A clone that lacks objects cannot tell; a person can."""
        if not self._may_ask:
            return False
        warn(known.message)
        return confirm("This clone is shallow or partial and may not know its own. Is it this project's database?")

    def building(self, count: int) -> None:
        """Say what takes its time."""
        tell(f"building {plural(count, 'migration')} in a new database")

    def occupied(self, sessions: Sequence[Session]) -> None:
        """Say who is in the way."""
        tell(f"waiting for others to leave the database: {', '.join(map(str, sessions))} …")

    def carrying(self, table: str, position: int, count: int) -> None:
        """Show the table under way."""
        if not self._progress and sys.stderr.isatty():
            self._start_progress(count)
        if self._progress:
            self._progress.update(self._progress.task_ids[0], completed=position, description=visible(table))

    def swapped(self, kept_as: str) -> None:
        """The result says it."""
        self.close()

    def started(self, step: Step) -> None:
        """Show the step under way."""
        self._copying.stop()
        if self._progress:
            self._progress.update(
                self._progress.task_ids[0], advance=1, description=visible(f"{step.direction.sign} {step.label}")
            )

    def committed(self, done: Sequence[Done]) -> None:
        """Print what is done for good."""
        self.close()
        if not self._quiet and done:
            for line in (line for one in done for line in (step_line(one.step, one.milliseconds), *lines(one.rows))):
                say(line)
            for one in done:
                if one.repair:
                    warn(f"{one.step.label}: {one.repair.reason}; {AMENDED[one.repair.way]}")
                self._warn(one.step)

    def _warn(self, step: Step) -> None:
        """Say it when a migration is made, not when it is too late."""
        content = step.desired.content if step.desired else None
        if step.direction is not Direction.APPLY or content is None or content.up.is_blank:
            return
        if content.down is None:
            warn(f"{step.label} has no down section: its way back will have to be computed")
        elif content.down.is_blank:
            warn(f"{step.label} has no statement in its down: a revert will undo nothing")
        elif trouble := content.down.trouble:
            warn(f"{step.label} has a down that cannot run ({trouble.place}: {trouble.message})")

    def moved(self, plan: Plan) -> None:
        """Print what is called something else now."""
        if not self._quiet:
            for line in ledger_lines(plan):
                say(line)

    def close(self) -> None:
        """Take the progress bar away."""
        self._copying.stop()
        self._stop_progress()

    def _stop_progress(self) -> None:
        if self._progress:
            self._progress.stop()
            self._progress = None

    def _start_progress(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._progress.add_task("", total=total)
        self._progress.start()
