"""What the hook scripts call. A hook never breaks a checkout for want of a database, and never asks.

The hooks that may stop git are in `gate.py`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gitmig.cli import options, rebuilding
from gitmig.cli.commands.sync import summary
from gitmig.cli.gate import before_merge, before_push
from gitmig.cli.main import report
from gitmig.cli.observer import Watcher
from gitmig.cli.render import plural, say, short, tell, warn
from gitmig.errors import BeforeGitmig, DatabaseUnavailable, GitmigError, LeftToSync

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_TIMEOUT = 3  # seconds; somebody waits for the prompt


def run_hook(name: str) -> int:
    """Do what a hook is for; returns the exit status. Raises click.UsageError for a hook gitmig does not have."""
    if name not in HOOKS:
        raise click.UsageError(f"gitmig has no hook {name!r}")
    return max([part() for part in HOOKS[name]])


def sync_work_tree() -> int:
    """Bring the database to the work tree as git has just left it."""
    from gitmig.core.protection import Caller
    from gitmig.operations.sync import sync
    from gitmig.operations.trust import refuse_unbound

    watcher = Watcher(may_ask=False)
    try:
        project = options.project()
        if not _is_local(project.url):
            warn("the database is on another machine, which a hook never touches; run `gitmig sync` yourself")
            return 0
        refuse_unbound(project)
        outcome = sync(project, watcher, caller=Caller.HOOK, timeout=CONNECT_TIMEOUT)
    except BeforeGitmig as error:
        tell(f"gitmig: {error.message}")
        return 0
    except LeftToSync as error:
        warn(f"{error.message}; {error.hint}")
        return 0
    except DatabaseUnavailable as error:
        warn(f"{error.message}; the database was not synced")
        return 0
    except GitmigError as error:
        watcher.close()
        error.hint = f"the work tree has changed, the database has not: {error.hint or 'run `gitmig sync`'}"
        report(error)
        return error.exit_code
    finally:
        watcher.close()
    if outcome.rebuilt:
        rebuilding.show(outcome.rebuilt)
    elif outcome.plan:
        watcher.moved(outcome.plan)
        say(summary(outcome))
    return 0


def record_head() -> int:
    """Write the record of the new commit."""
    return _record(("HEAD",))


def record_rewritten() -> int:
    """Write the records of the commits a rebase made; git lists old and new ids on standard input."""
    pairs = [] if sys.stdin.isatty() else [line.split() for line in sys.stdin]
    return _record(tuple(pair[1] for pair in pairs if len(pair) > 1))


def _record(revisions: tuple[str, ...]) -> int:
    from gitmig.operations.record import record

    if not revisions:
        return 0
    try:
        found = record(options.project(), revisions)
    except GitmigError as error:
        warn(f"no record was written: {error.message}")
        return 0
    for commit, reason in found.refused.items():
        warn(f"no record for {short(commit)}: {reason}")
    for commit, made in found.written.items():
        say(f"gitmig: {short(commit)} has migration set {made.set_id}, {plural(made.count, 'migration')}")
    return 0


HOOKS: dict[str, tuple[Callable[[], int], ...]] = {
    "post-checkout": (sync_work_tree,),
    "post-merge": (sync_work_tree, record_head),
    "post-rewrite": (sync_work_tree, record_rewritten),
    "post-commit": (record_head,),
    "pre-merge-commit": (before_merge,),
    "pre-push": (before_push,),
}


def _is_local(url: str) -> bool:
    from gitmig.database.connection import Address

    return Address.of(url).is_local
