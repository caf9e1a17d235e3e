"""Records as git notes: written in one pass, in a form git shows, and without a trace on anybody else's notes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from gitmig.errors import GitmigError
from gitmig.git.notes import REF, read_notes, read_record, write_notes
from gitmig.git.repository import Repository
from gitmig.operations.record import record
from gitmig.operations.show import show
from tests.conftest import Sandbox
from tests.git.conftest import opened, project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gitmig.migrations.record import Record


def notes(sandbox: Sandbox, revision: str = "HEAD") -> str:
    return sandbox.git("notes", f"--ref={REF}", "show", revision, check=False).out


def tip(sandbox: Sandbox) -> str:
    return sandbox.git("rev-parse", REF).out


def cloned(sandbox: Sandbox, path: Path) -> Sandbox:
    sandbox.git("clone", "--quiet", str(sandbox.root), str(path))
    return Sandbox(path, {})


def commits_on_the_ref(sandbox: Sandbox) -> int:
    return int(sandbox.git("rev-list", "--count", REF).out)


def test_a_record_is_what_git_log_shows(repo: Sandbox) -> None:
    made = record(project(repo)).written
    ((commit, written),) = made.items()
    assert written.added == ("0001_a", "0002_b")
    expected = f"Migration-Set: {written.set_id}\nMigrations: 2\nAdded: 0001_a\nAdded: 0002_b\n"
    assert repo.git("log", "--notes=gitmig", "--format=%N").out.rstrip() == expected.rstrip()
    assert notes(repo) == expected
    assert read_record(opened(repo), commit) == written


def test_records_say_what_was_added_removed_and_edited(repo: Sandbox) -> None:
    repo.write("migrations/0001_a.sql", "-- migrate:up\nSELECT 1;\n")
    repo.git("rm", "--quiet", "migrations/0002_b.sql")
    repo.table("0003_c", "c")
    repo.commit("everything at once")
    record(project(repo), everything=True)
    assert notes(repo).splitlines()[1:] == ["Migrations: 2", "Added: 0003_c", "Removed: 0002_b", "Edited: 0001_a"]


def test_a_whole_history_is_one_commit_on_the_ref_and_again_none(repo: Sandbox) -> None:
    for number in range(3, 8):
        repo.table(f"{number:04}_t", f"t{number}")
        repo.commit(f"t{number}")
    first = record(project(repo), everything=True)
    assert (len(first.written), first.unchanged, first.refused) == (6, 0, {})
    assert commits_on_the_ref(repo) == 1
    second = record(project(repo), everything=True)
    assert (len(second.written), second.unchanged) == (0, 6)
    assert commits_on_the_ref(repo) == 1


def test_everything_at_once_equals_one_by_one(repo: Sandbox) -> None:
    """With a merge of two branches, a merge that fast-forward could have been, a comment, and a folder that goes."""
    repo.git("switch", "--quiet", "--create", "side")
    repo.table("0003_c", "c")
    repo.commit("c")
    repo.git("switch", "--quiet", "main")
    repo.write("migrations/0001_a.sql", "-- why\n" + (repo.root / "migrations/0001_a.sql").read_text())
    repo.commit("comment")
    repo.table("0004_d", "d")
    repo.commit("d")
    repo.git("merge", "--quiet", "--no-ff", "-m", "both", "side")
    repo.git("switch", "--quiet", "--create", "more")
    repo.table("0005_e", "e")
    repo.commit("e")
    repo.git("switch", "--quiet", "main")
    repo.git("merge", "--quiet", "--no-ff", "-m", "theirs", "more")
    commits = repo.git("rev-list", "--all").out.split()
    at_once = record(project(repo), everything=True).written
    repo.git("update-ref", "-d", REF)
    one_by_one: dict[str, Record] = {}
    for commit in commits:
        one_by_one |= record(project(repo), (commit,)).written
    assert at_once == one_by_one


def test_three_hundred_commits_fan_out_and_are_read_again(make_sandbox: Callable[..., Sandbox]) -> None:
    made = make_sandbox()
    stream = [b"feature done\n"]
    for number in range(1, 301):
        text = f"-- migrate:up\nSELECT {number};\n-- migrate:down\n".encode()
        stream.append(
            b"commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\ndata 1\nx\n" % (1767268800 + number)
        )
        stream.append(b"M 100644 inline migrations/%04d_t.sql\ndata %d\n%s\n" % (number, len(text), text))
    opened(made).run("fast-import", "--quiet", "--done", stdin=b"".join([*stream, b"done\n"]))
    commits = made.git("rev-list", "HEAD").out.split()
    texts = {commit: f"Migration-Set: {commit[:16]}\nMigrations: 1\n" for commit in commits}
    write_notes(opened(made), dict(texts))
    assert commits_on_the_ref(made) == 1
    assert read_notes(opened(made), set(commits)) == texts
    assert len(made.git("notes", f"--ref={REF}", "list").out.splitlines()) == 300
    assert "/" in made.git("ls-tree", "-r", "--name-only", REF).out.splitlines()[0], "git's own fan-out"
    write_notes(opened(made), {commits[0]: None, commits[1]: "changed\n"})
    assert len(made.git("notes", f"--ref={REF}", "list").out.splitlines()) == 299
    assert (notes(made, commits[1]), notes(made, commits[2])) == ("changed\n", texts[commits[2]])
    record(project(made), ("HEAD",))
    assert notes(made).splitlines()[1:] == ["Migrations: 300", "Added: 0300_t"]


def test_a_note_that_is_not_gitmigs_is_left_alone(repo: Sandbox) -> None:
    repo.write("app.py", "pass\n")
    repo.commit("app")
    repo.git("notes", f"--ref={REF}", "add", "-m", "by hand", "HEAD")
    record(project(repo), everything=True)
    assert notes(repo) == "by hand\n"
    assert show(project(repo), "HEAD").record is None
    assert notes(repo, "HEAD~1").startswith("Migration-Set: ")


def test_a_note_on_a_commit_that_gets_a_record_is_not_lost(repo: Sandbox) -> None:
    repo.git("notes", f"--ref={REF}", "add", "-m", "reviewed by Grace", "HEAD")
    record(project(repo))
    assert "reviewed by Grace" in notes(repo)


def test_what_somebody_appended_to_a_record_is_kept(repo: Sandbox) -> None:
    record(project(repo))
    repo.git("notes", f"--ref={REF}", "append", "-m", "reviewed by Grace", "HEAD")
    assert show(project(repo), "HEAD").disagrees is False
    record(project(repo), everything=True)
    assert "reviewed by Grace" in notes(repo)


def test_other_notes_refs_are_left_alone(repo: Sandbox) -> None:
    repo.git("notes", "add", "-m", "ordinary", "HEAD")
    repo.git("config", "notes.displayRef", "refs/notes/*")
    record(project(repo))
    assert repo.git("notes", "show", "HEAD").out == "ordinary\n"


def test_a_wrong_record_is_corrected(repo: Sandbox) -> None:
    repo.git("notes", f"--ref={REF}", "add", "-m", "Migration-Set: 0123456789abcdef\nMigrations: 7", "HEAD")
    assert show(project(repo), "HEAD").disagrees is True
    assert len(record(project(repo), ("HEAD",)).written) == 1
    assert show(project(repo), "HEAD").disagrees is False


def test_a_record_on_a_commit_that_changes_nothing_is_corrected(repo: Sandbox) -> None:
    """`gitmig show` says that `gitmig record` corrects it."""
    repo.write("app.py", "pass\n")
    commit = repo.commit("app")
    write_notes(opened(repo), {commit: "Migration-Set: 0123456789abcdef\nMigrations: 7\n"})
    assert show(project(repo), "HEAD").disagrees is True
    record(project(repo), ("HEAD",))
    assert show(project(repo), "HEAD").disagrees is False


def test_a_note_can_be_removed(repo: Sandbox) -> None:
    commit = repo.git("rev-parse", "HEAD").out.strip()
    record(project(repo))
    write_notes(opened(repo), {commit: None})
    assert read_notes(opened(repo), {commit}) == {}


def test_nothing_to_write_makes_no_commit(repo: Sandbox) -> None:
    write_notes(opened(repo), {})
    assert repo.git("rev-parse", "-q", "--verify", REF, check=False).status == 1


def test_a_clone_without_an_identity_gets_its_records(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for role in ("AUTHOR", "COMMITTER"):
        for key in ("NAME", "EMAIL", "DATE"):
            monkeypatch.delenv(f"GIT_{role}_{key}")
    repo.git("config", "user.useConfigOnly", "true")
    assert len(record(project(repo)).written) == 1
    assert repo.git("log", "-1", "--format=%cn <%ce>", REF).out == "gitmig <gitmig@localhost>\n"


def test_the_same_records_are_the_same_commit_whoever_wrote_them(
    repo: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.table("0003_c", "c")
    repo.commit("c")
    clone = cloned(repo, tmp_path / "clone")
    record(project(repo), everything=True)
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Grace")
    for revision in ("HEAD", "HEAD~1"):
        record(project(clone), (revision,))
    assert tip(clone) == tip(repo)


def test_git_log_of_everything_has_one_line_of_all_records_and_it_is_the_last(repo: Sandbox) -> None:
    for number in range(3, 6):
        repo.table(f"{number:04}_t", f"t{number}")
        repo.commit(f"t{number}")
        record(project(repo))
    subjects = repo.git("log", "--all", "--format=%s").out.splitlines()
    assert subjects == ["t5", "t4", "t3", "a and b", "gitmig: records, see `git log --notes=gitmig`"]
    assert [notes(repo, f"HEAD~{number}").splitlines()[-1] for number in range(3)] == [
        "Added: 0005_t",
        "Added: 0004_t",
        "Added: 0003_t",
    ]


def test_garbage_is_collected_without_a_word_and_without_a_loss(repo: Sandbox) -> None:
    for number in range(3, 6):
        repo.table(f"{number:04}_t", f"t{number}")
        repo.commit(f"t{number}")
        record(project(repo))
    before = repo.git("log", "--notes=gitmig", "--format=%s|%N").out
    repo.git("reflog", "expire", "--expire=now", "--all")
    for command in (("gc", "--prune=now"), ("commit-graph", "write", "--reachable"), ("fsck", "--strict")):
        said = repo.git(*command)
        assert (said.out, said.err) == ("", "")
    assert repo.git("log", "--notes=gitmig", "--format=%s|%N").out == before
    record(project(repo), everything=True)


def test_a_chain_of_an_older_gitmig_is_one_commit_after_the_next_write(repo: Sandbox) -> None:
    repo.table("0003_c", "c")
    repo.commit("c")
    record(project(repo), everything=True)
    repo.write("app.py", "pass\n")
    repo.commit("app")
    repo.git("notes", f"--ref={REF}", "add", "-m", "by hand", "HEAD")
    assert commits_on_the_ref(repo) == 2
    before = [notes(repo, f"HEAD~{number}") for number in range(3)]
    assert record(project(repo), everything=True).written == {}
    assert commits_on_the_ref(repo) == 1
    assert [notes(repo, f"HEAD~{number}") for number in range(3)] == before


def test_what_else_lies_in_the_tree_is_kept(repo: Sandbox) -> None:
    odd = 'odd "näme"'
    script = "feature done\ncommit refs/notes/gitmig\ncommitter A <a> 1 +0000\ndata 0\n"
    for path in ("README", "folder/x", odd):
        quoted = path.replace('"', '\\"')
        script += f'M 100755 inline "{quoted}"\ndata 2\nhi\n'
    opened(repo).run("fast-import", "--quiet", "--done", stdin=f"{script}done\n".encode())
    record(project(repo))
    listing = repo.git("-c", "core.quotePath=false", "ls-tree", "-r", "-z", REF).out.split("\0")
    assert {line.split("\t")[1] for line in listing if line.startswith("100755")} == {"README", "folder/x", odd}
    assert notes(repo).startswith("Migration-Set: ")


def test_writers_at_the_same_time_lose_nothing(repo: Sandbox, tmp_path: Path) -> None:
    """In two work trees, four at a time, each with eight records of its own."""
    repo.git("branch", "side")
    repo.git("worktree", "add", "--quiet", str(tmp_path / "side"), "side")
    places = (repo, Sandbox(tmp_path / "side", {}))
    tree = repo.git("rev-parse", "HEAD^{tree}").out.strip()
    commits = [repo.git("commit-tree", tree, "-m", str(number)).out.strip() for number in range(32)]

    def write(writer: int) -> None:
        for commit in commits[writer::4]:
            write_notes(Repository.open(places[writer % 2].root), {commit: f"{commit}\n"})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert read_notes(opened(repo), commits) == {commit: f"{commit}\n" for commit in commits}
    assert commits_on_the_ref(repo) == 1


def test_who_was_overtaken_begins_again(repo: Sandbox) -> None:
    """A hook of git's own lets another process write in the last moment, once."""
    first = repo.git("rev-parse", "HEAD").out.strip()
    other = repo.commit("other")
    git_dir = repo.root / ".git"
    hook = repo.write(
        ".git/hooks/reference-transaction",
        f"""#!/bin/sh
[ "$1" = prepared ] && grep -q " {REF}$" && [ ! -e {git_dir}/once ] || exit 0
touch {git_dir}/once
git notes --ref=elsewhere add -m 'of another process' {other} && rm {git_dir}/{REF}.lock
git update-ref {REF} refs/notes/elsewhere
exit 1
""",
    )
    hook.chmod(0o755)
    write_notes(opened(repo), {first: "mine\n"})
    assert (git_dir / "once").exists()
    assert read_notes(opened(repo), {first, other}) == {first: "mine\n", other: "of another process\n"}


def test_a_ref_that_cannot_be_changed_is_said_in_gits_words(repo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gitmig.git.notes.ATTEMPTS", 2)
    repo.write(f".git/{REF}.lock", "")
    with pytest.raises(GitmigError, match=r"git update-ref failed: .*"):
        write_notes(opened(repo), {repo.git("rev-parse", "HEAD").out.strip(): "x\n"})


def fetching(sandbox: Sandbox, origin: Sandbox, path: Path) -> Sandbox:
    """A clone that fetches records as docs/commands/record.md says."""
    clone = cloned(sandbox, path)
    clone.git("remote", "set-url", "origin", str(origin.root))
    clone.git("config", "--add", "remote.origin.fetch", "+refs/notes/gitmig*:refs/notes/origin/gitmig*")
    clone.git("fetch", "--quiet")
    return clone


def test_two_clones_share_their_records_through_a_third(repo: Sandbox, tmp_path: Path) -> None:
    repo.table("0003_c", "c")
    repo.commit("c")
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(tmp_path / "hub"))
    hub = Sandbox(tmp_path / "hub", {})
    ada, bob = (fetching(repo, hub, tmp_path / name) for name in ("ada", "bob"))
    record(project(ada), ("HEAD",))
    record(project(bob), ("HEAD~1",))
    for one in (ada, bob, ada):
        one.git("fetch", "--quiet")
        record(project(one))
        one.git("push", "--quiet", "origin", f"+{REF}")
    assert tip(ada) == tip(bob) == tip(hub)
    assert [notes(hub, revision).splitlines()[1] for revision in ("main", "main~1")] == [
        "Migrations: 3",
        "Migrations: 2",
    ]
    assert commits_on_the_ref(hub) == 1


def test_a_fetched_record_is_read_before_it_is_written(repo: Sandbox, tmp_path: Path) -> None:
    written = record(project(repo)).written
    clone = fetching(repo, repo, tmp_path / "clone")
    assert clone.git("rev-parse", "-q", "--verify", REF, check=False).status == 1
    assert {commit: read_record(opened(clone), commit) for commit in written} == written
    assert record(project(clone)).unchanged == 1
    assert tip(clone) == tip(repo)


def test_what_two_clones_wrote_to_one_commit_is_kept(repo: Sandbox, tmp_path: Path) -> None:
    clone = cloned(repo, tmp_path / "clone")
    for one, line in ((repo, "seen by Ada"), (clone, "seen by Grace")):
        record(project(one))
        one.git("notes", f"--ref={REF}", "append", "-m", line, "HEAD")
    clone.git("fetch", "--quiet", "origin", f"{REF}:refs/notes/origin/gitmig")
    record(project(clone))
    told = notes(clone)
    assert told.count("Migration-Set: ") == 1
    assert told.splitlines()[-2:] == ["seen by Grace", "seen by Ada"]
    before = tip(clone)
    record(project(clone))
    assert tip(clone) == before, "nothing new was fetched"


def test_the_records_of_commits_that_are_not_here_are_kept(repo: Sandbox, tmp_path: Path) -> None:
    """As in a shallow clone."""
    repo.table("0003_c", "c")
    repo.commit("c")
    record(project(repo), everything=True)
    repo.git("clone", "--quiet", "--depth=1", repo.root.as_uri(), str(tmp_path / "shallow"))
    shallow = Sandbox(tmp_path / "shallow", {})
    shallow.git("fetch", "--quiet", "origin", f"{REF}:refs/notes/origin/gitmig")
    shallow.table("0004_d", "d")
    shallow.commit("d")
    record(project(shallow))
    assert len(shallow.git("notes", f"--ref={REF}", "list").out.splitlines()) == 3


def test_records_in_a_repository_of_sha256(make_sandbox: Callable[..., Sandbox]) -> None:
    repo = make_sandbox(kind="sha256")
    repo.table("0001_a", "a")
    repo.commit("a")
    repo.table("0002_b", "b")
    repo.commit("b")
    first = record(project(repo)).written
    second = record(project(repo), everything=True)
    assert (len(second.written), second.unchanged) == (1, 1)
    everything = first | second.written
    assert {commit: read_record(opened(repo), commit) for commit in everything} == everything
    assert commits_on_the_ref(repo) == 1


def test_an_invalid_commit_is_refused_by_name_and_the_others_are_recorded(repo: Sandbox) -> None:
    repo.write("migrations/v1.5.sql", "SELECT 1;\n")
    broken = repo.commit("broken")
    repo.git("rm", "--quiet", "migrations/v1.5.sql")
    repo.table("0003_c", "c")
    mended = repo.commit("mended")
    done = record(project(repo), everything=True)
    assert done.refused == {broken: "migrations/v1.5.sql: does not fit the name of a migration"}
    assert set(done.written) == {mended, repo.git("rev-parse", "HEAD~2").out.strip()}


def test_a_shallow_clone_skips_the_commit_at_which_it_ends(repo: Sandbox, tmp_path: Path) -> None:
    repo.table("0003_c", "c")
    repo.commit("c")
    repo.git("clone", "--quiet", "--depth=1", repo.root.as_uri(), str(tmp_path / "shallow"))
    shallow = Sandbox(tmp_path / "shallow", {})
    for everything in (True, False):
        done = record(project(shallow), everything=everything)
        assert (done.written, done.unchanged, done.refused) == ({}, 0, {})


def test_an_unborn_branch_has_nothing_to_record(make_sandbox: Callable[..., Sandbox]) -> None:
    assert record(project(make_sandbox()), everything=True).written == {}


def test_a_comment_is_no_change_of_the_set(repo: Sandbox) -> None:
    repo.write("migrations/0001_a.sql", "-- why\n" + (repo.root / "migrations/0001_a.sql").read_text())
    repo.commit("comment")
    assert record(project(repo)).written == {}


@pytest.mark.parametrize(
    "name",
    [
        "a b",
        "ü",
        "it's",
        "colon: here",
    ],
    ids=ascii,
)
def test_odd_names_are_recorded_and_read_again(repo: Sandbox, name: str) -> None:
    (repo.root / f"migrations/0003_{name}.sql").write_text("-- migrate:up\nSELECT 1;\n")
    commit = repo.commit("odd")
    written = record(project(repo)).written[commit]
    assert read_record(opened(repo), commit) == written
    assert record(project(repo)).unchanged == 1
