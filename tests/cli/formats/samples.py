"""The report that every format prints."""

from __future__ import annotations

from gitmig.check.findings import Finding, Severity
from gitmig.check.proof import Failure, Proof, Way
from gitmig.cli.formats import Report, Side
from gitmig.migrations.plan import Direction
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
FAILURE = Failure(
    label="0003_index",
    direction=Direction.APPLY,
    path="db/my migrations/0003_index.sql",
    line=3,
    statement="CREATE INDEX ON comments (contents)",
    message='column "contents" does not exist',
)
BROKEN = Proof(
    ways=(Way.MERGED, Way.THEIRS_FIRST),
    failures={Way.MERGED: FAILURE},
    differences={},
    one_way=("0004_fill",),
)
DIFFERENT = Proof(
    ways=(Way.MERGED, Way.OURS_FIRST),
    failures={},
    differences={Way.OURS_FIRST: tuple(ObjectName(ObjectKind.COLUMN, f"public.t.c{k}") for k in range(6))},
    tried_back=True,
    lost=(ObjectName(ObjectKind.INDEX, "public.t.i"),),
)
SOUND = Proof(ways=(Way.MERGED, Way.THEIRS_FIRST), failures={}, differences={}, tried_back=True)
ALONE = Proof(ways=(Way.MERGED,), failures={}, differences={}, back_failure=FAILURE)

BASE = Side(name="main", commit="b" * 40, added=(migration("0002_body"),))
OURS = Side(name="feature/x_y", commit="c" * 40, added=(migration("0003_index"), migration("0004_fill")))
PARTED = "a" * 40

REPORT = Report(base=BASE, ours=OURS, merge_base=PARTED, findings=FINDINGS, proof=BROKEN)
CLEAN = Report(base=BASE, ours=OURS, merge_base=PARTED, findings=(), proof=SOUND)
EMPTY = Report(base=BASE, ours=OURS, merge_base=PARTED, findings=())
