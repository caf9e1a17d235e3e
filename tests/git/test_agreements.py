"""Whose scripts a hook may run, decided from the reflog and from where refs come from."""

from __future__ import annotations

import pytest

from gitmig.git.agreements import (
    Agreement,
    Movement,
    agreed_to_all,
    agreements,
    branches_of,
    movements,
    trusted_remotes,
    valid_agreements,
)


def reflog(*lines: str) -> list[Movement]:
    """Movements from `a` to `b` to `c` …, each with a message."""
    return [Movement(old=chr(97 + k), new=chr(98 + k), message=line) for k, line in enumerate(lines)]


@pytest.mark.parametrize(
    "message",
    [
        *("commit: x", "commit (initial): x", "commit (amend): x", "commit (merge): x", "commit (cherry-pick): x"),
        *("merge topic: Merge made by the 'ort' strategy.", "pull origin main: Merge made", "cherry-pick: x"),
        *("am: x", "revert: x", "rebase (pick): x", "rebase -i (squash): x", "rebase finished: returning"),
    ],
)
def test_acts_that_agree(message: str) -> None:
    assert agreements(reflog(message)) == [Agreement(new="b", before=("a",))]


@pytest.mark.parametrize(
    "message",
    [
        *("checkout: moving from main to pr7", "checkout: moving from main to commit: x", "clone: from /somewhere"),
        *("reset: moving to pr7", "branch: Created from pr7", "", "Commit: x", "worktree add", "commitment: x"),
    ],
)
def test_looking_is_no_agreement(message: str) -> None:
    assert agreements(reflog(message)) == []


def test_a_rebase_does_not_agree_to_what_the_branch_had_before_it() -> None:
    acts = reflog("rebase (start): checkout main", "rebase (pick): x", "rebase (finish): returning to refs/heads/pr7")
    assert agreements(acts) == [
        Agreement(new="b", before=("a",)),
        Agreement(new="c", before=("b", "a"), rebased="a"),
        Agreement(new="d", before=("c", "a"), rebased="a"),
    ]
    # also when something is done in between
    acts = reflog(
        "rebase (start): checkout main", "commit: x", "reset: moving to HEAD~1", "rebase (pick): y", "commit: z"
    )
    assert [act.rebased for act in agreements(acts)] == [None, "a", "a", "a"]
    acts = reflog("rebase (start): checkout main", "rebase (abort): updating HEAD", "rebase (pick): y")
    assert [act.rebased for act in agreements(acts)] == [None, "a", None]


@pytest.mark.parametrize("message", ["pull x pr7:pr7: storing head", "pull: forced-update", "fetch x: storing head"])
def test_fetching_into_a_branch_is_no_agreement(message: str) -> None:
    assert agreements(reflog(message)) == []


def test_a_fast_forward_of_what_is_trusted_is_trusted_itself() -> None:
    acts = agreements(reflog("merge x: Fast-forward", "pull: Fast-forward", "pull --rebase (start): checkout y"))
    assert [act.new for act in valid_agreements(acts, {"a"}.__contains__)] == ["b", "c", "d"]
    assert valid_agreements(acts, {"x"}.__contains__) == []


def test_after_a_rebase_a_commit_agrees_to_its_own() -> None:
    acts = reflog("rebase (start): checkout main", "rebase (finish): x", "commit: y", "checkout: moving", "merge z: w")
    assert [act.before for act in agreements(acts)] == [("a",), ("b", "a"), ("c",), ("e",)]


def test_a_fast_forward_counts_only_for_a_branch_that_is_trusted_itself() -> None:
    acts = agreements(reflog("merge FETCH_HEAD: Fast-forward", "pull: Fast-forward", "commit: x"))
    assert [act.provided for act in acts] == ["a", "b", None]


@pytest.mark.parametrize(
    ("message", "begins"),
    [
        *(("commit: x", "b^"), ("commit (initial): x", "b^"), ("cherry-pick: x", "b^"), ("merge x: Merge made", "b^")),
        *(("commit (amend): x", None), ("rebase (finish): refs/heads/x onto y", None), ("pull: Fast-forward", None)),
    ],
)
def test_what_began_before_the_reflog_does(message: str, begins: str | None) -> None:
    (*first, second) = movements([("b", message), ("c", "commit: y")])
    assert [one.old for one in first] == ([begins] if begins else [])
    assert second == Movement(old="b", new="c", message="commit: y")
    assert movements([]) == []


def test_branches_of_a_remote_whose_name_continues_that_of_another() -> None:
    refs = ["refs/remotes/origin/main", "refs/remotes/origin/fork/main"]
    own, other = "+refs/heads/*:refs/remotes/origin/*", "+refs/heads/*:refs/remotes/origin/fork/*"
    assert branches_of(refs, [own], [other]) == refs[:1]


REFS = ("refs/remotes/origin/main", "refs/remotes/origin/pr/7", "refs/remotes/other/main")


@pytest.mark.parametrize(
    ("refspecs", "expected"),
    [
        (["+refs/heads/*:refs/remotes/origin/*"], REFS[:2]),
        (["+refs/heads/*:refs/remotes/origin/*", "+refs/pull/*/head:refs/remotes/origin/pr/*"], REFS[:1]),
        (["+refs/pull/*/head:refs/remotes/origin/pr/*"], ()),
        (["refs/heads/main:refs/remotes/origin/main"], REFS[:1]),
        (["+refs/*:refs/remotes/origin/*"], ()),
        (["^refs/heads/x", "+refs/heads/*:refs/remotes/other/*", "refs/heads/tmp"], REFS[2:]),
        ([], ()),
    ],
)
def test_only_branches_of_the_remote_count(refspecs: list[str], expected: tuple[str, ...]) -> None:
    assert branches_of(REFS, refspecs) == list(expected)


@pytest.mark.parametrize(
    ("remotes", "configured", "tracks", "expected"),
    [
        (["somewhere"], [], None, ["somewhere"]),
        (["origin", "mallory"], [], None, ["origin"]),
        (["me", "upstream", "mallory"], [], "me", ["me", "upstream"]),
        (["origin", "team"], ["team"], "origin", ["team"]),
        (["origin"], ["nowhere"], None, []),
        ([], [], None, []),
    ],
)
def test_remotes(remotes: list[str], configured: list[str], tracks: str | None, expected: list[str]) -> None:
    assert trusted_remotes(remotes, configured, tracks) == expected


# main is at `m`, which is trusted; a stranger's branch on top of it at `p` and then `q`.
FINISH = "rebase (finish): refs/heads/x onto c"  # as a branch's own reflog has it
STRANGE = {"p": ["m"], "q": ["p"]}


@pytest.mark.parametrize(
    ("commit", "more", "reflog_lines", "expected"),
    [
        ("q", {}, [], False),
        ("m", {}, [], True),
        ("c", {"c": ["m"]}, [("m", "c", "commit: mine")], True),
        ("c", {"c": ["q"]}, [("q", "c", "commit: on top")], False),
        ("c", {"c": ["m", "q"]}, [("m", "c", "merge pr7: Merge made")], True),
        ("q", {}, [("m", "q", "merge pr7: Fast-forward")], True),
        # what takes the place of something is made of it
        ("c", {"c": ["m"]}, [("p", "c", "commit (amend): better words")], False),
        ("d", {"c": ["m"], "d": ["m"]}, [("m", "c", "commit: x"), ("c", "d", "commit (amend): y")], True),
        ("d", {"c": ["m"], "d": ["c"]}, [("m", "c", "am: x"), ("q", "d", FINISH)], False),
        ("d", {"b": ["m"], "c": ["m"], "d": ["c"]}, [("m", "b", "am: x"), ("m", "c", "am"), ("b", "d", FINISH)], True),
        ("q", {"c": ["m"]}, [("m", "c", "commit: x"), ("c", "q", "rebase (start): checkout pr7")], True),
    ],
)  # fmt: skip
def test_everything_that_led_to_a_commit_counts(
    commit: str, more: dict[str, list[str]], reflog_lines: list[tuple[str, str, str]], expected: bool
) -> None:
    acts = [one for old, new, words in reflog_lines for one in agreements([Movement(old=old, new=new, message=words)])]
    assert agreed_to_all(commit, STRANGE | more, acts) is expected


def test_where_the_reflog_begins_only_the_first_parent_is_known() -> None:
    (act,) = agreements(movements([("c", "commit: x")]))
    assert agreed_to_all("c", {"c": ["m"]}, [act])
    assert agreed_to_all("c", {"c": []}, [act])
    assert not agreed_to_all("c", STRANGE | {"c": ["q"]}, [act])
