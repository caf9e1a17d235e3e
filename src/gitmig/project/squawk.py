"""The door to squawk, a linter for statements that lock or rewrite large tables: where it is, and what it says.

It runs in a process of its own, on copies of scripts. Its settings are its own: `.squawk.toml` at the top of the work
tree.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.check.rules.outside import unsafe_statement
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gitmig.check.findings import Finding
    from gitmig.migrations.model import Script
    from gitmig.project.project import Project

PROGRAM = "squawk"
CONFIG = ".squawk.toml"
FOUND_SOMETHING = 1


def unsafe_statements(project: Project, ups: Iterable[tuple[str, Script]]) -> list[Finding]:
    """Squawk's findings about up scripts, given with the labels of their migrations; [] if it is not installed.

    Raises GitmigError if squawk fails.
    """
    scripts = {f"{number}.sql": pair for number, pair in enumerate(ups) if pair[1].language.suffix == "sql"}
    program = find_program()
    if program is None or not scripts:
        return []
    found: list[Finding] = []
    for in_transaction in (True, False):
        chosen = {name: script.text for name, (_, script) in scripts.items() if script.needs_outside != in_transaction}
        if not chosen:
            continue
        report = _run(program, chosen, project.repository.root, in_transaction=in_transaction)
        try:
            found += unsafe_statement(report, scripts)
        except (ValueError, KeyError, TypeError) as error:
            raise GitmigError("squawk's report cannot be read", hint="gitmig reads that of squawk-cli 2") from error
    return found


def find_program() -> str | None:
    """Where squawk is: beside the Python that runs now (extra `lint`), or on the PATH."""
    return shutil.which(PROGRAM, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


def _run(program: str, scripts: Mapping[str, str], top: Path | None, *, in_transaction: bool) -> str:
    """Its report in JSON about scripts, by names that end in `.sql`; `top` is the work tree with its settings.

    `in_transaction` says that each of them runs in one transaction, and may be run again as it is. Raises GitmigError.
    """
    config = (top or Path()) / CONFIG
    settings = ["--config", str(config.resolve())] if config.is_file() else []
    settings += ["--assume-in-transaction"] if in_transaction else []
    with tempfile.TemporaryDirectory(prefix="gitmig-") as folder:
        for name, text in scripts.items():
            Path(folder, name).write_text(text, encoding="utf-8", errors="surrogateescape")
        command = [program, "--reporter", "json", *settings, *scripts]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    if done.returncode not in {0, FOUND_SOMETHING} or not done.stdout:
        words = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise GitmigError(f"squawk failed: {words[-1]}", hint=f"`{PROGRAM} --version` and {CONFIG} are worth a look")
    return done.stdout
