"""Programs in processes of their own: killed in the middle, in hooks, and what people see."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.programs import PROGRAMS, languages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Database, Sandbox

pytestmark = pytest.mark.usefixtures("quick_java")

BASE = "CREATE TABLE comments (id int PRIMARY KEY, contents text); INSERT INTO comments VALUES (1, 'one');"
# How each language tells that it runs, and then takes its time.
PAUSES = {
    "python": "    import pathlib, time; pathlib.Path({path!r}).touch(); time.sleep(60)\n",
    "async python": "    import pathlib, time; pathlib.Path({path!r}).touch(); time.sleep(60)\n",
    "shell": "touch {path}; sleep 60\n",
    "javascript": "require('fs').writeFileSync({path!r}, '');\n"
    "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000);\n",
    "java": 'try {{ new java.io.File("{path}").createNewFile(); Thread.sleep(60000); }} catch (Exception e) {{ }}\n',
    "c++": 'std::fclose(std::fopen("{path}", "w")); sleep(60);\n',
}


def with_pause(language: str, path: Path) -> str:
    """The program, with a pause behind what it does to the database, or prints."""
    _, text, _ = PROGRAMS[language]
    pause = PAUSES[language].format(path=str(path))
    match language:
        case "python" | "async python":
            before, _, after = text.partition("\n\n\n")
            return f"{before}\n{pause}\n\n{after}"
        case "shell" | "javascript":
            return text + pause
        case "java":
            return text.replace(": DOWN);\n", f": DOWN);\n{pause}")
    return text.replace("#include <cstdio>", "#include <cstdio>\n#include <unistd.h>").replace(
        ");\n}", f");\nstd::fflush(stdout);\n{pause}}}"
    )


@pytest.mark.usefixtures("cold")  # the process that is killed has to be gitmig itself
@pytest.mark.parametrize("language", languages())
def test_killed_in_the_middle_it_leaves_everything_as_it_was(
    sandbox: Sandbox, database: Database, tmp_path: Path, language: str
) -> None:
    sandbox.migration("0001_comments", BASE, "DROP TABLE comments;")
    sandbox.gitmig_here("sync")
    running = tmp_path / "running"
    ending, text, _ = PROGRAMS[language]
    path = sandbox.program(f"0002_body.{ending}", with_pause(language, running))
    process = subprocess.Popen(
        [sys.executable, "-m", "gitmig", "sync", "--trust"],
        cwd=sandbox.root,
        env=os.environ | sandbox.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not running.exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (database.columns("comments"), database.applied()) == (["id", "contents"], ["0001_comments"])
    sandbox.program(f"0002_body.{ending}", text)
    sandbox.gitmig_here("sync", "--trust")
    assert database.rows("SELECT id, body, size FROM comments") == [(1, "one", 3)]
    (sandbox.root / path).unlink()
    sandbox.gitmig_here("sync")
    assert database.rows("SELECT * FROM comments") == [(1, "one")]


@pytest.mark.usefixtures("cold")
def test_ended_in_the_middle_it_is_gone_as_well(sandbox: Sandbox, database: Database, tmp_path: Path) -> None:
    running = tmp_path / "running"
    text = f"#!/bin/sh\ntrap '' TERM\necho $$ > {running}.new; mv {running}.new {running}\nsleep 60\n"
    sandbox.program("0001_a.sh", text)
    process = subprocess.Popen(
        [sys.executable, "-m", "gitmig", "sync", "--trust"],
        cwd=sandbox.root,
        env=os.environ | sandbox.environment,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while not running.exists():
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    process.terminate()
    assert process.wait() == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(running.read_text()), 0)
    assert database.applied() == []


def test_a_hook_runs_what_was_approved_and_nothing_else(sandbox: Sandbox, database: Database) -> None:
    sandbox.program("0001_a.sh", "#!/bin/sh\necho 'CREATE TABLE a ();'\necho hello >&2\n")
    first = sandbox.git("add", "--all") and sandbox.git("commit", "-qm", "one")
    assert "warning: not trusted, so not run: 0001_a" in first.err
    assert database.tables() == []
    by_hand = sandbox.gitmig("sync", check=False)
    assert (by_hand.status, by_hand.err.splitlines()) == (
        3,
        [
            "error: a program that nobody approved in this clone: 0001_a; nothing was synced",
            "hint: `gitmig trust` shows and approves what is in the work tree; `gitmig sync --trust` runs it",
        ],
    )
    shown = sandbox.gitmig("trust", "--yes").out
    assert "echo 'CREATE TABLE a ();'" in shown
    synced = sandbox.gitmig("sync")
    assert (database.tables(), "  | hello" in synced.err.splitlines()) == (["a"], True)
    sandbox.git("switch", "--quiet", "--orphan", "empty")
    sandbox.write("migrations/.keep", "")
    sandbox.git("add", "--all")
    sandbox.git("commit", "-qm", "empty")
    assert database.tables() == []
    sandbox.git("switch", "--quiet", "main")
    assert database.tables() == ["a"]


def test_whoever_changes_what_lies_beside_it_is_not_trusted_with_it(
    sandbox: Sandbox, database: Database, tmp_path: Path
) -> None:
    sandbox.write("migrations/helper.py", "NAME = 'good'\n")
    text = "import helper\ndef upgrade(connection):\n    connection.execute(f'CREATE TABLE {helper.NAME} ()')\n"
    sandbox.program("0001_a.py", text)
    sandbox.commit("one")
    sandbox.gitmig("sync", "--trust")
    sandbox.git("switch", "--quiet", "--orphan", "empty")
    sandbox.write("migrations/.keep", "")
    sandbox.commit("empty")
    assert database.tables() == []
    fork = tmp_path / "fork"
    sandbox.git("clone", "--quiet", "--branch", "main", str(sandbox.root), str(fork))
    (fork / "migrations/helper.py").write_text("NAME = 'evil'\n")
    sandbox.run("git", "commit", "-qam", "evil", cwd=fork)
    sandbox.git("fetch", "--quiet", str(fork), "main:refs/remotes/fork/main")
    switched = sandbox.git("switch", "--quiet", "--detach", "fork/main")
    assert "not trusted, so not run: 0001_a" in switched.err
    assert database.tables() == []
    sandbox.git("switch", "--quiet", "main")
    assert database.tables() == ["good"]


def test_verify_and_proof_run_programs(sandbox: Sandbox, database: Database) -> None:
    sandbox.migration("0001_comments", BASE, "DROP TABLE comments;")
    sandbox.commit("base")
    for branch, column in (("ours", "a"), ("theirs", "b")):
        sandbox.git("switch", "--quiet", "-c", branch, "main")
        up, down = f"ALTER TABLE comments ADD {column} int;", f"ALTER TABLE comments DROP {column};"
        text = f"#!/bin/sh\n[ $1 = up ] && echo '{up}' || echo '{down}'\n"
        sandbox.program(f"000{2 + (column == 'b')}_{column}.sh", text)
        sandbox.commit(branch)
    refused = sandbox.gitmig("verify", check=False)
    assert (refused.status, "1 script that this clone does not trust" in refused.err) == (3, True)
    sandbox.gitmig("trust", "--yes")
    assert "undone exactly" in sandbox.gitmig("verify").out
    proof = sandbox.gitmig("check", "--prove", "--trust", "ours", check=False)
    assert "proof: " in proof.out, proof
