"""Whether a hook may follow what the checked-out settings say."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from gitmig.config import Settings
from gitmig.git.binding import Binding, BoundSettings, objection

LIMITS = BoundSettings.of(Settings(ignore=("tmp_*",), layout="single"))
MINE = Binding(database="me@localhost:5432/mine", shown="mine", source="gitmig.toml", limits=LIMITS)
OTHER = replace(MINE, database="me@localhost:5432/other", shown="other")
EMBEDDED = replace(MINE, database="embedded:dev", shown="dev", source="")


def asked(now: Binding, own: Binding | None, *others: Binding, personal: bool = False, keys: str = "") -> str | None:
    return objection(now, own, others, is_personal=personal, own_keys=frozenset(keys.split()), file="gitmig.toml")


@pytest.mark.parametrize(
    ("now", "own", "others", "personal"),
    [
        (MINE, MINE, (), False),
        (EMBEDDED, EMBEDDED, (), True),
        (MINE, None, (OTHER, MINE), False),
        (OTHER, None, (MINE,), True),
        (EMBEDDED, None, (replace(EMBEDDED, database="embedded:dev_x"),), True),
        (EMBEDDED, None, (MINE, replace(EMBEDDED, database="embedded:dev_x")), True),
    ],
)
def test_followed(now: Binding, own: Binding | None, others: tuple[Binding, ...], personal: bool) -> None:
    assert asked(now, own, *others, personal=personal) is None


@pytest.mark.parametrize(
    ("now", "own", "others", "personal", "why"),
    [
        (OTHER, MINE, (), False, "gitmig.toml names other, and this work tree was last synced with mine"),
        (OTHER, MINE, (OTHER,), False, "gitmig.toml names other, and this work tree was last synced with mine"),
        (OTHER, MINE, (), True, "gitmig.toml names other, and this work tree was last synced with mine"),
        (OTHER, EMBEDDED, (), True, "gitmig.toml names other, and this work tree was last synced with dev"),
        (EMBEDDED, MINE, (), True, "no database URL is set here, and the last sync had mine from gitmig.toml"),
        (EMBEDDED, None, (MINE,), True, "no database URL is set here, and the last sync had mine from gitmig.toml"),
        (
            replace(MINE, database="you@localhost:5432/mine"),
            MINE,
            (),
            True,
            "gitmig.toml names you@localhost:5432/mine, and this work tree was last synced with me@localhost:5432/mine",
        ),
        (OTHER, None, (MINE,), False, "gitmig.toml names other, with which no work tree of this clone was synced by"),
        (OTHER, None, (), False, "gitmig.toml names other, with which no work tree of this clone was synced by hand"),
        (MINE, None, (), True, "no work tree of this clone was synced by hand yet"),
        (EMBEDDED, None, (), True, "no work tree of this clone was synced by hand yet"),
    ],
)
def test_another_database(
    now: Binding, own: Binding | None, others: tuple[Binding, ...], personal: bool, why: str
) -> None:
    assert (asked(now, own, *others, personal=personal) or "").startswith(why)


@pytest.mark.parametrize(
    ("changes", "widened"),
    [
        ({"folders": ("other",)}, ["folder"]),
        ({"folders": ("migrations", "other")}, ["folder"]),
        ({"layout": "paired"}, ["layout"]),
        ({"bootstrap": "b.sql"}, ["bootstrap"]),
        ({"run_outside": "always"}, ["run_outside"]),
        ({"ignore": ("tmp_*", "x")}, ["ignore"]),
        ({"ignore": ("*",)}, ["ignore"]),
        ({"ignore": ()}, []),
        ({"verify": False}, ["verify"]),
        ({"kept_age": 89}, ["kept_age"]),
        ({"kept_age": 91}, []),
        ({"verify": False, "ignore": ("*",)}, ["ignore", "verify"]),
    ],
)
def test_settings_that_let_more_happen(changes: dict[str, Any], widened: list[str]) -> None:
    now = replace(MINE, limits=replace(LIMITS, **changes))
    assert LIMITS.widened(now.limits) == widened
    expected = f"gitmig.toml changes {' and '.join(widened)}" if widened else None
    assert asked(now, MINE) == expected
    assert asked(now, None, MINE) == expected
    assert asked(now, None, MINE, now) is None, "another work tree was synced with just these"
    assert asked(now, MINE, keys=" ".join(widened)) is None, "it is the user's own setting"


def test_less_may_happen_again() -> None:
    wide = replace(MINE, limits=replace(LIMITS, verify=False, ignore=("*",), run_outside="always", kept_age=1))
    tight = replace(LIMITS, ignore=(), kept_age=90)
    assert asked(replace(MINE, limits=tight), wide) is None


def test_it_can_be_written_down() -> None:
    assert Binding.from_json(MINE.to_json()) == MINE
    import json

    assert Binding.from_json(json.loads(json.dumps(MINE.to_json()))) == MINE
    with pytest.raises((KeyError, TypeError)):
        Binding.from_json({"database": "x"})
