"""Findings as workflow commands."""

from __future__ import annotations

from gitmig.cli.formats import render
from tests.cli.formats.samples import EMPTY, REPORT


def test_every_finding_is_one_command_with_its_place() -> None:
    assert render("github", REPORT).splitlines() == [
        "::error file=db/my migrations/0003_index.sql,line=2,title=gitmig GM201::0003_index uses column "
        "public.comments.contents, which 0002_body renames to body%0Ause the new name",
        "::warning file=db/my migrations/0004_fill.sql,title=gitmig GM401::0004_fill has no down | at all"
        "%0Awrite one, or say 100%25: never",
        "::notice title=gitmig GM301::both sides touch table public.comments%0Anot certain: a DO block cannot be "
        "seen into%0Alook at both",
        'proof: the merged order fails: 0003_index at db/my migrations/0003_index.sql:3: column "contents" does '
        "not exist",
        "proof: not everything was looked into: public.f (is in plpython3u)",
        "proof: no round trip: 0004_fill without a down",
        "1 error, 1 warning, 1 note: feature/x_y adds 2 migrations, main 1, since aaaaaaaaaa",
    ]


def test_nothing_found_annotates_nothing() -> None:
    assert render("github", EMPTY) == ("no findings: feature/x_y adds 2 migrations, main 1, since aaaaaaaaaa")
