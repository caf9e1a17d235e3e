"""What is decided: which steps bring the stack to the target. A history is drawn as `[stack] → [target]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gitmig.migrations.plan import (
    Desired,
    Direction,
    Plan,
    SetDifference,
    checksums_after,
    desire,
    edited,
    make_plan,
    set_difference,
    unread,
)
from tests.samples import applied, content, labels, migration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.migrations.model import Content, Migration
    from gitmig.migrations.plan import Applied


def on_stack(*rows: str) -> list[Applied]:
    """Rows as `1_a` or `1_a=x`, where x is the content; without it, the name is the content."""
    found = [_label_and_change(row) for row in rows]
    return [applied(k, migration(label, blob=change), change) for k, (label, change) in enumerate(found, 1)]


def wanted(*migrations: str) -> list[Desired]:
    """The target, written as `on_stack` is; all of it was read."""
    found = [_label_and_change(one) for one in migrations]
    return [
        Desired(migration=migration(label, blob=change), checksum=change, content=content(""))
        for label, change in found
    ]


def steps(plan: Plan) -> list[str]:
    return [f"{step.direction.sign} {step.label} @{step.position}" for step in plan.steps]


def shown(found: SetDifference) -> str:
    """`+` pending, `-` phantom, `~` edited."""
    marked = [("+", m.label) for m in found.pending] + [("-", a.label) for a in found.phantom]
    return " ".join(mark + label for mark, label in [*marked, *(("~", m.label) for m in found.edited)])


def _label_and_change(text: str) -> tuple[str, str]:
    label, _, change = text.partition("=")
    return label, change or label.partition("_")[2]


@pytest.mark.parametrize(
    ("stack", "target", "expected"),
    [
        pytest.param("", "", [], id="nothing at all"),
        pytest.param("", "1_a 2_b", ["+ 1_a @1", "+ 2_b @2"], id="a new database"),
        pytest.param("1_a 2_b", "1_a 2_b", [], id="in sync"),
        pytest.param("1_a", "1_a 2_b 3_c", ["+ 2_b @2", "+ 3_c @3"], id="forward"),
        pytest.param("1_a 2_b 3_c", "1_a", ["- 3_c @3", "- 2_b @2"], id="back, newest first"),
        pytest.param("1_a 2_b", "", ["- 2_b @2", "- 1_a @1"], id="back to nothing"),
        pytest.param("1_a 2_b", "1_a 2_c", ["- 2_b @2", "+ 2_c @2"], id="to another branch"),
        pytest.param("1_a 3_c", "1_a 2_b 3_c", ["- 3_c @2", "+ 2_b @2", "+ 3_c @3"], id="one in the middle"),
        pytest.param("1_a 2_b 3_c", "1_a 3_c", ["- 3_c @3", "- 2_b @2", "+ 3_c @2"], id="one in the middle is gone"),
        pytest.param(
            "1_a 2_b", "1_a=x 2_b", ["- 2_b @2", "- 1_a @1", "+ 1_a @1", "+ 2_b @2"], id="the first is edited"
        ),
        pytest.param("1_a 2_b", "1_a 2_b=x", ["- 2_b @2", "+ 2_b @2"], id="the last is edited"),
        pytest.param("1_a 2_b", "1_b=b 2_a=a", ["- 2_b @2", "- 1_a @1", "+ 1_b @1", "+ 2_a @2"], id="swapped"),
        pytest.param("1_a 2_b=a", "1_a", ["- 2_b @2"], id="the same content twice, once wanted"),
    ],
)
def test_the_common_beginning_stays_and_the_rest_is_that_of_a_fresh_build(
    stack: str, target: str, expected: list[str]
) -> None:
    assert steps(make_plan(on_stack(*stack.split()), wanted(*target.split()))) == expected


def test_a_renamed_file_moves_its_row_and_runs_nothing() -> None:
    """[1_a, 2_b] → [1_a, 2_better]."""
    plan = make_plan(on_stack("1_a", "2_b"), wanted("1_a", "2_better=b"))
    assert plan.steps == ()
    ((row, new, renamed),) = [(m.applied.label, m.desired.migration.label, m.renamed) for m in plan.moves]
    assert (row, new, renamed) == ("2_b", "2_better", True)
    assert plan


def test_a_renumbered_file_moves_its_row_and_runs_nothing() -> None:
    """[1_a, 2_b] → [1_a, 7_b], as after a rebase."""
    plan = make_plan(on_stack("1_a", "2_b"), wanted("1_a", "7_b"))
    assert steps(plan) == []
    assert [move.desired.migration.label for move in plan.moves] == ["7_b"]


def test_a_renumbered_file_that_changes_its_place_runs_again() -> None:
    """[1_a, 2_b, 3_c] → [1_a, 3_c, 4_b]."""
    plan = make_plan(on_stack("1_a", "2_b", "3_c"), wanted("1_a", "3_c", "4_b"))
    assert steps(plan) == ["- 3_c @3", "- 2_b @2", "+ 3_c @2", "+ 4_b @3"]


def test_an_edited_comment_or_down_moves_its_row_under_the_same_name() -> None:
    """Other bytes, the same change: the row takes over the new scripts and nothing runs."""
    new = Desired(migration=migration("1_a", blob="other bytes"), checksum="a", content=content(""))
    plan = make_plan(on_stack("1_a"), [new])
    assert plan.steps == ()
    assert [move.renamed for move in plan.moves] == [False]


def test_a_file_in_another_folder_moves_its_row_under_the_same_name() -> None:
    """`server/migrations/1_a.sql` → `migrations/1_a.sql`."""
    (row,) = on_stack("1_a")
    plan = make_plan([replace(row, path="server/db/1_a.sql")], wanted("1_a"))
    assert plan.steps == ()
    assert [move.renamed for move in plan.moves] == [False]


@pytest.mark.parametrize(("word", "sign"), [("apply", "+"), ("revert", "-")])
def test_a_direction_has_a_word_for_programs_and_a_sign_for_people(word: str, sign: str) -> None:
    assert Direction(word).sign == sign


def test_in_sync_is_an_empty_plan() -> None:
    plan = make_plan(on_stack("1_a"), wanted("1_a"))
    assert not plan
    assert plan == Plan(keep=1)


def test_reverts_without_a_down_are_known_before_anything_runs() -> None:
    """[1_a, 2_b (no down), 3_c] → [1_a]."""
    one, two, three = on_stack("1_a", "2_b", "3_c")
    plan = make_plan([one, replace(two, irreversible=True), three], wanted("1_a"))
    assert [step.label for step in plan.irreversible] == ["2_b"]


def test_an_irreversible_migration_that_stays_is_no_obstacle() -> None:
    """[1_a (no down), 2_b] → [1_a]."""
    one, two = on_stack("1_a", "2_b")
    assert make_plan([replace(one, irreversible=True), two], wanted("1_a")).irreversible == ()


def test_a_revert_is_named_as_the_ledger_has_it_and_an_apply_as_the_target_has_it() -> None:
    """[1_a, 2_b] → [1_new, 2_renamed], where the first is edited."""
    revert, _, apply, _ = make_plan(on_stack("2_b", "3_c"), wanted("2_new", "3_renamed=c")).steps
    assert (revert.direction, revert.migration.path.rpartition("/")[2]) == (Direction.REVERT, "3_c.sql")
    assert (apply.direction, apply.migration.path.rpartition("/")[2]) == (Direction.APPLY, "2_new.sql")


def test_only_what_the_ledger_does_not_hold_is_read() -> None:
    """Neither the same files below the kept part nor above it are read again."""
    target = [migration("1_a", blob="a"), migration("2_b", blob="x"), migration("3_c", blob="c")]
    assert labels(unread(on_stack("1_a", "2_b", "3_c"), target)) == ["2_b"]
    assert labels(unread([], target)) == ["1_a", "2_b", "3_c"]
    assert labels(unread(on_stack("1_a", "2_b", "3_c"), [])) == []


def test_a_file_is_read_whose_row_may_be_that_of_another_one_with_the_same_up() -> None:
    """[1_a, 2_x, 3_x] → [1_a, 3_x]: the row of 2_x stays, and becomes 3_x, whose down may be another one."""
    stack = on_stack("1_a", "2_x", "3_x=x")
    target = [migration("1_a", blob="a"), migration("3_x", blob="x")]
    assert labels(unread(stack, target)) == ["3_x"]
    contents = {target[1].path: content("SELECT 1;")}
    plan = make_plan(stack, desire(stack, target, contents))
    assert (steps(plan), [move.desired.content is not None for move in plan.moves]) == (["- 3_x @3"], [True])
    assert labels(unread(stack, [target[0], migration("2_x", blob="x"), target[1]])) == []


def test_a_row_that_holds_the_scripts_of_one_that_runs_again_does_not_become_another_one() -> None:
    """[1_a, 3_x] → [1_a, 2_x, 3_x], and 3_x has not been read."""
    stack = on_stack("1_a", "3_x")
    target = [migration("1_a", blob="a"), migration("2_x", blob="y"), migration("3_x", blob="x")]
    assert labels(unread(stack, target)) == ["2_x"]
    desired = desire(stack, target, {target[1].path: content("SELECT 1;")})
    plan = make_plan(stack, (desired[0], replace(desired[1], checksum="x"), desired[2]))
    assert steps(plan) == ["- 3_x @2", "+ 2_x @2", "+ 3_x @3"]


def test_a_renamed_file_is_read_again_but_keeps_its_checksum() -> None:
    """The ledger's checksum counts: a newer gitmig may compute another one of the same bytes."""
    target = [migration("1_new", blob="a")]
    (found,) = desire(on_stack("1_a"), target, {target[0].path: content("SELECT 1;")})
    assert labels(unread(on_stack("1_a"), target)) == ["1_new"]
    assert found.checksum == "a"
    assert found.content is not None


def test_what_runs_again_unchanged_takes_its_scripts_from_the_ledger() -> None:
    """[1_a, 3_c] → [1_a, 2_b, 3_c]: 3_c was not read, so its second run takes the scripts of its first."""
    stack = on_stack("1_a", "3_c")
    target = [migration("1_a", blob="a"), migration("2_b", blob="b"), migration("3_c", blob="c")]
    contents = {m.path: content("SELECT 2;") for m in unread(stack, target)}
    plan = make_plan(stack, desire(stack, target, contents))
    assert steps(plan) == ["- 3_c @2", "+ 2_b @2", "+ 3_c @3"]
    assert [step.held for step in plan.applies] == [None, stack[1]]


@pytest.mark.parametrize(
    ("stack", "target", "expected"),
    [
        pytest.param("1_a 2_b", "1_a 2_b", "", id="in sync"),
        pytest.param("1_a", "1_a 2_b 3_c", "+2_b +3_c", id="pending"),
        pytest.param("1_a 2_b 3_c", "1_a", "-2_b -3_c", id="phantom"),
        pytest.param("1_a 2_b 3_c", "1_x=x 2_b 3_c", "~1_x", id="edited, and those behind it only run again"),
        pytest.param("1_a 3_c", "1_a 2_b 3_c", "+2_b", id="pending in the middle"),
        pytest.param("1_a 2_b 3_c", "1_a 3_c 4_d", "+4_d -2_b", id="another branch"),
        pytest.param("1_a 2_b", "1_a 2_better=b", "", id="renamed"),
        pytest.param("1_a 2_b", "1_a 7_b", "", id="renumbered in its place"),
        pytest.param("1_a 2_b", "1_a 1.5_x", "+1.5_x -2_b", id="one for another"),
    ],
)
def test_the_difference_is_told_by_version(stack: str, target: str, expected: str) -> None:
    assert shown(set_difference(on_stack(*stack.split()), wanted(*target.split()))) == expected


# Version, name, what it changes, and a comment, which changes the bytes alone.
ENTRIES = st.lists(
    st.tuples(st.integers(1, 8), st.sampled_from("abc"), st.integers(1, 4), st.sampled_from(["", "-- why"])),
    unique_by=lambda entry: entry[0],
    max_size=7,
).map(sorted)


@given(ENTRIES, ENTRIES)
@settings(deadline=None)
def test_a_plan_leads_to_the_target_and_a_second_plan_is_empty(
    before: list[tuple[int, str, int, str]], after: list[tuple[int, str, int, str]]
) -> None:
    stack = sync([], *history(before))
    migrations, contents = history(after)
    reached = sync(stack, migrations, contents)
    assert [(row.label, row.path, row.blobs, row.checksum) for row in reached] == [
        (m.label, m.path, m.blobs, contents[m.path].checksum) for m in migrations
    ]
    assert [row.position for row in reached] == list(range(1, len(reached) + 1))
    assert unread(reached, migrations) == []
    assert not make_plan(reached, desire(reached, migrations, {}))


@given(ENTRIES, ENTRIES)
@settings(deadline=None)
def test_no_more_is_reverted_than_has_to_be(
    before: list[tuple[int, str, int, str]], after: list[tuple[int, str, int, str]]
) -> None:
    stack = sync([], *history(before))
    migrations, contents = history(after)
    desired = desire(stack, migrations, contents)
    plan = make_plan(stack, desired)
    assert [row.checksum for row in stack[: plan.keep]] == [one.checksum for one in desired[: plan.keep]]
    following = (stack[plan.keep :], desired[plan.keep :])
    assert not all(following) or following[0][0].checksum != following[1][0].checksum
    assert [step.position for step in plan.reverts] == list(range(len(stack), plan.keep, -1))
    assert [step.position for step in plan.applies] == list(range(plan.keep + 1, len(desired) + 1))


@given(ENTRIES, ENTRIES)
@settings(deadline=None)
def test_there_is_a_difference_exactly_where_something_runs(
    before: list[tuple[int, str, int, str]], after: list[tuple[int, str, int, str]]
) -> None:
    stack = sync([], *history(before))
    desired = desire(stack, *history(after))
    plan, found = make_plan(stack, desired), set_difference(stack, desired)
    assert bool(found.pending or found.phantom or found.edited) == bool(plan.steps)
    assert {a.label for a in found.phantom} <= {step.label for step in plan.reverts}
    assert {m.label for m in found.pending + found.edited} <= {step.label for step in plan.applies}


def history(entries: list[tuple[int, str, int, str]]) -> tuple[list[Migration], dict[str, Content]]:
    """The migrations of a commit, and what their files hold."""
    texts = {f"{version}_{name}": f"SELECT {change}; {comment}" for version, name, change, comment in entries}
    migrations = [migration(label, blob=text) for label, text in texts.items()]
    return migrations, {m.path: content(texts[m.label]) for m in migrations}


def sync(stack: Sequence[Applied], migrations: Sequence[Migration], contents: dict[str, Content]) -> list[Applied]:
    """The stack after a plan has run: rows are moved, taken away from the end and put there, as the ledger does it.

    Only what was asked for is read, and a step without content finds it in the ledger.
    """
    read = {m.path: contents[m.path] for m in unread(stack, migrations)}
    plan = make_plan(stack, desire(stack, migrations, read))
    rows = list(stack)
    for move in plan.moves:
        assert rows[move.applied.position - 1] == move.applied
        assert move.desired.content is not None
        rows[move.applied.position - 1] = applied(move.applied.position, move.desired.migration, move.desired.checksum)
    for revert in plan.reverts:
        assert rows.pop() == revert.migration
    for step in plan.applies:
        assert step.desired.content is not None or step.held in stack[plan.keep :]
        assert step.position == len(rows) + 1
        rows.append(applied(step.position, step.desired.migration, step.desired.checksum))
    return rows


# --- what gives way without a script, and what an edited migration was before


def test_the_lowest_reverts_and_the_first_applies_give_way_to_each_other() -> None:
    """[1_a, 2_b, 3_c] → [1_x, 2_y, 3_z], where 1_a and 2_b make what 1_x makes."""
    plan = make_plan(on_stack("1_a", "2_b", "3_c"), wanted("1_x", "2_y", "3_z")).replacing(2, 1, "f1")
    assert steps(plan) == ["- 3_c @3", "+ 2_y @2", "+ 3_z @3"]
    assert plan.replacement is not None
    assert [one.label for one in plan.replacement.going] == ["1_a", "2_b"]
    assert [step.label for step in plan.replacement.coming] == ["1_x"]
    assert plan.replacement.fingerprint == "f1"
    assert [step.label for step in plan.arrivals] == ["1_x", "2_y", "3_z"]
    assert plan.keep == 0


def test_a_plan_that_only_replaces_is_not_empty() -> None:
    plan = make_plan(on_stack("1_a"), wanted("1_x")).replacing(1, 1, "f1")
    assert plan.steps == ()
    assert plan


@pytest.mark.parametrize(
    ("stack", "target", "before"),
    [
        pytest.param("1_a 2_b", "1_a 2_b=x", {2: ("b",)}, id="under its name"),
        pytest.param("1_a 2_b", "1_a 2_c", {2: ("b",)}, id="under its version"),
        pytest.param("1_a 2_b", "1_a 3_b=x", {2: ("b",)}, id="under another version"),
        pytest.param("1_a 2_b", "1_a 3_c", {2: ()}, id="it was none"),
        pytest.param("1_a 2_b 2_c", "1_a 2_c=x", {2: ("c",)}, id="of two with its version, that with its name"),
        pytest.param("1_a 2_b 2_c", "1_a 2_d", {2: ("c", "b")}, id="of two with its version, neither"),
        pytest.param("1_a 2_b 3_c", "1_a 2_x=c", {2: ("b",)}, id="it has the content of one that goes"),
        pytest.param("1_a 2_b", "1_a 2_x 3_b", {2: (), 3: ()}, id="what it could have been is still there"),
    ],
)
def test_what_a_migration_was_before_it_was_edited(stack: str, target: str, before: dict[int, tuple[str, ...]]) -> None:
    assert edited(make_plan(on_stack(*stack.split()), wanted(*target.split()))) == before


def test_what_is_applied_behind_a_plan_is_what_stays_and_what_comes_run_or_not() -> None:
    stack = on_stack("1_a", "2_b", "3_c")
    plan = make_plan(stack, wanted("1_a", "2_x", "3_y")).replacing(1, 1, "f")
    assert checksums_after(plan, stack) == {"a", "x", "y"}


@pytest.mark.parametrize(
    ("stack", "target", "expected"),
    [
        pytest.param("1_a", "1_a 2_b 2_c", "+2_b +2_c", id="two come"),
        pytest.param("1_a 2_b 2_c", "1_a", "-2_b -2_c", id="two go"),
        pytest.param("1_a 2_b 2_c", "1_a 2_b=x 2_c", "~2_b", id="one of two is edited"),
        pytest.param("1_a 2_b 2_c", "1_a 2_d", "+2_d -2_b -2_c", id="one instead of two"),
    ],
)
def test_migrations_of_one_version_are_told_apart_by_their_names(stack: str, target: str, expected: str) -> None:
    assert shown(set_difference(on_stack(*stack.split()), wanted(*target.split()))) == expected
