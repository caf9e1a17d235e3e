"""GM101–GM108: versions, edits and the order of migrations, whatever stands in them."""

from __future__ import annotations

from collections import defaultdict
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from gitmig.check.effects import net_effects
from gitmig.check.findings import Finding, Severity
from gitmig.check.footprint.model import Action
from gitmig.check.rules.pairs import hits
from gitmig.check.rules.registry import Example, WhenProven, on_sides, rule
from gitmig.migrations.layouts.graph import graph_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from gitmig.check.effects import AddedMigration
    from gitmig.check.footprint.model import ObjectPath
    from gitmig.check.sides import Sides
    from gitmig.migrations.layouts.graph import Graph
    from gitmig.migrations.model import Migration

    Labels = tuple[str, str]

TABLE_A = {"0002_a.sql": "CREATE TABLE a (id int);"}
REVISION = {"a1_first.py": 'revision = "a1"\ndown_revision = None\n'}
AFTER_A = 'revision = "{}"\ndown_revision = "a1"\n'
TABLE_B = {"0003_b.sql": "CREATE TABLE b (id int);"}


@on_sides
@rule(
    "GM101",
    "same version",
    Severity.ERROR,
    hint="give ours a version behind theirs: `gitmig renumber` does it",
    conflict=Example(
        ours={"0007_likes.sql": "CREATE TABLE likes (id int);"},
        theirs={"0007_votes.sql": "CREATE TABLE votes (id int);"},
    ),
    harmless=Example(
        ours={"0008_likes.sql": "CREATE TABLE likes (id int);"},
        theirs={"0007_votes.sql": "CREATE TABLE votes (id int);"},
    ),
)
def same_version(sides: Sides) -> Iterator[Finding]:
    """Two migrations have one version."""
    theirs = {migration.version: migration for migration in sides.sets.theirs_added}
    told = set()
    for mine in sides.sets.ours_added:
        if other := theirs.get(mine.version):
            told.add(mine.version)
            yield _same_version(mine, other)
    merged = sides.merge.migrations
    for first, second in zip(merged, merged[1:]):
        if first.version == second.version and first.version not in told:
            yield _same_version(second, first)


def _same_version(mine: Migration, other: Migration) -> Finding:
    one, two = sorted((mine.label, other.label))
    what = f"both sides add {one}, each with a script of its own" if one == two else f"{one} and {two} have one version"
    return same_version.finding(
        what,
        migrations=(mine.label, other.label),
        path=mine.path,
    )


@on_sides
@rule(
    "GM102",
    "same change",
    Severity.ERROR,
    hint="delete ours: theirs is enough",
    conflict=Example(
        ours={"0008_a.sql": "create table A (id int)"}, theirs={"0007_b.sql": "CREATE TABLE a (id int); -- new"}
    ),
    harmless=Example(ours=TABLE_A, theirs=TABLE_A, note="the same file on both sides, as a cherry-pick leaves it"),
)
def same_change(sides: Sides) -> Iterator[Finding]:
    """Both sides make the same change under two versions: the merged set would run it twice.

    Comments, case and white space do not count.
    """
    theirs: dict[Any, list[Migration]] = defaultdict(list)
    for added in sides.sets.theirs_added:
        content = sides.contents.get(added.blobs)
        if content and not content.up.is_blank:
            theirs[_touched(sides, added)].append(added)
    for mine in sides.sets.ours_added:
        # who touches other things needs no comparison by PostgreSQL's scanner, which has to be loaded
        near = theirs[_touched(sides, mine)]
        other = next((one for one in reversed(near) if _alike(sides, mine, one)), None)
        if other and other.version != mine.version:
            one, two = sorted((mine.label, other.label))
            yield same_change.finding(
                f"{one} and {two} make the same change: the merged set makes it twice",
                f"delete ours: {other.label} is enough",
                migrations=(mine.label, other.label),
                path=mine.path,
            )


@on_sides
@rule(
    "GM103",
    "edited",
    Severity.ERROR,
    hint="restore it, and make the change in a migration of its own",
    conflict=Example(base=TABLE_A, ours={"0002_a.sql": "CREATE TABLE a (id bigint);"}, theirs=TABLE_B),
    harmless=Example(base=TABLE_A, ours={"0002_a.sql": "-- new\nCREATE TABLE a (id int);"}, theirs=TABLE_B),
)
def edited(sides: Sides) -> Iterator[Finding]:
    """Ours changes the up script of a migration that the base has: whoever applied it has the old one.

    Editing a comment, a down, or a migration that only the branch has is fine. What theirs edits alone is in the base
    already.
    """
    for mine, other in _edits(sides):
        if other is None:
            yield edit(mine)


def _touched(sides: Sides, migration: Migration) -> tuple[tuple[Action, ObjectPath], ...]:
    footprint = sides.footprints.get(migration.blobs)
    return tuple((touch.action, touch.object.path) for touch in footprint.touches) if footprint else ()


def edit(mine: Migration) -> Finding:
    """The finding about an edit."""
    return edited.finding(
        f"ours edits {mine.label}, which the base has and others may have applied",
        migrations=(mine.label,),
        path=mine.path,
    )


def _edits(sides: Sides) -> Iterator[tuple[Migration, Migration | None]]:
    """Ours that were edited, with theirs where that was edited in another way."""
    theirs = {migration.version: migration for migration in sides.sets.theirs}
    for before, mine in sides.sets.edited(sides.sets.ours):
        other = theirs.get(mine.version)
        if (other and other.blobs == mine.blobs) or _alike(sides, before, mine):
            continue
        edited_there = other and other.blobs != before.blobs and not _alike(sides, before, other)
        yield mine, other if edited_there else None


def _alike(sides: Sides, one: Migration, two: Migration) -> bool:
    a, b = sides.contents.get(one.blobs), sides.contents.get(two.blobs)
    return a is not None and b is not None and a.checksum == b.checksum


@on_sides
@rule(
    "GM104",
    "taken out or renumbered",
    Severity.ERROR,
    hint="restore it; to undo a change, add a migration that does",
    conflict=Example(base=TABLE_A, ours={"0002_a.sql": False}, theirs=TABLE_B),
    harmless=Example(base=TABLE_A, ours={"0004_c.sql": "DROP TABLE a;"}, theirs=TABLE_B),
)
def taken_out(sides: Sides) -> Iterator[Finding]:
    """Ours deletes a migration of the base, or gives it another version."""
    theirs = {migration.version for migration in sides.sets.theirs}
    for gone in sides.sets.deleted(sides.sets.ours):
        if gone.version in theirs:
            new = next((mine for mine in sides.sets.ours_added if _alike(sides, mine, gone)), None)
            what = f"renumbers {gone.label} to {new.label}" if new else f"takes out {gone.label}"
            yield taken_out.finding(
                f"ours {what}, which the base has and others may have applied",
                migrations=(new.label if new else gone.label,),
                path=(new or gone).path,
            )


@on_sides
@rule(
    "GM105",
    "edited on both sides",
    Severity.ERROR,
    hint="restore ours, and make the change in a migration of its own",
    conflict=Example(
        base=TABLE_A,
        ours={"0002_a.sql": "CREATE TABLE a (id bigint);"},
        theirs={"0002_a.sql": "CREATE TABLE a (id numeric);"},
    ),
    harmless=Example(
        base=TABLE_A,
        ours={"0002_a.sql": "CREATE TABLE a (id bigint);"},
        theirs={"0002_a.sql": "CREATE TABLE a (id bigint);"},
    ),
)
def edited_on_both_sides(sides: Sides) -> Iterator[Finding]:
    """Both sides change one migration in different ways."""
    for mine, other in _edits(sides):
        if other is not None:
            yield edited_on_both_sides.finding(
                f"both sides edit {mine.label} in different ways",
                migrations=(mine.label, other.label),
                path=mine.path,
            )


# Files that tools keep in the folder of migrations, and what writes them anew.
WRITTEN_BY = {
    "*/atlas.sum": "`atlas migrate hash`",
    "*/max_migration.txt": "`manage.py rebase_migration`",
    "*/meta/_journal.json": "`drizzle-kit generate`",
    "*/meta/*_snapshot.json": "`drizzle-kit generate`",
    "*/.snapshot-*.json": "`mikro-orm migration:create`",
    "*/schema.sql": "`gitmig dump`, or the command of the tool that wrote it",
    "*/structure.sql": "`gitmig dump`, or the command of the tool that wrote it",
}


@rule(
    "GM106",
    "git conflict",
    Severity.ERROR,
    hint="merge the base into the branch and resolve it there",
    conflict=Example(
        base=TABLE_A,
        ours={"0002_a.sql": "-- mine\nCREATE TABLE a (id int);"},
        theirs={"0002_a.sql": "-- theirs\nCREATE TABLE a (id int);"},
    ),
    harmless=Example(base=TABLE_A, ours={"0002_a.sql": "-- mine\nCREATE TABLE a (id int);"}, theirs=TABLE_B),
)
def git_conflict(sides: Sides, said: Set[str | None]) -> Iterator[Finding]:
    """`git merge` itself would stop at a file of the migrations folder.

    Not said where another rule says what is wrong with the file. A note, if a tool writes the file: `atlas.sum`,
    `max_migration.txt`, Drizzle's and MikroORM's snapshots, a dump of the schema.
    """
    for path in sides.merge.conflicts:
        if path in said:
            continue
        if command := next((how for pattern, how in WRITTEN_BY.items() if fnmatchcase(f"/{path}", pattern)), None):
            yield git_conflict.finding(
                f"git has a conflict in {path}, which a tool writes",
                f"take either side's, and write it anew after the merge: {command}",
                severity=Severity.NOTE,
                path=path,
            )
        else:
            yield git_conflict.finding(f"git has a conflict in {path}", path=path)


@rule(
    "GM107",
    "order",
    Severity.NOTE,
    hint="`gitmig renumber` moves ours behind the base's",
    conflict=Example(
        ours={"0002_rename.sql": "ALTER TABLE comments RENAME contents TO body;"},
        theirs={"0003_view.sql": "CREATE VIEW recent AS SELECT contents FROM comments;"},
    ),
    harmless=Example(
        ours={"0004_rename.sql": "ALTER TABLE comments RENAME author TO writer;"},
        theirs={"0003_view.sql": "CREATE VIEW recent AS SELECT contents FROM comments;"},
    ),
    when_proven=WhenProven.NOTED,
)
def order(sides: Sides, ours_clash: Set[Labels], theirs_clash: Set[Labels]) -> Iterator[Finding]:
    """One of ours sorts before something the base has already: databases at the base's tip get it later.

    An error if the two do not commute, or if ours needs what the later one makes; else a note. The other way round, one
    of the base's that slips in before what our side has already, it is an error or nothing.
    """
    # the pairs of labels, the migration that sorts before first, about which there is an error
    sets = sides.sets
    for mine in sets.ours_added:
        later = [other for other in sets.theirs if other.ancestry is None and other.version > mine.version]
        if later:
            yield _ours_sorts_before(mine, later, [other for other in later if (mine.label, other.label) in ours_clash])
    for other in sets.theirs_added:
        if bad := [one for one in sets.common if (other.label, one.label) in theirs_clash]:
            yield order.finding(
                f"{other.label} of the base sorts before {bad[0].label}, which our side has already, and the two do "
                "not commute",
                "`gitmig renumber` on the branch it came from moves it behind",
                severity=Severity.ERROR,
                migrations=(*(one.label for one in bad), other.label),
                path=other.path,
            )


def _ours_sorts_before(mine: Migration, later: list[Migration], bad: list[Migration]) -> Finding:
    named = bad or later
    more = f" and {len(named) - 1} more" if len(named) > 1 else ""
    where = f"{mine.label} sorts before {named[0].label}{more}, which the base has already"
    return order.finding(
        f"{where}, and the two do not commute" if bad else where,
        None if bad else f"they commute, so nothing breaks; {order.hint}",
        severity=Severity.ERROR if bad else Severity.NOTE,
        migrations=(mine.label, *(other.label for other in named)),
        path=mine.path,
    )


@on_sides
@rule(
    "GM108",
    "two heads",
    Severity.ERROR,
    hint="merge the base into the branch there, and let the tool write what merges the two",
    conflict=Example(
        base=REVISION, ours={"b1_likes.py": AFTER_A.format("b1")}, theirs={"c1_votes.py": AFTER_A.format("c1")}
    ),
    harmless=Example(
        base=REVISION,
        ours={"b1_likes.py": AFTER_A.format("b1")},
        theirs={"c1_other.py": 'revision = "c1"\ndown_revision = None\nbranch_labels = "other"\n'},
        note="a line of its own, which theirs begins",
    ),
)
def two_heads(sides: Sides) -> Iterator[Finding]:
    """Both sides add a migration behind the same one, in Alembic or in one app of Django: neither comes first.

    `alembic upgrade head` and `manage.py migrate` refuse to run then. A migration that comes after both is written by
    `alembic merge heads`, or by `manage.py makemigrations --merge`.
    """
    graph = graph_of(sides.merge.migrations)
    ours, theirs = ({m.version.text: m for m in added} for added in (sides.sets.ours_added, sides.sets.theirs_added))
    labels = {migration.version.text: migration.label for migration in sides.merge.migrations}
    heads, added = graph.heads, ours.keys() | theirs.keys()
    for mine in (ours[key] for key in heads if key in ours):
        for other in (theirs[key] for key in heads if key in theirs):
            line = graph.nodes[mine.version.text].line
            if line != graph.nodes[other.version.text].line:
                continue
            shared = _begun_at(graph, mine, added) & _begun_at(graph, other, added)
            if shared or line:
                yield _two_heads(mine, other, labels.get(min(shared, default="")), line)


def _two_heads(mine: Migration, other: Migration, behind: str | None, line: str) -> Finding:
    one, two = sorted((mine.label, other.label))
    where = f"both come after {behind}" if behind else "neither comes after the other"
    what = f"app {line} has two leaf nodes" if line else "there are two heads"
    command = "manage.py makemigrations --merge" if line else "alembic merge heads"
    return two_heads.finding(
        f"{one} and {two}: {where}, so that {what} after the merge",
        f"merge the base into the branch, and there: {command}",
        migrations=(mine.label, other.label),
        path=mine.path,
    )


def _begun_at(graph: Graph, migration: Migration, added: Set[str]) -> set[str]:
    """The migrations that were there before, behind which the line of an added one begins; "" is the very beginning."""
    found: set[str] = set()
    todo, seen = [migration.version.text], set()
    while todo:
        key = todo.pop()
        if key not in added:
            found.add(key)
        elif key not in seen:
            seen.add(key)
            follows = [parent for parent in graph.nodes[key].follows if parent in graph.nodes]
            found |= set() if follows else {""}
            todo += follows
    return found


def needs(mine: AddedMigration, earlier: AddedMigration) -> bool:
    """Whether `mine` uses what `earlier` makes, and so cannot run before it."""
    made = [effect for effect in net_effects([earlier]) if effect.action in {Action.CREATE, Action.RENAME}]
    used = [effect for effect in net_effects([mine]) if effect.action is not Action.CREATE]
    return any(hits(one, other) for one in made for other in used)
