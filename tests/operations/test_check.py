"""`check` on real git: which sides are compared, and that nothing changes."""

from __future__ import annotations

import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest

from gitmig.check.findings import Severity
from gitmig.errors import GitmigError, UsageError
from gitmig.project.comparison import Checked, compare_sides
from gitmig.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Sandbox

RENAME = "ALTER TABLE comments RENAME COLUMN contents TO body;"
VIEW = "CREATE VIEW recent AS SELECT contents FROM comments;"


@pytest.fixture
def parted(make_sandbox: Callable[..., Sandbox]) -> Sandbox:
    """
    main     0001_comments ── 0002_view
                         ╲
    feature                0003_rename (checked out)
    """
    sandbox = make_sandbox()
    sandbox.migration("0001_comments", "CREATE TABLE comments (id int, contents text);")
    sandbox.commit("comments")
    sandbox.git("switch", "-q", "-c", "feature")
    sandbox.migration("0003_rename", RENAME)
    sandbox.commit("rename")
    sandbox.git("switch", "-q", "main")
    sandbox.migration("0002_view", VIEW)
    sandbox.commit("view")
    sandbox.git("switch", "-q", "feature")
    return sandbox


def run(sandbox: Sandbox, base: str | None = None, revision: str | None = None) -> Checked:
    return compare_sides(Project.load(sandbox.root), base, revision)


def codes(checked: Checked, *severities: Severity) -> list[str]:
    wanted = severities or (Severity.ERROR,)
    return [finding.code for finding in checked.findings if finding.severity in wanted]


def test_the_work_tree_is_compared_with_the_tip_of_main(parted: Sandbox) -> None:
    checked = run(parted)
    assert (checked.base.name, checked.ours.name) == ("main", "the work tree")
    assert [m.label for m in checked.ours_added] == ["0003_rename"]
    assert [m.label for m in checked.theirs_added] == ["0002_view"]
    assert [m.label for m in checked.merged.migrations] == ["0001_comments", "0002_view", "0003_rename"]
    assert codes(checked) == ["GM205"]
    assert checked.findings[0].path == "migrations/0003_rename.sql"


def test_two_revisions_need_no_checkout(parted: Sandbox) -> None:
    parted.git("switch", "-q", "--detach", "main~1")
    assert codes(run(parted, "main", "feature")) == ["GM205"]
    assert codes(run(parted, "feature", "main")) == ["GM107", "GM205"]


def test_uncommitted_and_untracked_migrations_count(parted: Sandbox) -> None:
    parted.migration("0003_rename", "ALTER TABLE comments ADD COLUMN score int;")
    parted.migration("0004_drop", "ALTER TABLE comments DROP COLUMN contents;")
    checked = run(parted)
    assert codes(checked) == ["GM203"]
    assert [m.label for m in checked.merged.migrations][-1] == "0004_drop"


def test_a_deleted_file_of_the_base_is_found_before_it_is_committed(parted: Sandbox) -> None:
    (parted.root / "migrations" / "0001_comments.sql").unlink()
    assert "GM104" in codes(run(parted))


def test_an_uncommitted_edit_of_what_the_other_side_edits_is_a_conflict(parted: Sandbox) -> None:
    parted.git("switch", "-q", "main")
    parted.migration("0001_comments", "CREATE TABLE comments (id bigint, contents text);")
    parted.commit("edit")
    parted.git("switch", "-q", "feature")
    parted.migration("0001_comments", "CREATE TABLE comments (id int8, contents varchar);")
    assert "GM105" in codes(run(parted))


def test_the_remotes_default_branch_is_the_base(parted: Sandbox, make_sandbox: Callable[..., Sandbox]) -> None:
    clone = make_sandbox("clone")
    clone.git("remote", "add", "origin", str(parted.root))
    clone.git("fetch", "-q", "origin")
    clone.git("switch", "-q", "feature")
    assert run(clone).base.name == "origin/main"
    clone.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/feature")
    assert run(clone).base.name == "origin/feature"


def test_without_a_branch_to_check_against_it_asks_for_one(parted: Sandbox) -> None:
    parted.git("branch", "-q", "-m", "main", "trunk")
    with pytest.raises(UsageError) as caught:
        run(parted)
    assert caught.value.message == "there is no branch to check against: neither origin/HEAD, nor main, nor master"
    assert codes(run(parted, "trunk")) == ["GM205"]


def test_a_missing_ref_is_refused(parted: Sandbox) -> None:
    with pytest.raises(UsageError, match="'nope' is no commit"):
        run(parted, "nope")


def test_unrelated_histories_are_refused(parted: Sandbox) -> None:
    parted.git("switch", "-q", "--orphan", "island")
    parted.table("0001_a", "a")
    parted.commit("a")
    with pytest.raises(GitmigError, match="no common commit"):
        run(parted)


def test_a_shallow_clone_that_ends_too_early_is_refused(parted: Sandbox, tmp_path: Path) -> None:
    target = tmp_path / "shallow"
    command = ("git", "clone", "-q", "--depth=1", "--no-single-branch", f"file://{parted.root}", str(target))
    subprocess.run(command, check=True)
    with pytest.raises(GitmigError, match="shallow") as caught:
        compare_sides(Project.load(target), "origin/main", "origin/feature")
    assert caught.value.hint
    assert "--unshallow" in caught.value.hint


def test_after_a_criss_cross_merge_what_both_have_is_no_addition(parted: Sandbox) -> None:
    parted.migration("0003_rename", "ALTER TABLE comments ADD COLUMN score int;")
    parted.commit("harmless")
    first = parted.git("rev-parse", "feature").out.strip()
    parted.git("merge", "-q", "--no-edit", "main")
    parted.git("switch", "-q", "main")
    parted.git("merge", "-q", "--no-edit", first)
    parted.migration("0004_late", "CREATE VIEW newest AS SELECT contents FROM comments;")
    parted.commit("late")
    parted.git("switch", "-q", "feature")
    parted.migration("0005_drop", "ALTER TABLE comments DROP COLUMN contents;")
    parted.commit("drop")
    assert len(parted.git("merge-base", "--all", "main", "feature").out.split()) == 2
    checked = run(parted)
    assert [m.label for m in checked.ours_added] == ["0005_drop"]
    assert [m.label for m in checked.theirs_added] == ["0004_late"]
    assert codes(checked) == ["GM203"]


def test_a_folder_that_moved_on_one_side_holds_the_same_migrations(parted: Sandbox) -> None:
    parted.write("gitmig.toml", 'folder = ["db/migrations", "migrations"]\n')
    (parted.root / "db").mkdir()
    parted.git("mv", "migrations", "db/migrations")
    parted.commit("move")
    checked = run(parted)
    assert [m.label for m in checked.ours_added] == ["0003_rename"]
    # git itself asks where the other side's new file shall go
    assert [(f.code, f.path) for f in checked.findings if f.code == "GM106"] == [
        ("GM106", "db/migrations/0002_view.sql")
    ]
    assert codes(checked) == ["GM106", "GM205"]


def test_a_folder_that_moved_with_its_setting_is_found_on_either_side(parted: Sandbox) -> None:
    parted.write("gitmig.toml", 'folder = "db/migrations"\n')
    (parted.root / "db").mkdir()
    parted.git("mv", "migrations", "db/migrations")
    parted.commit("move")
    parted.git("switch", "-q", "main")
    parted.write("gitmig.toml", 'folder = "migrations"\n')
    parted.commit("say where")
    parted.git("switch", "-q", "feature")
    assert [m.label for m in run(parted).theirs_added] == ["0002_view"]
    assert "GM205" in codes(run(parted))


def test_git_conflicts_outside_of_the_folder_do_not_count(parted: Sandbox) -> None:
    for branch, text in (("feature", "a"), ("main", "b")):
        parted.git("switch", "-q", branch)
        parted.write("README", text)
        parted.commit(text)
    parted.git("switch", "-q", "feature")
    assert codes(run(parted)) == ["GM205"]


def test_a_change_that_both_sides_have_is_nobodys_addition(parted: Sandbox) -> None:
    parted.git("cherry-pick", "main")
    assert codes(run(parted)) == []


def test_two_layouts_are_refused(parted: Sandbox) -> None:
    for file in (parted.root / "migrations").iterdir():
        file.unlink()
    parted.write("migrations/0001_comments/up.sql", "CREATE TABLE comments (id int, contents text);")
    parted.write("migrations/0003_rename/up.sql", RENAME)
    parted.commit("directories")
    with pytest.raises(UsageError, match="cannot be compared"):
        run(parted)


def test_an_old_git_is_refused_in_words(parted: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.run(("which", "git"), check=True, capture_output=True, text=True).stdout.strip()
    refuse = 'for a; do [ "$a" = merge-tree ] && { echo "usage: git merge-tree <base>" >&2; exit 129; }; done'
    script = f'#!/bin/sh\n{refuse}\nexec {real} "$@"\n'
    (tmp_path / "bin").mkdir()
    old = tmp_path / "bin" / "git"
    old.write_text(script)
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")
    with pytest.raises(GitmigError, match="cannot merge without a work tree") as caught:
        run(parted)
    assert caught.value.hint == "install git 2.38 or newer"


def test_nothing_changes(parted: Sandbox) -> None:
    parted.migration("0004_drop", "ALTER TABLE comments DROP COLUMN contents;")
    before = state(parted)
    run(parted)
    run(parted, "main", "feature")
    assert state(parted) == before


def test_footprints_are_kept_by_blob_and_a_broken_one_is_made_again(parted: Sandbox) -> None:
    run(parted)
    kept = sorted((parted.root / ".git" / "gitmig" / "footprints").rglob("*"))
    files = [path for path in kept if path.is_file()]
    assert len(files) >= 2
    for path in files:
        path.write_text("not json")
    assert codes(run(parted)) == ["GM205"]


def test_a_down_that_cannot_run_is_told_each_time_and_a_sound_one_when_it_is_broken(parted: Sandbox) -> None:
    parted.migration("0005_more", "CREATE TABLE more (id int);", "DROP TABLE more")
    assert "GM305" not in codes(run(parted), Severity.WARNING)
    parted.migration("0005_more", "CREATE TABLE more (id int);", "DROP TABEL more")
    assert "GM305" in codes(run(parted), Severity.WARNING)
    assert "GM305" in codes(run(parted), Severity.WARNING)


def state(sandbox: Sandbox) -> tuple[str, str, str, str]:
    """Work tree, index and refs."""
    digest = hashlib.sha256()
    for path in sorted(sandbox.root.rglob("*")):
        if path.is_file() and ".git/" not in str(path):
            digest.update(str(path).encode() + path.read_bytes())
    index = hashlib.sha256((sandbox.root / ".git" / "index").read_bytes()).hexdigest()
    refs = sandbox.git("for-each-ref").out + sandbox.git("symbolic-ref", "HEAD").out
    return digest.hexdigest(), index, refs, sandbox.git("reflog").out
