"""What the hooks start instead of gitmig where only its decisions are tried: it notes the files a sync would see.

Called as the hooks call Python. It imports next to nothing, as it is started a thousand times.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gitmig.git import marker
from gitmig.git.in_progress import look
from gitmig.git.moves import Decision, HookCall, decide
from gitmig.git.repository import Repository

NOTES = "followed"  # in the git directory: a line for every time, with the names of the migrations
FOLDER = "migrations"


def follow(repository: Repository) -> None:
    """Where gitmig would sync."""
    since = marker.now(repository)
    names = sorted(path.name for path in (repository.work_tree / FOLDER).glob("*.sql"))
    with (repository.git_dir / NOTES).open("a") as file:
        file.write(" ".join(names) + "\n")
    marker.write(repository, [FOLDER], os.environ, since)


def called(hook: str) -> HookCall:
    """The event, read as `gitmig hooks run` does."""
    command = tuple(os.environ["GITMIG_GIT_COMMAND"].split())
    is_transaction = hook == "reference-transaction"
    return HookCall.transaction(sys.stdin.read(), command) if is_transaction else HookCall(hook=hook, command=command)


if __name__ == "__main__":
    here = Repository.open(Path.cwd())
    is_sync = "hooks" not in sys.argv
    if is_sync or decide(called(sys.argv[sys.argv.index("run") + 1]), look(here, [FOLDER])) is Decision.FOLLOW:
        follow(here)
