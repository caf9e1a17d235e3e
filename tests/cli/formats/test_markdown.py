"""Findings for a comment on a pull request."""

from __future__ import annotations

from msgspec.structs import replace

from gitmig.cli.formats import render
from tests.cli.formats.samples import CLEAN, EMPTY, REPORT


def test_findings_are_a_table_in_which_nothing_is_taken_for_markup() -> None:
    assert render("markdown", REPORT).splitlines() == [
        r"### gitmig check: feature/x\_y onto main",
        "",
        r"**1 error, 1 warning, 1 note**: feature/x\_y adds 2 migrations, main 1, since aaaaaaaaaa",
        "",
        "| | where | what | what to do |",
        "|---|---|---|---|",
        r"| ❌ GM201 | `db/my migrations/0003_index.sql:2` | 0003\_index uses column public.comments.contents, "
        r"which 0002\_body renames to body | use the new name |",
        r"| ⚠️ GM401 | `db/my migrations/0004_fill.sql` | 0004\_fill has no down \| at all | "
        "write one, or say 100%: never |",
        "| ℹ️ GM301 |  | both sides touch table public.comments *(not certain: a DO block cannot be seen into)* | "
        "look at both |",
        "",
        "**Proof**",
        "",
        r"- the merged order fails: 0003\_index at db/my migrations/0003\_index.sql:3: "
        'column "contents" does not exist',
        r"- not everything was looked into: public.f (is in plpython3u)",
        r"- no round trip: 0004\_fill without a down",
    ]


def test_nothing_found_is_a_heading_and_a_word() -> None:
    assert render("markdown", EMPTY).splitlines() == [
        r"### gitmig check: feature/x\_y onto main",
        "",
        r"**no findings**: feature/x\_y adds 2 migrations, main 1, since aaaaaaaaaa",
    ]


def test_a_proof_that_holds_is_said() -> None:
    assert render("markdown", CLEAN).splitlines()[-2:] == [
        "- both orders run and give the same schema",
        "- the downs bring back the schema before",
    ]


def test_what_differs_in_its_place_alone_is_one_row() -> None:
    again = tuple(replace(REPORT.findings[1], line=line) for line in (3, 4))
    assert render("markdown", replace(CLEAN, findings=again, proof=None)).splitlines()[-1] == (
        r"| ⚠️ GM401 | `db/my migrations/0004_fill.sql:3`<br>`db/my migrations/0004_fill.sql:4` | "
        r"0004\_fill has no down \| at all | write one, or say 100%: never |"
    )
