"""Findings for programs."""

from __future__ import annotations

import json

from msgspec.structs import replace

from gitmig.cli.formats import render
from tests.cli.formats.samples import DIFFERENT, EMPTY, REPORT


def test_a_finding_has_every_key() -> None:
    shape = json.loads(render("json", REPORT))
    assert shape["base"] == {"name": "main", "commit": "b" * 40}
    assert shape["ours_added"] == [{"version": "0003", "name": "index"}, {"version": "0004", "name": "fill"}]
    assert shape["findings"][0] == {
        "code": "GM201",
        "severity": "error",
        "message": "0003_index uses column public.comments.contents, which 0002_body renames to body",
        "hint": "use the new name",
        "migrations": ["0003_index", "0002_body"],
        "objects": ["column public.comments.contents"],
        "path": "db/my migrations/0003_index.sql",
        "line": 2,
        "doubt": None,
    }


def test_a_proof_has_its_orders_and_the_way_back() -> None:
    assert json.loads(render("json", REPORT))["proof"] == {
        "holds": False,
        "orders": [
            {
                "order": "the merged order",
                "failure": {
                    "migration": "0003_index",
                    "path": "db/my migrations/0003_index.sql",
                    "line": 3,
                    "statement": "CREATE INDEX ON comments (contents)",
                    "message": 'column "contents" does not exist',
                },
                "differs_in": [],
            },
            {"order": "theirs, then ours", "failure": None, "differs_in": []},
        ],
        "round_trip": {"holds": False, "failure": None, "lost": [], "without_down": ["0004_fill"]},
        "unseen": [{"function": "public.f", "reason": "is in plpython3u"}],
    }


def test_differences_are_listed_in_full() -> None:
    orders = json.loads(render("json", replace(EMPTY, proof=DIFFERENT)))["proof"]["orders"]
    assert orders[1]["differs_in"] == [f"column public.t.c{k}" for k in range(6)]


def test_without_a_proof_it_is_null() -> None:
    assert json.loads(render("json", EMPTY)) == {
        "base": {"name": "main", "commit": "b" * 40},
        "ours": {"name": "feature/x_y", "commit": "c" * 40},
        "merge_base": "a" * 40,
        "ours_added": [{"version": "0003", "name": "index"}, {"version": "0004", "name": "fill"}],
        "theirs_added": [{"version": "0002", "name": "body"}],
        "findings": [],
        "proof": None,
        "unproven": None,
        "clients": None,
    }
