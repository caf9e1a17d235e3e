"""What the hook scripts call: a check before a merge or a push, which may stop git; a sync and records afterwards.

A hook never breaks a checkout for want of a database, and never asks. Whether the database follows at all is decided in
`gitmig.git.moves`.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from gitmig.check.findings import Severity
from gitmig.cli import options
from gitmig.cli.formats import exit_status, render
from gitmig.cli.output import report, short, tell, tell_text, warn
from gitmig.cli.reporter import Reporter
from gitmig.cli.wording import say_rebuilt, say_synced
from gitmig.errors import BeforeGitmig, DatabaseUnavailable, GitmigError, LeftToSync
from gitmig.project.decisions import Decisions
from gitmig.text import as_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gitmig.errors import SyncFailed
    from gitmig.git.moves import HookCall
    from gitmig.project.project import Project

CONNECT_TIMEOUT = 3  # seconds; somebody waits for the prompt
MOMENT = 2  # seconds, where git is in the middle of something, and ^C does not end the hook
COMMAND = "GITMIG_GIT_COMMAND"  # in which the hook's shell part hands over what git was called with
HEAD = "GITHEAD_"  # git merge names what it merges in GITHEAD_<commit>=<name>; MERGE_HEAD comes later
NOTHING = "0"  # a ref that is deleted is pushed as an id of zeros


def before_merge(_: HookCall) -> int:
    """Check what is about to be merged against HEAD; 1 keeps git from committing the merge."""
    return max([_gate("HEAD", commit) for commit in merged_commits(os.environ)], default=0)


def before_push(_: HookCall) -> int:
    """Check the pushed commits, which git lists on standard input, against the default branch; 1 stops the push."""
    return max([_gate(None, commit) for commit in pushed_commits(sys.stdin.read())], default=0)


def merged_commits(environ: Mapping[str, str]) -> list[str]:
    """The commits a merge brings in."""
    return sorted(name.removeprefix(HEAD) for name in environ if name.startswith(HEAD))


def pushed_commits(listing: str) -> list[str]:
    """The commits of lines `local-ref local-id remote-ref remote-id`, each once; nothing for what is deleted."""
    rows = (line.split() for line in listing.splitlines())
    return list(dict.fromkeys(row[1] for row in rows if len(row) == 4 and row[1].strip(NOTHING)))


def _gate(base: str | None, revision: str) -> int:
    """The exit status for one pair of sides; what cannot be decided does not stop anybody."""
    from gitmig.operations.check import review

    try:
        found = review(options.project(), base, revision, clients=False, lint=False)
    except GitmigError as error:
        warn(f"not checked: {error.message}")
        return 0
    if any(finding.severity is not Severity.NOTE for finding in found.findings):
        tell_text(render("text", found))
    stopped = exit_status(found.findings, strict=False)
    if stopped:
        tell("gitmig: stopped; `--no-verify` or GITMIG_SKIP=1 goes on all the same")
    return stopped


def run_hook(name: str) -> int:
    """Do what a hook is for; returns the exit status. Raises click.UsageError for a hook gitmig does not have.

    What git gives on standard input is read from there: a reference transaction is one that is committed.
    """
    from gitmig.git.moves import HookCall

    if name not in HOOKS:
        raise click.UsageError(f"gitmig has no hook {name!r}")
    command = tuple(os.environ.get(COMMAND, "").split())
    is_transaction = name == "reference-transaction"
    call = HookCall.transaction(sys.stdin.read(), command) if is_transaction else HookCall(hook=name, command=command)
    return max([part(call) for part in HOOKS[name]])


def follow(call: HookCall) -> int:
    """Bring the database to the work tree, if git has handed that over."""
    from gitmig.git.in_progress import look
    from gitmig.git.moves import Decision, decide

    try:
        project = options.project()
        state = look(project.repository, project.settings.folders)
    except GitmigError as error:
        report(error)
        return error.exit_code
    decision = decide(call, state, during_rebase=project.settings.during_rebase)
    if decision is Decision.STAY:
        warn("migrations have conflicts; the database follows when they are resolved and committed")
    return sync_work_tree(gitmig_wait=MOMENT if call.command else None) if decision is Decision.FOLLOW else 0


def sync_work_tree(*, gitmig_wait: float | None = None) -> int:
    """Bring the database to the work tree as git has just left it.

    Another gitmig is waited for `gitmig_wait` seconds, or, None, as long as it takes.
    """
    from gitmig.ledger.protection import Caller
    from gitmig.operations.sync import sync
    from gitmig.project.binding import refuse_unbound
    from gitmig.project.sharing import first_notices

    try:
        project = options.project()
        if not project.is_within_reach:
            _tell_out_of_reach(project)
            return 0
        refuse_unbound(project)
        notices = first_notices(project)
        with Reporter() as reporter:
            synced = sync(
                project,
                caller=Caller.HOOK,
                timeout=CONNECT_TIMEOUT,
                gitmig_wait=gitmig_wait,
                notify=reporter,
                decisions=RebuildIfNeeded(),
            )
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
        error.hint = f"the work tree has changed, the database has not: {error.hint or 'run `gitmig sync`'}"
        report(error)
        return error.exit_code
    if synced.rebuilt:
        say_rebuilt(synced.rebuilt)
    elif synced.plan:
        say_synced(synced)
    for notice in notices:
        warn(notice)
    _tell_left(project)
    return 0


def _tell_left(project: Project) -> None:
    """Say once that a work tree or a branch which is gone has left its database."""
    if project.naming is None:
        return
    from gitmig.operations.own_databases import newly_left

    for one in newly_left(project):
        size = "" if one.size is None else f", {as_size(one.size)}"
        tell(f"gitmig: {one.why_left}, and its database {one.name} is there{size}: `gitmig db prune` drops it")


class RebuildIfNeeded(Decisions):
    """A checkout has happened: the database follows, also where it takes a new one."""

    @property
    def is_attended(self) -> bool:
        """Whether git's own standard error is one: it gives hooks no standard input."""
        return sys.stderr.isatty()

    def rebuild(self, failure: SyncFailed) -> bool:
        """Yes."""
        return True


def record_head(_: HookCall) -> int:
    """Write the record of the new commit."""
    return _record(("HEAD",))


def record_rewritten(_: HookCall) -> int:
    """Write the records of the commits a rebase made; git lists old and new ids on standard input."""
    pairs = [] if sys.stdin.isatty() else [line.split() for line in sys.stdin]
    return _record(tuple(pair[1] for pair in pairs if len(pair) > 1))


def _record(revisions: tuple[str, ...]) -> int:
    from gitmig.operations.record import record

    if not revisions:
        return 0
    try:
        project = options.project()
        if not project.settings.records:
            return 0
        found = record(project, revisions)
    except GitmigError as error:
        warn(f"no record was written: {error.message}")
        return 0
    for commit, reason in found.refused.items():
        warn(f"no record for {short(commit)}: {reason}")
    return 0


HOOKS: dict[str, tuple[Callable[[HookCall], int], ...]] = {
    "post-checkout": (follow,),
    "post-merge": (follow, record_head),
    "post-rewrite": (follow, record_rewritten),
    "post-commit": (follow, record_head),
    "post-index-change": (follow,),
    "reference-transaction": (follow,),
    "pre-merge-commit": (before_merge,),
    "pre-push": (before_push,),
}


def _tell_out_of_reach(project: Project) -> None:
    """Say once for each set of migrations that the database does not follow there by itself."""
    from gitmig.project.binding import is_news

    if is_news(project):
        host = project.address.host
        warn(
            f"the database is on another machine ({host}), which no hook touches; run `gitmig sync` yourself, or allow "
            f"it: `git config gitmig.hosts {host}`"
        )
