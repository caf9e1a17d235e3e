"""Words for the files in the migrations folder that run nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.cli.render import warn

if TYPE_CHECKING:
    from gitmig.operations.target import Target


def left_alone(target: Target, most: int | None = None) -> None:
    """Warn of the files that somebody could take for migrations; of more than `most` in one line."""
    found = target.left_alone
    if most is not None and len(found) > most:
        warn(f"{len(found)} files in {target.set.folder}/ are left alone; `gitmig show` names them")
    else:
        for problem in found:
            warn(f"{problem.path} {problem.message}; {problem.hint}")
