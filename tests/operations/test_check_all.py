"""`check --all` on real git: every branch against the base and against every other one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.operations.check_all import BranchConflicts, check_all
from gitmig.project.project import Project
from tests.conftest import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(params=["single", "directory"])
def many(request: pytest.FixtureRequest, make_sandbox: Callable[..., Sandbox]) -> Callable[..., None]:
    """A way to make branches off main, each with a migration; main has a table and, later, a view."""
    sandbox = make_sandbox()

    def write(label: str, up: str) -> None:
        if request.param == "single":
            sandbox.migration(label, up)
        else:
            sandbox.write(f"migrations/{label}/up.sql", up)
            sandbox.write(f"migrations/{label}/down.sql", "")

    def branch(name: str, label: str, up: str, start: str = "main") -> None:
        sandbox.git("switch", "-q", "-C", name, start)
        write(label, up)
        sandbox.commit(label)
        sandbox.git("switch", "-q", "main")

    write("0001_comments", "CREATE TABLE comments (id int, contents text);")
    sandbox.commit("comments")
    sandbox.git("branch", "start")
    branch.sandbox = sandbox  # type: ignore[attr-defined]
    return branch


def scan(branch: Callable[..., None], **options: str) -> BranchConflicts:
    return check_all(Project.load(branch.sandbox.root), **options)  # type: ignore[attr-defined]


def found(result: BranchConflicts) -> list[tuple[str, str, list[str]]]:
    return [(pair.first, pair.second, [f.code for f in pair.findings]) for pair in result.pairs]


def test_branches_that_clash_are_paired_and_others_are_not(many: Callable[..., None]) -> None:
    many("drop", "0002_drop", "ALTER TABLE comments DROP COLUMN contents;")
    many("view", "0003_view", "CREATE VIEW v AS SELECT contents FROM comments;")
    many("other", "0004_other", "CREATE TABLE other (id int);")
    result = scan(many)
    assert found(result) == [("drop", "view", ["GM203"])]
    assert result.adding == ("drop", "other", "view")
    assert result.branches == 3


def test_what_the_base_got_since_comes_first(many: Callable[..., None]) -> None:
    many("drop", "0003_drop", "ALTER TABLE comments DROP COLUMN contents;")
    many("rename", "0004_rename", "ALTER TABLE comments RENAME COLUMN contents TO body;")
    many("main", "0002_view", "CREATE VIEW v AS SELECT contents FROM comments;")
    assert found(scan(many)) == [
        ("main", "drop", ["GM203"]),
        ("main", "rename", ["GM205"]),
        ("drop", "rename", ["GM203"]),
    ]


def test_a_version_used_twice_is_a_pair(many: Callable[..., None]) -> None:
    many("one", "0002_a", "CREATE TABLE a (id int);")
    many("two", "0002_b", "CREATE TABLE b (id int);")
    assert found(scan(many)) == [("one", "two", ["GM101"])]


def test_a_change_made_twice_is_a_pair(many: Callable[..., None]) -> None:
    many("one", "0002_a", "CREATE TABLE a (id int);")
    many("two", "0003_a", "create table a (id int);")
    assert found(scan(many)) == [("one", "two", ["GM102", "GM201"])]


def test_a_branch_on_top_of_another_does_not_clash_with_it(many: Callable[..., None]) -> None:
    many("lower", "0002_a", "CREATE TABLE a (id int);")
    many("upper", "0003_b", "DROP TABLE a;", "lower")
    assert found(scan(many)) == []


def test_an_old_branch_edits_nothing_that_changed_since(many: Callable[..., None]) -> None:
    many("old", "0002_a", "CREATE TABLE a (id int);")
    many("main", "0001_comments", "CREATE TABLE comments (id bigint, contents text);")
    assert found(scan(many)) == []


def test_an_edit_of_what_the_base_has_is_a_pair_with_the_base(many: Callable[..., None]) -> None:
    many("edit", "0001_comments", "CREATE TABLE comments (id bigint, contents text);")
    many("comment", "0001_comments", "CREATE TABLE comments (id int, contents text); -- a comment")
    assert found(scan(many)) == [("main", "edit", ["GM103"])]


def test_a_pattern_chooses_branches(many: Callable[..., None]) -> None:
    many("feature/drop", "0002_drop", "DROP TABLE comments;")
    many("fix/view", "0003_view", "CREATE VIEW v AS SELECT contents FROM comments;")
    assert found(scan(many, pattern="feature/*")) == []
    assert len(found(scan(many))) == 1


def test_a_remote_branch_counts_once(many: Callable[..., None], make_sandbox: Callable[..., Sandbox]) -> None:
    many("drop", "0002_drop", "DROP TABLE comments;")
    many("view", "0003_view", "CREATE VIEW v AS SELECT contents FROM comments;")
    clone = make_sandbox("clone")
    clone.git("remote", "add", "origin", str(many.sandbox.root))  # type: ignore[attr-defined]
    clone.git("fetch", "-q", "origin")
    clone.git("switch", "-q", "main")
    clone.git("branch", "drop", "origin/drop")
    result = check_all(Project.load(clone.root))
    assert found(result) == [("drop", "origin/view", ["GM203"])]


def test_what_goes_along_with_a_column_is_known(many: Callable[..., None]) -> None:
    many("main", "0002_index", "CREATE INDEX by_contents ON comments (contents);")
    many("column", "0003_column", "ALTER TABLE comments DROP COLUMN contents;")
    many("index", "0004_index", "DROP INDEX by_contents;")
    assert found(scan(many)) == [("column", "index", ["GM204"])]


def test_the_same_text_under_two_names_is_two_migrations(many: Callable[..., None]) -> None:
    many("one", "0002_one", "ALTER TABLE comments ADD COLUMN author text;")
    many("two", "0003_two", "ALTER TABLE comments ADD COLUMN author text;")
    many("drop", "0004_drop", "DROP TABLE comments;")
    pairs = {(pair.first, pair.second): pair.findings for pair in scan(many).pairs}
    assert list(pairs) == [("drop", "one"), ("drop", "two"), ("one", "two")]
    for (_, second), findings in pairs.items():
        assert all(any(label.endswith(second) for label in finding.migrations) for finding in findings)


def test_the_same_migration_on_two_branches_is_one(many: Callable[..., None]) -> None:
    many("one", "0002_author", "ALTER TABLE comments ADD COLUMN author text;")
    many("two", "0002_author", "ALTER TABLE comments ADD COLUMN author text;")
    assert found(scan(many)) == []


def test_what_is_not_committed_in_a_work_tree_counts_as_a_branch_of_its_own(many: Callable[..., None]) -> None:
    many("a", "0002_a", "CREATE TABLE a (id int);")
    many("view", "0003_view", "CREATE VIEW v AS SELECT contents FROM comments;")
    sandbox: Sandbox = many.sandbox  # type: ignore[attr-defined]
    a, b = (Sandbox(sandbox.root.parent / name, {}) for name in ("wt-a", "wt-b"))
    sandbox.git("worktree", "add", "-q", "../wt-a", "a")
    sandbox.git("worktree", "add", "-q", "--detach", "../wt-b", "main")
    assert scan(many).work_trees == ()
    single = (sandbox.root / "migrations/0001_comments.sql").exists()
    paths = ("migrations/0004_drop.sql", "migrations/0005_b.sql") if single else ("migrations/0004_drop/up.sql", "")
    a.write(paths[0], "-- migrate:up\nALTER TABLE comments DROP COLUMN contents;\nDROP TABLE a;\n")
    a.git("add", ".")
    result = scan(many)
    assert result.work_trees == ("../wt-a, uncommitted",)
    assert result.adding == ("a", "view")
    assert found(result) == [("view", "../wt-a, uncommitted", ["GM203"])], "and what stands on its own branch fits"
    if not single:
        return
    b.write(paths[1], "-- migrate:up\nALTER TABLE comments RENAME COLUMN contents TO body;\n")
    b.write("migrations/0001_comments.sql", "-- migrate:up\nCREATE TABLE comments (id bigint, contents text);\n")
    expected = [
        ("main", "../wt-b, uncommitted", ["GM103"]),
        ("../wt-a, uncommitted", "../wt-b, uncommitted", ["GM203"]),
        ("view", "../wt-a, uncommitted", ["GM203"]),
        ("view", "../wt-b, uncommitted", ["GM205"]),
    ]
    assert sorted(found(result := scan(many))) == sorted(expected)
    assert found(scan(many, pattern="a")) == []
    b.write(paths[1], b"\xff\x00")
    assert scan(many).unreadable[0][0].startswith("../wt-b/migrations/0005_b.sql")
    here = check_all(Project.load(b.root))
    assert "../wt-a, uncommitted" in here.work_trees
    assert "this work tree, uncommitted" in here.work_trees


def test_what_a_work_trees_branch_has_already_is_not_told_twice(many: Callable[..., None]) -> None:
    many("drop", "0002_drop", "ALTER TABLE comments DROP COLUMN contents;")
    many("view", "0003_view", "CREATE VIEW v AS SELECT contents FROM comments;")
    sandbox: Sandbox = many.sandbox  # type: ignore[attr-defined]
    sandbox.git("worktree", "add", "-q", "../wt", "drop")
    Sandbox(sandbox.root.parent / "wt", {}).write("migrations/0004_new/up.sql", "CREATE TABLE n ();")
    Sandbox(sandbox.root.parent / "wt", {}).write("migrations/0004_new.sql", "-- migrate:up\nCREATE TABLE n ();")
    result = scan(many)
    assert result.work_trees == ("../wt, uncommitted",)
    assert found(result) == [("drop", "view", ["GM203"])]
