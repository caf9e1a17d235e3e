"""What is true of a pair: both orders are run by psql, each on a database of its own, and pg_dump compares them.

Nothing of gitmig is in here. Two dumps are the same schema if they have the same statements, in whatever order, and a
table the same columns. What fails already in a transaction that is rolled back needs no database.
"""

from __future__ import annotations

import re
import subprocess
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pairs import Pair

FILES = Path(__file__).resolve().parent / "truth"
# Lines of a dump that are about its making; pg_dump 17 and later write a random word.
NO_SCHEMA = re.compile(r"--|SET |SELECT pg_catalog\.set_config|\\(?:un)?restrict ")


# What may end a transaction; and what is refused in one only.
TRANSACTIONS = re.compile(r"^\s*(?:begin|commit|end|start\s+transaction)\b[^;]*;", re.IGNORECASE | re.MULTILINE)
OUTSIDE = re.compile(rb"cannot run inside a transaction block|unsafe use of new value|pending trigger events")


class Truth(Enum):
    """What running a pair shows. `ALONE`: one side does not run without the other, so they are no two branches."""

    FINE = "fine"
    FAILS = "fails"
    DIFFERS = "differs"
    ALONE = "alone"

    @property
    def is_conflict(self) -> bool:
        """Whether a tool has to find something."""
        return self in {Truth.FAILS, Truth.DIFFERS}


class Laboratory:
    """Databases on a server, made by copying that of a base."""

    def __init__(self, server: str) -> None:
        self._server = server.rstrip("/")
        self._bases: dict[int, str] = {}
        self._known: dict[tuple[str, ...], bool] = {}  # scripts on the last base → whether they run
        self._made = 0

    def close(self) -> None:
        """Drop what is left."""
        self._forget()

    def truth(self, pair: Pair) -> Truth:
        """Run both orders."""
        base = self._base(pair)
        if base is None:
            return Truth.ALONE
        theirs, ours = pair.ups(pair.theirs), pair.ups(pair.ours)
        if not (self._runs(base, theirs) and self._runs(base, ours)):
            return Truth.ALONE
        if not (self._runs(base, theirs, ours) and self._runs(base, ours, theirs)):
            return Truth.FAILS
        one, two = self._schema(base, theirs, ours), self._schema(base, ours, theirs)
        if one is None or two is None:
            alone = self._schema(base, theirs), self._schema(base, ours)
            return Truth.ALONE if None in alone else Truth.FAILS
        return Truth.FINE if one == two else Truth.DIFFERS

    def _base(self, pair: Pair) -> str | None:
        """The database of a pair's base; the last one is kept for the next pairs."""
        key = hash((pair.bootstrap, *pair.base.items()))
        if key not in self._bases:
            self._forget()
            self._known.clear()
            name = self._create("template1")
            if not self._run(name, [pair.bootstrap, *pair.ups(pair.base)]):
                self._drop(name)
                return None
            self._bases[key] = name
        return self._bases[key]

    def _forget(self) -> None:
        for name in self._bases.values():
            self._drop(name)
        self._bases.clear()

    def _runs(self, base: str, *sides: Sequence[str]) -> bool:
        """Whether the scripts of the sides run in that order, or may, where a transaction cannot tell."""
        scripts = tuple(script for side in sides for script in side)
        if any(map(TRANSACTIONS.search, scripts)):
            return True
        if scripts not in self._known:
            run = self._psql(base, "\n;\n".join(["BEGIN", *scripts, "ROLLBACK"]))
            self._known[scripts] = run.returncode == 0 or OUTSIDE.search(run.stderr) is not None
        return self._known[scripts]

    def _schema(self, base: str, *sides: Sequence[str]) -> list[str] | None:
        """The lines of the dump after the scripts of the sides ran in that order; None if one fails."""
        name = self._create(base)
        try:
            return self._dump(name) if all(self._run(name, scripts) for scripts in sides) else None
        finally:
            self._drop(name)

    def _create(self, template: str) -> str:
        self._made += 1
        name = f"conflicts_{id(self):x}_{self._made}"
        self._psql("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"', check=True)
        return name

    def _drop(self, name: str) -> None:
        self._psql("postgres", f'DROP DATABASE "{name}" WITH (FORCE)', check=True)

    def _run(self, name: str, scripts: Iterable[str]) -> bool:
        return all(self._psql(name, script).returncode == 0 for script in scripts if script.strip())

    def _psql(self, database: str, script: str, *, check: bool = False) -> subprocess.CompletedProcess[bytes]:
        call = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-", f"{self._server}/{database}"]
        return subprocess.run(call, input=script.encode(), capture_output=True, check=check)

    def _dump(self, name: str) -> list[str]:
        call = ["pg_dump", "--schema-only", f"{self._server}/{name}"]
        out = subprocess.run(call, capture_output=True, check=True).stdout.decode()
        said = "\n".join(line for line in out.splitlines() if line and not NO_SCHEMA.match(line))
        return sorted(map(_table_in_order, re.split(r";$", said, flags=re.MULTILINE)))


def _table_in_order(statement: str) -> str:
    """A table's columns by their names, any other statement as it is."""
    lines = statement.strip().split("\n")
    if not lines[0].startswith("CREATE TABLE"):
        return statement.strip()
    return "\n".join(sorted(line.rstrip(",") for line in lines))


def read(group: str) -> dict[str, Truth]:
    """Name of a pair → what was found out about it."""
    path = FILES / f"{group}.tsv"
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()) if path.exists() else ()
    return {name: Truth(found) for name, found in rows}


def write(group: str, found: Mapping[str, Truth]) -> None:
    """Keep what was found out."""
    FILES.mkdir(exist_ok=True)
    lines = (f"{name}\t{truth.value}\n" for name, truth in found.items())
    (FILES / f"{group}.tsv").write_text("".join(lines), encoding="utf-8")
