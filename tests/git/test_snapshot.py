"""The files of a commit and of the work tree, in every state git can bring them into."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import BeforeGitmig, UsageError
from gitmig.git.snapshot import Snapshot, at_commit, of_work_tree, read_texts
from gitmig.migrations.model import File, InvalidMigrations
from gitmig.project.target import load_target
from tests.conftest import Sandbox
from tests.git.conftest import opened, project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDERS = ("migrations",)
DOTTED = pytest.param("./migrations")


def work_tree(sandbox: Sandbox, *folders: str) -> Snapshot:
    return of_work_tree(opened(sandbox), folders or FOLDERS)


def commit(sandbox: Sandbox, revision: str = "HEAD", *folders: str) -> Snapshot:
    repository = opened(sandbox)
    return at_commit(repository, repository.resolve(revision), folders or FOLDERS)


def names(snapshot: Snapshot) -> list[str]:
    return [file.name for file in snapshot.files]


def texts(sandbox: Sandbox, snapshot: Snapshot) -> dict[str, str]:
    return read_texts(opened(sandbox), snapshot, snapshot.files)


def blobs(snapshot: Snapshot) -> list[tuple[str, str]]:
    return [(file.path, file.blob) for file in snapshot.files]


def test_a_clean_work_tree_is_its_commit(repo: Sandbox) -> None:
    there, here = commit(repo), work_tree(repo)
    assert there.files == here.files
    assert (here.commit, here.folder, here.on_disk, here.is_work_tree) == (
        there.commit,
        "migrations",
        frozenset(),
        True,
    )
    assert names(here) == ["0001_a.sql", "0002_b.sql"]


A, B, C = "0001_a.sql", "0002_b.sql", "0003_c.sql"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("echo more >> 0001_a.sql", [A, B]),
        ("echo more >> 0001_a.sql && git add .", [A, B]),
        ("rm 0001_a.sql", [B]),
        ("git rm --quiet 0001_a.sql", [B]),
        ("echo > 0003_c.sql", [A, B, C]),
        ("echo > 0003_c.sql && git add .", [A, B, C]),
        ("echo c > 0003_c.sql && git add --intent-to-add .", [A, B, C]),
        ("echo > 0003_c.sql && git add . && rm 0003_c.sql", [A, B]),
        ("mv 0001_a.sql 0007_a.sql", [B, "0007_a.sql"]),
        ("git mv 0001_a.sql 0007_a.sql", [B, "0007_a.sql"]),
        ("git rm --quiet --cached 0001_a.sql", [A, B]),
        ("echo > 0003_c.sql && echo '0003*' > .gitignore", [".gitignore", A, B]),
        ("echo > 0003_c.sql && git add . && echo '0003*' > .gitignore", [".gitignore", A, B, C]),
        ("echo > 0003_c.sql && mkdir -p ../.git/info && echo '0003*' > ../.git/info/exclude", [A, B]),
        ("mkdir more && echo > more/0003_c.sql", [A, B, "more/0003_c.sql"]),
    ],
)
def test_the_work_tree_counts_as_it_is(repo: Sandbox, change: str, expected: list[str]) -> None:
    repo.run("sh", "-c", change, cwd=repo.root / "migrations")
    found = work_tree(repo)
    assert names(found) == expected
    for path, text in texts(repo, found).items():
        assert text == (repo.root / path).read_text(), path
    repo.commit("as it was")
    assert blobs(commit(repo)) == blobs(found), "the set id is the same before and after the commit"


def test_what_is_staged_does_not_count_against_what_is_on_the_disk(repo: Sandbox) -> None:
    repo.write("migrations/0001_a.sql", "staged\n")
    repo.git("add", ".")
    repo.write("migrations/0001_a.sql", "on the disk\n")
    assert texts(repo, work_tree(repo))["migrations/0001_a.sql"] == "on the disk\n"


def test_line_endings_that_git_converts_are_no_change(repo: Sandbox) -> None:
    """core.autocrlf: CRLF in the work tree, LF in the commit, one set."""
    before = commit(repo)
    repo.git("config", "core.autocrlf", "true")
    for path in ("migrations/0001_a.sql", "migrations/0002_b.sql"):
        (repo.root / path).unlink()
    repo.git("checkout", "--", ".")
    assert b"\r\n" in (repo.root / "migrations/0001_a.sql").read_bytes()
    assert blobs(work_tree(repo)) == blobs(before)
    repo.write("migrations/0003_c.sql", "-- migrate:up\r\nSELECT 1;\r\n")
    untracked = work_tree(repo)
    assert texts(repo, untracked)["migrations/0003_c.sql"] == "-- migrate:up\nSELECT 1;\n"
    repo.commit("c")
    assert blobs(commit(repo)) == blobs(untracked)


def test_the_executable_bit_is_no_change(repo: Sandbox) -> None:
    before = blobs(work_tree(repo))
    (repo.root / "migrations/0001_a.sql").chmod(0o755)
    assert blobs(work_tree(repo)) == before
    repo.commit("executable")
    assert blobs(commit(repo)) == before
    assert load_target(project(repo)).set.id == load_target(project(repo), "HEAD~1").set.id


def conflict(repo: Sandbox) -> None:
    repo.git("switch", "--quiet", "--create", "theirs")
    repo.write("migrations/0001_a.sql", "-- migrate:up\nSELECT 'theirs';\n")
    repo.commit("theirs")
    repo.git("switch", "--quiet", "main")
    repo.write("migrations/0001_a.sql", "-- migrate:up\nSELECT 'ours';\n")
    repo.commit("ours")
    repo.git("merge", "theirs", check=False)


def test_a_merge_conflict_in_the_folder_is_refused_until_it_is_resolved(repo: Sandbox) -> None:
    conflict(repo)
    with pytest.raises(InvalidMigrations) as caught:
        work_tree(repo)
    assert caught.value.message == "migrations/0001_a.sql: has a merge conflict"
    assert caught.value.hint == "resolve it and `git add` it, then sync"
    assert names(commit(repo)) == ["0001_a.sql", "0002_b.sql"], "a commit can still be read"
    repo.write("migrations/0001_a.sql", "-- migrate:up\nSELECT 'both';\n")
    repo.git("add", ".")
    assert texts(repo, work_tree(repo))["migrations/0001_a.sql"] == "-- migrate:up\nSELECT 'both';\n"


def test_a_merge_conflict_elsewhere_is_no_concern(repo: Sandbox) -> None:
    for branch in ("theirs", "ours"):
        repo.git("switch", "--quiet", "--create", branch, "main")
        repo.write("app.py", branch)
        repo.commit(branch)
    repo.git("merge", "theirs", check=False)
    assert names(work_tree(repo)) == ["0001_a.sql", "0002_b.sql"]


@pytest.mark.parametrize("where", ["tracked", "untracked", "instead of a file", "dangling"])
def test_a_symbolic_link_among_the_migrations_is_refused(repo: Sandbox, where: str) -> None:
    link = repo.root / "migrations/0003_c.sql"
    if where == "instead of a file":
        link = repo.root / "migrations/0001_a.sql"
        link.unlink()
    link.symlink_to("nowhere" if where == "dangling" else "0002_b.sql")
    if where == "tracked":
        repo.commit("link")
    for revision in (None, "HEAD") if where == "tracked" else (None,):
        with pytest.raises(InvalidMigrations) as caught:
            load_target(project(repo), revision)
        assert caught.value.message == f"migrations/{link.name}: is a symbolic link"
        assert caught.value.hint == "put the migration itself here: its content must be in the commit"


@pytest.mark.parametrize("revision", [None, "HEAD"], ids=["work tree", "commit"])
@pytest.mark.parametrize("what", ["a symbolic link", "a file", "a submodule"])
def test_a_folder_that_is_none_is_refused(repo: Sandbox, tmp_path: Path, what: str, revision: str | None) -> None:
    repo.git("mv", "migrations", "elsewhere")
    if what == "a symbolic link":
        (repo.root / "migrations").symlink_to("elsewhere")
    elif what == "a file":
        repo.write("migrations", "no folder")
    else:
        inner = Sandbox(tmp_path / "inner", {})
        inner.root.mkdir()
        inner.git("init", "--quiet")
        inner.commit("inner")
        repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "migrations")
    repo.commit("no folder")
    with pytest.raises(InvalidMigrations) as caught:
        load_target(project(repo), revision)
    assert caught.value.message == f"migrations: is {what}, not a folder"
    assert caught.value.hint == "gitmig reads the migrations from the commit itself: make it a folder"


def test_a_folder_behind_a_symbolic_link_is_not_an_empty_set(repo: Sandbox) -> None:
    """git does not look behind a link: what is there is in no commit."""
    repo.git("mv", "migrations", "elsewhere")
    (repo.root / "db").symlink_to(".")
    repo.write("gitmig.toml", 'folder = "db/elsewhere"\n')
    repo.commit("behind a link")
    with pytest.raises((InvalidMigrations, BeforeGitmig)):
        load_target(project(repo))


@pytest.mark.parametrize("left", ["nothing", "an ignored file"])
def test_a_leftover_folder_on_a_commit_older_than_gitmig_is_not_an_empty_set(repo: Sandbox, left: str) -> None:
    """git leaves the folder where it is if it holds ignored files, or if a shell stands in it."""
    repo.git("switch", "--quiet", "--orphan", "older")
    repo.write(".gitignore", "*.swp\n")
    repo.commit("older than gitmig")
    repo.git("switch", "--quiet", "main")
    if left == "an ignored file":
        repo.write("migrations/.0001_a.sql.swp", "vim")
        repo.write(".git/info/exclude", "*.swp\n")
        repo.git("switch", "--quiet", "older")
    else:
        repo.run("git", "switch", "--quiet", "older", cwd=repo.root / "migrations")
    assert (repo.root / "migrations").is_dir()
    with pytest.raises(BeforeGitmig):
        load_target(project(repo))


@pytest.mark.xfail(strict=True, reason="the index counts instead of the disk")
def test_a_directory_in_the_place_of_a_file_hides_it(repo: Sandbox) -> None:
    (repo.root / "migrations/0001_a.sql").unlink()
    (repo.root / "migrations/0001_a.sql").mkdir()
    assert names(work_tree(repo)) == ["0002_b.sql"]


@pytest.mark.parametrize("kind", ["cone", "cone with a sparse index", "patterns"])
def test_files_left_out_by_a_sparse_checkout_count_as_they_are_in_the_index(repo: Sandbox, kind: str) -> None:
    repo.write("app/main.py", "pass\n")
    repo.commit("app")
    before = work_tree(repo)
    if kind == "patterns":
        repo.git("sparse-checkout", "set", "--no-cone", "/*", "!/migrations/0001*")
    else:
        repo.git("sparse-checkout", "set", "--cone", *(["--sparse-index"] if "index" in kind else []), "app")
    assert not (repo.root / "migrations/0001_a.sql").exists()
    found = work_tree(repo)
    assert found.files == before.files
    assert texts(repo, found) == texts(repo, commit(repo))
    repo.write("migrations/0003_c.sql", "-- migrate:up\n")
    assert names(work_tree(repo)) == ["0001_a.sql", "0002_b.sql", "0003_c.sql"]


def test_a_shallow_clone_has_the_set_of_its_commit(repo: Sandbox, tmp_path: Path) -> None:
    repo.table("0003_c", "c")
    repo.commit("c")
    repo.git("clone", "--quiet", "--depth=1", repo.root.as_uri(), str(tmp_path / "shallow"))
    clone = Sandbox(tmp_path / "shallow", {})
    assert work_tree(clone).files == commit(repo).files
    with pytest.raises(UsageError) as caught:
        commit(clone, "HEAD~1")
    assert caught.value.message == "'HEAD~1' is no commit of this repository"
    assert caught.value.hint == "`git log` shows the commits; a shallow clone may need `git fetch --unshallow`"


def test_a_bare_repository_has_commits_and_no_work_tree(repo: Sandbox, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(tmp_path / "bare.git"))
    for start in (tmp_path / "bare.git", tmp_path / "bare.git/objects"):
        bare = Sandbox(start, {})
        assert commit(bare).files == commit(repo).files
        with pytest.raises(UsageError) as caught:
            load_target(project(bare))
        assert caught.value.message == "a bare repository has no work tree"
        assert caught.value.hint == "name a commit, as in: gitmig sync REVISION"


def test_a_bare_repository_reads_the_settings_of_its_head(repo: Sandbox, tmp_path: Path) -> None:
    repo.git("mv", "migrations", "sql")
    repo.write("gitmig.toml", 'folder = "sql"\n')
    repo.commit("sql")
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(tmp_path / "bare.git"))
    assert project(Sandbox(tmp_path / "bare.git", {})).settings.folders == ("sql",)


def test_a_linked_work_tree_is_read_by_itself(repo: Sandbox, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked tree"))
    linked = Sandbox(tmp_path / "linked tree", {})
    linked.write("migrations/0003_c.sql", "-- migrate:up\n")
    assert names(work_tree(linked)) == ["0001_a.sql", "0002_b.sql", "0003_c.sql"]
    assert names(work_tree(repo)) == ["0001_a.sql", "0002_b.sql"]
    repository = opened(linked)
    assert repository.root == linked.root
    assert repository.private(shared=True) == repo.root / ".git/gitmig"
    assert repository.private(shared=False) == repository.git_dir / "gitmig" != repository.private(shared=True)


def test_a_subdirectory_and_a_symbolic_link_to_it_lead_to_the_same_repository(repo: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(repo.root / "migrations")
    for start in (repo.root / "migrations", tmp_path / "link"):
        assert names(work_tree(Sandbox(start, {}))) == ["0001_a.sql", "0002_b.sql"]


def test_a_submodule_is_a_repository_like_any_other(repo: Sandbox, make_sandbox: Callable[..., Sandbox]) -> None:
    outer = make_sandbox("outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo.root), "inner")
    outer.commit("inner")
    inner = Sandbox(outer.root / "inner", {})
    inner.write("migrations/0003_c.sql", "-- migrate:up\n")
    assert names(work_tree(inner)) == ["0001_a.sql", "0002_b.sql", "0003_c.sql"]
    repository = opened(inner)
    assert repository.root == inner.root
    assert repository.git_dir == repository.common_dir == outer.root / ".git/modules/inner"


def test_a_detached_head_is_a_commit(repo: Sandbox) -> None:
    first = repo.git("rev-parse", "HEAD").out.strip()
    repo.table("0003_c", "c")
    repo.commit("c")
    repo.git("checkout", "--quiet", "--detach", first)
    assert (work_tree(repo).commit, names(work_tree(repo))) == (first, ["0001_a.sql", "0002_b.sql"])


def test_an_unborn_branch_has_a_work_tree_and_no_commit(make_sandbox: Callable[..., Sandbox]) -> None:
    unborn = make_sandbox()
    unborn.table("0001_a", "a")
    assert (work_tree(unborn).commit, names(work_tree(unborn))) == (None, ["0001_a.sql"])
    with pytest.raises(UsageError) as caught:
        commit(unborn)
    assert caught.value.message == "there is no commit yet"


def test_no_repository_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        opened(Sandbox(tmp_path, {}))
    assert caught.value.message == f"{tmp_path} is not inside a git repository"
    assert caught.value.hint == "run `git init` first"


def test_of_several_candidates_the_first_that_exists_counts(repo: Sandbox) -> None:
    """The folder moved: server/migrations → migrations."""
    candidates = ("migrations", "server/migrations")
    repo.git("switch", "--quiet", "--create", "old")
    (repo.root / "server").mkdir()
    repo.git("mv", "migrations", "server/migrations")
    repo.commit("as it was")
    assert commit(repo, "old", *candidates).folder == "server/migrations"
    assert commit(repo, "main", *candidates).folder == "migrations"
    assert [file.blob for file in commit(repo, "old", *candidates).files] == [
        f.blob for f in commit(repo, "main").files
    ]
    repo.write("migrations/0001_a.sql", "-- migrate:up\n")
    assert work_tree(repo, *candidates).folder == "migrations"
    assert names(work_tree(repo, *candidates)) == ["0001_a.sql"]


@pytest.mark.parametrize(
    "folder", ["a b", "naïve/ü", "[x]*", "?", ":(top)", "--help", "$HOME", "it's", 'a"b', "back\\slash"]
)
def test_a_folder_may_be_called_anything(make_sandbox: Callable[..., Sandbox], folder: str) -> None:
    made = make_sandbox()
    made.write(f"{folder}/0001_a.sql", "-- migrate:up\nSELECT 1;\n")
    made.write("x/0009_x.sql", "-- migrate:up\n")
    untracked = work_tree(made, folder)
    assert (untracked.folder, names(untracked)) == (folder, ["0001_a.sql"])
    made.commit("odd")
    assert work_tree(made, folder).files == commit(made, "HEAD", folder).files == untracked.files
    assert texts(made, commit(made, "HEAD", folder)) == {f"{folder}/0001_a.sql": "-- migrate:up\nSELECT 1;\n"}


@pytest.mark.parametrize("folder", [".", DOTTED, "migrations/", "./", "migrations//"])
def test_a_folder_may_be_written_in_several_ways(repo: Sandbox, folder: str) -> None:
    repo.write("gitmig.toml", f'folder = "{folder}"\n')
    if folder in {".", "./"}:
        repo.git("mv", "migrations/0001_a.sql", "migrations/0002_b.sql", ".")
    repo.commit("settings")
    for revision in (None, "HEAD"):
        found = load_target(project(repo), revision)
        assert [migration.label for migration in found.set.migrations] == ["0001_a", "0002_b"], revision


ODD = [
    b"new\nline",
    b"tab\t",
    b'quo"te',
    b"apos'",
    b"\xff\xfe",
    "ü".encode(),
    b" lead",
    b"-dash",
    b"back\\slash",
    b"*",
    b"\x1b[31m",
]


@pytest.mark.parametrize("name", ODD, ids=repr)
def test_a_file_may_be_called_anything(repo: Sandbox, name: bytes) -> None:
    path = os.fsdecode(b"migrations/0003_" + name + b".sql")
    (repo.root / path).write_text("-- migrate:up\nSELECT 1;\n")
    untracked = work_tree(repo)
    assert untracked.files[-1].path == path
    assert texts(repo, untracked)[path] == "-- migrate:up\nSELECT 1;\n"
    repo.commit("odd")
    assert work_tree(repo).files == commit(repo).files == untracked.files
    assert texts(repo, commit(repo))[path] == "-- migrate:up\nSELECT 1;\n"


def test_an_object_that_is_gone_is_named(repo: Sandbox) -> None:
    snapshot = commit(repo)
    lost = File(path="migrations/0001_a.sql", name="0001_a.sql", blob="1" * 40)
    with pytest.raises(Exception, match=r"git has no content for migrations/0001_a\.sql \(1111111111\)"):
        read_texts(opened(repo), snapshot, [lost])


def test_ls_files_and_hash_object_are_asked_once_for_three_hundred_files(repo: Sandbox) -> None:
    for number in range(3, 303):
        repo.write(f"migrations/{number:04}_t.sql", f"-- migrate:up\nSELECT {number};\n")
    found = work_tree(repo)
    assert len(found.files) == 302
    assert found.on_disk == {f"migrations/{number:04}_t.sql" for number in range(3, 303)}


def test_a_repository_with_sha256_works_as_well(make_sandbox: Callable[..., Sandbox], tmp_path: Path) -> None:
    made = Sandbox(tmp_path / "sha256", {})
    made.root.mkdir()
    made.git("init", "--quiet", "--object-format=sha256")
    made.table("0001_a", "a")
    made.commit("a")
    assert len(commit(made).files[0].blob) == 64
    assert commit(made).files == work_tree(made).files


@pytest.mark.parametrize("revision", [None, "HEAD"], ids=["work tree", "commit"])
def test_a_folder_below_a_submodule_is_refused(repo: Sandbox, tmp_path: Path, revision: str | None) -> None:
    repo.git("clone", "--quiet", str(repo.root), str(tmp_path / "library"))
    repo.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(tmp_path / "library"), "server/database"
    )
    repo.write("gitmig.toml", 'folder = "server/database/migrations"\n')
    repo.commit("library")
    with pytest.raises(InvalidMigrations) as caught:
        load_target(project(repo), revision)
    assert caught.value.message == "server/database: is a submodule, not a folder"


def test_a_sparse_checkout_is_told_from_a_whole_one(repo: Sandbox) -> None:
    repo.write("app/main.py", "pass\n")
    repo.commit("app")
    assert not work_tree(repo).sparse
    repo.git("sparse-checkout", "set", "app")
    assert work_tree(repo).sparse
    assert names(work_tree(repo)) == ["0001_a.sql", "0002_b.sql"]
