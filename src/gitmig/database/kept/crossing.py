"""Running a step in such a way that nothing it takes away is lost, with rows out of its way if it fails on them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gitmig.core.kept.losses import Losses, find_losses
from gitmig.database.kept import aside
from gitmig.database.kept.attempts import attempt
from gitmig.database.kept.limits import check
from gitmig.database.kept.offender import name_row
from gitmig.database.kept.passage import Passage, UnknownRows
from gitmig.database.kept.shape import read_shape
from gitmig.database.sending import ScriptError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from gitmig.core.kept.report import Limits, Report
    from gitmig.core.kept.shape import Shape, TableName
    from gitmig.database.connection import Connection
    from gitmig.database.kept.passage import Step
    from gitmig.database.kept.postponing import Postponement
    from gitmig.database.kept.store import Store

    Progress = Callable[[TableName, int], None]


class Crossing:
    """Runs steps inside the caller's transaction. `progress` is told the table and its size before it is copied.

    `wary`: see `Keeper`.
    """

    def __init__(
        self,
        connection: Connection,
        store: Store,
        limits: Limits,
        postponed: Postponement,
        progress: Progress,
        *,
        wary: bool = False,
    ) -> None:
        self._connection = connection
        self._store = store
        self._limits = limits
        self._postponed = postponed
        self._progress = progress
        self._wary = wary

    def carefully(self, step: Step, before: Shape, whole: Collection[int] = ()) -> Report:
        """Find out what is lost, and if anything is, run the step again with that saved.

        The rows of the tables `whole` (oids) are put aside for it. Raises ScriptError, GitmigError.
        """
        passage = Passage(self._connection, self._store, step, before, whole, wary=self._wary)
        losses, report = self._try(passage)
        if report is not None:
            return report
        check(self._connection, step.subject, losses, self._limits)
        for loss in losses.tables:
            self._progress(loss.table.name, loss.table.bytes)
        with self._connection.transaction():
            passage.begin()
            passage.save(losses)
            passage.cross()
            return passage.settle()

    def without_rows(self, step: Step, error: ScriptError) -> Report:
        """Run a revert with rows put aside; the first error counts if that does not help either."""
        before = read_shape(self._connection)
        for tables in aside.candidates(self._connection, before, error):
            try:
                report = self.carefully(step, before, tables)
            except ScriptError:
                continue
            names = tuple(sorted(before.tables[oid].name for oid in tables if before.tables[oid].filled))
            return replace(report, aside=names)
        raise error

    def completed(self, step: Step, error: ScriptError) -> Report:
        """Run an apply with rows put aside that come back with what the revert took from them.

        If one has nothing to come back with, the first error counts; it names a row and who may be to blame.
        """
        before = read_shape(self._connection)
        suspects = list(aside.candidates(self._connection, before, error))
        homes = {item.heir for item in step.due if item.lost}
        for tables in suspects:
            if homes.isdisjoint(before.tables[oid].name for oid in tables):
                continue
            if (report := self._attempt_without(step, before, tables, error)) is not None:
                return report
        self._postponed.blame([frozenset(before.tables[oid].name for oid in tables) for tables in suspects])
        name_row(self._connection, before, error)
        raise error

    def preview(self, script: Callable[[], None]) -> Losses:
        """What a script would take away; it runs, and everything it did is rolled back. Raises ScriptError."""
        losses = Losses()
        before = read_shape(self._connection)

        def work() -> bool:
            nonlocal losses
            script()
            losses = find_losses(before, read_shape(self._connection))
            return False

        attempt(self._connection, work)
        return losses

    def _try(self, passage: Passage) -> tuple[Losses, Report | None]:
        """Run it. Where nothing is lost, that was it, and the report is there."""
        losses, report = Losses(), None

        def work() -> bool:
            nonlocal losses, report
            passage.begin()
            passage.cross()
            passage.look_back()
            losses = passage.losses()
            report = None if losses else passage.arrive()
            return not losses

        attempt(self._connection, work)
        return losses, report

    def _attempt_without(self, step: Step, before: Shape, tables: Collection[int], error: ScriptError) -> Report | None:
        """Run an apply with the rows of these tables put aside; None, as if nothing had been, if not all came back."""
        report: Report | None = None

        def work() -> bool:
            nonlocal report
            report = self.carefully(step, before, tables)
            refused = {(kept.table.schema, kept.table.name): kept.why for kept in report.kept if kept.why}
            error.detail = error.detail or (refused.get(error.table) if error.table else None)
            return not refused

        try:
            return report if attempt(self._connection, work) else None
        except (ScriptError, UnknownRows):
            return None
