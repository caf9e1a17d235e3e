"""GM301–GM305: what is wrong with the merged set itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.sides import Sides

NO_DOWN, NAME, NO_SQL, TWO_FOLDERS, BAD_DOWN = "GM301", "GM302", "GM303", "GM304", "GM305"


def find(sides: Sides) -> Iterator[Finding]:
    """What a sync to the merged set would refuse, and what it could not undo."""
    yield from _downs(sides)
    for severity, problems in ((Severity.ERROR, sides.merge.problems), (Severity.WARNING, sides.merge.left_alone)):
        for problem in problems:
            yield Finding(
                code=NAME,
                severity=severity,
                message=f"{problem.path} {problem.message}",
                hint=problem.hint,
                path=problem.path,
                line=problem.line,
            )
    yield from _unparsed(sides)
    if len(sides.merge.folders) > 1:
        yield Finding(
            code=TWO_FOLDERS,
            severity=Severity.ERROR,
            message=f"after the merge there are migrations in {' and in '.join(sides.merge.folders)}",
            hint="merge the base into the branch and move them into one folder there",
            path=sides.merge.folders[0],
        )


def _downs(sides: Sides) -> Iterator[Finding]:
    for migration in (*sides.pedigree.ours_added, *sides.pedigree.theirs_added):
        content = sides.contents.get(migration.blobs)
        if content is None:
            continue
        if content.down is None:
            yield Finding(
                code=NO_DOWN,
                severity=Severity.WARNING,
                message=f"{migration.label} has no down: it cannot be reverted",
                hint="write what undoes it, or an empty down if there is nothing to undo",
                migrations=(migration.label,),
                path=migration.path,
            )
        elif trouble := content.down.trouble:
            yield Finding(
                code=BAD_DOWN,
                severity=Severity.WARNING,
                message=f"{migration.label} has a down that cannot run: {trouble.message}",
                hint=trouble.hint,
                migrations=(migration.label,),
                path=trouble.path,
                line=trouble.line,
            )


def _unparsed(sides: Sides) -> Iterator[Finding]:
    for problem in sides.unreadable:
        yield Finding(
            code=NO_SQL,
            severity=Severity.ERROR,
            message=f"{problem.path}: {problem.message}",
            hint=problem.hint,
            path=problem.path,
            line=problem.line,
        )
    for migration in (*sides.pedigree.ours_added, *sides.pedigree.theirs_added):
        found = sides.footprints.get(migration.blobs)
        if found and found.error:
            yield Finding(
                code=NO_SQL,
                severity=Severity.ERROR,
                message=f"{migration.label} does not parse: {found.error.reason}",
                hint="correct the script: PostgreSQL's own parser does not take it",
                migrations=(migration.label,),
                path=migration.path,
                line=sides.contents[migration.blobs].up.first_line + found.error.line - 1,
            )
