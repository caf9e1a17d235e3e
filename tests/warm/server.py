"""Runs gitmig for `sitecustomize` in forks of this process, which has imported everything already.

Usage: server.py SOCKET. Prints a line when it is ready, and ends when its standard input does. The database of its
DATABASE_URL is empty, and used once.
"""

from __future__ import annotations

import atexit
import gc
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from io import StringIO, TextIOWrapper
from pathlib import Path
from runpy import run_module, run_path

import gitmig
from gitmig.cli import main
from gitmig.cli.main import run as run_gitmig

GITMIG, ALEMBIC = "gitmig", "alembic"  # what `sitecustomize` calls them

# What gitmig imports only where it needs it.
LIBRARIES = ("git", "psycopg.copy", "psycopg.rows", "psycopg.sql", "postgast", "rich.console", "rich.progress")
# What other tools import, if they are there.
TOOLS = (
    "alembic.config",
    "sqlalchemy.dialects.postgresql.psycopg",
    "django.core.management",
    "django.db.migrations.loader",
)

REHEARSALS = 4  # after so many, Python has specialized what runs in each


def import_everything() -> None:
    """What a start of gitmig spends most of its time with."""
    for module in pkgutil.walk_packages(gitmig.__path__, "gitmig."):
        if module.name != "gitmig.__main__":
            import_module(module.name)
    for name in LIBRARIES:
        import_module(name)
    for name in TOOLS:
        with suppress(ImportError):
            import_module(name)


def rehearse() -> None:
    """Do what most calls do: whatever is looked up, compiled or specialized at its first uses need not be in a fork."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        subprocess.run(["git", "init", "--quiet", folder], check=True)
        migrations = Path(folder, "migrations")
        migrations.mkdir()
        for _ in range(REHEARSALS):
            for name in ("1_a", "2_b"):
                text = f"-- migrate:up\nCREATE TABLE t{name} (id int);\n-- migrate:down\nDROP TABLE t{name};\n"
                (migrations / f"{name}.sql").write_text(text)
            for words in (("init",), ("sync", "--yes"), ("status",)):
                assert run_gitmig(["-C", folder, *words]) == 0
            (migrations / "2_b.sql").unlink()
            assert run_gitmig(["-C", folder, "sync", "--yes"]) == 0
        os.chdir(here)


def next_caller(listener: socket.socket) -> socket.socket:
    """Fork for every caller; returns in the forks, each with the connection to its caller.

    This process tells the callers the fork's number and then its exit status. gitmig cannot, for it may become another
    program, as `gitmig db psql` does.
    """
    callers: dict[int, socket.socket] = {}
    wakes, ended = socket.socketpair()
    wakes.setblocking(False)
    signal.set_wakeup_fd(wakes.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([listener, ended, sys.stdin], [], [])
        if sys.stdin in ready:
            sys.exit()
        if ended in ready:
            ended.recv(4096)
            tell_ended(callers)
        if listener in ready:
            connection, _ = listener.accept()
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return connection
            callers[pid] = connection
            with suppress(BrokenPipeError):
                connection.send(pid.to_bytes(4, sys.byteorder))


def tell_ended(callers: dict[int, socket.socket]) -> None:
    """Tell the callers whose forks have ended, and forget them."""
    while callers:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        with callers.pop(pid) as connection, suppress(BrokenPipeError):  # the caller was killed
            connection.send(bytes([os.waitstatus_to_exitcode(status) % 256]))


def become(connection: socket.socket) -> list[str]:
    """Take over the caller's streams, folder and environment; returns the program and its arguments."""
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as sent:
        count, *words = sent.read().split(b"\0")
    connection.close()
    command, (folder, *environment) = words[: int(count)], words[int(count) :]
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    assert isinstance(sys.stdout, TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())
    os.chdir(folder)
    os.environb.clear()
    for variable in environment:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
    return list(map(os.fsdecode, command))


def listen(address: str) -> list[str]:
    """Wait for callers; returns in a fork for each of them, with the program and its arguments."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(100)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        connection = next_caller(listener)
    return become(connection)


def run(program: str, *arguments: str) -> None:
    """Run it, and end without taking down module by module what this process shares with its parent."""
    status = 0
    try:
        if program == GITMIG:
            main(arguments)
        elif program == ALEMBIC:
            sys.argv = [program, *arguments]
            sys.path[0] = ""
            run_module(program, run_name="__main__", alter_sys=True)
        else:
            sys.argv = [program, *arguments]
            sys.path[0] = str(Path(program).parent)
            run_path(program, run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        status = 1 if isinstance(end.code, str) else int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    atexit._run_exitfuncs()
    os._exit(status)


if __name__ == "__main__":
    import_everything()
    rehearse()
    gc.collect()
    gc.freeze()  # or the first look for garbage in a fork would write to, and so copy, all that it shares
    run(*listen(sys.argv[1]))
