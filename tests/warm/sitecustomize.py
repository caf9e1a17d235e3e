"""Every Python that starts with this folder on PYTHONPATH imports this first; if it is to run gitmig, `server` does it.

For the caller all is as ever: the same arguments, environment, folder, standard streams and exit status.
"""

from __future__ import annotations

import json
import os
import socket
import sys

ADDRESS_VARIABLE = "GITMIG_TEST_WARM"


def arguments_of_gitmig() -> list[str] | None:
    """What follows `python -m gitmig`, or the code in the hook's shell part; None where Python runs something else."""
    match sys.orig_argv[1:]:
        case ["-m", "gitmig", *arguments]:
            return arguments
        case ["-c", code, *arguments] if "from gitmig.cli import main" in code:
            return arguments
    return None


def hand_over(arguments: list[str], address: str) -> int:
    """Have the server at this address run gitmig; returns the exit status."""
    order = json.dumps([arguments, os.getcwd(), dict(os.environ)]).encode()  # noqa: PTH109 - pathlib is half a start
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        socket.send_fds(connection, [b"\n"], [0, 1, 2])
        connection.sendall(order)
        connection.shutdown(socket.SHUT_WR)
        return (connection.recv(1) or b"\xff")[0]  # 255: the server is gone


if ADDRESS_VARIABLE in os.environ and (found := arguments_of_gitmig()) is not None:
    os._exit(hand_over(found, os.environ[ADDRESS_VARIABLE]))
