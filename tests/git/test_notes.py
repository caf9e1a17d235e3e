"""Records as git notes: written in one pass, in a form git shows, and without a trace on anybody else's notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gitmig.git.notes import REF, read_notes, read_record, write_notes
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


def test_the_committer_is_who_works_here(repo: Sandbox) -> None:
    record(project(repo))
    assert (
        repo.git("log", "-1", "--format=%cn <%ce>|%s", REF).out == "Ada <ada@example.org>|gitmig: records of 1 commit\n"
    )


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
