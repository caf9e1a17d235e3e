"""Runs gitmig for `sitecustomize` in forks of this process, which has imported everything already.

Usage: server.py SOCKET. Prints a line when it is ready, and ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import pkgutil
import select
import signal
import socket
import sys
from importlib import import_module

import gitmig
from gitmig.cli import main

# What gitmig imports only where it needs it.
LIBRARIES = ("git", "psycopg.copy", "psycopg.rows", "psycopg.sql", "postgast", "rich.console", "rich.progress")


def import_everything() -> None:
    """What a start of gitmig spends most of its time with."""
    for module in pkgutil.walk_packages(gitmig.__path__, "gitmig."):
        if module.name != "gitmig.__main__":
            import_module(module.name)
    for name in LIBRARIES:
        import_module(name)


def next_caller(listener: socket.socket) -> socket.socket:
    """Fork for every caller; returns in the forks, each with the connection to its caller."""
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready:
            sys.exit()
        connection, _ = listener.accept()
        if os.fork() == 0:
            return connection
        connection.close()


def become(connection: socket.socket) -> list[str]:
    """Take over the caller's streams, folder and environment; returns the arguments for gitmig.

    That is in one more fork, whose exit status this process tells the caller: gitmig cannot, for it may become another
    program, as `gitmig db psql` does.
    """
    _, streams, _, _ = socket.recv_fds(connection, 1, 3)
    with connection.makefile("rb") as sent:
        arguments, folder, environment = json.load(sent)
    child = os.fork()
    if child:
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(child, 0)
        connection.send(bytes([os.waitstatus_to_exitcode(status) % 256]))
        os._exit(0)
    connection.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    return list(arguments)


def listen(address: str) -> list[str]:
    """Wait for callers; returns in a fork for each of them, with the arguments for gitmig."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen(100)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
        connection = next_caller(listener)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return become(connection)


if __name__ == "__main__":
    import_everything()
    main(listen(sys.argv[1]))
