"""Shapes of kept rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmig.cli.kept_rows import why
from gitmig.core.plan import Direction

if TYPE_CHECKING:
    from gitmig.operations.kept import Entry
    from gitmig.operations.kept import Shown as ShownItem


def of_kept(entry: Entry) -> dict[str, Any]:
    """One element of `gitmig kept --json`."""
    item, found = entry.item, entry.found
    return {
        "number": item.id,
        "migration": {"version": item.version, "name": item.migration},
        "direction": item.direction.value,
        "table": {"schema": item.table.schema, "name": item.table.name},
        "columns": [
            {"name": c.name, "type": c.type, "key": c.key, "lost": item.heir is None or c.heir is None}
            for c in item.columns
        ],
        "rows": item.rows,
        "bytes": item.bytes,
        "kept_at": item.kept_at.isoformat(),
        "kept_by": item.kept_by,
        "commit": item.commit,
        "brought_back_by": None if found is None else ("up" if item.direction is Direction.REVERT else "down"),
        "migration_exists": None if found is None else bool(found),
        "found_in": None
        if found is None
        else {"applied": found.applied, "work_tree": found.in_work_tree, "branches": list(found.branches)},
        "due": item.due,
        "reason": why(item.reason, item.detail) if item.reason else None,
    }


def of_kept_rows(shown: ShownItem) -> dict[str, Any]:
    """`gitmig kept show --json`."""
    return {
        **of_kept(shown.entry),
        "values": [{"values": row, "reason": why(*waits) if waits else None} for row, waits in shown.rows],
    }
