"""What the hook scripts call. A hook never breaks a checkout for want of a database, and never asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import options
from gitmig.cli.commands.sync import summary
from gitmig.cli.main import report
from gitmig.cli.observer import Watcher
from gitmig.cli.render import say, short, tell, warn
from gitmig.errors import BeforeGitmig, DatabaseUnavailable, GitmigError

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_TIMEOUT = 3  # seconds; somebody waits for the prompt


def run_hook(name: str) -> int:
    """Do what a hook is for; returns the exit status. Raises click.UsageError for a hook gitmig does not have."""
    if name not in HOOKS:
        raise click.UsageError(f"gitmig has no hook {name!r}")
    return HOOKS[name]()


def post_checkout() -> int:
    """Sync with the work tree that was just checked out."""
    from gitmig.operations.sync import sync

    watcher = Watcher(may_ask=False)
    try:
        project = options.project()
        if not _is_local(project.url):
            warn("the database is on another machine, which a hook never touches; run `gitmig sync` yourself")
            return 0
        outcome = sync(project, watcher, timeout=CONNECT_TIMEOUT)
    except BeforeGitmig as error:
        tell(f"gitmig: {error.message}")
        return 0
    except DatabaseUnavailable as error:
        warn(f"{error.message}; the database was not synced")
        return 0
    except GitmigError as error:
        watcher.close()
        error.hint = f"the branch is switched, the database is not: {error.hint or 'run `gitmig sync`'}"
        report(error)
        return error.exit_code
    finally:
        watcher.close()
    if outcome.plan:
        watcher.moved(outcome.plan)
        say(summary(outcome))
    return 0


def post_commit() -> int:
    """Write the record of the new commit."""
    from gitmig.operations.record import record

    try:
        written = record(options.project()).written
    except GitmigError as error:
        warn(f"no record was written: {error.message}")
        return 0
    for commit, made in written.items():
        say(f"gitmig: {short(commit)} has migration set {made.set_id} ({made.count})")
    return 0


HOOKS: dict[str, Callable[[], int]] = {"post-checkout": post_checkout, "post-commit": post_commit}


def _is_local(url: str) -> bool:
    from gitmig.database.connection import Address

    return Address.of(url).is_local
