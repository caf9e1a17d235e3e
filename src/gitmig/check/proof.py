"""A proof: which orders of two sides are to be run, what running them has shown, and which findings that decides.

From top to bottom: the runs that are planned; the proof that is concluded from their results; static findings
reconciled with it, for what was run decides over what was only read.
"""

from __future__ import annotations

from enum import Enum
from itertools import takewhile
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from gitmig.check.findings import Finding, Severity
from gitmig.check.rules import RULES
from gitmig.check.rules.proven import a_body_breaks, an_order_fails, no_round_trip, two_schemas
from gitmig.check.rules.registry import WhenProven
from gitmig.migrations.plan import Direction
from gitmig.schema.model import Schema, schema_difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitmig.check.bodies import BodyFault, UnseenBody
    from gitmig.migrations.model import Content, Migration, Script
    from gitmig.schema.model import ObjectName


class RunOrder(Enum):
    """An order in which the migrations of both sides may come to a database."""

    OURS_FIRST = "ours, then theirs"
    THEIRS_FIRST = "theirs, then ours"
    MERGED = "the merged order"


class PlannedScript(Struct, frozen=True, kw_only=True):
    """One script to run; `label` names its migration to people."""

    label: str
    direction: Direction
    script: Script


class PlannedRun(Struct, frozen=True, kw_only=True):
    """Scripts to run one after the other on what both sides have in common; then, perhaps, their downs."""

    ups: tuple[PlannedScript, ...]
    downs: tuple[PlannedScript, ...] = ()


class OrderFailure(Struct, frozen=True, kw_only=True):
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


class OrderResult(Struct, frozen=True, kw_only=True):
    """What a run came to: the schema after it, or its failure; the same for its downs, if they were run.

    `bodies` are the functions whose bodies worked before the run was over, and do not work behind it; `unseen` are
    those that could not be looked into as a whole.
    """

    bodies: tuple[BodyFault, ...] = ()
    unseen: frozenset[UnseenBody] = frozenset()
    schema: Schema | None = None
    failure: OrderFailure | None = None
    reverted: Schema | None = None
    revert_failure: OrderFailure | None = None


class Orders(Struct, frozen=True, kw_only=True):
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
        """The common migrations that come before all others in the merged order as well: built once for all runs."""
        return tuple(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], zip(self.common, self.merged)))

    def planned_runs(self) -> dict[RunOrder, PlannedRun]:
        """What has to be run on the foundation to know all about the merge; an order that is another's is left out."""
        depth = len(self.foundation)
        rest, tail = self.common[depth:], self.merged[depth:]
        orders = {
            RunOrder.MERGED: tail,
            RunOrder.OURS_FIRST: rest + self.ours + self.theirs,
            RunOrder.THEIRS_FIRST: rest + self.theirs + self.ours,
        }
        found: dict[RunOrder, PlannedRun] = {}
        for order, migrations in orders.items():
            if migrations not in [orders[other] for other in found]:
                downs = self._downs(migrations) if order is RunOrder.MERGED else ()
                found[order] = PlannedRun(ups=self._ups(migrations), downs=downs)
        return found

    @property
    def deployment(self) -> tuple[tuple[PlannedScript, ...], tuple[PlannedScript, ...]]:
        """What brings the foundation to the base's schema, and what a deployment of ours runs there."""
        rest = self.common[len(self.foundation) :]
        return self._ups(rest + self.theirs), self._ups(self.ours)

    @property
    def ours_alone(self) -> tuple[PlannedScript, ...]:
        """What brings the foundation to the schema of our branch as it is."""
        return self._ups(self.common[len(self.foundation) :] + self.ours)

    @property
    def irreversible(self) -> tuple[Migration, ...]:
        """The migrations behind the foundation that have no down: with one of them no downs are run."""
        return tuple(m for m in self.merged[len(self.foundation) :] if self.contents[m.blobs].down is None)

    def _ups(self, migrations: Sequence[Migration]) -> tuple[PlannedScript, ...]:
        return tuple(
            PlannedScript(label=m.label, direction=Direction.APPLY, script=self.contents[m.blobs].up)
            for m in migrations
        )

    def _downs(self, migrations: Sequence[Migration]) -> tuple[PlannedScript, ...]:
        if self.irreversible:
            return ()
        downs = ((m.label, self.contents[m.blobs].down) for m in reversed(migrations))
        return tuple(
            PlannedScript(label=label, direction=Direction.REVERT, script=down) for label, down in downs if down
        )


class Proof(Struct, frozen=True, kw_only=True):
    """What was run and what came out.

    `orders` are those that were run; `failures` those of them that failed, `differences` the objects in which the
    schema after an order is not that of the first one. `reverted` says that the downs of the merged order ran to the
    end; `lost` is what they did not bring back, `revert_failure` the down that failed, `without_down` the labels of
    migrations that have none. `bodies` are the functions that do not work any more behind an order, `unseen` those
    of which that is not known for certain.
    """

    orders: tuple[RunOrder, ...]
    failures: Mapping[RunOrder, OrderFailure]
    differences: Mapping[RunOrder, tuple[ObjectName, ...]]
    reverted: bool = False
    lost: tuple[ObjectName, ...] = ()
    revert_failure: OrderFailure | None = None
    without_down: tuple[str, ...] = ()
    bodies: Mapping[RunOrder, tuple[BodyFault, ...]] = field(default_factory=dict)
    unseen: tuple[UnseenBody, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every order runs and all give the same schema, that of the columns' order aside."""
        return not self.failures and not self.differences

    @property
    def failing_orders(self) -> dict[OrderFailure, str]:
        """Each failure, and the orders in which it happens, in words: `ours, then theirs`, or `every order`."""
        found: dict[OrderFailure, list[RunOrder]] = {}
        for order, failure in self.failures.items():
            found.setdefault(failure, []).append(order)
        return {
            failure: "every order"
            if len(orders) == len(self.orders) > 1
            else "; ".join(order.value for order in orders)
            for failure, orders in found.items()
        }

    @property
    def round_trip(self) -> bool:
        """Whether the downs of the merged order bring back the schema before it."""
        return self.reverted and not self.lost

    def confirms(self, finding: Finding) -> bool:
        """Whether a finding is an error about a migration that failed, or about an object that differs."""
        failed = {failure.label for failure in self.failures.values()}
        differing = {str(name) for names in self.differences.values() for name in names}
        about = not failed.isdisjoint(finding.migrations) or not differing.isdisjoint(finding.objects)
        return finding.severity is Severity.ERROR and about


def conclude(orders: Orders, before: Schema, results: Mapping[RunOrder, OrderResult]) -> Proof:
    """The proof from the schema of the foundation and what each run came to."""
    schemas = {order: result.schema for order, result in results.items() if result.schema is not None}
    first = next(iter(schemas.values()), before)
    differences = {order: schema_difference(first, schema).names for order, schema in schemas.items()}
    merged = results[RunOrder.MERGED]
    return Proof(
        orders=tuple(results),
        failures={order: result.failure for order, result in results.items() if result.failure is not None},
        differences={order: names for order, names in differences.items() if names},
        reverted=merged.reverted is not None,
        lost=schema_difference(before, merged.reverted).names if merged.reverted is not None else (),
        revert_failure=merged.revert_failure,
        without_down=tuple(migration.label for migration in orders.irreversible),
        bodies={order: result.bodies for order, result in results.items() if result.bodies},
        unseen=tuple(sorted({body for result in results.values() for body in result.unseen})),
    )


WITHOUT_ROWS = "both orders run on a database without rows"


def reconcile(findings: Sequence[Finding], proof: Proof) -> list[Finding]:
    """The findings that stand once both orders were run, and those that only the proof has.

    Where both orders give one schema, errors and warnings that say otherwise are gone. Where they do not, an error
    that names the migration that failed, or an object that differs, is certain; if there is none, the proof's own
    words are the finding. Notes stay as they are, but for what could not be seen into: it was run. What is about a role
    stands: a proof does not touch those of the server.
    """
    if proof.holds:
        return [*_standing(findings), *a_body_breaks(proof), *no_round_trip(proof)]
    kept = [replace(finding, doubt=None) if proof.confirms(finding) else finding for finding in findings]
    confirmed = [finding for finding in kept if proof.confirms(finding)]
    labels = {label for finding in confirmed for label in finding.migrations}
    failures = proof.failing_orders.items()
    own = [an_order_fails(orders, failure) for failure, orders in failures if failure.label not in labels]
    if not confirmed:
        own += [two_schemas(order, names) for order, names in proof.differences.items()]
    return [*kept, *own, *a_body_breaks(proof), *no_round_trip(proof)]


# How a finding calls what belongs to the whole server: a scratch database leaves alone what is there already.
ROLES_ARE_LEFT_OUT = ("role ", "user mapping ")


def _standing(findings: Sequence[Finding]) -> Iterator[Finding]:
    for finding in findings:
        if any(named.startswith(ROLES_ARE_LEFT_OUT) for named in finding.objects):
            yield finding
            continue
        match RULES[finding.code].when_proven:
            case WhenProven.KEPT:
                yield finding
            case WhenProven.UNCERTAIN:
                yield replace(finding, doubt=finding.doubt or WITHOUT_ROWS)
            case WhenProven.NOTED:
                yield replace(finding, severity=Severity.NOTE, doubt=None)
            case WhenProven.GONE:
                continue
