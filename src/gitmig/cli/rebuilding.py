"""`gitmig sync --rebuild`, and how a rebuild is told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from gitmig.cli import shapes
from gitmig.cli.render import confirm, plural, print_json, say, short, tell, warn

if TYPE_CHECKING:
    from gitmig.cli.observer import Watcher
    from gitmig.operations.project import Project
    from gitmig.operations.rebuild import Rebuilt

LONGEST = 10  # lines about what was set aside


def run(project: Project, watcher: Watcher, revision: str | None, *, ask: bool, take_over: bool, as_json: bool) -> int:
    """Rebuild the project's database after asking, on a terminal; returns the exit status."""
    from gitmig.operations.rebuild import rebuild_to

    if ask and sys.stdin.isatty() and sys.stderr.isatty() and not _agreed():
        say("nothing was changed")
        return 0
    try:
        rebuilt = rebuild_to(project, watcher, revision=revision, take_over=take_over)
    finally:
        watcher.close()
    if as_json:
        print_json(shapes.of_rebuild(rebuilt))
    else:
        show(rebuilt)
    return 0


def show(rebuilt: Rebuilt) -> None:
    """What came along, what did not, where the old database is."""
    tables = [carried for carried in rebuilt.carried if carried.rows]
    say(f"  carried {plural(rebuilt.rows, 'row')} of {plural(len(tables), 'table')}")
    for aside in rebuilt.aside[:LONGEST]:
        say(f"  set aside {plural(aside.rows, 'row')} of {aside.table} as item {aside.item}: {aside.reason}")
    if len(rebuilt.aside) > LONGEST:
        say(f"  … and of {plural(len(rebuilt.aside) - LONGEST, 'more table')}")
    for note in rebuilt.notes:
        warn(note)
    say(f"  the old database is kept as {rebuilt.kept_as}; `gitmig db prune` drops it")
    target = rebuilt.target
    where = "the work tree on " if target.snapshot.is_work_tree and target.commit else "commit "
    on = f"{where}{short(target.commit)}" if target.commit else "the work tree"
    say(f"{rebuilt.database} was built anew and matches {on} ({plural(len(target.set), 'migration')})")


def _agreed() -> bool:
    tell("The database is made anew beside the old one, which is kept; everybody has to leave it for a moment.")
    return confirm("Go on?", default=True)
