"""The hooks that may stop git: a check before a merge is committed, and before commits are pushed."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from gitmig.cli import options
from gitmig.cli.formats import Report, render, status
from gitmig.cli.render import tell, tell_text, warn
from gitmig.core.findings import Severity
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Mapping

HEAD = "GITHEAD_"  # git merge names what it merges in GITHEAD_<commit>=<name>; MERGE_HEAD comes later
NOTHING = "0"  # a ref that is deleted is pushed as an id of zeros


def before_merge() -> int:
    """Check what is about to be merged against HEAD; 1 keeps git from committing the merge."""
    return max([_gate("HEAD", commit) for commit in merged_commits(os.environ)], default=0)


def before_push() -> int:
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
    from gitmig.operations.review import review

    try:
        found = review(options.project(), base, revision, clients=False, lint=False)
    except GitmigError as error:
        warn(f"not checked: {error.message}")
        return 0
    if any(finding.severity is not Severity.NOTE for finding in found.findings):
        tell_text(render("text", Report.of(found)))
    stopped = status(found.findings, strict=False)
    if stopped:
        tell("gitmig: stopped; `--no-verify` or GITMIG_SKIP=1 goes on all the same")
    return stopped
