"""`gitmig verify`: does the down of a migration undo its up? Both run on a scratch database, with rows planted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.errors import GitmigError, UsageError
from gitmig.events import MigrationsSelected, MigrationVerified, silent
from gitmig.git.history import branch_point, first_parent
from gitmig.git.snapshot import at_commit
from gitmig.project.target import load_target
from gitmig.project.trial_database import open_trial_database
from gitmig.project.trust import ask
from gitmig.trials.round_trip import RoundTripVerdict, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.events import Notify
    from gitmig.migrations.model import Content, Migration
    from gitmig.project.project import Project
    from gitmig.project.target import Target
    from gitmig.project.trial_database import TrialDatabase
    from gitmig.project.trust import Consent


class Selection(Struct, frozen=True, kw_only=True):
    """The `chosen` migrations of a target, in order, and in words which ones these are."""

    target: Target
    chosen: tuple[Migration, ...]
    words: str


def select(project: Project, what: str | None, *, everything: bool = False) -> Selection:
    """The migrations that a commit (`REV`), a range (`A..B`) or, by default, the work tree's branch adds.

    A commit adds what its first parent has not, a range what B has and A has not. `everything` takes the whole set.
    Raises GitmigError, UsageError.
    """
    before, separator, revision = _ends(what)
    target = load_target(project, revision)
    if everything:
        return Selection(target=target, chosen=target.set.migrations, words="all")
    base, words = _base(project, before if separator else None, revision, target)
    return Selection(target=target, chosen=_missing(project, base, target), words=words)


def _ends(what: str | None) -> tuple[str, str, str | None]:
    """`A..B`, each HEAD where it is left out, or only B. Raises UsageError."""
    if what is None:
        return "", "", None
    if "..." in what:
        raise UsageError(f"{what!r} is a symmetric difference", hint="name a range with two dots, as in main..HEAD")
    before, separator, revision = what.rpartition("..")
    return (before or "HEAD", separator, revision or "HEAD") if separator else ("", "", what)


def _base(project: Project, before: str | None, revision: str | None, target: Target) -> tuple[str | None, str]:
    """The commit whose migrations are not new, and in words which ones are."""
    if before is not None:
        return project.repository.resolve(before), f"those of {revision} that {before} has not"
    if revision is not None:
        return _parent(project, target), f"those that {revision} adds"
    return _since_branch_point(project)


def _parent(project: Project, target: Target) -> str | None:
    assert target.commit is not None  # a revision was named
    if target.commit in project.repository.shallow:
        message = f"the clone ends at commit {target.commit[:10]}: what it adds cannot be known"
        raise GitmigError(message, hint="`git fetch --unshallow` brings the rest")
    return first_parent(project.repository, target.commit)


def _since_branch_point(project: Project) -> tuple[str | None, str]:
    found = branch_point(project.repository)
    if found is None:
        return None, "all, as there is no commit yet"
    return found.commit, f"those that {found.of} has not" + ("" if found.of == "HEAD" else f" at {found.commit[:10]}")


def _missing(project: Project, base: str | None, target: Target) -> tuple[Migration, ...]:
    """The migrations of which a file is not in the base; where it stands there does not matter."""
    if base is None:
        return target.set.migrations
    blobs = {file.blob for file in at_commit(project.repository, base, project.settings.folders).files}
    return tuple(m for m in target.set.migrations if any(file.blob not in blobs for _, file in m.files))


class Verified(Struct, frozen=True, kw_only=True):
    """A verdict on each of the migrations selected, in order, but for those `unreached` behind an up that fails."""

    selection: Selection
    verdicts: tuple[RoundTripVerdict, ...]
    unreached: tuple[Migration, ...]

    def has(self, weight: Weight) -> bool:
        """Whether there is a verdict of this weight."""
        return any(verdict.weight is weight for verdict in self.verdicts)


def verify(
    project: Project,
    what: str | None = None,
    *,
    everything: bool = False,
    consent: Consent | None = None,
    notify: Notify = silent,
) -> Verified:
    """Verify the migrations that `what` names (see `select`). Raises GitmigError, UsageError.

    `consent` is asked before untrusted scripts run on the scratch database.
    """
    selection = select(project, what, everything=everything)
    needed = _needed(selection)
    contents = selection.target.contents(needed)
    ask(project, consent, [(m, contents[m.path]) for m in needed], selection.target.snapshot)
    notify(MigrationsSelected(len(selection.chosen)))
    verdicts = []
    if selection.chosen:
        with open_trial_database(project) as trial:
            for verdict in _verdicts(trial, selection, needed, contents):
                notify(MigrationVerified(verdict.migration.label))
                verdicts.append(verdict)
    return Verified(selection=selection, verdicts=tuple(verdicts), unreached=selection.chosen[len(verdicts) :])


def _needed(selection: Selection) -> tuple[Migration, ...]:
    """What has to be built: everything up to the last migration that was chosen."""
    migrations = selection.target.set.migrations
    chosen = {migration.path for migration in selection.chosen}
    return migrations[: 1 + max((k for k, migration in enumerate(migrations) if migration.path in chosen), default=-1)]


def _verdicts(
    trial: TrialDatabase, selection: Selection, needed: Sequence[Migration], contents: Mapping[str, Content]
) -> Iterator[RoundTripVerdict]:
    """Build the set in order, in one pass; a migration that was chosen is tried before it is built.

    Ends behind an up that fails: there is nothing to build the others on.
    """
    chosen = {migration.path for migration in selection.chosen}
    for migration in needed:
        content = contents[migration.path]
        if migration.path not in chosen:
            trial.build((content.up,))
            continue
        examined = trial.examine(content)
        yield RoundTripVerdict(migration=migration, findings=examined.findings)
        if examined.after is None:
            return
