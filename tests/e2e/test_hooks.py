"""The installed hooks, called by real git."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from gitmig.postgres.lock import KEY
from gitmig.project.binding import bind
from gitmig.project.project import Project
from tests.conftest import Sandbox, begin

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Database
    from tests.originals import Make


def make_branches(sandbox: Sandbox) -> None:
    begin(sandbox)
    sandbox.table("0001_a", "a")
    sandbox.commit("a")
    sandbox.git("switch", "--quiet", "--create", "more")
    sandbox.table("0002_b", "b")
    sandbox.commit("b")
    sandbox.git("switch", "--quiet", "main")
    sandbox.git("switch", "--quiet", "--create", "same")
    sandbox.write("app.py", "pass\n")
    sandbox.commit("app")
    sandbox.git("switch", "--quiet", "main")


def other_clone(sandbox: Sandbox, path: Path) -> Sandbox:
    """A second clone that uses the same database, at which the first one is."""
    sandbox.gitmig("sync")
    sandbox.git("clone", "--quiet", str(sandbox.root), str(path))
    clone = Sandbox(path, sandbox.environment)
    clone.gitmig("init")
    return clone


@pytest.fixture
def branches(made_once: Callable[[Make], Sandbox]) -> Sandbox:
    """main has table a, `same` differs from it in a file of the application, `more` has table b; main is synced."""
    return made_once(make_branches)


def test_a_checkout_that_changes_no_migration_ends_in_the_shell(
    branches: Sandbox, python_calls: Callable[[str], int]
) -> None:
    branches.git("switch", "same")
    branches.git("switch", "main")
    branches.git("checkout", "--quiet", "--detach", "same")
    assert python_calls("post-checkout") == 0


def test_uncommitted_work_that_is_synced_does_not_start_python_either(
    branches: Sandbox, python_calls: Callable[[str], int]
) -> None:
    branches.table("0003_c", "c")
    branches.gitmig("sync")
    branches.git("switch", "--quiet", "same")
    branches.git("switch", "--quiet", "main")
    assert python_calls("post-checkout") == 0


def test_a_file_checkout_ends_in_the_shell(branches: Sandbox, python_calls: Callable[[str], int]) -> None:
    branches.git("checkout", "same", "--", "app.py")
    assert python_calls("post-checkout") == 0


@pytest.mark.parametrize("change", ["modified", "untracked", "deleted", "staged"])
def test_a_change_in_the_folder_is_seen(
    branches: Sandbox, database: Database, python_calls: Callable[[str], int], change: str
) -> None:
    if change == "modified":
        branches.migration("0001_a", "CREATE TABLE a (id int, more int);", "DROP TABLE a;")
    elif change == "deleted":
        (branches.root / "migrations/0001_a.sql").unlink()
    else:
        branches.table("0003_c", "c")
    if change == "staged":
        branches.git("add", ".")
    branches.git("switch", "--quiet", "same")
    assert python_calls("post-checkout") == 1
    assert branches.gitmig("status", "--exit-code").status == 0
    assert "c" in database.tables() or change in {"modified", "deleted"}


def test_changed_settings_are_seen(branches: Sandbox, python_calls: Callable[[str], int]) -> None:
    branches.write(".env", "OTHER=1\n")
    branches.git("switch", "--quiet", "same")
    assert python_calls("post-checkout") == 1
    branches.environment["GITMIG_DATABASE_URL"] = branches.environment["DATABASE_URL"]
    branches.git("switch", "--quiet", "main")
    assert python_calls("post-checkout") == 2


def test_the_marker_holds_no_password(branches: Sandbox) -> None:
    branches.environment["GITMIG_DATABASE_URL"] = branches.environment["DATABASE_URL"]
    branches.environment["DATABASE_URL"] = "postgresql://user:secret@localhost/x"
    branches.gitmig("sync")
    assert "secret" not in branches.marker.read_text()
    assert "localhost/x" in branches.marker.read_text()


def test_skipping_is_one_variable(branches: Sandbox, database: Database) -> None:
    branches.environment["GITMIG_SKIP"] = "1"
    branches.git("switch", "--quiet", "more")
    assert database.tables() == ["a"]
    branches.environment["GITMIG_SKIP"] = "0"
    branches.git("switch", "--quiet", "main")
    branches.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"]


def test_an_unreachable_database_is_one_warning_line(branches: Sandbox) -> None:
    branches.environment["DATABASE_URL"] = "postgresql://nobody:secret@127.0.0.1:1/none"
    bind(Project.load(branches.root, branches.environment["DATABASE_URL"]), by_hand=True)
    result = branches.git("switch", "--quiet", "more")
    assert result.status == 0
    lines = result.err.strip().splitlines()
    assert len(lines) == 1, result.err
    assert lines[0].startswith("warning: cannot connect to none on 127.0.0.1:1: ")
    assert lines[0].endswith("; the database was not synced")
    assert "secret" not in result.err


def test_a_database_on_another_machine_is_never_touched(branches: Sandbox) -> None:
    """That is told where the migrations are others, and once."""
    branches.environment["DATABASE_URL"] = "postgresql://user:secret@db.example.org/app"
    for told in (True, False):
        result = branches.git("switch", "--quiet", "more")
        assert result.status == 0
        expected = (
            "warning: the database is on another machine (db.example.org), which no hook touches; run `gitmig sync` "
            "yourself, or allow it: `git config gitmig.hosts db.example.org`\n"
        )
        assert result.err == (expected if told else "")


def test_a_database_on_a_host_that_the_user_names_is_followed(branches: Sandbox, database: Database) -> None:
    """As in a dev container, where it is on `db`. Here the machine's own name stands for it."""
    host = socket.gethostname()
    url = database.url.replace("localhost", host)
    if not _answers(url):
        pytest.skip("the server listens on localhost only")
    branches.environment["DATABASE_URL"] = url
    branches.git("config", "--add", "gitmig.hosts", f"db, {host}")
    branches.gitmig("sync")
    assert branches.git("switch", "--quiet", "more").err.startswith("  + ")


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_failed_step_is_told_and_the_checkout_exits_non_zero(branches: Sandbox, database: Database) -> None:
    branches.git("switch", "--quiet", "--create", "broken")
    branches.migration("0002_c", "CREATE TABLE a (id int);")
    branches.commit("broken")
    branches.git("switch", "--quiet", "main")
    result = branches.git("switch", "--quiet", "broken", check=False)
    assert result.status == 1
    assert 'error: applying 0002_c failed at migrations/0002_c.sql:2: relation "a" already exists' in result.err
    assert "hint: the work tree has changed, the database has not: " in result.err
    assert branches.git("branch", "--show-current").out.strip() == "broken"
    assert database.tables() == ["a"]


def test_a_commit_without_the_folder_leaves_the_database_alone(branches: Sandbox, database: Database) -> None:
    branches.git("switch", "--quiet", "--orphan", "docs")
    branches.write("index.html", "<p>")
    branches.commit("docs")
    result = branches.git("switch", "--quiet", "docs")
    branches.git("switch", "--quiet", "main")
    result = branches.git("switch", "--quiet", "docs")
    assert result.err.strip().endswith("has no migrations folder (migrations): the database is left alone")
    assert database.tables() == ["a"]


def test_a_merge_brings_the_database_along_and_is_recorded(branches: Sandbox, database: Database) -> None:
    branches.git("merge", "--quiet", "--no-ff", "-m", "merged", "more")
    assert database.tables() == ["a", "b"]
    assert "Added: 0002_b" in branches.git("log", "-1", "--notes=gitmig").out


def test_a_pull_brings_the_database_along(branches: Sandbox, database: Database, tmp_path: Path) -> None:
    branches.run("git", "clone", "--quiet", "--bare", str(branches.root), str(tmp_path / "other"))
    branches.git("remote", "add", "origin", str(tmp_path / "other"))
    branches.git("pull", "--quiet", "origin", "more")
    assert database.tables() == ["a", "b"]


def test_a_rebase_brings_the_records_and_what_the_upstream_added(branches: Sandbox, database: Database) -> None:
    branches.git("switch", "--quiet", "same")
    branches.table("0003_c", "c")
    branches.commit("c")
    branches.git("rebase", "--quiet", "more")
    assert database.tables() == ["a", "b", "c"]
    assert "Added: 0003_c" in branches.git("log", "-1", "--notes=gitmig").out


def test_another_database_than_the_configured_one_leaves_the_hook_alert(
    branches: Sandbox, database: Database, python_calls: Callable[[str], int]
) -> None:
    branches.gitmig("sync", "--database", database.url)
    branches.git("switch", "--quiet", "same")
    assert python_calls("post-checkout") == 0, "the marker is still that of the configured database, which was synced"
    branches.environment["GITMIG_SKIP"] = "1"
    branches.git("switch", "--quiet", "more")
    branches.environment["GITMIG_SKIP"] = "0"
    branches.gitmig("sync", "--database", database.url)
    branches.git("switch", "--quiet", "--create", "new")
    assert python_calls("post-checkout") == 1


def test_a_deleted_settings_file_is_seen(branches: Sandbox, python_calls: Callable[[str], int]) -> None:
    branches.write(".env", "OTHER=1\n")
    branches.gitmig("sync")
    (branches.root / ".env").unlink()
    branches.git("switch", "--quiet", "same")
    assert python_calls("post-checkout") == 1


def test_a_rebase_is_quiet_and_its_end_is_in_sync_again(branches: Sandbox, database: Database) -> None:
    branches.git("switch", "--quiet", "more")
    result = branches.git("rebase", "--quiet", "same")
    assert "0002_b" not in result.err
    assert branches.gitmig("status", "--exit-code").status == 0


def test_a_marker_that_goes_while_it_is_looked_at_means_look(branches: Sandbox, database: Database) -> None:
    """Another work tree's sync takes it away; a shell for which no file is newer than none took that for nothing to do.

    The hook waits for the generation's file, which is a pipe here.
    """
    marker, pipe = branches.root / ".git/gitmig/marker", branches.root / ".git/pipe"
    branches.gitmig("sync")
    lines, at = marker.read_text().splitlines(), marker.stat().st_mtime_ns
    os.mkfifo(pipe)
    branches.git("-c", "core.hooksPath=/nowhere", "switch", "--quiet", "more")
    lines[3] = f"word {pipe}"
    marker.write_text("".join(f"{line}\n" for line in lines))
    os.utime(marker, ns=(at, at))
    command = (str(branches.root / ".git/hooks/post-checkout"), "1", "2", "1")
    hook = subprocess.Popen(command, cwd=branches.root, env=os.environ | branches.environment)
    while True:
        with suppress(OSError):  # nobody reads it yet
            generation = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            break
        assert hook.poll() is None
        time.sleep(0.01)
    marker.unlink()  # which the hook has read
    os.write(generation, b"word\n")
    os.close(generation)
    assert hook.wait() == 0
    assert database.tables() == ["a", "b"]


def test_a_new_work_tree_brings_the_database_to_its_branch(
    branches: Sandbox, database: Database, tmp_path: Path
) -> None:
    branches.git("config", "gitmig.shared", "true")
    branches.git("worktree", "add", "--quiet", str(tmp_path / "linked tree"), "more")
    assert database.tables() == ["a", "b"]
    branches.git("switch", "--quiet", "same")
    assert database.tables() == ["a"], "the other work tree's sync was noticed"


def test_records_are_written_by_commits_that_change_the_set(branches: Sandbox) -> None:
    notes = branches.git("log", "--notes=gitmig", "--format=%s|%N", "--all").out
    assert "b|Migration-Set: " in notes
    assert "Added: 0002_b" in notes
    assert "app|\n" in notes, "a commit that changes no migration has no record"


def test_a_commit_of_what_the_database_has_is_silent(branches: Sandbox) -> None:
    branches.table("0004_d", "d")
    branches.gitmig("sync")
    branches.git("add", "--all")
    said = branches.git("commit", "--quiet", "-m", "d")
    assert (said.out, said.err) == ("", "")
    branches.write("migrations/v1.5.sql", "SELECT 1;\n")
    branches.git("add", "--all")
    assert "does not fit the name of a migration" in branches.git("commit", "--quiet", "-m", "odd").err


def test_without_records_the_hooks_write_none(branches: Sandbox) -> None:
    branches.git("config", "gitmig.records", "never")
    branches.table("0004_d", "d")
    branches.commit("d")
    assert "Migration-Set" not in branches.git("log", "-1", "--notes=gitmig").out
    branches.gitmig("record")
    assert "Added: 0004_d" in branches.git("log", "-1", "--notes=gitmig").out


@pytest.mark.usefixtures("cold")
def test_a_project_file_does_not_shadow_a_library(branches: Sandbox, database: Database) -> None:
    """The hook runs in the work tree; a click.py or a git/ of the project must not be imported."""
    branches.write("click.py", "raise SystemExit('shadowed')\n")
    branches.write("git/__init__.py", "raise SystemExit('shadowed')\n")
    branches.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"]


def test_a_foreign_hook_runs_first_with_its_arguments_and_its_status(branches: Sandbox, database: Database) -> None:
    branches.gitmig("hooks", "uninstall")
    hook = branches.write(".git/hooks/post-checkout", '#!/bin/sh\necho "foreign $3" >&2\nexit 7\n')
    hook.chmod(0o755)
    assert "installed, after post-checkout.pre-gitmig" in branches.gitmig("hooks", "install").out
    branches.gitmig("hooks", "install")
    result = branches.git("switch", "--quiet", "more", check=False)
    assert result.status == 1
    assert "foreign 1" in result.err
    assert database.tables() == ["a", "b"]
    branches.gitmig("hooks", "uninstall")
    assert hook.read_text().startswith('#!/bin/sh\necho "foreign')
    assert not hook.with_name("post-checkout.pre-gitmig").exists()


def test_a_foreign_hook_and_gitmig_both_hear_which_commits_a_rebase_made(branches: Sandbox) -> None:
    hook = branches.write(".git/hooks/post-rewrite.pre-gitmig", "#!/bin/sh\nwc -l >heard\n")
    hook.chmod(0o755)
    branches.git("switch", "--quiet", "--create", "other", "main")
    branches.write("app/other.py", "pass\n")
    branches.commit("other")
    branches.git("switch", "--quiet", "more")
    branches.git("rebase", "--quiet", "--apply", "other")  # here only post-rewrite tells of the commits
    assert (branches.root / "heard").read_text().strip() == "1"
    assert "Added: 0002_b" in branches.git("log", "-1", "--notes=gitmig").out


def test_hooks_go_where_core_hookspath_says(branches: Sandbox, database: Database) -> None:
    branches.gitmig("hooks", "uninstall")
    branches.git("config", "core.hooksPath", "my hooks")
    branches.gitmig("hooks", "install")
    assert (branches.root / "my hooks/post-checkout").exists()
    branches.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"]


@pytest.mark.usefixtures("cold")
def test_a_moved_interpreter_falls_back_to_the_path(branches: Sandbox, database: Database, tmp_path: Path) -> None:
    hook = branches.root / ".git/hooks/post-checkout"
    hook.write_text(hook.read_text().replace(f"python={sys.executable}", "python=/nowhere/python"))
    branches.environment["PATH"] = "/usr/bin:/bin"
    result = branches.git("switch", "--quiet", "more")
    assert result.err.strip() == "gitmig: not found, post-checkout did nothing; run `gitmig hooks install` again"
    program = tmp_path / "bin/gitmig"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m gitmig "$@"\n')
    program.chmod(0o755)
    branches.environment["PATH"] = f"{program.parent}:/usr/bin:/bin"
    branches.git("switch", "--quiet", "main")
    branches.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"]


def test_status_says_what_stands_where_git_looks(branches: Sandbox) -> None:
    branches.write(".git/hooks/post-commit", "#!/bin/sh\n")
    *lines, trouble = branches.gitmig("hooks", "status").out.splitlines()
    hook = branches.root / ".git/hooks/post-commit"
    assert trouble == (
        f"git does not call gitmig after post-commit: at {hook} is a hook of another tool; run `gitmig hooks install`"
    )
    assert [line.split("  (")[0].split(maxsplit=1) for line in lines] == [
        ["post-checkout", "installed"],
        ["post-merge", "installed"],
        ["post-rewrite", "installed"],
        ["post-commit", "not gitmig's"],
        ["post-index-change", "installed"],
        ["reference-transaction", "installed"],
    ]


def test_switches_between_a_branch_and_its_squash_run_no_script(sandbox: Sandbox, database: Database) -> None:
    sandbox.table("0001_a", "a")
    sandbox.migration("0002_b", "ALTER TABLE a ADD b text NOT NULL;", "ALTER TABLE a DROP b;")
    sandbox.commit("two")
    sandbox.gitmig("sync")
    database.rows("INSERT INTO a VALUES (1, 'one')")
    sandbox.git("switch", "--quiet", "--create", "squash")
    sandbox.gitmig("new", "--squash")
    sandbox.commit("squash")
    assert database.applied() == ["0002_baseline"]
    sandbox.git("switch", "main")
    for k in range(2, 6):
        said = sandbox.git("switch", "squash")
        line = "  = 2 migrations (0001_a to 0002_b) are now 0002_baseline: same schema, no script run\n"
        assert (said.out + said.err).count(line) == 1
        assert database.applied() == ["0002_baseline"]
        database.rows(f"INSERT INTO a VALUES ({k}, 'on the squash')")
        sandbox.git("switch", "main")
        assert database.applied() == ["0001_a", "0002_b"]
        database.rows(f"UPDATE a SET b = 'on main' WHERE id = {k}")
    assert database.rows("TABLE a") == [(1, "one"), *((k, "on main") for k in range(2, 6))]
    assert database.rows("SELECT count(*) FROM gitmig_kept.item") == [(0,)]


@pytest.mark.parametrize("shell", ["/bin/sh", "/usr/bin/env bash", "/usr/bin/env busybox sh"])
def test_two_moves_within_a_second_are_both_seen(
    branches: Sandbox, python_calls: Callable[[str], int], database: Database, shell: str
) -> None:
    """A shell that knows whole seconds only cannot tell the files' time from the marker's."""
    program, *arguments = shell.removeprefix("/usr/bin/env ").split()
    if not (found := shutil.which(program)):
        pytest.skip(f"there is no {program}")
    for hook in (branches.root / ".git/hooks").iterdir():
        hook.write_text(hook.read_text().replace("#!/bin/sh", " ".join(["#!" + found, *arguments])))
    for _ in range(5):
        for branch, tables in (("more", ["a", "b"]), ("main", ["a"])):
            branches.git("switch", "--quiet", branch)
            assert database.tables() == tables
    time.sleep(1.1)
    branches.git("switch", "--quiet", "same")
    calls = python_calls("post-checkout")
    branches.git("switch", "--quiet", "main")
    assert python_calls("post-checkout") == calls


def test_a_folder_that_comes_before_the_one_in_use_is_seen(branches: Sandbox, database: Database) -> None:
    branches.write("gitmig.toml", 'folder = ["db/migrations", "migrations"]\nlayout = "single"\n')
    branches.commit("two folders")
    branches.gitmig("sync", "-y")
    branches.git("switch", "--quiet", "--create", "moved")
    branches.write("db/migrations/0001_a.sql", (branches.root / "migrations/0001_a.sql").read_text())
    branches.write(
        "db/migrations/0002_z.sql", "-- migrate:up\nCREATE TABLE z (id int);\n-- migrate:down\nDROP TABLE z;\n"
    )
    branches.commit("moved")
    for branch, tables in (("main", ["a"]), ("moved", ["a", "z"]), ("main", ["a"])):
        branches.git("switch", "--quiet", branch)
        assert database.tables() == tables


def test_work_that_a_hook_of_git_commit_puts_away_and_back_stays_in_the_database(
    branches: Sandbox, database: Database
) -> None:
    branches.table("0003_c", "c")
    branches.git("add", "migrations")
    branches.table("0003_c", "d")  # not staged: pre-commit and others put this away while they look at the rest
    branches.gitmig("sync", "-y")
    branches.write(
        ".git/hooks/pre-commit",
        "#!/bin/sh\ngit diff >../kept.patch && git checkout -q -- . && git apply ../kept.patch\n",
    ).chmod(0o755)
    database.rows("INSERT INTO d VALUES (7)")
    said = branches.git("commit", "-qm", "c")
    assert "kept" not in said.err
    assert database.rows("TABLE d") == [(7,)]


def test_a_hook_that_nobody_can_interrupt_does_not_wait_for_long(branches: Sandbox, database: Database) -> None:
    branches.table("0003_c", "c")
    branches.git("add", "migrations")
    branches.git("stash", "-q")
    with psycopg.connect(database.url) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        said = branches.git("stash", "pop", "-q")
        assert "another gitmig is at work on the database, which was not synced; run `gitmig sync`" in said.err
    assert database.tables() == ["a"]


def test_untracked_migrations_that_a_stash_brings_back_are_told_of(branches: Sandbox, database: Database) -> None:
    branches.table("0003_c", "c")
    branches.gitmig("sync")
    branches.git("stash", "-u", "-q")
    assert database.tables() == ["a"]
    line = "gitmig: git brings untracked migrations back now; if no line follows, run `gitmig sync`\n"
    assert branches.git("stash", "apply", "-q").err == line
    branches.git("clean", "-fdq")
    said = branches.git("stash", "pop", "-q").err
    assert said.startswith(line)
    assert "  + 0003_c" in said
    assert database.tables() == ["a", "c"]


def test_a_sync_of_another_clone_is_noticed(
    branches: Sandbox, database: Database, python_calls: Callable[[str], int], tmp_path: Path
) -> None:
    other = other_clone(branches, tmp_path / "other")
    other.git("switch", "--quiet", "more")
    other.gitmig("sync", "-y")
    assert database.tables() == ["a", "b"]
    branches.git("switch", "--quiet", "same")
    assert database.tables() == ["a"], "the migrations of both commits are the same, and not those in the database"
    calls = python_calls("post-checkout")
    branches.git("switch", "--quiet", "main")
    assert python_calls("post-checkout") == calls, "it is known now"
    other.git("switch", "--quiet", "--detach", "origin/same")
    other.git("switch", "--quiet", "more")
    assert database.tables() == ["a", "b"], "and the other way round"


def test_a_sync_of_another_clone_that_changes_nothing_starts_no_python(
    branches: Sandbox, python_calls: Callable[[str], int], tmp_path: Path
) -> None:
    other = other_clone(branches, tmp_path / "other")
    other.gitmig("sync", "-y")
    branches.git("switch", "--quiet", "same")
    assert python_calls("post-checkout") == 0


def test_a_sync_of_another_clone_that_fails_is_noticed(
    branches: Sandbox, python_calls: Callable[[str], int], tmp_path: Path
) -> None:
    other = other_clone(branches, tmp_path / "other")
    other.migration("0002_c", "CREATE TABLE a (id int);")
    other.gitmig("sync", "-y", check=False)
    branches.git("switch", "--quiet", "same")
    assert python_calls("post-checkout") == 1


def test_without_a_state_directory_the_marker_stands_for_itself(
    branches: Sandbox, python_calls: Callable[[str], int]
) -> None:
    branches.environment["XDG_STATE_HOME"] = "/proc"
    branches.gitmig("sync")
    assert branches.marker.read_text().splitlines()[3] == ""
    branches.git("switch", "--quiet", "same")
    assert python_calls("post-checkout") == 0
    del branches.environment["XDG_STATE_HOME"]
    branches.gitmig("sync")
    generation = branches.marker.read_text().splitlines()[3].partition(" ")[2]
    Path(generation).unlink()
    branches.git("switch", "--quiet", "main")
    assert python_calls("post-checkout") == 1, "somebody has tidied up"
    assert Path(generation).exists()


def test_the_listener_has_its_name_for_as_long_as_it_is_wanted(branches: Sandbox, database: Database) -> None:
    listener = branches.root / ".git/hooks/reference-transaction"
    assert listener.with_name("reference-transaction.parked").exists()
    for command in ("switch same", "reset --hard more", "commit --allow-empty -m empty", "reset --hard main"):
        branches.git(*command.split())
        assert not listener.exists(), command
    assert database.tables() == ["a"]
    branches.write("app.py", "print()\n")
    branches.git("add", "app.py")
    for command in ("stash", "stash pop", "stash push -- app.py", "stash pop", "stash --staged", "reset --hard"):
        branches.git(*command.split())
    assert not listener.exists()
    branches.environment["GITMIG_SKIP"] = "1"
    branches.git("reset", "--hard", "more")
    assert not listener.exists()
    del branches.environment["GITMIG_SKIP"]
    branches.write(".git/gitmig/moved", "1\n")
    listener.hardlink_to(listener.with_name("reference-transaction.parked"))
    branches.gitmig("sync")
    assert not listener.exists(), "the sync has served it"


def test_with_a_second_work_tree_the_listener_keeps_its_name(
    branches: Sandbox, database: Database, tmp_path: Path
) -> None:
    branches.git("config", "gitmig.shared", "true")
    branches.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "second"), "same")
    second = Sandbox(tmp_path / "second", branches.environment)
    for tree, commit, tables in ((second, "more", ["a", "b"]), (branches, "same", ["a"]), (second, "more~1", ["a"])):
        tree.git("reset", "--hard", commit)
        assert database.tables() == tables
    assert (branches.root / ".git/hooks/reference-transaction").exists()
