"""Which scripts may run: by a hook only what is trusted, by hand what a person says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from gitmig.errors import LeftToSync
from gitmig.git.repository import OBJECT_ID
from gitmig.git.snapshot import Snapshot, changed_files, rewritten
from gitmig.git.trust import LEDGER, Provenance, TrustStore, digest, files_of_local_branches
from gitmig.migrations.languages.program import ROLE
from gitmig.migrations.layouts import layouts
from gitmig.migrations.layouts.programs import WithPrograms
from gitmig.migrations.model import File, InvalidMigrations, Migration, Version, decode
from gitmig.project.target import load_target
from gitmig.text import first_few

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from gitmig.ledger.rows import Row, State
    from gitmig.migrations.model import Content
    from gitmig.migrations.plan import Applied, Plan
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project
    from gitmig.project.target import Target

    # Asks a person about scripts that are about to run on a scratch database. Raises GitmigError if they say no.
    Consent = Callable[[Sequence["Candidate"]], None]

# What a script is approved as. Outside a transaction it is another script: what fails there stays half done.
UPS, DOWNS = ("up", "up outside"), ("down", "down outside")
PROGRAM = "program"


class Candidate(Struct, frozen=True, kw_only=True):
    """What may be going to run: the files it stands in, and its `scripts` by the name of their section.

    `outside` are the sections that ask to run outside a transaction. `is_rewritten`: what stands in the work tree is
    not what git has of the files, so that nothing which is known of the files tells of it. A program also has what it
    is known by (`program_text`), and the commit whose files lie beside it, None before the first one.
    """

    label: str
    files: tuple[File, ...]
    scripts: tuple[tuple[str, str], ...]
    outside: frozenset[str] = frozenset()
    is_rewritten: bool = False
    program: str | None = None
    commit: str | None = None

    def __str__(self) -> str:
        return self.label

    @classmethod
    def of(cls, migration: Migration, content: Content, rewritten_paths: frozenset[str] = frozenset()) -> Candidate:
        """A migration, both ways."""
        sections = {"up": content.up, "down": content.down}
        there = {name: script for name, script in sections.items() if script is not None}
        return cls(
            label=migration.label,
            files=tuple(file for _, file in migration.files),
            scripts=tuple((name, script.text) for name, script in there.items()),
            outside=frozenset(name for name, script in there.items() if not script.transactional),
            is_rewritten=any(file.path in rewritten_paths for _, file in migration.files),
        )

    @property
    def path(self) -> str:
        """The file people look at first."""
        return self.files[0].path

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Its scripts by what they are approved as."""
        if self.program is not None:
            return [(PROGRAM, self.program)]
        return [(f"{name} outside" if name in self.outside else name, text) for name, text in self.scripts]

    @property
    def places(self) -> list[tuple[str, str]]:
        """Its files by path and blob id, as far as they tell of its scripts."""
        return [] if self.is_rewritten or self.program is not None else [(file.path, file.blob) for file in self.files]


def untrusted(project: Project, candidates: Iterable[Candidate], commits: Iterable[str | None]) -> list[Candidate]:
    """Those that were neither approved nor brought in by an act of the user's.

    `commits` are the code versions they belong to, HEAD for the work tree. What git vouches for is approved from then
    on, however long git remembers.
    """
    store = TrustStore.load(project.repository)
    doubtful = [one for one in candidates if not _is_approved(project, store, one)]
    if not doubtful:
        return []
    files = [file for one in doubtful if not one.is_rewritten and one.program is None for file in one.files]
    if files:
        store.add(files=_from_acts(project, store, files, commits))
    return [one for one in doubtful if not _is_approved(project, store, one)]


def _from_acts(
    project: Project, store: TrustStore, files: Collection[File], commits: Iterable[str | None]
) -> set[tuple[str, str]]:
    """Path and blob id of the files that came in by acts of the user's; of the others is noted that they did not."""
    found = Provenance(project.repository, store, commits).trusted(files)
    store.note_strange(file.blob for file in files if (file.path, file.blob) not in found)
    return found


def untrusted_in(project: Project, revision: str | None) -> list[Candidate]:
    """What is not trusted of a commit's migrations, or of the work tree's and its bootstrap file.

    Raises BeforeGitmig, InvalidMigrations, UsageError.
    """
    target = load_target(project, revision)
    candidates = candidates_of(target, target.set.migrations)
    if revision is None:
        candidates = [*bootstrap_scripts(project), *candidates]
    return untrusted(project, candidates, [target.commit])


def ask(
    project: Project,
    consent: Consent | None,
    pairs: Sequence[tuple[Migration, Content]],
    *snapshots: Snapshot,
) -> None:
    """Have `consent` asked about what is not trusted of the migrations and the bootstrap file, if anything is.

    The migrations were read from the snapshots.
    """
    if consent is None:
        return
    candidates = [*bootstrap_scripts(project), *_candidates(project, pairs, *snapshots)]
    commits = [one.commit for one in snapshots]
    if found := untrusted(project, candidates, [*commits, project.repository.head]):
        consent(found)
        project.agreed.update(one.program for one in found if one.program is not None)


def untrusted_of(project: Project, plan: Plan, target: Target) -> list[Candidate]:
    """What the plan brings in and no hook would run."""
    return untrusted(project, _brought_in(plan, target), [target.commit])


def approve(project: Project, candidates: Iterable[Candidate]) -> None:
    """Let hooks run these from now on."""
    scripts, files, commits = [], [], []
    for one in candidates:
        scripts += one.kinds
        files += one.places
        if one.program is not None:
            scripts += [(LEDGER, text) for _, text in one.scripts]
            commits += commits_around(project, one.commit)
    TrustStore.load(project.repository).add(scripts=scripts, files=files, commits=commits)


def approve_plan(project: Project, plan: Plan, target: Target) -> None:
    """A person runs the plan: what it brings into the ledger, and the bootstrap file, is approved."""
    approve(project, [*bootstrap_scripts(project), *_brought_in(plan, target)])


def approve_ledger(project: Project, connection: Connection) -> None:
    """A person has synced: what stands in the ledger now may run from there."""
    from gitmig.ledger.store import read_digests

    digests = read_digests(connection).values()
    TrustStore.load(project.repository).add_digests(found for both in digests for found in both)
    approve_printed(project, connection)


def approve_printed(project: Project, connection: Connection, only: Collection[Version] | None = None) -> None:
    """What programs printed when they were applied may run from the ledger: those of these versions, or all."""
    from gitmig.ledger.store import read_programs

    rows = [row for row in read_programs(connection) if only is None or Version(row.version) in only]
    TrustStore.load(project.repository).add_digests(digest(row.printed) for row in rows if row.printed is not None)


def approve_local_branches(project: Project) -> None:
    """Approve what the clone's own branches have when gitmig is set up in it; later calls change nothing."""
    store = TrustStore.load(project.repository)
    if not store.has_begun:
        places = [*project.settings.folders, *(file.path for one in bootstrap_scripts(project) for file in one.files)]
        store.begin(files_of_local_branches(project.repository, places))


def refuse_unknown_ledger(project: Project, connection: Connection, state: State) -> None:
    """Raise LeftToSync if the ledger holds scripts that neither the trust store nor git knows."""
    from gitmig.ledger.store import read_digests, read_programs, read_rows

    store = TrustStore.load(project.repository)
    digests = read_digests(connection)
    unknown = {place for place, found in digests.items() if not _knows_ledger(store, found)}
    rows = [row for row in read_rows(connection, 0).values() if row.position in unknown] if unknown else []
    if state.unfinished is not None:
        scripts = tuple(map(digest, ledger_scripts(state.unfinished.row)))
        rows += [] if _knows_ledger(store, scripts) else [state.unfinished.row]
    foreign = [row.label for row in rows if not _is_in_git(project, row)]
    foreign += [row.label for row in read_programs(connection) if not _knows_printed(store, row)]
    if foreign:
        raise LeftToSync(
            f"the ledger has {first_few(foreign)}, of which this clone knows no script; nothing was synced",
            hint="`git fetch` may bring it; `gitmig sync` by hand runs it",
        )
    store.add_digests(digest(text) for row in rows for text in ledger_scripts(row))


def refuse_untrusted(project: Project, target: Target, plan: Plan, state: State) -> None:
    """Raise LeftToSync if the plan brings in what is not trusted; else its scripts are known from now on."""
    candidates = _brought_in(plan, target)
    if state.unfinished is not None:  # it may go on with what the file says now
        version = Version(state.unfinished.row.version)
        candidates += candidates_of(target, [m for m in target.set.migrations if m.version == version])
    if found := untrusted(project, candidates, [target.commit]):
        raise LeftToSync(
            f"not trusted, so not run: {first_few(found)}; nothing was synced",
            hint="`gitmig trust` shows and approves it, `gitmig sync` runs it",
        )
    approve(project, candidates)


def bootstrap_scripts(project: Project) -> list[Candidate]:
    """The bootstrap file, unless it is the user's own and lies elsewhere."""
    repository, name = project.repository, project.bootstrap_file
    if name is None or not (text := project.bootstrap_sql()):
        return []
    blob = repository.run("hash-object", "--", name).decode().strip()
    file = _file(name, blob)
    changed = bool(rewritten(repository, Snapshot(commit=None, folder=None, is_work_tree=True), [file]))
    return [Candidate(label=name, files=(file,), scripts=(("bootstrap", text),), is_rewritten=changed)]


def program_text(command: Sequence[str] | None, text: str) -> str:
    """What a program is known by: the same text run by another command is another program."""
    return "\0".join((*(command or ()), text))


def knows_program(project: Project, store: TrustStore, text: str, commit: str | None) -> bool:
    """Whether a program may run: it was approved itself, and whoever's files it finds is trusted."""
    if text in project.agreed:
        return True
    if not store.knows(PROGRAM, text):
        return False
    around = commits_around(project, commit)
    if project.repository.head is None and not _has_only_own_files(project):
        return False
    provenance = Provenance(project.repository, store, around)
    return all(map(provenance.trusts_commit, around))


def commits_around(project: Project, commit: str | None) -> list[str]:
    """The commits whose files a program finds: its own, if it has one, and the one that is checked out.

    Interpreters and packages are those of the work tree, and what is checked out can have brought them along.
    """
    return [one for one in dict.fromkeys((commit, project.repository.head)) if one is not None]


def strange_changes(project: Project) -> list[str]:
    """What is not as HEAD has it, and came in by no act of the user's, as by `git checkout PROPOSAL -- FOLDER`.

    Programs that run in the work tree would find it.
    """
    repository = project.repository
    files = changed_files(repository) if repository.root is not None else []
    if not files:
        return []
    trusted = _from_acts(project, TrustStore.load(repository), files, [repository.head])
    return [file.path for file in files if (file.path, file.blob) not in trusted]


def _has_only_own_files(project: Project) -> bool:
    """Whether, before the first commit, nothing can lie in the work tree but what was written here.

    A new branch without commits (`git checkout --orphan`) keeps the files of another one.
    """
    repository = project.repository
    return not (repository.lines("rev-list", "-n", "1", "--all", "--reflog") or repository.fetched())


def is_program(migration: Applied | Migration) -> bool:
    """Whether a migration is a program; told without its scripts."""
    return migration.blobs.startswith(f"{ROLE}:")


def has_programs(plan: Plan, state: State) -> bool:
    """Whether the plan, or a build of what is applied, may run programs."""
    return any(map(is_program, state.stack)) or any(is_program(step.migration) for step in plan.arrivals)


def untrusted_programs(
    project: Project, connection: Connection, plan: Plan, state: State, target: Target
) -> list[Candidate]:
    """The programs that the plan, or a build of what is applied, may run, and nobody has approved."""
    from gitmig.ledger.rows import migration_of
    from gitmig.ledger.store import read_programs

    brought = [one for one in _brought_in(plan, target) if one.program is not None]
    rows = read_programs(connection) if any(map(is_program, state.stack)) else []
    found = [*brought, *(_candidate(project, migration_of(row), row.content) for row in rows)]
    store = TrustStore.load(project.repository)
    return [one for one in found if not _is_approved(project, store, one)]


def _is_approved(project: Project, store: TrustStore, candidate: Candidate) -> bool:
    if candidate.program is not None:
        return knows_program(project, store, candidate.program, candidate.commit)
    places = candidate.places
    by_file = bool(places) and all(store.knows_file(path, blob) for path, blob in places)
    return by_file or all(store.knows(kind, text) for kind, text in candidate.kinds)


def candidates_of(target: Target, migrations: Sequence[Migration]) -> list[Candidate]:
    """These migrations of the target as they stand there. Raises InvalidMigrations."""
    contents = target.contents(migrations)
    return _candidates(target.project, [(one, contents[one.path]) for one in migrations], target.snapshot)


def _brought_in(plan: Plan, target: Target) -> list[Candidate]:
    """What the plan reads from files: to run it, or to run its down one day."""
    desired = [step.desired for step in plan.arrivals] + [move.desired for move in plan.moves]
    pairs = [(d.migration, d.content) for d in desired if d.content is not None]
    return _candidates(target.project, pairs, target.snapshot)


def _candidates(project: Project, pairs: Sequence[tuple[Migration, Content]], *snapshots: Snapshot) -> list[Candidate]:
    """The migrations, which were read from the snapshots."""
    files = {file for migration, _ in pairs for _, file in migration.files}
    changed = frozenset[str]().union(
        *(rewritten(project.repository, one, files.intersection(one.files)) for one in snapshots)
    )
    return [_candidate(project, migration, content, changed) for migration, content in pairs]


def _candidate(
    project: Project, migration: Migration, content: Content, changed: frozenset[str] = frozenset()
) -> Candidate:
    candidate = Candidate.of(migration, content, changed)
    if not content.up.language.is_program:
        return candidate
    from gitmig.project.programs import command_of  # which imports this module

    known_by = program_text(command_of(project, content.up), content.up.text)
    return replace(candidate, program=known_by, commit=content.up.commit or project.repository.head)


def ledger_scripts(row: Row) -> list[str]:
    """The scripts of a row: the up, and the down if there is one."""
    return [text for text in (row.up, row.down) if text is not None]


def _knows_ledger(store: TrustStore, digests: Sequence[str]) -> bool:
    """Whether what a row has may run from the ledger: approved there, or as what it is there."""
    return all(store.knows_digest(found, *kinds, LEDGER) for found, kinds in zip(digests, (UPS, DOWNS)))


def _knows_printed(store: TrustStore, row: Row) -> bool:
    """Whether the SQL that a program printed may run in its place, as it does on a fresh database."""
    return row.printed is None or store.knows(LEDGER, row.printed)


def _is_in_git(project: Project, row: Row) -> bool:
    """Whether git has the files that the ledger names, and their sections are the scripts in the ledger."""
    blobs = dict(part.split(":", 1) for part in row.blobs.split() if ":" in part)
    texts: dict[str, str] = {}
    for role, blob in blobs.items():
        found = project.repository.read_object(blob) if OBJECT_ID.fullmatch(blob) else None
        if found is None:
            return False
        try:
            texts[role] = decode(found[1], row.path)
        except InvalidMigrations:
            return False
    paths = {"down": row.down_path or row.path}
    files = tuple((role, _file(paths.get(role, row.up_path), blob)) for role, blob in blobs.items())
    migration = Migration(version=Version(row.version), name=row.name, files=files)
    for layout in layouts().values():
        try:
            content = WithPrograms(layout, ()).parse(migration, texts)
        except (InvalidMigrations, KeyError, ValueError):
            continue  # written in another layout
        if (content.up.text, content.down and content.down.text) == (row.up, row.down):
            return True
    return False


def _file(path: str, blob: str) -> File:
    return File(path=path, name=path, blob=blob)
