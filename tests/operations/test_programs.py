"""Migrations that are programs: the same exactness, the same rows kept, the same ledger as for SQL."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gitmig.errors import GitmigError, LeftToSync, SyncFailed
from gitmig.events import ProgramSaid, ProgramUnforwarded, ProgramWaits
from gitmig.execute import programs
from gitmig.operations.verify import verify
from gitmig.project.project import Project
from gitmig.trials.round_trip import RoundTripOutcome
from tests.operations.conftest import Answers
from tests.programs import DOWN_SQL, PROGRAMS, PYTHON, UP_SQL, languages

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitmig.events import Event
    from tests.conftest import Database, Sandbox

    Sync = Callable[..., list[str]]

pytestmark = pytest.mark.usefixtures("quick_java")

BASE = "CREATE TABLE comments (id int PRIMARY KEY, contents text); INSERT INTO comments VALUES (1, 'one'), (2, 'two');"
SHAPE = "SELECT version, name, position, fingerprint, renamings FROM gitmig.applied ORDER BY position"


@pytest.fixture(autouse=True)
def no_active_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter is then gitmig's own, which has psycopg."""
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


def tour(sandbox: Sandbox, database: Database, run_sync: Sync, path: str) -> dict[str, Any]:
    """What there is to see on a way there, back and there again, with people at work meanwhile."""
    seen: dict[str, Any] = {}
    seen["apply"] = run_sync()
    seen["ledger"] = database.rows(SHAPE)
    seen["applied"] = database.rows("SELECT id, body, size FROM comments ORDER BY id")
    database.rows("UPDATE comments SET size = 7 WHERE id = 1; INSERT INTO comments VALUES (3, 'three', 99)")
    file = sandbox.root / path
    text, mode = file.read_bytes(), file.stat().st_mode
    file.unlink()
    seen["revert"] = run_sync()
    seen["reverted"] = database.rows("SELECT * FROM comments ORDER BY id")
    database.rows("UPDATE comments SET contents = 'TWO!' WHERE id = 2; DELETE FROM comments WHERE id = 1")
    file.write_bytes(text)
    file.chmod(mode)
    seen["again"] = run_sync()
    seen["rows"] = database.rows("SELECT id, body, size FROM comments ORDER BY id")
    seen["ways"] = database.rows("SELECT action, way FROM gitmig.history ORDER BY id")
    return seen


@pytest.mark.parametrize("language", languages())
def test_a_tour_is_the_same_in_every_language(
    sandbox: Sandbox, database: Database, run_sync: Sync, language: str
) -> None:
    sandbox.migration("0001_comments", BASE, "DROP TABLE comments;")
    sandbox.commit("comments")
    run_sync()
    ending, text, _ = PROGRAMS[language]
    seen = tour(sandbox, database, run_sync, sandbox.program(f"0002_body.{ending}", text))
    assert (seen["apply"], seen["revert"], seen["again"]) == (["+ 0002_body"], ["- 0002_body"], ["+ 0002_body"])
    assert seen["applied"] == [(1, "one", 3), (2, "two", 3)]
    assert seen["reverted"] == [(1, "one"), (2, "two"), (3, "three")]
    assert seen["rows"] == [(2, "TWO!", 4), (3, "three", 99)]
    (sandbox.root / f"migrations/0002_body.{ending}").unlink()
    run_sync()
    sandbox.migration("0002_body", UP_SQL, DOWN_SQL)
    run_sync()
    assert database.rows(SHAPE) == seen["ledger"]
    assert database.rows("SELECT id, body, size FROM comments ORDER BY id") == [(2, "TWO!", 4), (3, "three", 99)]


@pytest.mark.parametrize("language", languages())
def test_a_failing_down_is_computed_in_every_language(
    sandbox: Sandbox, database: Database, run_sync: Sync, language: str
) -> None:
    sandbox.migration("0001_comments", BASE, "DROP TABLE comments;")
    ending, text, _ = PROGRAMS[language]
    path = sandbox.program(f"0002_body.{ending}", text.replace("DROP INDEX comments_body", "DROP INDEX nonsense"))
    run_sync()
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_body"]
    assert database.rows("SELECT * FROM comments ORDER BY id") == [(1, "one"), (2, "two")]
    ways = database.rows("SELECT way, note FROM gitmig.history WHERE action = 'revert'")
    assert [way for way, _ in ways] == ["computed"]
    assert 'index "nonsense" does not exist' in str(ways[0][1])


@pytest.mark.parametrize("language", languages())
def test_it_is_verified_as_sql_is(sandbox: Sandbox, database: Database, language: str) -> None:
    sandbox.migration("0001_comments", BASE, "DROP TABLE comments;")
    ending, text, _ = PROGRAMS[language]
    sandbox.program(f"0002_body.{ending}", text)
    found = verify(Project.load(sandbox.root, database.url), everything=True, consent=lambda untrusted: None)
    outcomes = {one.migration.label: [said.outcome for said in one.findings] for one in found.verdicts}
    assert outcomes["0002_body"] == [RoundTripOutcome.UNDONE]


def test_what_a_program_printed_is_in_the_ledger(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.program("0001_a.sh", '#!/bin/sh\necho "CREATE TABLE a ();"\n')
    sandbox.program("0002_b.py", "def upgrade(connection):\n    connection.execute('CREATE TABLE b ()')\n")
    run_sync()
    assert database.rows("SELECT language, printed, down IS NULL FROM gitmig.applied ORDER BY position") == [
        ("sh", "CREATE TABLE a ();\n", False),
        ("py", None, True),
    ]


def test_files_beside_it_are_those_of_its_commit(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.write("migrations/helper.py", "NAME = 'first'\n")
    sandbox.write("lib/other.txt", "x")
    text = (
        "import helper, pathlib\n"
        "def upgrade(connection):\n    connection.execute(f'CREATE TABLE {helper.NAME} ()')\n"
        "def downgrade(connection):\n"
        "    pathlib.Path('lib/other.txt').read_text()\n"
        "    connection.execute(f'DROP TABLE {helper.NAME}')\n"
    )
    path = sandbox.program("0001_a.py", text)
    sandbox.commit("one")
    run_sync()
    assert database.tables() == ["first"]
    for gone in ("migrations/helper.py", "lib/other.txt", path):
        (sandbox.root / gone).unlink()
    sandbox.commit("two")  # its hook syncs
    run_sync()
    assert database.rows("SELECT way FROM gitmig.history WHERE action = 'revert'") == [(None,)]
    assert (database.tables(), list((sandbox.root / ".git/gitmig/checkouts").iterdir())) == ([], [])
    assert sandbox.git("status", "--porcelain").out == ""


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("0001_a.py", "def upgrade(c):\n    x = 1\n    raise ValueError('no')\n", ":3: ValueError: no"),
        ("0001_a.py", "def upgrade(c):\n    c.execute('nonsense')\n", ":2: psycopg.errors.SyntaxError: syntax error"),
        ("0001_a.sh", "#!/bin/sh\necho one\necho two >&2\nexit 3\n", ":1: two"),
        ("0001_a.sh", "#!/bin/sh\nexit 3\n", ":1: it ended with status 3"),
        ("0001_a.sh", "#!/bin/sh\nkill -9 $$\n", ":1: it was ended by signal 9"),
        ("0001_a.sh", "#!/bin/sh\necho 'SELECT 1;'\necho 'SELECT nonsense;'\n", ":1: line 2 of the SQL that it prints"),
        ("0001_a.sh", "#!/nowhere/sh\n", ":1: it does not start: No such file or directory"),
        (
            "0001_a.sh",
            "#!/bin/sh\nprintf 'SELECT 1;\\nSELECT \\000;'\n",
            ":1: line 2 of the SQL that it prints holds a NUL",
        ),
        ("0001_a.sh", "#!/bin/sh\nprintf '\\n\\nSELECT \\344;'\n", ":1: line 3 of the SQL that it prints is not UTF-8"),
        ("0001_a.xyz", "one\n", ":1: nothing is known to run a program that ends in .xyz"),
        ("0001_a", "one\n", ":1: nothing is known to run a program without an ending"),
    ],
)
def test_what_fails_is_told_with_its_line(
    sandbox: Sandbox, database: Database, run_sync: Sync, name: str, text: str, message: str
) -> None:
    sandbox.program(name, text)
    with pytest.raises(SyncFailed) as caught:
        run_sync()
    assert f"applying 0001_a failed at migrations/{name}{message}" in caught.value.message
    assert (database.applied(), database.tables()) == ([], [])


def test_the_work_tree_stays_as_it_is(sandbox: Sandbox, run_sync: Sync) -> None:
    """A first line `#!` does not make a file executable that is not run by itself."""
    text = "#!/usr/bin/env python3\ndef upgrade(connection):\n    connection.execute('CREATE TABLE a ()')\n"
    path = sandbox.program("0001_a.py", text)
    sandbox.commit("one")
    run_sync()
    assert sandbox.git("status", "--porcelain").out == ""
    assert (sandbox.root / path).stat().st_mode & 0o111 == 0


def test_one_that_calls_gitmig_does_not_wait_for_itself(
    sandbox: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITMIG_SECTION", "up")
    sandbox.table("0001_a", "a")
    with pytest.raises(LeftToSync, match="a migration that is running has called gitmig"):
        run_sync()
    assert database.tables() == []


# Frames that take turns, which a traceback does not fold into "repeated 40 more times".
DEEP = "def one(n):\n    return other(n - 1)\n\n\ndef other(n):\n    return one(n) if n else 1 / 0\n"


def test_the_line_is_found_above_a_deep_traceback(sandbox: Sandbox, run_sync: Sync) -> None:
    sandbox.write("migrations/library.py", DEEP)
    sandbox.program("0001_a.py", "def upgrade(c):\n    from migrations.library import one\n\n    one(60)\n")
    with pytest.raises(SyncFailed, match=r"0001_a\.py:4: ZeroDivisionError: division by zero"):
        run_sync()


def test_a_file_of_python_without_the_function_is_refused(sandbox: Sandbox, run_sync: Sync) -> None:
    sandbox.program("0001_a.py", "print('hello')\n")
    with pytest.raises(GitmigError, match=r"0001_a\.py: defines no function upgrade\(connection\)"):
        run_sync()


def test_what_programs_make_is_measured_on_a_long_way_too(
    sandbox: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the way back needs no scratch build, in which they would all run once more."""
    monkeypatch.setattr("gitmig.execute.executor.SHORT", 0)
    sandbox.write("migrations/0001_a.sql", "-- migrate:up\nCREATE TABLE a ();\n")
    sandbox.program("0002_b.sh", "#!/bin/sh\necho 'CREATE TABLE b ();'\n")
    sandbox.write("migrations/0003_c.sql", "-- migrate:up\nCREATE TABLE c ();\n")
    run_sync()
    measured = "SELECT version FROM gitmig.applied WHERE fingerprint IS NOT NULL ORDER BY position"
    assert database.rows(measured) == [("0002",), ("0003",)]


def test_it_ends_when_its_time_is_up(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.write("gitmig.toml", 'program_timeout = "1"\n')
    sandbox.program("0001_a.sh", "#!/bin/sh\necho 'CREATE TABLE a ();'\nsleep 60 &\nsleep 60\n")
    with pytest.raises(SyncFailed, match="it ran for longer than 1 seconds"):
        run_sync()
    assert database.tables() == []


def test_it_finds_a_clean_environment(
    sandbox: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_TOKEN", "APP_MODE", "GIT_DIR_OF_OURS", "LC_MONETARY"):
        monkeypatch.setenv(name, "x")
    sandbox.write("gitmig.toml", 'program_environment = ["APP_*"]\n')
    sandbox.program("0001_a.sh", "#!/bin/sh\nenv | sed 's/=.*//' | sed \"s/.*/SELECT '&';/\"\n")
    run_sync()
    ((printed,),) = database.rows("SELECT printed FROM gitmig.applied")
    names = {line[8:-2] for line in str(printed).splitlines()}
    assert {"PATH", "HOME", "APP_MODE", "LC_MONETARY", "DATABASE_URL", "PGHOST", "GITMIG_SECTION", "TMPDIR"} <= names
    assert names.isdisjoint({"SECRET_TOKEN", "GIT_DIR", "GIT_AUTHOR_NAME", "PGPASSWORD"})


def test_a_command_may_be_configured(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.write("gitmig.toml", '[languages]\nfoo = "sh -e"\n')
    sandbox.write("migrations/0001_a.foo", "echo 'CREATE TABLE a ();'\n")
    run_sync()
    assert database.tables() == ["a"]


def test_a_compiled_program_runs(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    if not (shutil.which("cc")):
        pytest.skip("needs a C compiler")
    source = sandbox.write("a.c", '#include <stdio.h>\nint main() { puts("CREATE TABLE a ();"); }\n')
    sandbox.run("cc", "-o", "migrations/0001_a", str(source))
    run_sync()
    assert database.tables() == ["a"]
    (sandbox.root / "migrations/0001_a").unlink()
    run_sync()
    assert database.tables() == []


@pytest.mark.parametrize("layout", ["single", "paired", "directory", "goose"])
def test_programs_lie_beside_sql_in_every_layout(
    sandbox: Sandbox, database: Database, run_sync: Sync, layout: str
) -> None:
    files = {
        "single": {"0001_a.sql": "-- migrate:up\nCREATE TABLE a ();\n"},
        "paired": {"0001_a.up.sql": "CREATE TABLE a ();\n", "0001_a.down.sql": "DROP TABLE a;\n"},
        "directory": {"0001_a/up.sql": "CREATE TABLE a ();\n", "0001_a/down.sql": "DROP TABLE a;\n"},
        "goose": {"0001_a.sql": "-- +goose Up\nCREATE TABLE a ();\n"},
    }
    sandbox.write("gitmig.toml", f'layout = "{layout}"\n')
    for name, text in files[layout].items():
        sandbox.write(f"migrations/{name}", text)
    sandbox.program("0002_b.py", "def upgrade(connection):\n    connection.execute('CREATE TABLE b ()')\n")
    sandbox.program("0003_c.sh", "#!/bin/sh\necho 'CREATE TABLE c ();'\n")
    assert run_sync() == ["+ 0001_a", "+ 0002_b", "+ 0003_c"]
    assert database.tables() == ["a", "b", "c"]


OUTSIDE = """\
transaction = False

def upgrade(connection):
    connection.execute("CREATE INDEX CONCURRENTLY i ON comments (contents)")

def downgrade(connection):
    connection.execute("DROP INDEX CONCURRENTLY i")
"""


def test_it_may_ask_to_run_outside(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.migration("0001_comments", BASE, "DROP TABLE comments;")
    path = sandbox.program("0002_i.py", OUTSIDE)
    sandbox.commit("one")
    assert run_sync() == ["+ 0001_comments", "+ 0002_i"]
    assert database.rows("SELECT to_regclass('i') IS NOT NULL") == [(True,)]
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_i"]
    assert database.rows("SELECT to_regclass('i') IS NOT NULL") == [(False,)]


def test_a_comment_asks_for_the_same_elsewhere(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.migration("0001_comments", BASE, "DROP TABLE comments;")
    text = "#!/bin/sh\n# migrate: transaction:false\necho 'CREATE INDEX CONCURRENTLY i ON comments (contents);'\n"
    sandbox.program("0002_i.sh", text)
    assert run_sync() == ["+ 0001_comments", "+ 0002_i"]
    assert database.rows("SELECT to_regclass('i') IS NOT NULL") == [(True,)]


def test_one_that_failed_outside_runs_again_from_its_beginning(
    sandbox: Sandbox, database: Database, run_sync: Sync
) -> None:
    text = (
        "transaction = False\ndef upgrade(connection):\n"
        "    connection.execute('CREATE TABLE IF NOT EXISTS a ()')\n    raise ValueError('half done')\n"
    )
    path = sandbox.program("0001_a.py", text)
    with pytest.raises(SyncFailed, match="half done") as caught:
        run_sync()
    assert "keeps" in (caught.value.hint or "")
    assert database.tables() == ["a"]
    (sandbox.root / path).write_text(text.replace("    raise ValueError('half done')\n", ""))
    assert run_sync() == ["+ 0001_a"]


def test_where_nothing_can_be_forwarded_it_runs_outside(
    sandbox: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "can_forward", lambda pgconn: False)
    told: list[Event] = []
    sandbox.migration("0001_comments", BASE, "DROP TABLE comments;")
    path = sandbox.program("0002_body.py", PYTHON)
    sandbox.commit("one")
    assert run_sync(notify=told.append) == ["+ 0001_comments", "+ 0002_body"]
    assert ProgramUnforwarded(path) in told
    (sandbox.root / path).unlink()
    assert run_sync() == ["- 0002_body"]
    assert database.rows("SELECT * FROM comments ORDER BY id") == [(1, "one"), (2, "two")]


def test_what_it_says_is_told_once(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    told: list[Event] = []
    sandbox.program("0001_a.py", "def upgrade(connection):\n    print('hello')\n    connection.execute('SELECT 1')\n")
    run_sync(notify=told.append)
    assert [event for event in told if isinstance(event, ProgramSaid)] == [ProgramSaid("hello", "up", 1)]


@pytest.mark.parametrize(
    "statement", ["COMMIT", "ROLLBACK", "COMMIT; SELECT 1", "SELECT pg_advisory_unlock_all()", "SET search_path = x"]
)
def test_what_it_does_to_the_session_harms_nobody(
    sandbox: Sandbox, database: Database, run_sync: Sync, statement: str
) -> None:
    attempt = f"    try:\n        connection.execute({statement!r})\n    except Exception:\n        pass\n"
    body = f"    connection.autocommit = True\n{attempt}"
    sandbox.program(
        "0001_a.py", f"def upgrade(connection):\n{body}    connection.execute('CREATE TABLE public.a ()')\n"
    )
    sandbox.migration("0002_b", "SELECT nonsense;")
    with pytest.raises(SyncFailed, match="nonsense"):
        run_sync()
    assert (database.tables(), database.applied()) == ([], [])
    (sandbox.root / "migrations/0002_b.sql").unlink()
    run_sync()
    assert database.tables() == ["a"]


def test_a_new_value_of_an_enum_is_used_after_a_commit(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    sandbox.migration("0001_mood", "CREATE TYPE mood AS ENUM ('sad'); CREATE TABLE a (m mood);", None)
    sandbox.migration("0002_ok", "ALTER TYPE mood ADD VALUE 'ok';", None)
    sandbox.program(
        "0003_use.py", "def upgrade(connection):\n    connection.execute(\"INSERT INTO a VALUES ('ok')\")\n"
    )
    run_sync()
    assert database.rows("SELECT m::text FROM a") == [("ok",)]


# --- trust ---


def test_it_is_asked_for_once_also_by_hand(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    path = sandbox.program("0001_a.sh", "#!/bin/sh\necho 'CREATE TABLE a ();'\n")
    sandbox.commit("one")
    says_no, says_yes = Answers(agree=False), Answers()
    with pytest.raises(GitmigError, match="nothing was run"):
        run_sync(decisions=says_no)
    assert (says_no.asked, database.tables()) == (["programs 0001_a"], [])
    run_sync(decisions=says_yes)
    assert says_yes.asked == ["programs 0001_a", "run 1"]
    sandbox.write("README", "x")
    sandbox.commit("two")
    again = Answers()
    (sandbox.root / path).rename(sandbox.root / "kept")
    run_sync(decisions=again)
    (sandbox.root / "kept").rename(sandbox.root / path)
    run_sync(decisions=again)
    assert again.asked == ["run 1", "run 1"]


def test_another_text_or_command_is_another_program(sandbox: Sandbox, run_sync: Sync) -> None:
    sandbox.write("gitmig.toml", '[languages]\nfoo = "sh"\n')
    sandbox.write("migrations/0001_a.foo", "echo 'SELECT 1;'\n")
    run_sync()
    asked = Answers()
    sandbox.write("migrations/0001_a.foo", "echo 'SELECT 2;'\n")
    run_sync(decisions=asked)
    sandbox.write("gitmig.toml", '[languages]\nfoo = "sh -x"\n')
    sandbox.write("migrations/0001_a.foo", "echo 'SELECT 3;'\n")
    run_sync(decisions=asked)
    assert [one for one in asked.asked if one.startswith("programs")] == ["programs 0001_a", "programs 0001_a"]


def test_its_own_interpreter_is_that_of_the_project(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    fake = sandbox.write(".venv/bin/python", f'#!/bin/sh\nPROJECT=yes exec {sys.executable} "$@"\n')
    fake.chmod(0o755)
    sandbox.write(".gitignore", ".venv\n")
    text = "import os\ndef upgrade(connection):\n    connection.execute(f\"CREATE TABLE {os.environ['PROJECT']} ()\")\n"
    sandbox.program("0001_a.py", text)
    run_sync()
    assert database.tables() == ["yes"]


def test_an_interpreter_without_psycopg_is_named(sandbox: Sandbox, run_sync: Sync) -> None:
    fake = sandbox.write(".venv/bin/python", f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')
    fake.chmod(0o755)
    sandbox.program("0001_a.py", "def upgrade(connection):\n    pass\n")
    with pytest.raises(SyncFailed, match=r"lacks what the migration needs \(No module named 'psycopg'\)"):
        run_sync()


def test_nothing_of_it_stays_when_the_connection_breaks(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    text = (
        "def upgrade(connection):\n    connection.execute('CREATE TABLE a ()')\n"
        "    connection.execute('SELECT pg_terminate_backend(pg_backend_pid())')\n"
    )
    sandbox.program("0001_a.py", text)
    with pytest.raises((SyncFailed, GitmigError)):
        run_sync()
    assert (database.tables(), database.applied()) == ([], [])


def test_it_does_not_see_what_is_not_its_own(sandbox: Sandbox, database: Database, run_sync: Sync) -> None:
    """Another session sees nothing before gitmig commits."""
    text = (
        "import os, pathlib, psycopg\n"
        "def upgrade(connection):\n"
        "    connection.execute('CREATE TABLE a ()')\n"
        "    connection.commit()\n"
        f"    with psycopg.connect({database.url!r}) as other:\n"
        "        seen = other.execute(\"SELECT to_regclass('a') IS NULL\").fetchone()[0]\n"
        "    connection.execute(f'CREATE TABLE unseen_{seen}()')\n"
    )
    sandbox.program("0001_a.py", text)
    run_sync()
    assert database.tables() == ["a", "unseen_true"]


def test_one_that_connects_by_itself_is_told_of(
    sandbox: Sandbox, database: Database, run_sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gitmig.execute.process.LOOK", 0.5)
    told: list[Event] = []
    sandbox.write("gitmig.toml", 'program_timeout = "4"\n')
    sandbox.migration("0001_a", "CREATE TABLE a (); LOCK TABLE a;", None)
    sandbox.migration("0000_b", "CREATE TABLE b ();", None)
    run_sync()
    text = (
        "import psycopg\ndef upgrade(_):\n    pass\n"
        f"with psycopg.connect({database.url!r}, application_name='stray') as connection:\n"
        "    connection.execute('DROP TABLE b')\n"
    )
    sandbox.migration("0002_c", "ALTER TABLE b ADD x int;", None)
    sandbox.program("0003_d.py", text)
    with pytest.raises(SyncFailed, match="it ran for longer than 4 seconds"):
        run_sync(notify=told.append)
    (waits,) = [event for event in told if isinstance(event, ProgramWaits)]
    assert (waits.path, waits.session.startswith("stray (process ")) == ("migrations/0003_d.py", True)
    assert database.columns("b") == []


@pytest.mark.parametrize("name", [b"0001_\xe9.sh", b"0001_a\nb.sh"])
def test_a_name_that_cannot_be_shown_is_refused(sandbox: Sandbox, run_sync: Sync, name: bytes) -> None:
    sandbox.program(os.fsdecode(name), "#!/bin/sh\n")
    with pytest.raises(GitmigError, match="has a name that cannot be printed"):
        run_sync()


def test_a_text_that_looks_like_a_compiled_program_is_refused(sandbox: Sandbox, run_sync: Sync) -> None:
    sandbox.program("0001_a.sh", "gitmig:base64:IyEvYmluL3NoCg==")
    with pytest.raises(GitmigError, match="begins with gitmig:base64:"):
        run_sync()
