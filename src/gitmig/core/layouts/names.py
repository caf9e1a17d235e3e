"""What the layouts' file names have in common: a version, perhaps a name, an ending."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.core.languages import suffixes
from gitmig.core.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.core.migration import File

# `20260101120000_create_comments`, `0001-init`, `42`: digits, then perhaps a separator and a name.
STEM = re.compile(r"(?P<version>[0-9]+)(?:[_-](?P<name>[^/]*))?")


def is_script(file: File) -> bool:
    """Whether the file is written in a language gitmig runs; README.md, .gitkeep and the like are left alone."""
    return file.name.rpartition(".")[2].lower() in suffixes() and "." in file.name


def misnamed(file: File, expected: str) -> Problem:
    """A script whose name fits no migration; `expected` shows how this layout names them."""
    directory, _, _ = file.name.rpartition("/")
    if directory and re.match(r"[0-9]", directory):
        what = f"is in a directory that is named like a migration ({directory}/)"
    else:
        what = "does not fit the name of a migration"
    return Problem(path=file.path, message=what, hint=f"name it {expected}, or move it out of the migrations folder")


def only_half(files: Sequence[File], expected: str) -> Problem:
    """A down without its up."""
    return Problem(path=files[0].path, message="has no up script beside it", hint=f"add {expected}, or delete it")
