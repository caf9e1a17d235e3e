"""Strangers' names and messages on a terminal: they are shown, not obeyed."""

from __future__ import annotations

import os
import pty
import re
from typing import TYPE_CHECKING

import pytest

from tests.warm import start

if TYPE_CHECKING:
    from tests.conftest import Database, Sandbox

EVIL = "a\x1b[31m\x1b]0;pwned\x07\u202eb\x9bc\nd"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
OWN = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def evil(sandbox: Sandbox, database: Database) -> Sandbox:
    """Objects, a commit's subject, a branch and a server's message that try it; there is drift as well."""
    sandbox.migration("0001_a", f'CREATE TABLE "{EVIL}" (id int, "x\x1b[2J" text);', f'DROP TABLE "{EVIL}";')
    sandbox.gitmig("sync")
    sandbox.commit("subject \x1b]0;pwned\x07 \u202e")
    database.rows(f"INSERT INTO \"{EVIL}\" VALUES (1, '\x1b[31m\u202e')")
    sandbox.git("switch", "--quiet", "--create", "b\u202ed")
    sandbox.migration("0002_b", f'ALTER TABLE "{EVIL}" ADD y int; DELETE FROM "{EVIL}";', "")
    sandbox.gitmig("sync")
    sandbox.commit("b")
    database.rows(f'CREATE VIEW "v{EVIL}" AS SELECT 1')
    sandbox.migration("0003_c", "DO $$ BEGIN RAISE E'pwned \\x1b[31m \\x07'; END $$;")
    return sandbox


COMMANDS = (
    ("status",),
    ("diff",),
    ("diff", "--json"),
    ("diff", "main"),
    ("log",),
    ("show",),
    ("sync", "--yes"),
    ("sync", "--yes", "--discard-drift"),
    ("check", "main"),
    ("check", "--prove", "--trust", "main"),
    ("check", "--format", "github", "main"),
    ("check", "--format", "markdown", "main"),
    ("check", "--format", "sarif", "main"),
    ("check", "--all", "main"),
    ("-C", "\x1b[31mnowhere", "status"),
    ("--debug", "sync", "nonsense\u202e"),
    ("status", "--database", "postgresql://localhost:1/x%1b%5b31m"),
    ("kept", "list"),
    ("kept", "show", "1"),
    ("kept", "restore"),
    ("kept", "undo", "--yes"),
    ("verify", "--trust"),
    ("show", "\x1b[31m"),
    ("nonsense\x1b[31m",),
)


def test_a_pipe(evil: Sandbox) -> None:
    assert "\\x1b" in evil.gitmig("status").out
    evil.write("migrations/0009_\udcff\x1b[31m.sql", "-- migrate:up\nSELECT 1;\n")
    for command in COMMANDS:
        result = evil.gitmig(*command, check=False)
        assert not OBEYED.search(result.out + result.err), (command, result)
        assert result.status != 4, (command, result)


def test_a_terminal(evil: Sandbox) -> None:
    is_coloured = False
    for command in COMMANDS:
        if command[0] == "verify":
            continue  # its progress bar moves the cursor
        text = on_a_terminal(evil, *command)
        is_coloured |= bool(OWN.search(text))
        assert not OBEYED.search(OWN.sub("", text).replace("\r\n", "\n")), (command, text)
    assert is_coloured, "gitmig took it for a pipe"


def test_a_hook(evil: Sandbox) -> None:
    result = evil.git("switch", "--quiet", "--create", "c", check=False)
    assert not OBEYED.search(result.out + result.err), result


def on_a_terminal(sandbox: Sandbox, *arguments: str) -> str:
    """What gitmig prints where standard output and error are a terminal."""
    ours, theirs = pty.openpty()
    environment = sandbox.environment | {"TERM": "xterm", "NO_COLOR": ""}
    process = start(arguments, sandbox.root, environment, (theirs, theirs))
    os.close(theirs)
    chunks = []
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:  # Linux says so where the other end is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(ours)
    process.wait()
    return b"".join(chunks).decode()
