"""Shapes of what git knows: show and log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitmig.cli.shapes.pieces import named, of_problem, of_record, of_set

if TYPE_CHECKING:
    from gitmig.operations.log import Entry
    from gitmig.operations.show import Shown


def of_show(shown: Shown) -> dict[str, Any]:
    """`gitmig show --json`."""
    members = shown.target.set
    return {
        "commit": shown.target.commit,
        "set": of_set(members),
        "folder": members.folder,
        "layout": members.layout,
        "migrations": [
            {**named(m), "paths": [file.path for _, file in m.files], "irreversible": m.label in shown.irreversible}
            for m in members.migrations
        ],
        "left_alone": [problem.path for problem in shown.target.left_alone],
        "flawed_downs": [of_problem(problem) for problem in shown.flawed],
        "record": of_record(shown.record) if shown.record else None,
        "record_disagrees": shown.disagrees,
    }


def of_log(entry: Entry) -> dict[str, Any]:
    """One element of `gitmig log --json`."""
    commit = entry.commit
    return {
        "commit": commit.id,
        "at": commit.at,
        "author": commit.author,
        "subject": commit.subject,
        "database_is_here": entry.here,
        "record": of_record(entry.record) if entry.record else None,
    }
