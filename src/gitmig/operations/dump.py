"""`gitmig dump`: the schema as pg_dump writes it, without gitmig's own; and the file that is kept of it."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError, UsageError
from gitmig.operations.db import client_program, url
from gitmig.postgres.address import environment

if TYPE_CHECKING:
    from gitmig.project.project import Project

HEAD = "-- The schema, written by `gitmig dump`; do not edit it.\n"
OPTIONS = (
    *("--schema-only", "--no-owner", "--no-privileges", "--encoding=UTF8"),
    *("--exclude-schema=gitmig", "--exclude-schema=gitmig_kept"),
)
# What is another one each time, or on each machine.
VARYING = re.compile(r"^(?:\\(?:un)?restrict .*|-- Dumped (?:from|by) .*)\n", re.MULTILINE)


def dump(project: Project) -> str:
    """The schema as SQL; the same text for the same schema and version of pg_dump. Raises GitmigError."""
    address = url(project)
    done = subprocess.run(
        [client_program(project, "pg_dump"), *OPTIONS],
        env=os.environ | environment(address),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )
    if done.returncode:
        lines = [line.removeprefix("pg_dump: ").removeprefix("error: ") for line in done.stderr.splitlines() if line]
        hint = "a newer pg_dump on the PATH can" if "version mismatch" in done.stderr else None
        raise GitmigError(f"pg_dump failed: {lines[-1] if lines else done.returncode}", hint=hint)
    return HEAD + re.sub(r"\n{3,}", "\n\n", VARYING.sub("", done.stdout))


def keep_schema_file(project: Project) -> str | None:
    """Write the schema into the file of the settings; its name if it is another text now. Raises GitmigError.

    A checkout could name any file: one that is not gitmig's own, or not of the work tree, is left as it is.
    """
    name = project.settings.schema_file
    if name is None:
        return None
    top = project.repository.work_tree.resolve()
    path = (top / name).resolve()
    if not path.is_relative_to(top) or path.is_relative_to(top / ".git"):
        raise UsageError(
            f"schema_file names {name}, outside the work tree", hint="name a file by its path from the top"
        )
    there = path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else None
    if path.exists() and (there is None or (there and not there.startswith(HEAD))):
        hint = "it was not written by gitmig: delete it, or name another file"
        raise GitmigError(f"schema_file names {name}, which is left as it is", hint=hint)
    text = dump(project)
    if text == there:
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    return name
