"""What is measured, and the promises each measurement is held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import history
import workload
from bench import Promise, Result
from checkouts import idle_checkout, idle_hooks, step_checkout
from languages import languages
from peers import ALEMBIC, DBMATE, GITMIG, PSQL
from rows import big_table, far_checkout

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench import Bench
    from measure import Samples
    from sites import Site


def fresh(bench: Bench) -> Result:
    """From an empty database to all migrations."""

    def timer(site: Site) -> Callable[[], float]:
        def run() -> float:
            bench.sites.empty(site)
            seconds = site.upgrade().run()
            site.expect(tables=workload.tables(bench.migrations))
            return seconds

        return run

    samples = bench.measure({name: timer(bench.site(name)) for name in bench.peers})
    return Result(
        title=f"{bench.migrations} migrations from empty",
        subject=GITMIG,
        samples=samples,
        promises=(
            _against(samples, DBMATE, 1.0, f"{bench.migrations} migrations from empty"),
            _against(samples, PSQL, 3.0, f"{bench.migrations} migrations from empty"),
        ),
    )


def nothing(bench: Bench) -> Result:
    """The database has all migrations already."""
    timers = {}
    for name in (name for name in bench.peers if name != PSQL):
        site = bench.site(name)
        site.upgrade().run()
        timers[name] = site.upgrade().run
    samples = bench.measure(timers)
    return Result(
        title=f"nothing to do, {bench.migrations} migrations applied",
        subject=GITMIG,
        samples=samples,
        promises=(_against(samples, ALEMBIC, 1.0, "nothing to do"),),
    )


def long_history(bench: Bench) -> Result:
    """`gitmig status` in a young and in an old repository."""
    young, old = (_label(count) for count in (YOUNG, bench.length))
    timers = {}
    for label, count in ((young, YOUNG), (old, bench.length)):
        bench.progress(f"building {label}")
        site = bench.sites.make(bench.peers[GITMIG])
        files = site.peer.files(workload.changes(count))
        settings = {path: text for path, text in files.items() if not path.startswith("migrations/")}
        migrations = {path: text for path, text in files.items() if path.startswith("migrations/")}
        site.import_history(history.stream(settings, migrations))
        site.upgrade().run()
        timers[label] = site.tool("status", "--exit-code").run
    samples = bench.measure(timers)
    return Result(
        title="gitmig status, everything in sync",
        subject=old,
        samples=samples,
        promises=(
            Promise(
                text=f"status with {bench.length} migrations / (2 x that with {YOUNG} + 0.5 s)",
                limit=1.0,
                measured=samples.ratio(old, young, allow=lambda seconds: 2 * seconds + 0.5),
            ),
        ),
    )


SCENARIOS: dict[str, Callable[[Bench], Result]] = {
    "idle-checkout": idle_checkout,
    "idle-hooks": idle_hooks,
    "step-checkout": step_checkout,
    "fresh": fresh,
    "nothing": nothing,
    "long-history": long_history,
    "far-checkout": far_checkout,
    "big-table": big_table,
    "languages": languages,
}
YOUNG = 50


def _against(samples: Samples, other: str, limit: float, text: str) -> Promise:
    return Promise(text=f"{text} / {other}", limit=limit, measured=samples.ratio(GITMIG, other))


def _label(migrations: int) -> str:
    return f"{migrations} migrations, {migrations * history.EVERY} commits"
