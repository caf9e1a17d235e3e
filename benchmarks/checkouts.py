"""Checkouts: how long until git and the database are at the other branch."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import workload
from bench import Promise, Result
from peers import GITMIG, SQITCH, sqitch_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench import Bench
    from measure import Samples
    from process import Command
    from sites import Site

MORE = "more"
NO_HOOK = f"core.hooksPath={os.devnull}"
# Git's own work is noise beside so little: many rounds.
TIMES = 10
TINY = 3  # migrations
IDLE = "gitmig's hooks, nothing to do"
EMPTY = "the same hooks, empty"
NONE = "no hooks"
# At most this much more than without hooks, in seconds.
PER_INDEX_WRITE = 0.0015
PER_CHECKOUT = 0.005


def idle_checkout(bench: Bench) -> Result:
    """Between two branches with the same migrations, with the hook and without."""
    site = bench.site(GITMIG, hooks=True)
    site.upgrade().run()
    site.git("checkout", "--quiet", "-b", "side").run()
    site.write({"notes.txt": "This branch has another file, and the same migrations.\n"})
    site.commit("Another file")
    hooked, bare = "git checkout, gitmig's hook", "git checkout, no hook"
    samples = bench.measure({hooked: _switch(site, "git"), bare: _switch(site, "git", "-c", NO_HOOK)}, times=5)
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


def idle_hooks(bench: Bench) -> Result:
    """Git's everyday commands on a tiny repository, with nothing to do for gitmig.

    Beside them the same with hooks that are a shell and nothing else: what nobody can go below who is called at all.
    """
    site = bench.site(GITMIG, hooks=True, migrations=TINY)
    site.upgrade().run()
    for branch in ("side", "side-2"):
        site.git("checkout", "--quiet", "-b", branch).run()
        site.write({"notes.txt": f"{branch}\n"})
        site.commit(branch)
    hooks = site.folder / ".git/hooks"
    empty = site.folder.with_name(f"{site.folder.name}_empty")
    empty.mkdir()
    for hook in hooks.iterdir():
        (empty / hook.name).write_text("#!/bin/sh\nexit 0\n")
        (empty / hook.name).chmod(0o755)
    folders = {IDLE: str(hooks), EMPTY: str(empty), NONE: os.devnull}
    acts = {"git add": _add, "git commit": _commit, "git checkout": _detach}
    samples = bench.measure(
        {
            f"{command}, {which}": act(site, f"core.hooksPath={folder}")
            for command, act in acts.items()
            for which, folder in folders.items()
        },
        times=TIMES,
    )
    return Result(
        title=f"git's commands with nothing to do, {TINY} migrations",
        subject="",
        samples=samples,
        promises=(
            _within(samples, "git add", PER_INDEX_WRITE),
            _within(samples, "git checkout", PER_CHECKOUT),
        ),
    )


def _within(samples: Samples, command: str, more: float) -> Promise:
    """Of the fastest runs: whatever else the machine does makes so short ones several times as long."""
    measured = samples.fastest(f"{command}, {IDLE}") / (samples.fastest(f"{command}, {NONE}") + more)
    text = f"{command}, nothing to do, fastest / (the same without hooks + {more * 1000:g} ms)"
    return Promise(text=text, limit=1.0, measured=measured)


def _add(site: Site, setting: str) -> Callable[[], float]:
    def run() -> float:
        site.write({"notes.txt": f"{time.monotonic_ns()}\n"})
        return site.git("-c", setting, "add", "notes.txt").run()

    return run


def _commit(site: Site, setting: str) -> Callable[[], float]:
    def run() -> float:
        site.write({"notes.txt": f"{time.monotonic_ns()}\n"})
        site.git("-c", NO_HOOK, "add", "notes.txt").run()
        return site.git("-c", setting, "commit", "--quiet", "-m", "Notes").run()

    return run


def _detach(site: Site, setting: str) -> Callable[[], float]:
    def run() -> float:
        site.git("-c", NO_HOOK, "checkout", "--quiet", "--force", "--detach", "side").run()
        return site.git("-c", setting, "checkout", "--quiet", "--detach", "side-2").run()

    return run


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
    site.git("-c", NO_HOOK, "checkout", "--quiet", "main").run()


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
