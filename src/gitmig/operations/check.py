"""`gitmig check`: can the migrations of two sides live together? Changes nothing.

From top to bottom: `review`, all that is said about a branch; `compare_sides`, which reads both sides and asks the
rules; `prove`, which runs both orders on a scratch database; `unsafe_statements`. Source code is the business of
`check_clients`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from gitmig.check.conflicts import findings
from gitmig.check.dependencies import Dependents
from gitmig.check.findings import in_order
from gitmig.check.proof import Orders, conclude, reconcile
from gitmig.check.rules.outside import unsafe_statement
from gitmig.check.sides import BranchSets, Merge, Sides
from gitmig.errors import GitmigError
from gitmig.execute.build import BuildFailed
from gitmig.git import merge, snapshot
from gitmig.migrations.layouts import group, left_alone
from gitmig.migrations.layouts.parsing import is_script
from gitmig.migrations.model import MigrationSet
from gitmig.operations.check_clients import ClientCode, broken_statements, find_clients
from gitmig.postgres.address import location
from gitmig.postgres.embedded import MAINTENANCE, forget_libpq_variables
from gitmig.project import squawk
from gitmig.project.failures import not_fresh
from gitmig.project.sides import Reader, Side, common_layout, folders_of, footprint_of, grouped, read_side
from gitmig.trials.orders import founded_scratch, run_orders

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gitmig.check.clients.trial import ClientTrial
    from gitmig.check.findings import Finding
    from gitmig.check.proof import Proof
    from gitmig.check.sides import Migrations
    from gitmig.git.snapshot import Snapshot
    from gitmig.migrations.layouts import Layout
    from gitmig.migrations.model import Content, File, Migration, Script
    from gitmig.project.project import Project
    from gitmig.project.trust import Consent
    from gitmig.trials.orders import FoundedScratch


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found.

    `merge_base` is the commit where the sides parted, one of them after a criss-cross merge. `merged` is the set after
    the merge, as good as it can be made; `contents` holds, by path, what either side added.
    """

    base: Side
    ours: Side
    merge_base: str
    findings: tuple[Finding, ...]
    ours_added: Migrations
    theirs_added: Migrations
    common: Migrations
    layout: Layout
    merged: MigrationSet
    contents: Mapping[str, Content]


# Which source code is looked at: True is SQL with a proof and words else, False nothing.
Clients = bool | Literal["words", "sql", "rollback"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`checked`, with the `findings` of everything that was asked for, the most serious first.

    `proof` is None if it was not asked for, or not possible: then `unproven` says why. `clients` is how the SQL in
    source code was tried, None if it was not.
    """

    checked: Checked
    findings: tuple[Finding, ...]
    proof: Proof | None = None
    unproven: str | None = None
    clients: ClientTrial | None = None


def review(
    project: Project,
    base: str | None = None,
    revision: str | None = None,
    *,
    prove: bool = False,
    scratch: str | None = None,
    clients: Clients = True,
    lint: bool = True,
    consent: Consent | None = None,
) -> Review:
    """Check a revision (None: the work tree) against a base (None: the upstream's default branch).

    `prove` runs both orders on a scratch database (see `prove`); `clients` looks for source code that uses what the
    branch takes away: by its words, and with a proof, or for `sql` and `rollback`, by trying its SQL
    (see `ClientCode`). `lint` asks squawk if it is installed. `consent` is asked before untrusted scripts run. Raises
    GitmigError where it cannot be decided.
    """
    checked = compare_sides(project, base, revision)
    found = Review(checked=checked, findings=checked.findings)
    tries = clients in {"sql", "rollback"} or (clients is True and prove)
    if prove or tries:
        found = _tried(project, checked, scratch, consent, prove=prove, clients=clients if tries else False)
    more = list(found.findings)
    if found.clients:
        more += broken_statements(found.clients)
    if clients:
        branch = ((label, footprint_of(content)) for label, content in _added(checked))
        known = found.clients.lines if found.clients else frozenset()
        guessed = find_clients(project, checked.ours.commit, branch)
        more += [finding for finding in guessed if (finding.path, finding.line) not in known]
    if lint:
        more += unsafe_statements(project, ((label, content.up) for label, content in _added(checked)))
    return replace(found, findings=in_order(more))


def _tried(
    project: Project, checked: Checked, scratch: str | None, consent: Consent | None, *, prove: bool, clients: Clients
) -> Review:
    """What running the migrations shows, the proof and the clients as far as they are asked for."""
    from gitmig.project.trust import ask

    found = Review(checked=checked, findings=checked.findings)
    code = ClientCode.read(project, checked, _server_name(project, scratch)) if clients else None
    if prove or (code and code.missing):
        orders = orders_of(project, checked)
        if orders is None:
            return replace(found, unproven="git or gitmig cannot merge the migrations themselves: see the errors")
        pairs = [(m, orders.contents[m.blobs]) for m in orders.merged]
        ask(project, consent, pairs, checked.ours.snapshot, checked.base.snapshot)
        with _server(project, scratch) as server, _founded(project, orders, server) as scratch_database:
            if prove:
                proof = _concluded(orders, scratch_database)
                found = replace(found, findings=tuple(reconcile(checked.findings, proof)), proof=proof)
            if code:
                code.try_missing(scratch_database, orders)
    return replace(found, clients=code.trial(rollback=clients == "rollback")) if code else found


def _added(checked: Checked) -> Iterator[tuple[str, Content]]:
    """Label and content of our migrations, as far as they could be read."""
    for migration in checked.ours_added:
        if content := checked.contents.get(migration.path):
            yield migration.label, content


def compare_sides(project: Project, base: str | None = None, revision: str | None = None) -> Checked:
    """Compare a revision (None: the work tree) with the tip of a base (None: the upstream's default branch).

    Raises GitmigError where that cannot be decided.
    """
    repository = project.repository
    theirs = read_side(project, base or merge.default_base(repository))
    ours = read_side(project, revision)
    parted = merge.merge_bases(repository, ours.commit, theirs.commit)
    layout = common_layout(project, (ours, theirs))
    ours, theirs = grouped(project, ours, layout), grouped(project, theirs, layout)
    bases = [grouped(project, read_side(project, commit), layout) for commit in parted]
    sides = _sides(project, layout, ours, theirs, bases)
    sets, contents = sides.sets, sides.contents
    folder = (sides.merge.folders or (ours.snapshot.folder or "",))[0]
    added = (*sets.theirs_added, *sets.ours_added)
    return Checked(
        base=theirs,
        ours=ours,
        merge_base=parted[0],
        findings=findings(sides),
        ours_added=sets.ours_added,
        theirs_added=sets.theirs_added,
        common=sets.common,
        layout=layout,
        merged=MigrationSet(folder=folder, layout=layout.name, migrations=sides.merge.migrations),
        contents={m.path: contents[m.blobs] for m in added if m.blobs in contents},
    )


def _sides(project: Project, layout: Layout, ours: Side, theirs: Side, bases: Sequence[Side]) -> Sides:
    sets = BranchSets(
        ours=ours.migrations, theirs=theirs.migrations, merge_bases=tuple(side.migrations for side in bases)
    )
    reader = _read(project, layout, sets, ours, theirs)
    return Sides(
        sets=sets,
        merge=_merge(project, layout, ours, theirs),
        contents=reader.contents,
        footprints=reader.footprints,
        unreadable=tuple(reader.problems),
        dependents=lambda: _dependents(reader, sets.common, theirs.snapshot),
    )


def _read(project: Project, layout: Layout, sets: BranchSets, ours: Side, theirs: Side) -> Reader:
    """What the rules look into: what was added or edited, and the common ones that an added one slips in before."""
    reader = Reader(project=project, layout=layout)
    reader.read(sets.ours_added, ours.snapshot)
    reader.read(sets.theirs_added, theirs.snapshot)
    edited = sets.edited(sets.ours)
    reader.read([mine for _, mine in edited], ours.snapshot, footprints=False)
    before = [one for one, _ in edited] + sets.deleted(sets.ours)
    reader.read(before, theirs.in_git, footprints=False)
    if edited:
        versions = {mine.version for _, mine in edited}
        reader.read([m for m in sets.theirs if m.version in versions], theirs.in_git, footprints=False)
    numbered = [m for m in (*sets.ours_added, *sets.theirs_added) if m.ancestry is None]
    first = min((m.version for m in numbered), default=None)
    if first is not None:
        reader.read([m for m in sets.common if m.version > first], theirs.in_git)
    return reader


def _dependents(reader: Reader, common: Migrations, found: Snapshot) -> Dependents:
    reader.read(common, found)
    return Dependents(reader.footprints[m.blobs] for m in common if m.blobs in reader.footprints)


def _merge(project: Project, layout: Layout, ours: Side, theirs: Side) -> Merge:
    """The merged set by names, with what is not committed yet laid over it."""
    repository = project.repository
    merged = merge.merged_tree(repository, ours.commit, theirs.commit)
    folders = tuple(dict.fromkeys(filter(None, (ours.snapshot.folder, theirs.snapshot.folder))))
    trees = {folder: snapshot.at_commit(repository, merged.tree, (folder,)).files for folder in folders}
    files = {file.path: file for found in trees.values() for file in found}
    conflicts = [path for path in merged.conflicts if any(_inside(path, folder) for folder in folders)]
    if ours.snapshot.is_work_tree:
        head = snapshot.at_commit(repository, ours.commit, folders_of(project, ours.commit))
        conflicts += _lay_over(files, _by_path(head), _by_path(ours.snapshot))
    migrations, problems = group(layout, files.values(), lambda wanted: _texts(project, ours, wanted))
    used = tuple(f for f in folders if any(is_script(file) and _inside(file.path, f) for file in files.values()))
    known = _by_path(ours.snapshot).keys() & _by_path(theirs.snapshot).keys()
    return Merge(
        migrations=tuple(migrations),
        problems=tuple(problems),
        left_alone=tuple(p for p in left_alone(files.values(), migrations) if p.path not in known),
        conflicts=tuple(conflicts),
        folders=used or folders,
    )


def _texts(project: Project, ours: Side, files: Sequence[File]) -> dict[str, str]:
    """The texts of files of the merge: git has them all, but for those that only lie in the work tree."""
    on_disk = [file for file in files if file in ours.snapshot.files and file.path in ours.snapshot.on_disk]
    in_git = [file for file in files if file not in on_disk]
    texts = snapshot.read_texts(project.repository, ours.snapshot, on_disk)
    return texts | snapshot.read_texts(project.repository, ours.in_git, in_git)


def _lay_over(files: dict[str, File], head: Mapping[str, File], now: Mapping[str, File]) -> list[str]:
    """Carry over what changed since HEAD; returns the paths in which the merge changed something else."""
    conflicts = []
    for path in head.keys() | now.keys():
        if now.get(path) == head.get(path):
            continue
        if files.get(path) not in {head.get(path), now.get(path)}:
            conflicts.append(path)
        elif path in now:
            files[path] = now[path]
        else:
            files.pop(path, None)
    return sorted(conflicts)


def _by_path(found: Snapshot) -> dict[str, File]:
    return {file.path: file for file in found.files}


def _inside(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")


EMBEDDED = "embedded"


def prove(project: Project, orders: Orders, scratch: str | None = None) -> Proof:
    """Try every order of the sides' migrations. The user's own database is not touched.

    `scratch` is the URL of a server on which a database may be made, or `embedded`; None is the project's own server.
    Raises GitmigError if it cannot be decided: no server, or the common migrations do not run.
    """
    with _server(project, scratch) as server, _founded(project, orders, server) as scratch_database:
        return _concluded(orders, scratch_database)


@contextmanager
def _founded(project: Project, orders: Orders, server: str) -> Iterator[FoundedScratch]:
    """A scratch database with what both sides have in common. Raises GitmigError."""
    bootstrap = project.bootstrap_sql()
    foundation = [orders.contents[migration.blobs].up for migration in orders.foundation]
    with project.programs() as programs:
        try:
            with founded_scratch(server, bootstrap, foundation, project.settings.ignore, programs=programs) as founded:
                yield founded
        except BuildFailed as failure:
            raise not_fresh(failure.script, failure.error) from failure


def _concluded(orders: Orders, founded: FoundedScratch) -> Proof:
    return conclude(orders, founded.before, run_orders(founded, orders.planned_runs()))


def orders_of(project: Project, checked: Checked) -> Orders | None:
    """The orders of two sides that were checked; None if one of the migrations cannot be read, which is a finding.

    What one side edited counts as the merge has it.
    """
    known = {_key(m): m for m in (*checked.theirs_added, *checked.ours_added)}
    merged = tuple(known.get(_key(m), m) for m in checked.merged.migrations)
    reader = Reader(project=project, layout=checked.layout)
    work_tree = {_key(m) for m in checked.ours.migrations}
    reader.read([m for m in merged if _key(m) in work_tree], checked.ours.snapshot, footprints=False)
    reader.read(merged, checked.base.in_git, footprints=False)
    if reader.problems or not set(map(_key, known.values())) <= set(map(_key, merged)):
        return None
    return Orders(
        ours=tuple(m for m in merged if m in checked.ours_added),
        theirs=tuple(m for m in merged if m in checked.theirs_added),
        merged=merged,
        contents=reader.contents,
    )


def _key(migration: Migration) -> tuple[str, str]:
    """What makes two migrations the same, wherever the folder lies."""
    return migration.label, migration.blobs


def _server_name(project: Project, scratch: str | None) -> str:
    """What tells that server from others; it need not run."""
    if scratch == EMBEDDED or (scratch is None and project.settings.database is None):
        return EMBEDDED
    return location(scratch or project.url)


@contextmanager
def _server(project: Project, scratch: str | None) -> Iterator[str]:
    """The URL of a database beside which scratch databases can be made.

    An embedded server that was started for nothing but that stops again.
    """
    if scratch is not None and scratch != EMBEDDED:
        yield scratch
        return
    if scratch == EMBEDDED or project.settings.database is None:
        forget_libpq_variables()
        is_started = project.server.start()
        try:
            yield project.server.url(MAINTENANCE)
        finally:
            if is_started and project.settings.database is not None:
                project.server.stop()
        return
    yield project.url


def unsafe_statements(project: Project, ups: Iterable[tuple[str, Script]]) -> list[Finding]:
    """Squawk's findings about up scripts, given with the labels of their migrations; [] if it is not installed.

    Its settings are its own: `.squawk.toml` at the top of the work tree. Raises GitmigError if squawk fails.
    """
    scripts = {f"{number}.sql": pair for number, pair in enumerate(ups) if pair[1].language.suffix == "sql"}
    program = squawk.find_program()
    if program is None or not scripts:
        return []
    found: list[Finding] = []
    for in_transaction in (True, False):
        chosen = {name: script.text for name, (_, script) in scripts.items() if script.needs_outside != in_transaction}
        if not chosen:
            continue
        report = squawk.run(program, chosen, project.repository.root, in_transaction=in_transaction)
        try:
            found += unsafe_statement(report, scripts)
        except (ValueError, KeyError, TypeError) as error:
            raise GitmigError("squawk's report cannot be read", hint="gitmig reads that of squawk-cli 2") from error
    return found
