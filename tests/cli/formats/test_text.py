"""Findings for people at a terminal."""

from __future__ import annotations

import click

from gitmig.cli.formats import render
from tests.cli.formats.samples import CLEAN, EMPTY, REPORT


def test_every_finding_has_its_place_doubt_and_hint() -> None:
    assert (
        click.unstyle(render("text", REPORT))
        == """\
error: 0003_index uses column public.comments.contents, which 0002_body renames to body [GM201]
  at db/my migrations/0003_index.sql:2
  hint: use the new name
warning: 0004_fill has no down | at all [GM401]
  at db/my migrations/0004_fill.sql
  hint: write one, or say 100%: never
note: both sides touch table public.comments [GM301]
  not certain: a DO block cannot be seen into
  hint: look at both
proof: the merged order fails: 0003_index at db/my migrations/0003_index.sql:3: column "contents" does not exist
proof: no round trip: 0004_fill without a down
feature/x_y onto main: 1 error, 1 warning, 1 note"""
    )


def test_nothing_found_is_one_line() -> None:
    assert render("text", EMPTY) == "feature onto main: no findings"


def test_a_proof_that_holds_is_said() -> None:
    assert render("text", CLEAN).splitlines() == [
        "proof: both orders run and give the same schema",
        "proof: the downs bring back the schema before",
        "feature onto main: no findings",
    ]
