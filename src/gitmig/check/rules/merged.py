"""GM301–GM305, GM401: what is wrong with the merged set itself, and what was not seen in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity
from gitmig.check.rules.registry import Example, WhenProven, on_sides, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitmig.check.sides import Sides
    from gitmig.migrations.model import Content, Migration, Problem

UP, DOWN = "-- migrate:up\n", "\n-- migrate:down\n"
TABLE_B = {"0002_b.sql": "CREATE TABLE b (id int);"}


@on_sides
@rule(
    "GM301",
    "no down",
    Severity.WARNING,
    hint="write what undoes it, or an empty down if there is nothing to undo",
    conflict=Example(ours={"0003_a.sql": f"{UP}CREATE TABLE a (id int);\n"}, theirs=TABLE_B),
    harmless=Example(
        ours={"0003_a.sql": f"{UP}CREATE TABLE a (id int);{DOWN}"}, theirs=TABLE_B, note="an empty down is one"
    ),
)
def no_down(sides: Sides) -> Iterator[Finding]:
    """An added migration cannot be reverted."""
    for migration, content in _added(sides):
        if content.down is None:
            yield no_down.finding(
                f"{migration.label} has no down: it cannot be reverted",
                migrations=(migration.label,),
                path=migration.path,
            )


@on_sides
@rule(
    "GM302",
    "name",
    Severity.ERROR,
    hint="give the file a name that the [layout](layouts.md) takes, or move it to another folder",
    conflict=Example(ours={"first.sql": "CREATE TABLE a (id int);"}, theirs=TABLE_B),
    harmless=Example(ours={"0003_first.sql": "CREATE TABLE a (id int);"}, theirs=TABLE_B),
)
def name(sides: Sides) -> Iterator[Finding]:
    """The layout does not take the name of a file that is meant as a migration.

    A warning if a side adds an `.sql` file, or a program, that is none: it is [left alone](layouts.md).
    """
    yield from (_name(problem, Severity.ERROR) for problem in sides.merge.problems)
    yield from (_name(problem, Severity.WARNING) for problem in sides.merge.left_alone)


def _name(problem: Problem, severity: Severity) -> Finding:
    said = f"{problem.path} {problem.message}"
    return name.finding(said, problem.hint, severity=severity, path=problem.path, line=problem.line)


@on_sides
@rule(
    "GM303",
    "no SQL",
    Severity.ERROR,
    hint="correct the script",
    conflict=Example(ours={"0003_a.sql": "CREATE TABEL a (id int);"}, theirs=TABLE_B),
    harmless=Example(ours={"0003_a.sql": "CREATE TABLE a (id int);"}, theirs=TABLE_B),
)
def no_sql(sides: Sides) -> Iterator[Finding]:
    """An up, or the sections of a file, cannot be read. PostgreSQL's own parser decides."""
    for problem in sides.unreadable:
        said = f"{problem.path}: {problem.message}"
        yield no_sql.finding(said, problem.hint, path=problem.path, line=problem.line)
    for migration in (*sides.ours_added, *sides.theirs_added):
        if error := migration.footprint.error:
            yield no_sql.finding(
                f"{migration.label} does not parse: {error.reason}",
                "correct the script: PostgreSQL's own parser does not take it",
                migrations=(migration.label,),
                path=migration.path,
                line=migration.first_line + error.line - 1,
            )


@on_sides
@rule(
    "GM304",
    "two folders",
    Severity.ERROR,
    hint="merge the base into the branch and move them into one folder there",
    conflict=Example(
        ours={"migrations/0003_a.sql": "CREATE TABLE a (id int);"},
        theirs={"db/migrations/0002_b.sql": "CREATE TABLE b (id int);"},
    ),
    harmless=Example(
        ours={"migrations/0003_a.sql": "CREATE TABLE a (id int);"},
        theirs={"migrations/0002_b.sql": "CREATE TABLE b (id int);"},
    ),
)
def two_folders(sides: Sides) -> Iterator[Finding]:
    """After the merge there are migrations in two of the configured folders."""
    folders = sides.merge.folders
    if len(folders) > 1:
        yield two_folders.finding(
            f"after the merge there are migrations in {' and in '.join(folders)}",
            path=folders[0],
        )


@on_sides
@rule(
    "GM305",
    "down that cannot run",
    Severity.WARNING,
    hint="correct the down: it will fail when it is needed",
    conflict=Example(
        ours={"0003_a.sql": f"{UP}CREATE TABLE a (id int);{DOWN}DROP TABLE a;\nROLLBACK;\n"}, theirs=TABLE_B
    ),
    harmless=Example(
        ours={"0003_a.sql": f"{UP}CREATE TABLE a (id int);{DOWN}BEGIN;\nDROP TABLE a;\nCOMMIT;\n"}, theirs=TABLE_B
    ),
)
def down_that_cannot_run(sides: Sides) -> Iterator[Finding]:
    """The down of an added migration does not parse, or holds what cannot be in a transaction.

    That is `ROLLBACK`, an isolation level, `COPY … FROM STDIN`. A bare `BEGIN` … `COMMIT` is fine.
    """
    for migration, content in _added(sides):
        if content.down and (trouble := sides.trouble_of(content.down)):
            yield down_that_cannot_run.finding(
                f"{migration.label} has a down that cannot run: {trouble.message}",
                trouble.hint,
                migrations=(migration.label,),
                path=trouble.path,
                line=trouble.line,
            )


def _added(sides: Sides) -> Iterator[tuple[Migration, Content]]:
    """What both sides add, as far as it could be read."""
    for migration in (*sides.sets.ours_added, *sides.sets.theirs_added):
        if content := sides.contents.get(migration.blobs):
            yield migration, content


@on_sides
@rule(
    "GM401",
    "cannot see inside",
    Severity.NOTE,
    hint="`gitmig check --prove` runs both orders and looks",
    conflict=Example(
        ours="DO $$ BEGIN EXECUTE 'ALTER TABLE ' || current_setting('a.b') || ' ADD c int'; END $$;",
        theirs="CREATE TABLE likes (id int);",
    ),
    harmless=Example(
        ours="DO $$ BEGIN EXECUTE 'ALTER TABLE comments ADD c int'; END $$;", theirs="CREATE TABLE likes (id int);"
    ),
    when_proven=WhenProven.GONE,
)
def cannot_see_inside(sides: Sides) -> Iterator[Finding]:
    """A script runs SQL that is put together when it runs, catches errors, or is in another language.

    The answer holds for the rest of it. There is one note for each migration, with the first place.
    """
    if not sides.ours_added or not sides.theirs_added:
        return
    for migration in (*sides.ours_added, *sides.theirs_added):
        for spot in migration.footprint.blind_spots[:1]:
            yield cannot_see_inside.finding(
                f"gitmig cannot see inside {migration.label}: {spot.reason}",
                migrations=(migration.label,),
                path=migration.path,
                line=migration.first_line + spot.line - 1,
                doubt=spot.reason,
            )
