"""What people read of each event where there is no terminal."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from gitmig import events
from gitmig.cli.reporter import Reporter
from gitmig.errors import SyncFailed
from gitmig.ledger.rows import LastSync
from gitmig.migrations.plan import Plan
from gitmig.postgres.lock import Holder
from gitmig.rebuild.cutover import OtherSession
from gitmig.rows.items import Report, Restored
from gitmig.rows.since import Written
from gitmig.rows.tables import TableName
from gitmig.schema.model import ObjectKind, ObjectName, SchemaDifference

A = TableName("public", "a")
PSQL, UNNAMED = OtherSession(pid=8, application="psql", user="bob"), OtherSession(pid=9, application="", user="")
LAST = LastSync(stayed=0, went=(), commit=None, began_at=datetime(2026, 1, 3, 12, 30, tzinfo=timezone.utc))
PUT_BACK = events.RowsRestored(Report(restored=(Restored(table=A, rows=2),)))


def holder(application: str) -> Holder:
    return Holder(pid=7, application=application, user="ann", seconds=3.4)


def drift(*names: str) -> SchemaDifference:
    return SchemaDifference(missing=(), surplus=tuple(ObjectName(ObjectKind.TABLE, name) for name in names), changed=())


CASES: list[tuple[events.Event, str]] = [
    (
        events.WaitingForLock(holder("gitmig sync")),
        "waiting for gitmig sync (process 7, user ann), which has been at work for 3 s …\n",
    ),
    (
        events.WaitingForLock(holder("")),
        "waiting for another program (process 7, user ann), which has been at work for 3 s …\n",
    ),
    (
        events.WaitingForSessions([PSQL, UNNAMED]),
        "waiting for others to leave the database: psql (process 8, user bob), "
        "a program without a name (process 9, user ?) …\n",
    ),
    (events.ScriptResumed("0001_a"), "finishing 0001_a, which was interrupted outside a transaction\n"),
    (
        events.DriftDiscarded(drift("a", "b", "c", "d")),
        "took back what was changed by hand: table a, table b, table c and 1 more\n",
    ),
    (events.BuildingDatabase(1), "building 1 migration in a new database\n"),
    (
        events.RebuildNeeded(SyncFailed("0002_b cannot be undone", details=("its down: no",), hint="rebuild")),
        "warning: 0002_b cannot be undone\n  its down: no\n",
    ),
    (events.UndoPlanned(LAST, ()), "no row was written since the last sync (2026-01-03 12:30)\n"),
    (
        events.UndoPlanned(LAST, (Written(table=A, rows=3, shown=("x" * 70, "(2)")),)),
        f"written since the last sync (2026-01-03 12:30):\n  3 rows of a: {'x' * 60}…, (2), …\n",
    ),
    (events.PlanStarted(Plan(keep=0)), ""),
    (events.CarryingTable("public.a", 1, 1), ""),
    (events.DatabaseReplaced("app_old"), ""),
    (events.CommitRead(100), ""),
]


@pytest.mark.parametrize(("event", "told"), CASES)
def test_progress_is_told_on_standard_error(event: events.Event, told: str, capfd: pytest.CaptureFixture[str]) -> None:
    Reporter(quiet=True)(event)
    assert capfd.readouterr() == ("", told)


def test_what_was_put_back_is_a_result_and_not_told_if_that_is_json(capfd: pytest.CaptureFixture[str]) -> None:
    Reporter()(PUT_BACK)
    assert capfd.readouterr() == ("      put back 2 rows of a\n", "")
    Reporter(quiet=True)(PUT_BACK)
    assert capfd.readouterr() == ("", "")


def test_long_work_shows_a_line_now_and_then(capfd: pytest.CaptureFixture[str]) -> None:
    reporter = Reporter()
    reporter(events.MigrationsSelected(100))
    for number in range(100):
        reporter(events.MigrationVerified(f"{number:04}"))
    assert capfd.readouterr() == ("", "50 of 100 migrations verified …\n")
