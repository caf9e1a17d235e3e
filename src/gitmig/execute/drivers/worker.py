"""Do what one driver is asked to, one thing after the other: `worker.py DRIVER DESCRIPTOR`.

Requests are lines of JSON on standard input: the arguments for the driver's `main`, and the environment that it finds.
The status of each is a line on the descriptor. Ends with its standard input.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def load(path: str) -> Any:
    """A driver as a module."""
    spec = importlib.util.spec_from_file_location("gitmig_driver", path)
    assert spec is not None  # it is a file of Python
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(driver: Any, arguments: list[str]) -> int:
    """The exit status that the driver would have as a program."""
    try:
        return int(driver.main(arguments) or 0)
    except SystemExit as error:
        if isinstance(error.code, str):
            sys.stderr.write(f"{error.code}\n")
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException as error:  # whatever it is, it is told without the lines of gitmig's own files
        frames, here = error.__traceback__, Path(__file__).parent
        while frames is not None and Path(frames.tb_frame.f_code.co_filename).parent == here:
            frames = frames.tb_next
        traceback.print_exception(type(error), error, frames)
        return 1


def main(path: str, descriptor: str) -> None:
    """Serve until there is nothing more to do."""
    requests = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # a migration has no standard input
    os.close(nothing)
    folder, driver = Path.cwd(), None
    with requests, os.fdopen(int(descriptor), "w", encoding="ascii") as replies:
        os.set_inheritable(replies.fileno(), False)
        for line in requests:
            request = json.loads(line)
            os.environ.update(request["environment"])
            os.chdir(folder)
            try:
                driver = driver or load(path)
            except ImportError as error:
                hint = "install it there, or name another interpreter: py in [languages] of gitmig.toml"
                sys.stderr.write(f"{sys.executable} lacks what the migration needs ({error}): {hint}\n")
                status = 1
            else:
                status = run(driver, request["arguments"])
            sys.stdout.flush()
            sys.stderr.flush()
            replies.write(f"{status}\n")
            replies.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
