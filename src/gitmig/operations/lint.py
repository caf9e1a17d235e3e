"""Ask squawk, if it is installed, about data definitions that lock or rewrite large tables."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.core.lint import read_report
from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitmig.core.findings import Finding
    from gitmig.core.migration import Script
    from gitmig.operations.project import Project

PROGRAM = "squawk"
CONFIG = ".squawk.toml"
FOUND_SOMETHING = 1


def lint(project: Project, ups: Iterable[tuple[str, Script]]) -> list[Finding]:
    """Squawk's findings about up scripts, given with the labels of their migrations; [] if it is not installed.

    Its settings are its own: `.squawk.toml` at the top of the work tree. Raises GitmigError if squawk fails.
    """
    program = squawk()
    scripts = {f"{number}.sql": pair for number, pair in enumerate(ups) if pair[1].language.suffix == "sql"}
    if program is None or not scripts:
        return []
    with tempfile.TemporaryDirectory(prefix="gitmig-") as folder:
        for name, (_, script) in scripts.items():
            Path(folder, name).write_text(script.text, encoding="utf-8", errors="surrogateescape")
        report = _run(project, program, folder, list(scripts))
    try:
        return list(read_report(report, scripts))
    except (ValueError, KeyError, TypeError) as error:
        raise GitmigError("squawk's report cannot be read", hint="gitmig reads that of squawk-cli 2") from error


def squawk() -> str | None:
    """Where squawk is: beside the Python that runs now (extra `lint`), or on the PATH."""
    return shutil.which(PROGRAM, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))


def _run(project: Project, program: str, folder: str, names: list[str]) -> str:
    config = (project.repository.root or Path()) / CONFIG
    settings = ["--config", str(config.resolve())] if config.is_file() else []
    command = [program, "--reporter", "json", *settings, *names]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    if done.returncode not in {0, FOUND_SOMETHING} or not done.stdout:
        words = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise GitmigError(f"squawk failed: {words[-1]}", hint=f"`{PROGRAM} --version` and {CONFIG} are worth a look")
    return done.stdout
