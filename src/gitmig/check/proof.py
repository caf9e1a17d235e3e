"""What running both orders of two sides has shown, and which findings it decides.

Static findings in the light of a proof: what was run decides over what was only read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from itertools import takewhile
from typing import TYPE_CHECKING

from gitmig.check.findings import Finding, Severity
from gitmig.migrations.plan import Direction
from gitmig.schema.model import Schema, schema_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.migrations.model import Content, Migration, Script
    from gitmig.schema.model import ObjectName


class Way(Enum):
    """An order in which the migrations of both sides may come to a database."""

    OURS_FIRST = "ours, then theirs"
    THEIRS_FIRST = "theirs, then ours"
    MERGED = "the merged order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One script to try; `label` names its migration to people."""

    label: str
    direction: Direction
    script: Script


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Scripts to run one after the other on what both sides have in common; then, perhaps, the way back."""

    there: tuple[Attempt, ...]
    back: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A script that PostgreSQL refused; `line` is a line of the file `path`."""

    label: str
    direction: Direction
    path: str
    line: int
    statement: str
    message: str

    @property
    def place(self) -> str:
        """`path:line`, as editors and terminals make links of it."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a trial came to: the schema after it, or its failure; the same for the way back, if it was tried."""

    schema: Schema | None = None
    failure: Failure | None = None
    back: Schema | None = None
    back_failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What both sides of a merge add, in order, and the merged set, in order, from which every order follows.

    `contents` maps the blobs of every migration of the merged set to both its sections.
    """

    ours: tuple[Migration, ...]
    theirs: tuple[Migration, ...]
    merged: tuple[Migration, ...]
    contents: Mapping[str, Content]

    @property
    def common(self) -> tuple[Migration, ...]:
        """What is in the merged set and was added by neither side."""
        return tuple(m for m in self.merged if m not in self.ours and m not in self.theirs)

    @property
    def foundation(self) -> tuple[Migration, ...]:
        """The common migrations that come before all others in the merged order as well: built once for all trials."""
        return tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(self.common, self.merged)))

    def trials(self) -> dict[Way, Trial]:
        """What has to be run on the foundation to know all about the merge; an order that is another's is left out."""
        depth = len(self.foundation)
        rest, tail = self.common[depth:], self.merged[depth:]
        orders = {
            Way.MERGED: tail,
            Way.OURS_FIRST: rest + self.ours + self.theirs,
            Way.THEIRS_FIRST: rest + self.theirs + self.ours,
        }
        found: dict[Way, Trial] = {}
        for way, order in orders.items():
            if order not in [orders[other] for other in found]:
                back = self._downs(order) if way is Way.MERGED else ()
                found[way] = Trial(there=self._ups(order), back=back)
        return found

    @property
    def irreversible(self) -> tuple[Migration, ...]:
        """The migrations behind the foundation that have no down: with one of them there is no way back to try."""
        return tuple(m for m in self.merged[len(self.foundation) :] if self.contents[m.blobs].down is None)

    def _ups(self, order: Sequence[Migration]) -> tuple[Attempt, ...]:
        return tuple(Attempt(label=m.label, direction=Direction.APPLY, script=self.contents[m.blobs].up) for m in order)

    def _downs(self, order: Sequence[Migration]) -> tuple[Attempt, ...]:
        if self.irreversible:
            return ()
        downs = ((m.label, self.contents[m.blobs].down) for m in reversed(order))
        return tuple(Attempt(label=label, direction=Direction.REVERT, script=down) for label, down in downs if down)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was run and what came out.

    `ways` are the orders that were run; `failures` those of them that failed, `differences` the objects in which the
    schema after an order is not that of the first one. `tried_back` says that the downs of the merged order ran to the
    end; `lost` is what they did not bring back, `back_failure` the down that failed, `one_way` the labels of migrations
    without a down.
    """

    ways: tuple[Way, ...]
    failures: Mapping[Way, Failure]
    differences: Mapping[Way, tuple[ObjectName, ...]]
    tried_back: bool = False
    lost: tuple[ObjectName, ...] = ()
    back_failure: Failure | None = None
    one_way: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every order runs and all give the same schema, that of the columns' order aside."""
        return not self.failures and not self.differences

    @property
    def culprits(self) -> dict[Failure, str]:
        """Each failure, and the orders in which it happens, in words: `ours, then theirs`, or `every order`."""
        found: dict[Failure, list[Way]] = {}
        for way, failure in self.failures.items():
            found.setdefault(failure, []).append(way)
        return {
            failure: "every order" if len(ways) == len(self.ways) > 1 else "; ".join(way.value for way in ways)
            for failure, ways in found.items()
        }

    @property
    def round_trip(self) -> bool:
        """Whether the downs of the merged order bring back the schema before it."""
        return self.tried_back and not self.lost


def judge(orders: Orders, before: Schema, results: Mapping[Way, Result]) -> Proof:
    """The proof from the schema of the foundation and what each trial came to."""
    schemas = {way: result.schema for way, result in results.items() if result.schema is not None}
    first = next(iter(schemas.values()), before)
    differences = {way: schema_difference(first, schema).names for way, schema in schemas.items()}
    merged = results[Way.MERGED]
    return Proof(
        ways=tuple(results),
        failures={way: result.failure for way, result in results.items() if result.failure is not None},
        differences={way: names for way, names in differences.items() if names},
        tried_back=merged.back is not None,
        lost=schema_difference(before, merged.back).names if merged.back is not None else (),
        back_failure=merged.back_failure,
        one_way=tuple(migration.label for migration in orders.irreversible),
    )


FAILS, DIFFERS, ONE_WAY = "GM501", "GM502", "GM503"
# They say that an order of the two sides fails or leaves another schema: running both orders shows whether it does.
SETTLED = frozenset({"GM201", "GM202", "GM203", "GM204", "GM205", "GM207", "GM208", "GM209", "GM212", "GM215", "GM216"})
BLIND = "GM401"
# Ours sorts before something of the base: of no consequence where the order is of none.
ORDER = "GM107"
# They depend on rows, or on what functions do when they are called: an empty database shows a conflict, but not that
# there is none.
SHOWN_ONLY = frozenset({"GM206", "GM210", "GM211", "GM213"})
WITHOUT_ROWS = "both orders run on a database without rows"


def settle(findings: Sequence[Finding], proof: Proof) -> list[Finding]:
    """The findings that stand once both orders were run, and those that only the proof has.

    Where both orders give one schema, errors and warnings that say otherwise are gone. Where they do not, an error
    that names the migration that failed, or an object that differs, is certain; if there is none, the proof's own
    words are the finding. Notes stay as they are, but for what could not be seen into: it was run.
    """
    if proof.holds:
        return [*_standing(findings), *_way_back(proof)]
    failed = {failure.label for failure in proof.failures.values()}
    differing = {str(name) for names in proof.differences.values() for name in names}
    kept = [replace(f, doubt=None) if _explains(f, failed, differing) else f for f in findings]
    explained = [finding for finding in kept if _explains(finding, failed, differing)]
    labels = {label for finding in explained for label in finding.migrations}
    own = [_failed(orders, failure) for failure, orders in proof.culprits.items() if failure.label not in labels]
    if not explained:
        own += [_differs(way, names) for way, names in proof.differences.items()]
    return [*kept, *own, *_way_back(proof)]


def _standing(findings: Sequence[Finding]) -> Iterator[Finding]:
    for finding in findings:
        if finding.code in SHOWN_ONLY:
            yield replace(finding, doubt=finding.doubt or WITHOUT_ROWS)
        elif finding.code == ORDER:
            yield replace(finding, severity=Severity.NOTE, doubt=None)
        elif finding.code != BLIND and (finding.code not in SETTLED or finding.severity is Severity.NOTE):
            yield finding


def _explains(finding: Finding, failed: set[str], differing: set[str]) -> bool:
    """Whether an error is about a migration that failed, or about an object that differs."""
    about = not failed.isdisjoint(finding.migrations) or not differing.isdisjoint(finding.objects)
    return finding.severity is Severity.ERROR and about


def _failed(orders: str, failure: Failure) -> Finding:
    return Finding(
        code=FAILS,
        severity=Severity.ERROR,
        message=f"{orders}: {failure.label} fails at {failure.place}: {failure.message}",
        hint="change one of the two sides so that the order does not matter, or `gitmig renumber`",
        migrations=(failure.label,),
        path=failure.path,
        line=failure.line,
    )


def _differs(way: Way, names: Sequence[ObjectName]) -> Finding:
    return Finding(
        code=DIFFERS,
        severity=Severity.ERROR,
        message=f"{way.value}: it runs and gives another schema: {_counted(names)}",
        hint="decide what it shall be, and write that into the later of the migrations",
        objects=tuple(str(name) for name in names),
    )


def _way_back(proof: Proof) -> Iterator[Finding]:
    """A down that fails, or forgets something. A missing down is not the proof's to find."""
    hint = "a down shall be exactly the opposite of its up"
    if failure := proof.back_failure:
        yield Finding(
            code=ONE_WAY,
            severity=Severity.WARNING,
            message=f"the down of {failure.label} fails at {failure.place}: {failure.message}",
            hint=hint,
            migrations=(failure.label,),
            path=failure.path,
            line=failure.line,
        )
    if proof.lost:
        yield Finding(
            code=ONE_WAY,
            severity=Severity.WARNING,
            message=f"the downs do not bring back the schema before them: {_counted(proof.lost)}",
            hint=hint,
            objects=tuple(str(name) for name in proof.lost),
        )


def _counted(names: Sequence[ObjectName]) -> str:
    return f"{names[0]} differs" if len(names) == 1 else f"{len(names)} objects differ"
