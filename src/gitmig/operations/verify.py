"""Does the down of a migration undo its up? Found out by running both on a scratch database, rows planted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gitmig.core.verification import Verdict, Weight
from gitmig.operations.selection import select
from gitmig.operations.trust import ask
from gitmig.operations.workbench import open_workbench

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.core.migration import Content, Migration
    from gitmig.operations.project import Project
    from gitmig.operations.selection import Selection
    from gitmig.operations.trust import Consent
    from gitmig.operations.workbench import Workbench


class VerifyObserver(Protocol):
    """Is told how far the work is."""

    def selected(self, selection: Selection) -> None:
        """These migrations are going to be verified."""

    def verified(self, verdict: Verdict) -> None:
        """One of them is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A verdict on each of the migrations selected, in order, but for those `unreached` behind an up that fails."""

    selection: Selection
    verdicts: tuple[Verdict, ...]
    unreached: tuple[Migration, ...]

    def has(self, weight: Weight) -> bool:
        """Whether there is a verdict of this weight."""
        return any(verdict.weight is weight for verdict in self.verdicts)


def verify(
    project: Project,
    what: str | None,
    observer: VerifyObserver,
    *,
    everything: bool = False,
    consent: Consent | None = None,
) -> Verified:
    """Verify the migrations that `what` names (see `selection.select`). Raises GitmigError, UsageError.

    `consent` is asked before untrusted scripts run on the scratch database.
    """
    selection = select(project, what, everything=everything)
    needed = _needed(selection)
    contents = selection.target.contents(needed)
    ask(project, consent, [(m, contents[m.path]) for m in needed], selection.target.snapshot)
    observer.selected(selection)
    verdicts = []
    if selection.chosen:
        with open_workbench(project) as workbench:
            for verdict in _verdicts(workbench, selection, needed, contents):
                observer.verified(verdict)
                verdicts.append(verdict)
    return Verified(selection=selection, verdicts=tuple(verdicts), unreached=selection.chosen[len(verdicts) :])


def _needed(selection: Selection) -> tuple[Migration, ...]:
    """What has to be built: everything up to the last migration that was chosen."""
    migrations = selection.target.set.migrations
    chosen = {migration.path for migration in selection.chosen}
    return migrations[: 1 + max((k for k, migration in enumerate(migrations) if migration.path in chosen), default=-1)]


def _verdicts(
    workbench: Workbench, selection: Selection, needed: Sequence[Migration], contents: Mapping[str, Content]
) -> Iterator[Verdict]:
    """Build the set in order, in one pass; a migration that was chosen is tried before it is built.

    Ends behind an up that fails: there is nothing to build the others on.
    """
    chosen = {migration.path for migration in selection.chosen}
    for migration in needed:
        content = contents[migration.path]
        if migration.path not in chosen:
            workbench.build((content.up,))
            continue
        examined = workbench.examine(content)
        yield Verdict(migration=migration, findings=examined.findings)
        if examined.after is None:
            return
