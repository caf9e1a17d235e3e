"""Migrations with a computed section: drafted, tried on a workbench, and believed only if that went well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.verification import Outcome
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.core.difference import Difference
    from gitmig.core.schema import ObjectName
    from gitmig.core.verification import Finding

NOTHING = "-- nothing to do: the schema is the same before and after\n"
# With these a computed section is not what it was to be. The others a person should know of, and may want.
DISQUALIFYING = {Outcome.NOT_UNDONE, Outcome.DOWN_FAILS, Outcome.UP_FAILS}
SHOWN = 10  # objects in a message


@dataclass(kw_only=True, eq=False)
class Obstacle(Exception):
    """No exact section can be computed: these objects are in the way, or this is what PostgreSQL says."""

    objects: tuple[ObjectName, ...] = ()
    said: str | None = None

    def refused(self, what: str, hint: str) -> GitmigError:
        """The error, where `what` is what was to be computed."""
        shown = tuple(f"in the way: {name}" for name in self.objects[:SHOWN])
        more = (f"… {len(self.objects) - SHOWN} more",) if len(self.objects) > SHOWN else ()
        said = (f"it was tried: {self.said}",) if self.said else ()
        return GitmigError(f"no exact {what} can be computed", hint=hint, details=shown + more + said)


def as_script(change: Difference) -> str:
    """The statements of a computed difference as the text of a section. Raises Obstacle."""
    if change.unhandled:
        raise Obstacle(objects=change.unhandled)
    return "".join(f"{statement};\n" for statement in change.statements) or NOTHING


def accept(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """What a person should know of a migration that was tried; nothing if all is well. Raises Obstacle."""
    for finding in findings:
        if finding.outcome in DISQUALIFYING:
            said = f"{finding.outcome.value}: {finding.failure.message}" if finding.failure else None
            raise Obstacle(objects=finding.objects, said=said)
    return tuple(finding for finding in findings if finding.outcome is not Outcome.UNDONE)


def same(objects: Iterable[ObjectName]) -> None:
    """Raise Obstacle if there are objects that are not the same although they were to be."""
    if found := tuple(objects):
        raise Obstacle(objects=found)
