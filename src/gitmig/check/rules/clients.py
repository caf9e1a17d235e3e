"""GM601 to GM605: source code that a branch leaves behind, or breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.clients.words import IGNORE, Confidence
from gitmig.check.findings import Severity
from gitmig.check.rules.registry import Example, rule

if TYPE_CHECKING:
    from gitmig.check.clients.trial import BrokenStatement
    from gitmig.check.clients.words import Use
    from gitmig.check.findings import Finding

RENAMES = "ALTER TABLE comments RENAME contents TO body;"
OLD_CODE = 'db.execute("SELECT contents FROM comments")'
NEW_CODE = 'db.execute("SELECT body FROM comments")'
DOUBTS = {
    Confidence.NEAR: "the table is named near it, not with it",
    Confidence.FILE: "the table is named elsewhere in the file, or not at all",
}


@rule(
    "GM601",
    "a client is left behind",
    Severity.NOTE,
    hint=f"let the code follow in the same branch, or write `{IGNORE}` on the line",
    conflict=Example(ours={"0002_rename.sql": RENAMES, "src/api.py": OLD_CODE}),
    harmless=Example(ours={"0002_rename.sql": RENAMES, "src/api.py": NEW_CODE}),
)
def client_left_behind(use: Use) -> Finding:
    """Source code at the branch's tip still uses a table or column that the branch renames or drops.

    That is what the words on the line say; nothing was tried. See [clients](commands/check.md#clients).
    """
    removed = use.removed
    kind = "column" if removed.column else "table"
    return client_left_behind.finding(
        f"{use.path}:{use.line} still {use.how} {removed.name}",
        f"{removed.migration} {removed.fate}: let the code follow, or write `{IGNORE}` on the line",
        migrations=(removed.migration,),
        objects=(f"{kind} {removed.name}",),
        path=use.path,
        line=use.line,
        doubt=DOUBTS.get(use.confidence),
    )


@rule(
    "GM602",
    "the code breaks",
    Severity.ERROR,
    hint=f"let the code follow in the same branch, or write `{IGNORE}` on the line",
    conflict=Example(ours={"0002_rename.sql": RENAMES}, base={"src/api.py": OLD_CODE}),
    harmless=Example(ours={"0002_rename.sql": RENAMES, "src/api.py": NEW_CODE}, base={"src/api.py": OLD_CODE}),
)
def code_breaks(broken: BrokenStatement) -> Finding:
    """PostgreSQL refuses a statement of the merged code on the merged schema; on that of one side it does not.

    The line may be one that the other side wrote: a branch renames what new code of the base reads. See
    [the code is tried](commands/check.md#the-code-is-tried).
    """
    by = f" since {broken.migration}" if broken.migration else " after the merge"
    return code_breaks.finding(
        f"{broken.path}:{broken.line} does not run{by}: {broken.refusal.message}",
        migrations=(broken.migration,) if broken.migration else (),
        path=broken.path,
        line=broken.line,
    )


@rule(
    "GM603",
    "deployed code breaks",
    Severity.WARNING,
    hint="while both run, keep what the old code needs, and take it away in a later deployment",
    conflict=Example(
        ours={"0002_rename.sql": RENAMES, "src/api.py": NEW_CODE},
        base={"src/api.py": OLD_CODE},
        note="until src/api.py is deployed everywhere, the old one reads contents",
    ),
    harmless=Example(
        ours={
            "0002_body.sql": "ALTER TABLE comments ADD body text;",
            "src/api.py": NEW_CODE,
        },
        base={"src/api.py": OLD_CODE},
    ),
)
def deployed_code_breaks(broken: BrokenStatement) -> Finding:
    """The branch's own code follows; the base's, which is deployed now, has a statement that the new schema refuses.

    It matters where the old code still runs while, or after, the migrations run: at a deployment without downtime. The
    line is that of the base. Tests are left out. See [the code is tried](commands/check.md#the-code-is-tried).
    """
    by = f" once {broken.migration} has run" if broken.migration else " on the new schema"
    return deployed_code_breaks.finding(
        f"the deployed {broken.path}:{broken.line} does not run{by}: {broken.refusal.message}",
        migrations=(broken.migration,) if broken.migration else (),
        path=broken.path,
        line=broken.line,
    )


@rule(
    "GM604",
    "new code does not fit",
    Severity.WARNING,
    hint=f"correct the name, or add the migration; `{IGNORE}` on the line if it is for another database",
    conflict=Example(ours={"src/api.py": 'db.execute("SELECT likes FROM comments")'}),
    harmless=Example(ours={"src/api.py": NEW_CODE, "0002_rename.sql": RENAMES}),
)
def new_code_fails(broken: BrokenStatement) -> Finding:
    """A statement that is new on the branch names a column that no schema has, in tables that are all there.

    See [the code is tried](commands/check.md#the-code-is-tried).
    """
    return new_code_fails.finding(
        f"{broken.path}:{broken.line} does not run on the merged schema: {broken.refusal.message}",
        path=broken.path,
        line=broken.line,
        doubt="it ran on no schema before, and may be for another database",
    )


@rule(
    "GM605",
    "new code needs the new schema",
    Severity.NOTE,
    hint="deploy the migrations first; after a rollback of them, roll back the code as well",
    conflict=Example(ours={"0002_rename.sql": RENAMES, "src/api.py": NEW_CODE}),
    harmless=Example(ours={"0002_rename.sql": RENAMES}),
)
def code_needs_schema(broken: BrokenStatement) -> Finding:
    """A statement that is new on the branch does not run on the base's schema; told with `--clients rollback` only.

    See [the code is tried](commands/check.md#the-code-is-tried).
    """
    return code_needs_schema.finding(
        f"{broken.path}:{broken.line} does not run on the base's schema: {broken.refusal.message}",
        path=broken.path,
        line=broken.line,
    )
