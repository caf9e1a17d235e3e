"""The checks of this project, each by a name: `nox -l` lists them, `nox` runs all but the long tests.

They run in the environment in which nox itself is installed (`pip install -e '.[dev]'`), so that nothing is installed
twice. What they run is what `.ci/run` runs; `tests/test_pages.py` compares the two.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Iterator

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "docs"]

LINT = (
    "ruff format --check .",
    "ruff check .",
    "lint-imports",
    "sh -n hooks/gitmig-hook",
)
TYPES = ("mypy",)
# What has to agree with the code. A new generated page gets its test in here.
DOCS = (
    "tests/test_pages.py",
    "tests/check/test_rules.py",
    "tests/cli/test_json.py",
    "tests/cli/formats/test_explanation.py",
)
# Where the packages of the usual systems put a PostgreSQL of one version.
PROGRAMS = (
    "/usr/lib/postgresql/{}/bin",
    "/usr/pgsql-{}/bin",
    "/opt/homebrew/opt/postgresql@{}/bin",
    "/usr/local/opt/postgresql@{}/bin",
)


@nox.session
def lint(session: nox.Session) -> None:
    """Format, style, the layers of the packages, the shell scripts."""
    for command in LINT:
        _run(session, command)


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict."""
    for command in TYPES:
        _run(session, command)


@nox.session
def docs(session: nox.Session) -> None:
    """The pages: links lead somewhere, no placeholder, what is generated is current."""
    session.run(sys.executable, "-m", "pytest", "-q", *DOCS, *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Tests, all of them or those that are named: `nox -s tests -- tests/rows -k plant`.

    On the embedded PostgreSQL; on the server of GITMIG_TEST_SERVER; or with POSTGRES=16 on a server of that version,
    made for the run from the programs that are installed.
    """
    arguments = session.posargs or ["-n", "auto"]
    version = os.environ.get("POSTGRES", "")
    if not version:
        session.run(sys.executable, "-m", "pytest", *arguments)
        return
    with _server(session, version) as url:
        session.run(sys.executable, "-m", "pytest", *arguments, env={"GITMIG_TEST_SERVER": url})


def _run(session: nox.Session, command: str) -> None:
    """A command of this environment, also where that is not on the PATH."""
    program, *arguments = command.split()
    own = Path(sys.executable).with_name(program)
    session.run(str(own) if own.exists() else program, *arguments, external=True)


@contextmanager
def _server(session: nox.Session, version: str) -> Iterator[str]:
    """A server of one version, on a unix socket, gone when the run ends: its URL.

    PostgreSQL does not run as root; for root it runs as the system user postgres.
    """
    programs = next((Path(p.format(version)) for p in PROGRAMS if Path(p.format(version), "initdb").exists()), None)
    if programs is None:
        session.error(
            f"no programs of PostgreSQL {version} in {', '.join(p.format(version) for p in PROGRAMS)}; "
            "start a server of that version and name it: GITMIG_TEST_SERVER=postgresql://postgres@localhost:5432"
        )
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="gitmig-pg-", ignore_cleanup_errors=True) as home:
        if user:
            shutil.chown(home, user.pw_uid, user.pw_gid)
        settings = f"-c listen_addresses= -c unix_socket_directories={home} -c fsync=off -c max_connections=200"

        def program(name: str, *arguments: str) -> None:
            subprocess.run(
                [programs / name, *arguments],
                check=True,
                cwd=home,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                stdout=subprocess.DEVNULL,
            )

        program("initdb", "-D", f"{home}/data", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        program("pg_ctl", "-D", f"{home}/data", "-l", f"{home}/log", "-w", "-o", settings, "start")
        try:
            yield f"postgresql://postgres@/?host={home}"
        finally:
            program("pg_ctl", "-D", f"{home}/data", "-m", "immediate", "stop")
