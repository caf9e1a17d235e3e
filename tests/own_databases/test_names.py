"""What databases of work trees and branches are called: short enough, fit for a URL, and never two alike."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmig.own_databases.names import LONGEST, Checkout, Naming, Per, slug

MAIN = Checkout(worktree=None, branch="main")


def name(base: str, checkout: Checkout, per: Per | None = None, *, is_embedded: bool = False) -> str:
    naming = Naming.of(base, per, "main", is_embedded=is_embedded)
    assert naming is not None
    return naming.name_for(checkout)


def checkout(worktree: str | None = None, branch: str | None = None) -> Checkout:
    return Checkout(worktree=worktree, branch=branch)


@pytest.mark.parametrize(
    ("base", "per", "where", "expected"),
    [
        ("app", Per.WORKTREE, MAIN, "app"),
        ("app", Per.WORKTREE, checkout("a1", "x"), "app_a1"),
        ("app", Per.WORKTREE, checkout("Agent-1", "x"), "app_agent_1_b3223f"),
        ("app", Per.BRANCH, MAIN, "app"),
        ("app", Per.BRANCH, checkout("a1", "main"), "app"),
        ("app", Per.BRANCH, checkout(None, "feature/x"), "app_feature_x_217d2b"),
        ("app", Per.BRANCH, checkout(None, None), "app"),
        ("app", Per.BRANCH, checkout("a1", None), "app_detached_a1"),
        ("app_{worktree}", None, MAIN, "app_main"),
        ("app_{worktree}", Per.BRANCH, checkout("a1", "x"), "app_a1"),
        ("{branch}.app", None, checkout("a1", "x"), "x.app"),
        ("app_{worktree}_{branch}", None, checkout("a1", "x"), "app_a1_x"),
    ],
)
def test_names(base: str, per: Per | None, where: Checkout, expected: str) -> None:
    assert name(base, where, per) == expected


def test_one_for_all_has_no_name_to_be_made() -> None:
    assert Naming.of("app", None, "main") is None


def test_the_embedded_ones_are_called_as_ever() -> None:
    assert name("dev", MAIN, Per.WORKTREE, is_embedded=True) == "dev"
    assert name("dev", checkout("Agent-1"), Per.WORKTREE, is_embedded=True) == "dev_Agent-1"


def test_a_work_tree_called_main_is_not_taken_for_the_main_one() -> None:
    assert name("app_{worktree}", checkout("main", "x")) not in {name("app_{worktree}", MAIN), "app_main"}


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=80)


@settings(max_examples=50)
@given(base=NAMES.filter(lambda text: "{" not in text), one=NAMES, other=NAMES, per=st.sampled_from(Per))
def test_no_two_places_have_one_database(base: str, one: str, other: str, per: Per) -> None:
    places = [MAIN, *(checkout(found, found) for found in {one, other} - {"main"})]
    names = [name(base, where, per) for where in places]
    assert len(set(names)) == len(places)
    assert all(len(found.encode()) <= LONGEST for found in names[1:])
    templates = [name(f"{base[:20]}{{{per.value}}}", where) for where in places]
    assert len(set(templates)) == len(places)


@settings(max_examples=50)
@given(NAMES)
def test_what_is_made_of_a_name_needs_no_quotes(text: str) -> None:
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
