"""A proof in words."""

from __future__ import annotations

from gitmig.cli.formats import sentences
from tests.cli.formats.samples import ALONE, BROKEN, DIFFERENT, SOUND


def test_both_orders_that_agree() -> None:
    assert sentences(SOUND) == [
        "both orders run and give the same schema",
        "the downs bring back the schema before",
    ]


def test_a_failure_names_migration_place_and_message() -> None:
    assert sentences(BROKEN) == [
        'the merged order fails: 0003_index at db/my migrations/0003_index.sql:3: column "contents" does not exist',
        "no round trip: 0004_fill without a down",
    ]


def test_a_difference_names_the_first_objects() -> None:
    assert sentences(DIFFERENT) == [
        "both run, schemas differ after ours, then theirs: column public.t.c0, column public.t.c1, "
        "column public.t.c2, column public.t.c3, column public.t.c4 and 1 object more",
        "no round trip: the downs do not bring back index public.t.i",
    ]


def test_one_side_alone_has_one_order() -> None:
    assert sentences(ALONE) == [
        "it runs; there is one order only",
        'no round trip: the down of 0003_index at db/my migrations/0003_index.sql:3: column "contents" does not exist',
    ]
