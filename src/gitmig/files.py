"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace_file(path: Path, data: bytes, *, mode: int | None = None, time: int | None = None) -> None:
    """Write a file so that whoever reads it finds its old content or all of the new. Raises OSError.

    `mode` are its permissions, by default those of any new file; `time` is its time in nanoseconds.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.unlink(missing_ok=True)  # a link that a checkout brings along must not lead elsewhere
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if mode is not None:
                os.fchmod(descriptor, mode)
        if time is not None:
            os.utime(temporary, ns=(time, time))
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
