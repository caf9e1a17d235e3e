"""Checkouts: how long until git and the database are at the other branch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import workload
from bench import Promise, Result
from peers import GITMIG, SQITCH, sqitch_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench import Bench
    from process import Command
    from sites import Site

MORE = "more"


def idle_checkout(bench: Bench) -> Result:
    """Between two branches with the same migrations, with the hook and without."""
    site = bench.site(GITMIG, hooks=True)
    site.upgrade().run()
    site.git("checkout", "--quiet", "-b", "side").run()
    site.write({"notes.txt": "This branch has another file, and the same migrations.\n"})
    site.commit("Another file")
    hooked, bare = "git checkout, gitmig's hook", "git checkout, no hook"
    samples = bench.measure(
        {hooked: _switch(site, "git"), bare: _switch(site, "git", "-c", f"core.hooksPath={os.devnull}")}, times=5
    )
    ratio = samples.ratio(hooked, bare)
    return Result(
        title=f"checkout that changes no migration, {bench.migrations} migrations",
        subject=hooked,
        samples=samples,
        promises=(
            Promise(text="checkout that changes no migration / the same without hook", limit=2.0, measured=ratio),
        ),
    )


def step_checkout(bench: Bench) -> Result:
    """To a branch with one more migration, and back."""
    timers: dict[str, Callable[[], float]] = {}
    for name in (name for name in (GITMIG, SQITCH) if name in bench.peers):
        site = bench.site(name, hooks=name == GITMIG)
        site.upgrade().run()
        _branch_with_one_more(site, bench.migrations)
        forth, back = (_checkout_with_database(site, branch) for branch in (MORE, "main"))
        timers[f"{name}, one more"] = _there(site, forth, back, bench.migrations)
        timers[f"{name}, one less"] = _and_back(site, forth, back, bench.migrations)
    samples = bench.measure(timers)
    return Result(
        title=f"checkout with one step, {bench.migrations} migrations",
        subject="",
        samples=samples,
        promises=tuple(
            Promise(
                text=f"checkout that {verb} one migration / sqitch checkout",
                limit=0.8,
                measured=samples.ratio(f"{GITMIG}, {way}", f"{SQITCH}, {way}"),
            )
            for verb, way in (("applies", "one more"), ("reverts", "one less"))
        ),
    )


def _switch(site: Site, *git: str) -> Callable[[], float]:
    """Checks out whichever of the two branches is not checked out."""

    def run() -> float:
        branch = "side" if site.git("branch", "--show-current").output() == "main" else "main"
        return site.command(*git, "checkout", "--quiet", branch).run()

    return run


def _branch_with_one_more(site: Site, count: int) -> None:
    site.git("checkout", "--quiet", "-b", MORE).run()
    site.lay_out([*workload.changes(count), workload.create_table(count, f"{workload.PREFIX}more")])
    site.commit("One more")
    site.git("-c", f"core.hooksPath={os.devnull}", "checkout", "--quiet", "main").run()


def _checkout_with_database(site: Site, branch: str) -> Command:
    if site.peer.name == SQITCH:
        return site.tool("checkout", "-y", "--target", sqitch_target(site.database.url), branch)
    return site.git("checkout", "--quiet", branch)


def _there(site: Site, forth: Command, back: Command, count: int) -> Callable[[], float]:
    def run() -> float:
        seconds = forth.run()
        site.expect(tables=workload.tables(count) + 1)
        back.run()
        return seconds

    return run


def _and_back(site: Site, forth: Command, back: Command, count: int) -> Callable[[], float]:
    def run() -> float:
        forth.run()
        seconds = back.run()
        site.expect(tables=workload.tables(count))
        return seconds

    return run
