"""Every Python that starts with this folder on PYTHONPATH imports this first; if it is to run gitmig, `server` does it.

Likewise if it is to run `tests/e2e/follower.py`, which the hooks call in gitmig's place, one of gitmig's drivers of
other tools, or Alembic.

For the caller all is as ever: the same arguments, environment, folder, standard streams and exit status.
"""

from __future__ import annotations

import _socket
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ADDRESS_VARIABLE = "GITMIG_TEST_WARM"
GITMIG = "gitmig"
ALEMBIC = "alembic"
SCRIPTS = ("/tests/e2e/follower.py", "/drivers/alembic_driver.py", "/drivers/django_driver.py")


def program_and_arguments() -> list[str] | None:
    """GITMIG, ALEMBIC or the path of a script, and what follows; None where Python runs something else."""
    match sys.orig_argv[1:]:
        case ["-m", "gitmig", *arguments]:
            return [GITMIG, *arguments]
        case ["-c", code, *arguments] if "from gitmig.cli import main" in code:  # the hook's shell part
            return [GITMIG, *arguments]
        case ["-m", "alembic", *arguments]:
            return [ALEMBIC, *arguments]
        case [script, *arguments] if script.endswith(SCRIPTS):
            return [script, *arguments]
    return None


def hand_over(
    command: Sequence[str],
    address: str,
    *,
    folder: str = ".",
    environment: Mapping[bytes, bytes] = os.environb,
    streams: Sequence[int] = (0, 1, 2),
) -> _socket.socket:
    """Have the server at this address run the program; returns the connection on which it says how it ends.

    Without the libraries that one would use: to import `socket` takes as long as all the rest.
    """
    words = [str(len(command)), *command, os.path.abspath(folder)]  # noqa: PTH100 - pathlib is half a start
    order = [*map(os.fsencode, words), *(b"%b=%b" % item for item in environment.items())]
    rights = b"".join(number.to_bytes(4, sys.byteorder) for number in streams)
    connection = _socket.socket(_socket.AF_UNIX)
    connection.connect(address)
    connection.sendmsg([b"\n"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])
    connection.sendall(b"\0".join(order))
    connection.shutdown(_socket.SHUT_WR)
    return connection


def process_of(connection: _socket.socket) -> int:
    """The number of the process that runs it; asked for once, and before its status."""
    return int.from_bytes(connection.recv(4, _socket.MSG_WAITALL), sys.byteorder)


def status_of(connection: _socket.socket) -> int:
    """Wait for the end; 255 if the server is gone, and 256 less its number after a signal."""
    return (connection.recv(1) or b"\xff")[0]


if ADDRESS_VARIABLE in os.environ and (found := program_and_arguments()) is not None:
    called = hand_over(found, os.environ[ADDRESS_VARIABLE])
    process_of(called)
    os._exit(status_of(called))
