"""Which version of a tool was measured: from its package, else as the program itself says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

NUMBER = re.compile(r"\d+(\.\d+)+")


def version(name: str, program: str) -> str:
    """The version, or `unknown`."""
    return _of_node_package(name, program) or _of_program(program) or _of_python_package(name, program) or "unknown"


def _of_node_package(name: str, program: str) -> str | None:
    """Node-pg-migrate answers `--version` with that of something else."""
    for folder in Path(program).resolve().parents:
        file = folder / "package.json"
        if file.is_file() and (package := json.loads(file.read_text(encoding="utf-8"))).get("name") == name:
            return str(package.get("version"))
    return None


def _of_program(program: str) -> str | None:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = None if said.returncode else NUMBER.search(said.stdout)
    return found[0] if found else None


def _of_python_package(name: str, program: str) -> str | None:
    """Yoyo has no `--version`; its package lies beside the environment's bin."""
    found = next(Path(program).parents[1].glob(f"lib/python*/site-packages/{name}*.dist-info"), None)
    number = NUMBER.search(found.name) if found else None
    return number[0] if number else None
