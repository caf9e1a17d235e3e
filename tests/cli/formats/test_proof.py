"""A proof in words."""

from __future__ import annotations

from msgspec.structs import replace

from gitmig.check.bodies import UnseenBody
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
        "not everything was looked into: public.f (is in plpython3u)",
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


def test_what_was_not_looked_into_is_said_once_for_each_reason() -> None:
    many = [UnseenBody(reason="runs a text that it puts together", routine=f"public.f{k}") for k in range(6)]
    other = UnseenBody(reason="is in plpython3u", routine="public.p")
    assert sentences(replace(SOUND, unseen=(other, *many)))[1] == (
        "not everything was looked into: public.p (is in plpython3u); public.f0, public.f1, public.f2, public.f3, "
        "public.f4 and 1 function more (runs a text that it puts together)"
    )
