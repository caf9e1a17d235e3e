"""All that people read while something runs: events become lines, and bars on a terminal."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from gitmig import events
from gitmig.cli.output import plural, say, tell, warn
from gitmig.cli.wording import abandoned_line, row_lines, staying_line, step_line
from gitmig.migrations.plan import Apply
from gitmig.text import as_size, first_few, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.progress import Progress

    from gitmig.events import Event
    from gitmig.execute.tasks import Done
    from gitmig.migrations.plan import Step
    from gitmig.own_databases.make import MadeDatabase
    from gitmig.rows.since import Written

LONG_PLAN = 10  # steps; shorter plans are over before a bar can be read
LARGE_COPY = 50 << 20  # bytes; smaller ones are over before the line can be read
LONGEST_ROW = 60  # characters of a row that are shown
# Where there is no terminal, a line is printed after so many.
VERIFIED_ROUND, COMMITS_ROUND = 50, 100


class Reporter:
    """Prints every event it is called with. Left as a context, it takes the bars away.

    `quiet` leaves out what belongs to the result, which is JSON then.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar = CountBar()
        self._copies = CopyBar()
        self._waits = WaitBar()
        self._waiting_for = ""
        self._selected = self._verified = 0
        self._section = "up"  # that of the step under way

    def __enter__(self) -> Reporter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_bars()

    def __call__(self, event: Event) -> None:
        """Print the event."""
        if isinstance(event, events.WaitEvent):
            self._tell_wait(event)
        elif isinstance(event, events.PlanEvent):
            self._tell_plan(event)
        elif isinstance(event, events.ProgramEvent):
            self._tell_program(event)
        elif isinstance(event, events.RowEvent):
            self._tell_rows(event)
        elif isinstance(event, events.RebuildEvent):
            self._tell_rebuild(event)
        elif isinstance(event, events.OwnDatabaseEvent):
            self._tell_own_database(event)
        else:
            self._count(event)

    def _tell_wait(self, event: events.WaitEvent) -> None:
        """For whom somebody has to wait."""
        match event:
            case events.WaitingForLock(holder):
                who = f"{holder.application or 'another program'} (process {holder.pid}, user {holder.user})"
                tell(f"waiting for {who}, which has been at work for {holder.seconds:.0f} s …")
            case events.WaitingForBlockers(blockers, limit):
                self._show_waiting(" and ".join(map(str, blockers)), limit)
            case events.WaitingForSessions(sessions):
                tell(f"waiting for others to leave the database: {', '.join(map(str, sessions))} …")

    def _tell_plan(self, event: events.PlanEvent) -> None:
        """What of a plan runs, and what else is done to the schema."""
        match event:
            case events.PlanStarted(plan):
                if len(plan.steps) >= LONG_PLAN:
                    self._bar.start(len(plan.steps))
            case events.StepStarted(step):
                self._section = "up" if step.direction.value == "apply" else "down"
                self._copies.stop()
                self._waits.stop()
                self._bar.advance(f"{step.direction.sign} {step.label}")
            case events.StepsCommitted(done):
                self._stop_bars()
                self._print_committed(done)
            case events.ScriptResumed(label):
                tell(f"finishing {label}, which was interrupted outside a transaction")
            case events.DriftDiscarded(drift):
                tell(f"took back what was changed by hand: {first_few(drift.names)}")
            case events.TakingBack(plan):
                steps = plural(len(plan.steps), "step")
                tell(f"a later step fails: taking back {steps} that had to be committed before it")

    def _tell_program(self, event: events.ProgramEvent) -> None:
        """What a migration that is a program says, and what it waits for."""
        match event:
            case events.ProgramSaid(line, section, run):
                if section == self._section and run == 1:  # the others are trials
                    self._stop_bars()
                    tell(f"  | {line}")
            case events.ProgramUnforwarded(path):
                self._warn(
                    f"{path} runs outside of gitmig's transaction: over an encrypted connection nothing is forwarded"
                )
            case events.ProgramWaits(path, session):
                self._warn(
                    f"{session} waits for gitmig's transaction: if {path} has opened it, it must use DATABASE_URL"
                )

    def _tell_rows(self, event: events.RowEvent) -> None:
        """What becomes of rows."""
        match event:
            case events.SavingTable(table, size):
                self._show_copy(str(table), size)
            case events.RowsRestored(report):
                self._print(row_lines(report))
            case events.RowsStillKept(items):
                self._stop_bars()
                self._print([staying_line(item) for item in items])
            case events.RowsAbandoned(items):
                for item in items:
                    warn(abandoned_line(item))
            case events.RowsExpired(items):
                count = plural(len(items), "item")
                tell(f"dropped {count} of kept rows older than `kept_age`, the first from {items[0].what}")
            case events.UndoPlanned(last, written):
                _tell_written(f"{last.began_at:%Y-%m-%d %H:%M}", written)

    def _tell_rebuild(self, event: events.RebuildEvent) -> None:
        """How far a new database is that takes the place of the old one."""
        match event:
            case events.RebuildNeeded(failure):
                self._warn(failure.message)
                for line in failure.details:
                    tell(f"  {line}")
            case events.BuildingDatabase(count):
                tell(f"building {plural(count, 'migration')} in a new database")
            case events.CarryingTable(table, position, count):
                self._bar.start(count)
                self._bar.advance(table, to=position)
            case events.DatabaseReplaced():
                self._stop_bars()  # the result says it

    def _tell_own_database(self, event: events.OwnDatabaseEvent) -> None:
        """What becomes of the database of a work tree or branch, and of what belongs to it."""
        match event:
            case events.CopyingDatabase(source, name, size):
                self._tell_copying(source, name, size or 0)
            case events.DatabaseMade(made):
                self._print_made(made)
            case events.DatabaseShared(why, name):
                warn(f"this work tree has no database of its own ({why}) and shares {name}")
            case events.DatabaseSetAside(name, kept_as):
                warn(f"{name} was left by what is gone; it is {kept_as} now, and `gitmig db prune` drops it")
            case events.EnvFileKept(path, database, None):
                self._print([f"  {path} has the URL of {database} now"])
            case events.EnvFileKept(path, database, trouble):
                warn(f"the URL of {database} was not written to {path}: {trouble}")
            case events.StandInMade(notice):
                self._warn(notice)

    def _count(self, event: events.CountEvent) -> None:
        """How far something is that takes its time."""
        match event:
            case events.MigrationsSelected(count):
                self._selected = count
                self._bar.start(count)
            case events.MigrationVerified(label):
                self._count_verified(label)
            case events.CommitRead(number):
                if number % COMMITS_ROUND == 0 and sys.stderr.isatty():
                    tell(f"{number} commits …")

    def _warn(self, text: str) -> None:
        self._stop_bars()
        warn(text)

    def _print(self, lines: Sequence[str]) -> None:
        if not self._quiet:
            for line in lines:
                say(line)

    def _print_committed(self, done: Sequence[Done]) -> None:
        self._print([line for one in done for line in (step_line(one.step, one.milliseconds), *row_lines(one.rows))])
        for one in () if self._quiet else done:
            if one.repair:
                from gitmig.execute.repair import Way  # loaded by now, and too large for --help

                completed = one.repair.way is Way.COMPLETED
                amended = "gitmig put the rest right" if completed else "gitmig computed the way back"
                warn(f"{one.step.label}: {one.repair.reason}; {amended}")
            if trouble := _trouble_of_down(one.step):
                warn(f"{one.step.label} {trouble}")

    def _tell_copying(self, source: str | None, name: str, size: int) -> None:
        if source is None:
            self._stop_bars()
            tell("waiting for another gitmig, which makes this database …")
        elif size >= LARGE_COPY:
            self._stop_bars()
            tell(f"copying {as_size(size)} of {source} to {name} …")

    def _print_made(self, made: MadeDatabase) -> None:
        self._stop_bars()
        what = "was made empty"
        if made.source is not None and made.method is not None:
            size = "" if made.size is None else f"{as_size(made.size)}, "
            what = f"is a copy of {made.source} ({size}{made.method.value}, {made.milliseconds / 1000:.1f} s)"
        self._print([f"  {made.name} {what}"])
        for note in made.notes:
            warn(f"{made.name}: {note}")

    def _show_copy(self, table: str, size: int) -> None:
        """Which copy takes its time, and how long that may be."""
        if size < LARGE_COPY:
            return
        if sys.stderr.isatty():
            self._bar.stop()
            self._copies.add(table, size)
        else:
            tell(f"copying {as_size(size)} of {table}, whose rows a step may take away …")

    def _show_waiting(self, who: str, limit: float | None) -> None:
        """For whom, once; on a terminal also how long, and until when."""
        if who != self._waiting_for:
            self._waiting_for = who
            self._stop_bars()
            tell(f"waiting for {who} …")
            if limit and sys.stderr.isatty():
                self._waits.start(limit)

    def _count_verified(self, label: str) -> None:
        """On a terminal the bar moves; elsewhere there is a line now and then."""
        self._verified += 1
        self._bar.advance(label)
        is_round = self._verified % VERIFIED_ROUND == 0 and self._verified < self._selected
        if is_round and not sys.stderr.isatty():
            tell(f"{self._verified} of {self._selected} migrations verified …")

    def _stop_bars(self) -> None:
        self._copies.stop()
        self._waits.stop()
        self._bar.stop()


def _trouble_of_down(step: Step) -> str | None:
    """What is wrong with the down of a migration that was applied: said when it is made, not when it is needed."""
    content = step.desired.content if isinstance(step, Apply) else None
    if content is None or content.up.is_blank:
        return None
    if content.down is None:
        return "has no down section: its way back will have to be computed"
    if content.down.is_blank:
        return "has no statement in its down: a revert will undo nothing"
    trouble = content.down.trouble
    return f"has a down that cannot run ({trouble.place}: {trouble.message})" if trouble else None


def _tell_written(when: str, written: Sequence[Written]) -> None:
    if not written:
        tell(f"no row was written since the last sync ({when})")
        return
    tell(f"written since the last sync ({when}):")
    for one in written:
        rows = [row if len(row) <= LONGEST_ROW else f"{row[:LONGEST_ROW]}…" for row in one.shown]
        more = ", …" if one.rows > len(one.shown) else ""
        tell(f"  {plural(one.rows, 'row')} of {one.table}: {', '.join(rows)}{more}")


class CountBar:
    """A bar on a terminal: how many of a known number are done, and which one is under way."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def start(self, total: int) -> None:
        """Show the bar unless it is there, or there is nothing to count or no terminal."""
        if self._progress or not total or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False))
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._progress.add_task("", total=total)
        self._progress.start()

    def advance(self, label: str, *, to: int | None = None) -> None:
        """One more, or so many, if the bar is there."""
        if self._progress:
            (task,) = self._progress.task_ids
            by = 1 if to is None else None
            self._progress.update(task, advance=by, completed=to, description=visible(label))

    def stop(self) -> None:
        """Take the bar away."""
        if self._progress:
            self._progress.stop()
            self._progress = None


# Bytes a second until the first copy has told: CREATE TABLE AS writes 50 to 200 MB a second on a common disk.
USUAL_RATE = 60 << 20


class CopyBar:
    """A bar for the copies of large tables. PostgreSQL does not tell how far one is, so it goes by the time.

    `rate` is how many bytes a second the earlier copies took.
    """

    def __init__(self) -> None:
        self.rate = float(USUAL_RATE)
        self._progress: Progress | None = None
        self._bytes = 0
        self._began = 0.0

    def add(self, table: str, size: int) -> None:
        """Show that this table is copied, too."""
        if self._progress is None:
            self._progress = _clock()
            self._began = time.monotonic()
        self._bytes += size
        (task,) = self._progress.task_ids
        name = visible(table)
        words = f"copying {as_size(self._bytes)}, {name} the last, {about(self._bytes / self.rate)}"
        self._progress.update(task, total=self._bytes / self.rate, description=words)

    def stop(self) -> None:
        """Take the bar away; the next estimate goes by how long this took."""
        if self._progress is None:
            return
        self._progress.stop()
        self._progress = None
        self.rate = self._bytes / max(time.monotonic() - self._began, 0.001)
        self._bytes = 0


class WaitBar:
    """A bar for the time that others are waited for, up to that at which gitmig gives up."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def start(self, limit: float) -> None:
        """Show it unless it is there."""
        if self._progress is None:
            self._progress = _clock()
            (task,) = self._progress.task_ids
            self._progress.update(task, total=limit, description=f"of at most {limit:g} s (`lock_wait`)")

    def stop(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _clock() -> Progress:
    """A bar that follows the time, and stops short of its end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, Task, TextColumn, TimeElapsedColumn

    class Clock(BarColumn):
        def render(self, task: Task):  # type: ignore[no-untyped-def]
            task.completed = min(task.elapsed or 0, 0.95 * (task.total or 1))
            return super().render(task)

    columns = (Clock(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    progress.add_task("", total=1)
    progress.start()
    return progress


def about(seconds: float) -> str:
    """`about 20 s`, `about 3 min`: an estimate has no more digits than it is worth."""
    if seconds < 60:
        return f"about {max(round(seconds), 1)} s"
    return f"about {round(seconds / 60)} min"
