"""The shapes of what `--json` prints. The JSON Schemas in docs/schemas are made of them; docs/json.md explains them.

Only type checkers, tests and the script that writes the schemas import this module. A key that is there stays there,
under its name and with its meaning; new keys may come. A shape is called like the value of which it is the JSON
(`shapes.Plan` of a `Plan`): the published schemas show these names, and code always says `shapes.` before them.
`Annotated[str, SomeEnum]` is one of the values of an enum, `Annotated[str, (…)]` one of these words.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from gitmig.check.findings import Severity
from gitmig.check.proof import RunOrder
from gitmig.check.rules.registry import WhenProven
from gitmig.execute.repair import Way
from gitmig.migrations.plan import Direction
from gitmig.operations.own_databases import DatabaseUse
from gitmig.trials.round_trip import RoundTripOutcome, Stage, Weight

# --- pieces that several shapes share ---


class Named(TypedDict):
    """A migration."""

    version: str
    name: str


class Step(Named):
    """One script of a plan."""

    direction: Annotated[str, Direction]


class MigrationSet(TypedDict):
    """A migration set: its id, 16 hex digits, and its size."""

    id: str
    count: int


Renamed = TypedDict("Renamed", {"from": str, "to": str})
Renamed.__doc__ = "An old name or path and the new one."


class Replacement(TypedDict):
    """Migrations that give way to others without a script, because both lead to one schema with the same rows."""

    going: list[Named]
    coming: list[Named]


class Plan(TypedDict):
    """What a sync would run, in order; `irreversible` are the reverts that block it."""

    reverts: list[Step]
    replacement: Replacement | None
    applies: list[Step]
    irreversible: list[Step]
    moves: list[Renamed]


class Problem(TypedDict):
    """What is wrong with a file, and where."""

    path: str
    line: int | None
    message: str


class Record(TypedDict):
    """What a commit changed in the migration set, as labels."""

    set: MigrationSet
    added: list[str]
    removed: list[str]
    edited: list[str]


class Object(TypedDict):
    """An object of a schema."""

    kind: str
    name: str


class Difference(TypedDict):
    """What one schema lacks, has too much, and has otherwise."""

    missing: list[Object]
    surplus: list[Object]
    changed: list[Object]


class Table(TypedDict):
    """A table's name."""

    schema: str
    name: str


# --- before a merge: check ---


class Finding(TypedDict):
    """One finding of `gitmig check`."""

    code: str
    severity: Annotated[str, Severity]
    message: str
    hint: str
    migrations: list[str]
    objects: list[str]
    path: str | None
    line: int | None
    doubt: str | None


class Side(TypedDict):
    """A side of a merge, as it was called, and its commit."""

    name: str
    commit: str


class Failure(TypedDict):
    """A script that PostgreSQL refused on a scratch database."""

    migration: str
    path: str
    line: int
    statement: str
    message: str


class Order(TypedDict):
    """One order of both sides' migrations, and what it came to."""

    order: Annotated[str, RunOrder]
    failure: Failure | None
    differs_in: list[str]


class RoundTrip(TypedDict):
    """Whether the downs of the merged order bring back the schema before it."""

    holds: bool
    failure: Failure | None
    lost: list[str]
    without_down: list[str]


class UnseenBody(TypedDict):
    """A function of which not all was looked into."""

    function: str
    reason: str


class Proof(TypedDict):
    """What running both orders has shown."""

    holds: bool
    orders: list[Order]
    round_trip: RoundTrip
    unseen: list[UnseenBody]


class ClientTrial(TypedDict):
    """How the SQL in source code was tried."""

    files: int
    tried: int
    foreign: int
    failure: Failure | None


class Check(TypedDict):
    """`gitmig check --json`."""

    base: Side
    ours: Side
    merge_base: str
    ours_added: list[Named]
    theirs_added: list[Named]
    findings: list[Finding]
    proof: Proof | None
    unproven: str | None
    clients: ClientTrial | None


class ConflictingPair(TypedDict):
    """Two branches that will conflict."""

    first: str
    second: str
    findings: list[Finding]


class Unreadable(TypedDict):
    """What could not be read."""

    place: str
    message: str


class CheckAll(TypedDict):
    """`gitmig check --all --json`."""

    base: str
    branches: int
    adding: list[str]
    work_trees: list[str]
    pairs: list[ConflictingPair]
    unreadable: list[Unreadable]


class Explanation(TypedDict):
    """`gitmig check --explain CODE --json`."""

    code: str
    title: str
    severity: Annotated[str, Severity]
    summary: str
    explanation: str
    hint: str
    conflict: str
    harmless: str | None
    when_proven: Annotated[str, WhenProven]


# --- what git knows: show, log, trust ---


class ShownMigration(Named):
    """A migration with its files."""

    paths: list[str]
    irreversible: bool


class Show(TypedDict):
    """`gitmig show --json`."""

    commit: str | None
    set: MigrationSet
    folder: str
    layout: str
    migrations: list[ShownMigration]
    left_alone: list[str]
    flawed_downs: list[Problem]
    record: Record | None
    record_disagrees: bool


class LogEntry(TypedDict):
    """One element of `gitmig log --json`."""

    commit: str
    at: str
    author: str
    subject: str
    database_is_here: bool
    record: Record | None


class Untrusted(TypedDict):
    """What no hook may run; `scripts` are texts by section."""

    name: str
    path: str
    scripts: dict[str, str]


class Trust(TypedDict):
    """`gitmig trust --json`."""

    untrusted: list[Untrusted]
    approved: bool


# --- kept rows ---


class KeptColumn(TypedDict):
    """A column of kept rows."""

    name: str
    type: str
    key: bool
    lost: bool


class FoundIn(TypedDict):
    """Where the migration is that brings rows back."""

    applied: bool
    work_tree: bool
    branches: list[str]


class Kept(TypedDict):
    """One element of `gitmig kept --json`."""

    number: int
    migration: Named
    direction: Annotated[str, Direction]
    table: Table
    columns: list[KeptColumn]
    rows: int
    bytes: int
    kept_at: str
    kept_by: str
    commit: str | None
    brought_back_by: Literal["up", "down"] | None
    migration_exists: bool | None
    found_in: FoundIn | None
    due: bool
    reason: str | None


class KeptRow(TypedDict):
    """One kept row, values as PostgreSQL writes them."""

    values: dict[str, str | None]
    reason: str | None


class KeptShow(Kept):
    """`gitmig kept show --json`."""

    values: list[KeptRow]


# --- what is computed from schemas: diff, adopt, capture, verify ---


class Diff(Difference):
    """`gitmig diff --json`."""

    first: str
    second: str
    same: bool
    sql: list[str] | None
    unhandled: list[Object] | None


class Adopt(TypedDict):
    """`gitmig adopt --json`."""

    ran: bool
    database: str
    commit: str | None
    tool: str | None
    table: Table | None
    adopted: list[Named]
    alike: list[Named]
    pending: list[Named]
    verified: bool
    drift: Difference | None
    plan: Plan


class TrialFailure(TypedDict):
    """Where a trial of a migration failed; `row` is the planted row as JSON text."""

    stage: Annotated[str, Stage]
    path: str
    line: int
    statement: str
    message: str
    detail: str | None
    row: str | None


class Observation(TypedDict):
    """What a trial of a migration has shown."""

    outcome: Annotated[str, RoundTripOutcome]
    weight: Annotated[str, Weight]
    objects: list[Object]
    failure: TrialFailure | None


class Capture(Difference):
    """`gitmig capture --json`."""

    database: str
    captured: str | None
    paths: list[str]
    findings: list[Observation]
    pending: list[str]


class VerifiedMigration(Named):
    """A migration that was tried."""

    path: str
    findings: list[Observation]


class Verify(TypedDict):
    """`gitmig verify --json`."""

    commit: str | None
    set: MigrationSet
    selected: str
    migrations: list[VerifiedMigration]
    unreached: list[Named]


# --- where the database is, and what brings it along: status, sync, renumber ---


class AppliedSet(MigrationSet):
    """The migration set of the database; `commit` is that of the last completed sync."""

    commit: str | None


class ForeignLedger(TypedDict):
    """What the ledger of another project tells."""

    count: int
    first: str
    last: str
    applied_by: str
    applied_at: str | None
    commit: str | None


class Status(TypedDict):
    """`gitmig status --json`."""

    in_sync: bool
    database: str
    database_from: str
    foreign: ForeignLedger | None
    untrusted: list[str]
    commit: str | None
    set: MigrationSet
    applied: AppliedSet
    pending: list[Named]
    phantom: list[Named]
    edited: list[Named]
    plan: Plan
    drift: Difference | None
    blocked: str | None
    left_alone: list[str]
    flawed_downs: list[Problem]
    unfinished: str | None
    hooks: str | None
    protected: bool


class DoctorCheck(TypedDict):
    """What was looked at, what was found, and what mends it: null if nothing is wrong."""

    name: str
    found: str
    mend: str | None


class Doctor(TypedDict):
    """`gitmig status --doctor --json`."""

    well: bool
    checks: list[DoctorCheck]


class Repair(TypedDict):
    """How a step was helped whose script alone did not do."""

    way: Annotated[str, Way]
    reason: str


class KeptByStep(TypedDict):
    """Rows that a step took away; without `columns`, whole rows."""

    item: int
    table: str
    columns: list[str]
    rows: int


class Rows(TypedDict):
    """So many rows of a table."""

    table: str
    rows: int


class StayingRows(Rows):
    """Rows that are still kept although their step has come."""

    item: int
    why: str


class Done(Step):
    """A step that ran."""

    milliseconds: float
    repair: Repair | None
    kept: list[KeptByStep]
    restored: list[Rows]
    staying: list[StayingRows]


class SetAside(Rows):
    """Rows for which a rebuilt database has no place."""

    item: int
    reason: str


class Rebuild(TypedDict):
    """`gitmig sync --rebuild --json`."""

    database: str
    kept_as: str
    commit: str | None
    set: MigrationSet
    carried: list[Rows]
    set_aside: list[SetAside]
    notes: list[str]


class Sync(TypedDict):
    """`gitmig sync --json`."""

    ran: bool
    database: str
    commit: str | None
    from_set: str
    set: MigrationSet
    plan: Plan
    hash: str
    drift: Difference | None
    done: list[Done]
    rebuilt: Rebuild | None


RenamedMigration = TypedDict("RenamedMigration", {"from": str, "to": str, "paths": list[Renamed]})
RenamedMigration.__doc__ = "A migration's old label and the new one, and its files."


class Renumber(TypedDict):
    """`gitmig renumber --json`."""

    ran: bool
    onto: str
    renamed: list[RenamedMigration]
    rewritten: list[str]
    database_followed: bool


class Database(TypedDict):
    """One database of `gitmig db list --json`; `size` in bytes."""

    name: str
    use: Annotated[str, DatabaseUse]
    here: bool
    work_trees: list[str]
    branch: str | None
    set: MigrationSet | None
    size: int | None
    connections: int
    last_use: str | None
    protected: bool | None
    replaced: str | None


# What each command prints, by the name of its schema in docs/schemas.
SHAPES = {
    "adopt": Adopt,
    "capture": Capture,
    "check": Check,
    "check-all": CheckAll,
    "check-explain": Explanation,
    "db-list": list[Database],
    "diff": Diff,
    "kept": list[Kept],
    "kept-show": KeptShow,
    "log": list[LogEntry],
    "renumber": Renumber,
    "show": Show,
    "status": Status,
    "status-doctor": Doctor,
    "sync": Sync,
    "sync-rebuild": Rebuild,
    "trust": Trust,
    "verify": Verify,
}
