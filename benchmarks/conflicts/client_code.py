"""Try the source code of public histories: `gitmig check --clients sql` on their commits that change migrations.

Each commit is checked against its first parent, a merge by what it merges. Every finding about code (GM602 to GM604)
and every other error is printed with its place, to be looked at; then a table. A check needs a server of which the
role may make databases.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairs import histories
from repository import ENVIRONMENT, Clone, git

if TYPE_CHECKING:
    from pairs import History

CODES = ("GM602", "GM603", "GM604")
HEAD = (
    "history",
    "language",
    "checked",
    "could not",
    "files with SQL",
    "statements",
    "no schema takes",
    *CODES,
    "other errors",
    "median, s",
)


def main() -> int:
    """Check every history; returns the exit status."""
    options = parse()
    rows = []
    with tempfile.TemporaryDirectory(prefix="gitmig-client-code-") as root:
        for name in options.only or histories():
            history = histories()[name]
            clone = Clone(options.clones / f"{name}.git", history.url, history.commit)
            commits = clone.commits(history.commit, history.folder)[-options.newest :]
            rows.append(_row(history, _work_tree(clone, history, Path(root) / name), commits, options.server))
    print("\n".join(" | ".join(row) for row in (HEAD, *rows)))
    return 0


def _work_tree(clone: Clone, history: History, path: Path) -> Path:
    """A clone with gitmig's settings, and nothing checked out."""
    git(clone.path, "clone", "--quiet", "--shared", "--no-checkout", ".", str(path))
    git(path, "config", "gitmig.folder", history.folder)
    git(path, "config", "gitmig.layout", {"ups": "paired"}.get(history.layout, history.layout))
    if history.bootstrap:
        (path / "bootstrap.sql").write_text(history.bootstrap, encoding="utf-8")
        git(path, "config", "gitmig.bootstrap", str(path / "bootstrap.sql"))
    return path


def _row(history: History, path: Path, commits: list[str], server: str) -> tuple[str, ...]:
    found: Counter[str] = Counter()
    trials, seconds = [], []
    for commit in reversed(commits):
        began = time.perf_counter()
        document = _check(path, commit, server)
        seconds.append(time.perf_counter() - began)
        if document is None or document["clients"] is None or document["clients"]["failure"]:
            print(history.name, commit[:12], document and document["clients"], file=sys.stderr, flush=True)
            found["could not"] += 1
            continue
        trials.append(document["clients"])
        told = [one for one in document["findings"] if one["code"] in CODES or one["severity"] == "error"]
        found.update(one["code"] if one["code"] in CODES else "other errors" for one in told)
        for finding in told:
            print(f"{history.name} {commit[:12]} {finding['code']} {finding['message']}", flush=True)
    newest = trials[0] if trials else {"files": 0, "tried": 0, "foreign": 0}
    counts: tuple[int, ...] = (len(trials), found["could not"], newest["files"], newest["tried"], newest["foreign"])
    counts += tuple(found[column] for column in (*CODES, "other errors"))
    return (history.name, history.language, *map(str, counts), f"{statistics.median(seconds):.1f}")


def _check(path: Path, commit: str, server: str) -> dict[str, Any] | None:
    """What `gitmig check --json` prints; None if it cannot decide."""
    parents = git(path, "rev-list", "--parents", "-n1", commit).split()[1:]
    call = ["gitmig", "check", parents[0], parents[-1] if len(parents) > 1 else commit]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | ENVIRONMENT
    run = subprocess.run(
        [*call, "--clients", "sql", "--trust", "--no-lint", "--json"],
        cwd=path,
        env=environment | {"GITMIG_DATABASE_URL": server},
        capture_output=True,
        check=False,
    )
    if run.returncode not in {0, 1}:
        print(path.name, commit[:12], run.stderr.decode().strip(), file=sys.stderr, flush=True)
        return None
    document: dict[str, Any] = json.loads(run.stdout)
    return document


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(prog="client_code.py", description=__doc__)
    add = parser.add_argument
    add("server", metavar="URL", help="of a database beside which scratch databases can be made")
    add("--only", action="append", metavar="HISTORY", help="may be repeated")
    add("--newest", type=int, default=40, metavar="N", help="commits of each history (%(default)s)")
    add("--clones", type=Path, default=Path("clones"), metavar="FOLDER", help="where clones are, or go (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
