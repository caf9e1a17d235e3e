"""The golden cases as values, read from `cases/GM….toml`: one file for each rule, with its harmless twins.

A case is a table. `ours` and `theirs` are what the two sides add, `base` is what both have; without it that is
`BASE`. A text is the up script of one migration; a table holds texts by the names of their files, `false` for a file
that the side deletes, and `{whole = "…"}` for the text of a file as it is. `expect` has a line for each finding, as
`written` has it; a harmless twin has none. Where a side has Python files, the case is one of Alembic, or of Django if
they lie in `migrations`; what they do is not looked at.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitmig.check.conflicts import findings
from gitmig.check.dependencies import Dependents
from gitmig.check.footprint import footprint
from gitmig.check.sides import BranchSets, Merge, Sides
from gitmig.migrations.layouts import group, layouts, left_alone
from gitmig.migrations.model import File, InvalidMigrations

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gitmig.check.findings import Finding
    from gitmig.check.footprint.model import Footprint
    from gitmig.migrations.layouts import Layout
    from gitmig.migrations.model import Content, Migration, Problem

CASES = Path(__file__).parent / "cases"
NAMES = {"base": "0001_base.sql", "theirs": "0002_theirs.sql", "ours": "0003_ours.sql"}
BASE = """\
CREATE TABLE comments (id int PRIMARY KEY, post_id int, contents text, author text DEFAULT 'nobody');
CREATE TABLE posts (id int PRIMARY KEY, title text, slug text CONSTRAINT posts_slug UNIQUE);
"""


@dataclass(frozen=True)
class Case:
    """The files of the base and of both sides, name → text; and what the rules are to say."""

    base: Mapping[str, str]
    ours: Mapping[str, str]
    theirs: Mapping[str, str]
    expected: str = ""

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> Case:
        """A case from its table."""
        base = _changed({NAMES["base"]: _section(BASE)}, "base", table)
        ours, theirs = (_changed(base, side, table) for side in ("ours", "theirs"))
        return cls(base, ours, theirs, table.get("expect", ""))

    def swapped(self) -> Case:
        """The same case, seen from the other side."""
        return Case(self.base, self.theirs, self.ours)

    def sides(self, read_up: Callable[[str], Footprint] = footprint) -> Sides:
        """What the rules get to see; `read_up` makes the footprint of a script."""
        read = [(*_migrations(texts), texts) for texts in (self.ours, self.theirs, self.base)]
        sets = BranchSets(ours=read[0][0], theirs=read[1][0], merge_bases=(read[2][0],))
        contents, unreadable = _contents(read)
        prints = {blobs: read_up(content.up.text) for blobs, content in contents.items()}
        return Sides(
            sets=sets,
            merge=self._merge(),
            contents=contents,
            footprints=prints,
            unreadable=unreadable,
            dependents=lambda: Dependents(prints[m.blobs] for m in sets.common),
        )

    def findings(self) -> tuple[Finding, ...]:
        """What the rules say."""
        return findings(self.sides())

    def _merge(self) -> Merge:
        """A merge of whole files, as git makes it where nobody renames."""
        merged, conflicts = dict(self.base), []
        for name in sorted({*self.base, *self.ours, *self.theirs}):
            before, mine, other = (texts.get(name) for texts in (self.base, self.ours, self.theirs))
            if before != mine != other != before:
                conflicts.append(f"migrations/{name}")
            text = mine if mine != before else other
            if text is None:
                merged.pop(name, None)
            else:
                merged[name] = text
        migrations, problems = _migrations(merged)
        added = [_file(name, merged[name]) for name in merged if name not in self.ours or name not in self.theirs]
        return Merge(
            migrations=migrations,
            problems=tuple(problems),
            left_alone=tuple(left_alone(added, migrations)),
            conflicts=tuple(conflicts),
            folders=("migrations",),
        )


def written(finding: Finding) -> str:
    """A finding as `expect` has it."""
    place = f" [{finding.path}{f':{finding.line}' if finding.line else ''}]" if finding.path else ""
    doubt = f" (not certain: {finding.doubt})" if finding.doubt else ""
    return f"{finding.code} {finding.severity.value}: {finding.message}{place}{doubt}\n"


def read_cases() -> dict[str, Case]:
    """Every case, by its name."""
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(CASES.iterdir())]
    found = {name: Case.parse(table) for cases in tables for name, table in cases.items()}
    assert len(found) == sum(map(len, tables)), "two cases have one name"
    return found


def _changed(base: Mapping[str, str], side: str, table: Mapping[str, Any]) -> dict[str, str]:
    given = table.get(side, {})
    files = {NAMES[side]: given} if isinstance(given, str) else given
    texts = {**base, **{name: text if text is False else _text(name, text) for name, text in files.items()}}
    return {name: text for name, text in texts.items() if text is not False}


def _text(name: str, given: str | dict[str, str]) -> str:
    if isinstance(given, str):
        return given if name.endswith(".py") else _section(given)
    return given["whole"]


def _section(up: str) -> str:
    newline = "" if up.endswith("\n") else "\n"
    return f"-- migrate:up\n{up}{newline}-- migrate:down\n"


def _file(name: str, text: str) -> File:
    return File(path=f"migrations/{name}", name=name, blob=str(hash(text)))


def _migrations(texts: Mapping[str, str]) -> tuple[tuple[Migration, ...], list[Problem]]:
    files = [_file(name, text) for name, text in sorted(texts.items())]
    migrations, problems = group(_layout(texts), files, lambda wanted: {one.path: texts[one.name] for one in wanted})
    return tuple(migrations), problems


def _layout(texts: Iterable[str]) -> Layout:
    programs = [name for name in texts if name.endswith(".py")]
    in_app = any("/migrations/" in name for name in programs)
    return layouts()["django" if in_app else "alembic" if programs else "single"]


def _contents(
    sides: list[tuple[tuple[Migration, ...], list[Problem], Mapping[str, str]]],
) -> tuple[dict[str, Content], tuple[Problem, ...]]:
    found: dict[str, Content] = {}
    unreadable: list[Problem] = []
    for migrations, _, texts in sides:
        layout = _layout(texts)
        for migration in () if layout.is_graph else migrations:
            by_role = {role: texts[file.name] for role, file in migration.files}
            try:
                found[migration.blobs] = layout.parse(migration, by_role)
            except InvalidMigrations as error:
                unreadable += [problem for problem in error.problems if problem not in unreadable]
    return found, tuple(unreadable)
