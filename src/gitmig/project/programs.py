"""What a project gives to migrations that are programs: a command, files of the right commit, and its trust."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.errors import GitmigError
from gitmig.events import silent
from gitmig.git.snapshot import changed_files
from gitmig.git.trust import TrustStore
from gitmig.migrations.languages.program import TOOLS, as_bytes, command
from gitmig.project.trust import knows_program, program_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from typing_extensions import Self

    from gitmig.events import Notify
    from gitmig.execute.programs import ProgramRunner
    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection
    from gitmig.project.project import Project

# Where projects have the interpreter that their own packages are installed for, from the top of the repository.
ENVIRONMENTS = (".venv", "venv")


class ProjectPrograms:
    """Runs the programs of a project's migrations: `Programs` for connections, and a `ProgramHost` for the runner.

    What runs them is loaded with the first one: most projects have none.
    """

    def __init__(self, project: Project, notify: Notify = silent) -> None:
        self._project = project
        self._notify = notify

    def run(self, connection: Connection, script: Script) -> None:
        """Run one inside the open transaction. Raises ScriptError, GitmigError."""
        self._runner.run(connection, script)

    def run_outside(self, connection: Connection, script: Script) -> None:
        """Run one outside a transaction. Raises ScriptError, GitmigError."""
        self._runner.run_outside(connection, script)

    def sql(self, script: Script) -> str | None:
        """What another tool would send for its migration, where it can print that, and somebody agreed to run it."""
        if script.language.name not in TOOLS:
            return None
        try:
            self.refuse_untrusted(script)
            return self._runner.sql(script)
        except GitmigError:
            return None

    def printed(self, script: Script) -> str | None:
        """The SQL that a program printed when it ran last, if that is all it did to the database."""
        return self._runner.printed(script)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing of what was started or written."""
        if "_runner" in vars(self):
            self._runner.close()

    @cached_property
    def _runner(self) -> ProgramRunner:
        from gitmig.execute.programs import ProgramRunner

        return ProgramRunner(self, self._notify)

    # As the host of the runner.

    @property
    def timeout(self) -> int:
        """How many seconds a program may run; 0: as long as it takes."""
        return self._project.settings.program_timeout

    @property
    def variables(self) -> Sequence[str]:
        """Shell patterns of the environment variables that programs see besides the usual ones."""
        return self._project.settings.program_environment

    def command(self, script: Script) -> tuple[str, ...] | None:
        """What runs the program, without its path; None if nothing is known to."""
        return command_of(self._project, script)

    def refuse_untrusted(self, script: Script) -> None:
        """Raise GitmigError if nobody has agreed to run the program, or what lies beside it."""
        store = TrustStore.load(self._project.repository)
        text = program_text(command_of(self._project, script), script.text)
        if not knows_program(self._project, store, text, script.commit or self._project.repository.head):
            hint = "`gitmig trust` shows and approves it, with the commit whose files lie beside it"
            raise GitmigError(f"{script.path} is a program that nobody approved in this clone: not run", hint=hint)

    def place(self, script: Script) -> str | None:
        """The commit whose files a program needs around it; None if it stands in the work tree, and belongs there."""
        repository = self._project.repository
        commit = script.commit or repository.head
        if repository.root is not None and commit == repository.head and _stands_there(repository.root, script):
            return None
        if commit is None:  # nothing is committed yet, and the file is not there any more
            raise GitmigError(f"{script.path} is gone, and no commit has it", hint="put it back, and try again")
        return commit

    @contextmanager
    def files(self, commit: str | None) -> Iterator[Path]:
        """The work tree, or the files of a commit in a folder of their own."""
        repository = self._project.repository
        if commit is None:
            yield repository.work_tree
            return
        from gitmig.git.export import exported, link_installed  # rarely needed

        with exported(repository, commit) as folder:
            link_installed(repository, folder, self._project.settings.folders)
            if commit == repository.head and repository.root is not None:
                # what was applied from the work tree may never have been committed
                for path in (file.path for file in changed_files(repository)):
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(repository.root / path, folder / path)
            yield folder


def command_of(project: Project, script: Script) -> tuple[str, ...] | None:
    """What runs a program of the project, without the program's path; None if nothing is known to."""
    top = project.repository.root
    python = _interpreter(top, os.environ)
    words = command(script.language.name, script.text, project.settings.languages, python)
    if words and top is not None and "/" in words[0]:
        return (str(top / words[0]), *words[1:])
    return words


def _interpreter(top: Path | None, environ: Mapping[str, str]) -> str:
    """The project's own interpreter, in its own environment or the active one; without any, that of gitmig."""
    places = [top / name for name in ENVIRONMENTS] if top else []
    if active := environ.get("VIRTUAL_ENV"):
        places.append(Path(active))
    found = (place / "bin" / "python" for place in places)
    return next((str(one) for one in found if os.access(one, os.X_OK)), sys.executable)


def _stands_there(top: Path, script: Script) -> bool:
    path = top / script.path
    try:
        return not path.is_symlink() and path.read_bytes().replace(b"\r\n", b"\n") == as_bytes(script.text)
    except OSError:
        return False
