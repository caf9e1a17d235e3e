"""What may run: by a hook only what is trusted, on a database the work tree is bound to; by hand what a person says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.binding import objection
from gitmig.core.layouts import layouts
from gitmig.core.migration import File, Migration
from gitmig.core.problem import InvalidMigrations
from gitmig.core.text import decode
from gitmig.core.version import Version
from gitmig.errors import LeftToSync
from gitmig.operations.target import load_target
from gitmig.repository import binding
from gitmig.repository.door import OBJECT_ID
from gitmig.repository.trust import Provenance, TrustStore, blobs_of_local_branches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gitmig.core.migration import Content
    from gitmig.core.plan import Plan
    from gitmig.database.connection import Connection
    from gitmig.database.ledger import Row, State
    from gitmig.operations.project import Project
    from gitmig.operations.target import Target

    # Asks a person about scripts that are about to run on a scratch database. Raises GitmigError if they say no.
    Consent = Callable[[Sequence["Candidate"]], None]

# Settings that decide how far gitmig goes, as `git config` spells them → as `gitmig.toml` does.
PERSONAL_KEYS = {
    **{key: key for key in ("folder", "layout", "bootstrap", "ignore", "verify")},
    "runoutside": "run_outside",
    "keptage": "kept_age",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What may be going to run: the files it stands in, and its `scripts` by the name of their section."""

    label: str
    files: tuple[File, ...]
    scripts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, migration: Migration, content: Content) -> Candidate:
        """A migration, both ways."""
        sections = (("up", content.up), ("down", content.down))
        return cls(
            label=migration.label,
            files=tuple(file for _, file in migration.files),
            scripts=tuple((name, script.text) for name, script in sections if script is not None),
        )

    @property
    def path(self) -> str:
        """The file people look at first."""
        return self.files[0].path

    @property
    def texts(self) -> list[str]:
        """Its scripts."""
        return [text for _, text in self.scripts]


def untrusted(project: Project, candidates: Iterable[Candidate], commits: Iterable[str | None]) -> list[Candidate]:
    """Those that were neither approved nor brought in by an act of the user's.

    `commits` are the code versions they belong to, HEAD for the work tree. What git vouches for is approved from then
    on, however long git remembers.
    """
    store = TrustStore.load(project.repository)
    doubtful = [one for one in candidates if not _is_approved(store, one)]
    if not doubtful:
        return []
    files = [file for one in doubtful for file in one.files if not store.knows_file(file.blob)]
    store.add(blobs=Provenance(project.repository, commits).trusted(files))
    return [one for one in doubtful if not _is_approved(store, one)]


def ask(
    project: Project,
    consent: Consent | None,
    pairs: Iterable[tuple[Migration, Content]],
    commits: Iterable[str | None],
) -> None:
    """Have `consent` asked about what is not trusted of the migrations and the bootstrap file, if anything is."""
    if consent is None:
        return
    candidates = [*_bootstrap(project), *(Candidate.of(migration, content) for migration, content in pairs)]
    if found := untrusted(project, candidates, [*commits, project.repository.head]):
        consent(found)


def untrusted_in(project: Project, revision: str | None) -> list[Candidate]:
    """What is not trusted of a commit's migrations, or of the work tree's and its bootstrap file.

    Raises BeforeGitmig, InvalidMigrations, UsageError.
    """
    target = load_target(project, revision)
    contents = target.contents(target.set.migrations)
    candidates = [Candidate.of(m, contents[m.path]) for m in target.set.migrations]
    if revision is None:
        candidates = [*_bootstrap(project), *candidates]
    return untrusted(project, candidates, [target.commit])


def approve(project: Project, candidates: Iterable[Candidate]) -> None:
    """Let hooks run these from now on."""
    texts, blobs = [], []
    for one in candidates:
        texts += one.texts
        blobs += [file.blob for file in one.files]
    TrustStore.load(project.repository).add(texts=texts, blobs=blobs)


def approve_plan(project: Project, plan: Plan) -> None:
    """A person runs the plan: what it brings into the ledger, and the bootstrap file, is approved."""
    approve(project, [*_bootstrap(project), *_brought_in(plan)])


def approve_local_branches(project: Project) -> None:
    """Approve what the clone's own branches have when gitmig is set up in it; later calls change nothing."""
    store = TrustStore.load(project.repository)
    if not store.has_begun:
        places = [*project.settings.folders, *(file.path for one in _bootstrap(project) for file in one.files)]
        store.begin(blobs_of_local_branches(project.repository, places))


def bind(project: Project) -> None:
    """Note that hooks of this work tree may change the database that the settings name now."""
    binding.write(project.repository, project.binding)


def refuse_unbound(project: Project) -> None:
    """Raise LeftToSync if the checked-out settings lead a hook elsewhere, or further, than a sync by hand did."""
    own, others = binding.read(project.repository)
    personal = (key.partition(".")[2] for key in project.repository.config)
    why = objection(
        project.binding,
        own,
        others,
        is_personal=project.settings.database_is_personal,
        own_keys=frozenset(PERSONAL_KEYS[key] for key in personal if key in PERSONAL_KEYS),
    )
    if why is not None:
        raise LeftToSync(f"{why}; nothing was synced", hint="`gitmig sync` by hand decides")
    if untrusted(project, _bootstrap(project), [project.repository.head]):
        message = f"the bootstrap file {project.settings.bootstrap} is not trusted; nothing was synced"
        raise LeftToSync(message, hint="`gitmig trust` shows and approves it")


def refuse_unknown_ledger(project: Project, connection: Connection, state: State) -> None:
    """Raise LeftToSync if the ledger holds scripts that neither the trust store nor git knows."""
    from gitmig.database import ledger

    store = TrustStore.load(project.repository)
    digests = ledger.read_digests(connection)
    unknown = {place for place, found in digests.items() if not all(map(store.knows_digest, found))}
    rows = [row for row in ledger.read_rows(connection, 0).values() if row.position in unknown] if unknown else []
    if state.unfinished is not None and not all(map(store.knows, _scripts(state.unfinished.row))):
        rows.append(state.unfinished.row)
    foreign = [row.label for row in rows if not _is_in_git(project, row)]
    if foreign:
        raise LeftToSync(
            f"the ledger has {_listed(foreign)}, of which this clone knows no script; nothing was synced",
            hint="`git fetch` may bring it; `gitmig sync` by hand runs it",
        )
    store.add(texts=[text for row in rows for text in _scripts(row)])


def refuse_untrusted(project: Project, target: Target, plan: Plan, state: State) -> None:
    """Raise LeftToSync if the plan brings in what is not trusted; else its scripts are known from now on."""
    candidates = _brought_in(plan)
    if state.unfinished is not None:  # it may go on with what the file says now
        version = Version(state.unfinished.row.version)
        edited = [m for m in target.set.migrations if m.version == version]
        contents = target.contents(edited)
        candidates += [Candidate.of(m, contents[m.path]) for m in edited]
    if found := untrusted(project, candidates, [target.commit]):
        raise LeftToSync(
            f"not trusted, so not run: {_listed([one.label for one in found])}; nothing was synced",
            hint="`gitmig trust` shows and approves it, `gitmig sync` runs it",
        )
    approve(project, candidates)


def _bootstrap(project: Project) -> list[Candidate]:
    """The bootstrap file, if the team's settings name one; a personal one is the user's own."""
    name, repository = project.settings.bootstrap, project.repository
    if name is None or "gitmig.bootstrap" in repository.config or not (text := project.bootstrap_sql()):
        return []
    blob = repository.run("hash-object", "--", name).decode().strip()
    return [Candidate(label=name, files=(_file(name, blob),), scripts=(("bootstrap", text),))]


def _is_approved(store: TrustStore, candidate: Candidate) -> bool:
    return all(store.knows_file(file.blob) for file in candidate.files) or all(map(store.knows, candidate.texts))


def _brought_in(plan: Plan) -> list[Candidate]:
    """What the plan reads from files: to run it, or to run its down one day."""
    desired = [step.desired for step in plan.applies] + [move.desired for move in plan.moves]
    return [Candidate.of(d.migration, d.content) for d in desired if d is not None and d.content is not None]


def _scripts(row: Row) -> list[str]:
    return [text for text in (row.up, row.down) if text is not None]


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
            content = layout.parse(migration, texts)
        except (InvalidMigrations, KeyError, ValueError):
            continue  # written in another layout
        if (content.up.text, content.down and content.down.text) == (row.up, row.down):
            return True
    return False


def _file(path: str, blob: str) -> File:
    return File(path=path, name=path, blob=blob)


def _listed(labels: Sequence[str]) -> str:
    """At most three names: a hook has one line."""
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return f"{', '.join(labels[:3])}{more}"
