"""The pairs: what two branches add to a common set of migrations, made on purpose or taken from a public history."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from repository import Clone

HERE = Path(__file__).resolve().parent
MADE = "made"
FOLDER = "migrations"
# paired has ups and downs in two files, ups only the former. Of the other layouts no pairs are made.
UP = {"paired": re.compile(r"(\d+)[^/]*\.up\.sql"), "ups": re.compile(r"(\d+)[^/]*\.sql")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two branches: `ours` and `theirs` are the files, name → text, that each adds to those of `base`.

    `group` is the history it is from, or `made`. `bootstrap` is SQL that has to run before all migrations.
    """

    name: str
    group: str
    layout: str
    base: Mapping[str, str]
    ours: Mapping[str, str]
    theirs: Mapping[str, str]
    bootstrap: str = ""

    def ups(self, files: Mapping[str, str]) -> list[str]:
        """The up scripts among files, in order."""
        found = ((UP[self.layout].fullmatch(name), text) for name, text in files.items())
        return [text for _, text in sorted((int(match[1]), text) for match, text in found if match)]

    def versions(self, files: Mapping[str, str]) -> set[int]:
        """The versions among files."""
        return {int(match[1]) for match in map(UP[self.layout].fullmatch, files) if match}


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A public history: each of its `newest` commits that add migrations is paired with the next `within` such ones.

    What two commits add is taken as what two branches from the commit before them add: they were written one after the
    other, and in half of the cases by people who did not think of each other. Of a history without `newest` no pairs
    are made: only its source code is tried.
    """

    name: str
    url: str
    commit: str
    folder: str
    layout: str
    language: str
    newest: int = 0
    within: int = 0
    bootstrap: str = ""


def histories() -> dict[str, History]:
    """The public histories, by name."""
    tables = tomllib.loads((HERE / "histories.toml").read_text(encoding="utf-8"))
    return {name: History(name=name, **table) for name, table in tables.items()}


def of_history(history: History, clone: Clone) -> Iterator[Pair]:
    """The pairs of a history, from a clone of it."""
    adding = [commit for commit in clone.commits(history.commit, history.folder) if _added(history, clone, commit)]
    adding = adding[-history.newest :]
    for number, first in enumerate(adding):
        base = clone.files(f"{first}^", history.folder)
        for second in adding[number + 1 : number + 1 + history.within]:
            pair = Pair(
                name=f"{first[:12]} {second[:12]}",
                group=history.name,
                layout=history.layout,
                base=base,
                theirs=_added(history, clone, first),
                ours=_added(history, clone, second),
                bootstrap=history.bootstrap,
            )
            if pair.versions(pair.theirs).isdisjoint(pair.versions(pair.ours)):  # else it was taken back in between
                yield pair


def _added(history: History, clone: Clone, commit: str) -> dict[str, str]:
    """The migrations that a commit adds; none if it changes other ones as well."""
    files = clone.changes(commit, history.folder)
    if any(status != "A" for status in files.values()):
        return {}
    texts = clone.texts(commit, history.folder, files)
    return texts if any(UP[history.layout].fullmatch(name) for name in texts) else {}


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the made ones; `on` names what it is about."""

    kind: str
    sql: str
    on: frozenset[str] = field(default_factory=frozenset)


def made() -> Iterator[Pair]:
    """Every two changes that are about the same thing, as one migration each."""
    document: dict[str, Any] = tomllib.loads((HERE / "made.toml").read_text(encoding="utf-8"))
    changes = [Change(kind, sql, frozenset(on)) for on, kind, sql in _changes(document)]
    base = {"0001_base.up.sql": document["base"]}
    for theirs, ours in combinations(changes, 2):
        if theirs.on & ours.on:
            yield Pair(
                name=f"{theirs.kind} / {ours.kind}",
                group=MADE,
                layout="paired",
                base=base,
                theirs=_files("0002_theirs", theirs.sql),
                ours=_files("0003_ours", ours.sql),
            )


def _changes(document: Mapping[str, Any]) -> Iterator[tuple[list[str], str, str]]:
    for change in document["change"]:
        yield change["on"], change["kind"], change["sql"]


def _files(label: str, sql: str) -> dict[str, str]:
    return {f"{label}.up.sql": f"{sql}\n", f"{label}.down.sql": "SELECT 1;\n"}
