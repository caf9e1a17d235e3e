"""The reviews that every format prints."""

from __future__ import annotations

from gitmig.check.bodies import UnseenBody
from gitmig.check.findings import Finding, Severity
from gitmig.check.proof import OrderFailure, Proof, RunOrder
from gitmig.git.snapshot import Snapshot
from gitmig.migrations.layouts import layouts
from gitmig.migrations.model import MigrationSet
from gitmig.migrations.plan import Direction
from gitmig.operations.check import Review
from gitmig.project.comparison import Checked
from gitmig.project.sides import Side
from gitmig.schema.model import ObjectKind, ObjectName
from tests.samples import migration

FINDINGS = (
    Finding(
        code="GM201",
        severity=Severity.ERROR,
        message="0003_index uses column public.comments.contents, which 0002_body renames to body",
        hint="use the new name",
        migrations=("0003_index", "0002_body"),
        objects=("column public.comments.contents",),
        path="db/my migrations/0003_index.sql",
        line=2,
    ),
    Finding(
        code="GM401",
        severity=Severity.WARNING,
        message="0004_fill has no down | at all",
        hint="write one, or say 100%: never",
        migrations=("0004_fill",),
        path="db/my migrations/0004_fill.sql",
    ),
    Finding(
        code="GM301",
        severity=Severity.NOTE,
        message="both sides touch table public.comments",
        hint="look at both",
        doubt="a DO block cannot be seen into",
    ),
)
FAILURE = OrderFailure(
    label="0003_index",
    direction=Direction.APPLY,
    path="db/my migrations/0003_index.sql",
    line=3,
    statement="CREATE INDEX ON comments (contents)",
    message='column "contents" does not exist',
)
BROKEN = Proof(
    orders=(RunOrder.MERGED, RunOrder.THEIRS_FIRST),
    failures={RunOrder.MERGED: FAILURE},
    differences={},
    without_down=("0004_fill",),
    unseen=(UnseenBody(reason="is in plpython3u", routine="public.f"),),
)
DIFFERENT = Proof(
    orders=(RunOrder.MERGED, RunOrder.OURS_FIRST),
    failures={},
    differences={RunOrder.OURS_FIRST: tuple(ObjectName(ObjectKind.COLUMN, f"public.t.c{k}") for k in range(6))},
    reverted=True,
    lost=(ObjectName(ObjectKind.INDEX, "public.t.i"),),
)
SOUND = Proof(orders=(RunOrder.MERGED, RunOrder.THEIRS_FIRST), failures={}, differences={}, reverted=True)
ALONE = Proof(orders=(RunOrder.MERGED,), failures={}, differences={}, revert_failure=FAILURE)

NOTHING = Snapshot(commit=None, folder=None)
SINGLE = layouts()["single"]
CHECKED = Checked(
    base=Side(name="main", commit="b" * 40, snapshot=NOTHING),
    ours=Side(name="feature/x_y", commit="c" * 40, snapshot=NOTHING),
    merge_base="a" * 40,
    findings=FINDINGS,
    ours_added=(migration("0003_index"), migration("0004_fill")),
    theirs_added=(migration("0002_body"),),
    common=(),
    layout=SINGLE,
    merged=MigrationSet(folder="migrations", layout=SINGLE.name, migrations=()),
    contents={},
    footprints={},
)

REPORT = Review(checked=CHECKED, findings=FINDINGS, proof=BROKEN)
CLEAN = Review(checked=CHECKED, findings=(), proof=SOUND)
EMPTY = Review(checked=CHECKED, findings=())
