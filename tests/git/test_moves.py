"""Every call of a hook, and what git may be in the middle of then: does the database follow?"""

from __future__ import annotations

import pytest

from gitmig.git.moves import Decision, HookCall, InProgress, Patches, Rebase, decide

OLD, NEW, NONE = "1" * 40, "2" * 40, "0" * 40
BRANCH, ELSEWHERE = "refs/heads/main", "refs/heads/other"
FOLLOW, WAIT, STAY = Decision.FOLLOW, Decision.WAIT, Decision.STAY
PICKING = Rebase(current="pick", upcoming="pick", rewritten=True)


def moved(*refs: str, old: str = OLD, command: str = "") -> HookCall:
    """A transaction that sets refs."""
    return HookCall.transaction("".join(f"{old} {NEW} {ref}\n" for ref in refs), tuple(command.split()))


def called(hook: str, command: str = "") -> HookCall:
    """Any other hook."""
    return HookCall(hook=hook, command=tuple(command.split()))


def in_rebase(**parts: object) -> InProgress:
    """Detached, in a rebase."""
    return InProgress(rebase=Rebase(**parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "state", "expected"),
    [
        # nothing is under way
        (called("post-checkout"), InProgress(), FOLLOW),
        (called("post-merge"), InProgress(last_move="merge x: Fast-forward"), FOLLOW),
        (called("post-commit"), InProgress(last_move="commit: c"), FOLLOW),
        # HEAD moves: another hook follows, or none
        (moved("HEAD"), InProgress(last_move="reset: moving to HEAD~1"), FOLLOW),
        (moved("HEAD"), InProgress(last_move=""), FOLLOW),
        (moved("HEAD"), InProgress(last_move="checkout: moving from a to b"), WAIT),
        (moved("HEAD"), InProgress(last_move="pull --ff: Fast-forward"), WAIT),
        (moved("HEAD"), InProgress(last_move="commit (amend): c"), WAIT),
        (moved("HEAD", old=NEW), InProgress(last_move="commit: an older one"), FOLLOW),
        (moved("HEAD"), InProgress(last_move="cherry-pick: c"), WAIT),
        (moved("HEAD"), InProgress(last_move="cherry-pick: fast-forward"), FOLLOW),
        (moved("refs/heads/other"), InProgress(last_move="reset: moving to HEAD"), WAIT),
        # from git 2.48 on, HEAD's branch moves without it
        (moved(BRANCH), InProgress(branch=BRANCH, last_move="reset: moving to HEAD~1"), FOLLOW),
        (moved(ELSEWHERE), InProgress(branch=BRANCH, last_move="reset: moving to HEAD~1"), WAIT),
        (moved(BRANCH), InProgress(last_move="reset: moving to HEAD~1"), WAIT),
        (moved(BRANCH), InProgress(branch=BRANCH, last_move="commit: c"), WAIT),
        (moved(BRANCH, old=NEW), InProgress(branch=BRANCH, last_move="commit: an older one"), FOLLOW),
        (moved(BRANCH), InProgress(branch=BRANCH, patches=Patches(current=2, last=2), last_move="am: c"), FOLLOW),
        (moved(BRANCH), InProgress(branch=BRANCH, patches=Patches(current=1, last=2), last_move="am: c"), WAIT),
        # what was put away comes back
        (called("post-index-change", "stash apply"), InProgress(), FOLLOW),
        (called("post-index-change", "stash apply --quiet"), in_rebase(current="pick"), FOLLOW),
        (called("post-index-change", "stash push"), InProgress(), WAIT),
        (called("post-index-change", "switch main"), InProgress(), WAIT),
        (moved("refs/stash", command="stash pop"), InProgress(), FOLLOW),
        (moved("refs/stash", command="stash drop"), InProgress(), WAIT),
        (called("post-merge"), InProgress(autostash=True), WAIT),
        (called("post-rewrite"), InProgress(autostash=True, rebase=PICKING), WAIT),
        # it stops
        (called("post-index-change", "merge x --no-commit"), InProgress(), FOLLOW),
        (called("post-index-change", "merge x"), InProgress(), WAIT),
        (called("post-index-change", "merge x"), InProgress(conflicts=True), FOLLOW),
        (called("post-index-change", "merge -n x"), InProgress(), WAIT),
        (called("post-index-change", "revert -n x"), InProgress(), FOLLOW),
        (called("post-index-change", "merge x"), InProgress(conflicts=True, in_migrations=True), STAY),
        (called("post-checkout"), InProgress(conflicts=True, in_migrations=True), STAY),
        # several commits are picked
        (called("post-commit"), InProgress(picks=2, last_move="cherry-pick: c"), WAIT),
        (called("post-commit"), InProgress(picks=1, last_move="cherry-pick: c"), FOLLOW),
        (moved("HEAD"), InProgress(picks=2, last_move="reset: moving to c"), FOLLOW),
        # patches
        (moved("HEAD"), InProgress(patches=Patches(current=1, last=2), last_move="am: c"), WAIT),
        (moved("HEAD"), InProgress(patches=Patches(current=2, last=2), last_move="am: c"), FOLLOW),
        (moved("HEAD"), InProgress(patches=Patches(current=1, last=2), last_move="am --abort"), FOLLOW),
        (moved("REBASE_HEAD"), InProgress(patches=Patches(current=1, last=1)), WAIT),
        (moved("HEAD"), InProgress(patches=Patches(current=2, last=2, rebasing=True)), WAIT),
        (moved("REBASE_HEAD"), InProgress(branch=BRANCH, patches=Patches(current=1, last=2, rebasing=True)), FOLLOW),
        (
            moved("HEAD"),
            InProgress(
                patches=Patches(current=1, last=2, rebasing=True),
                last_move="rebase (abort): returning",
            ),
            FOLLOW,
        ),
        # a rebase
        (called("post-checkout"), in_rebase(upcoming="pick"), WAIT),
        (called("post-commit"), InProgress(rebase=PICKING), WAIT),
        (called("post-rewrite"), InProgress(rebase=PICKING), FOLLOW),
        (moved("REBASE_HEAD"), InProgress(branch=BRANCH, rebase=PICKING), FOLLOW),
        (called("post-commit"), in_rebase(current="pick", upcoming="exec"), FOLLOW),
        (called("post-commit"), in_rebase(current="exec", upcoming="pick"), FOLLOW),
        (called("post-commit"), in_rebase(current="pick", upcoming="b"), FOLLOW),
        (moved("REBASE_HEAD"), in_rebase(current="edit", upcoming="pick", stopped=True), FOLLOW),
        (called("post-checkout"), in_rebase(current="noop"), FOLLOW),
        (called("post-checkout"), in_rebase(current="drop"), FOLLOW),
        (moved("HEAD"), in_rebase(current="pick"), WAIT),
        (moved("refs/heads/b"), in_rebase(current="pick"), FOLLOW),
        (moved("refs/heads/b"), in_rebase(current="pick", rewritten=True), WAIT),
        # one whose files are not there yet
        (called("post-checkout"), InProgress(last_move="rebase (start): checkout m"), WAIT),
        (moved("HEAD"), InProgress(last_move="pull --rebase (start): checkout m"), WAIT),
        (called("post-checkout"), InProgress(last_move="rebase (start): c", forward=True), FOLLOW),
        (moved("refs/heads/b"), InProgress(last_move="rebase (start): c"), FOLLOW),
    ],
)
def test_whether_the_database_follows(call: HookCall, state: InProgress, expected: Decision) -> None:
    assert decide(call, state) is expected


@pytest.mark.parametrize(
    "rebase", [Rebase(current="pick", upcoming="exec"), Rebase(current="edit", stopped=True), Rebase(current="break")]
)
def test_whoever_wants_it_at_the_end_only_gets_it_there(rebase: Rebase) -> None:
    on_the_way = InProgress(rebase=rebase)
    assert decide(called("post-commit"), on_the_way, during_rebase=False) is WAIT
    assert decide(called("post-rewrite"), on_the_way, during_rebase=False) is FOLLOW


def test_a_transaction_is_read_from_the_lines_that_git_gives_to_the_hook() -> None:
    call = HookCall.transaction(f"{OLD} {NEW} {BRANCH}\n{NEW} {NEW} HEAD\n", ("reset", "--hard"))
    assert call.hook == "reference-transaction"
    assert call.refs == (BRANCH, "HEAD")
    assert call.stayed == {"HEAD"}
    assert call.command == ("reset", "--hard")
    assert HookCall.transaction(f"{NONE} {NEW} {ELSEWHERE}\n").command == ()


def test_the_first_word_of_the_last_move_counts() -> None:
    """A commit's subject can have a colon of its own."""
    assert decide(moved("HEAD"), InProgress(last_move="commit: fix: c")) is WAIT
    assert decide(moved("HEAD"), InProgress(last_move="reset: commit: c")) is FOLLOW
