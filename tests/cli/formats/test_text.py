"""Findings for people at a terminal."""

from __future__ import annotations

import click
from msgspec.structs import replace

from gitmig.check.clients.trial import ClientTrial
from gitmig.check.proof import OrderFailure
from gitmig.cli.formats import render
from gitmig.cli.output import printed
from gitmig.migrations.plan import Direction
from tests.cli.formats.samples import CLEAN, EMPTY, REPORT


def shown(text: str) -> str:
    return printed(text, keep="\n")


def test_every_finding_has_its_place_doubt_and_hint() -> None:
    assert (
        click.unstyle(shown(render("text", REPORT)))
        == """\
error GM201: 0003_index uses column public.comments.contents, which 0002_body renames to body
  at db/my migrations/0003_index.sql:2
  hint: use the new name
warning GM401: 0004_fill has no down | at all
  at db/my migrations/0004_fill.sql
  hint: write one, or say 100%: never
note GM301: both sides touch table public.comments
  hint: look at both
  not certain: a DO block cannot be seen into
proof: the merged order fails: 0003_index at db/my migrations/0003_index.sql:3: column "contents" does not exist
proof: not everything was looked into: public.f (is in plpython3u)
proof: no round trip: 0004_fill without a down
1 error, 1 warning, 1 note: feature/x_y adds 2 migrations, main 1, since aaaaaaaaaa"""
    )


def test_nothing_found_is_one_line() -> None:
    assert click.unstyle(shown(render("text", EMPTY))) == (
        "no conflicts: feature/x_y adds 2 migrations, main 1, since aaaaaaaaaa"
    )


def test_a_proof_that_holds_is_said() -> None:
    assert render("text", CLEAN).splitlines()[:-1] == [
        "proof: both orders run and give the same schema",
        "proof: the downs bring back the schema before",
    ]


def test_why_there_is_no_proof_is_said() -> None:
    assert render("text", replace(EMPTY, unproven="it is dark")).splitlines()[0] == "proof: none: it is dark"


def test_how_the_code_was_tried_is_said() -> None:
    def last_but_one(clients: ClientTrial | None) -> str:
        return render("text", replace(CLEAN, clients=clients)).splitlines()[-2]

    failed = OrderFailure(
        label="0003_x", direction=Direction.APPLY, path="x.sql", line=2, statement="SELEC 1", message="syntax error"
    )
    assert last_but_one(ClientTrial(files=2, tried=1)) == "clients: 1 SQL statement in 2 files tried"
    assert last_but_one(ClientTrial(files=1, tried=9, foreign=3)) == (
        "clients: 9 SQL statements in 1 file tried; 3 of them no schema takes"
    )
    assert last_but_one(ClientTrial(files=1, tried=0, failure=failed)) == (
        "clients: not tried: 0003_x at x.sql:2: syntax error"
    )
    assert last_but_one(ClientTrial(files=0, tried=0)) == last_but_one(None)


def test_what_differs_in_its_place_alone_is_told_once() -> None:
    again = [replace(REPORT.findings[1], line=line) for line in range(1, 8)]
    told = click.unstyle(shown(render("text", replace(CLEAN, findings=(*again, *REPORT.findings[2:])))))
    assert told.splitlines()[:9] == [
        "warning GM401: 0004_fill has no down | at all",
        *(f"  at db/my migrations/0004_fill.sql:{line}" for line in range(1, 6)),
        "  and 2 more places",
        "  hint: write one, or say 100%: never",
        "note GM301: both sides touch table public.comments",
    ]
    assert "7 warnings, 1 note: " in told
