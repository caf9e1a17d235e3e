"""The golden cases as values: folders of scripts, read as the layout `single` reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gitmig.check.conflicts import findings
from gitmig.check.dependencies import Dependents
from gitmig.check.footprint import footprint
from gitmig.check.sides import Merge, Pedigree, Sides
from gitmig.migrations.layouts import group, layouts, left_alone
from gitmig.migrations.model import File, InvalidMigrations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitmig.check.findings import Finding
    from gitmig.migrations.model import Content, Migration, Problem

CASES = Path(__file__).parents[1] / "cases" / "conflicts"
DELETED = ".deleted"
LAYOUT = layouts()["single"]


@dataclass(frozen=True)
class Case:
    """The files of the base and of both sides: name → text."""

    base: Mapping[str, str]
    ours: Mapping[str, str]
    theirs: Mapping[str, str]

    @classmethod
    def read(cls, name: str) -> Case:
        """A case from its directory; a side's directory holds only what it changes."""
        base = _texts(CASES / name / "base")
        return cls(base, _changed(base, CASES / name / "ours"), _changed(base, CASES / name / "theirs"))

    def swapped(self) -> Case:
        """The same case, seen from the other side."""
        return Case(self.base, self.theirs, self.ours)

    def sides(self) -> Sides:
        """What the rules get to see."""
        sets = [_migrations(texts) for texts in (self.ours, self.theirs, self.base)]
        pedigree = Pedigree(ours=sets[0][0], theirs=sets[1][0], merge_bases=(sets[2][0],))
        contents, unreadable = _contents(
            [(*sets[k], texts) for k, texts in enumerate((self.ours, self.theirs, self.base))]
        )
        prints = {blobs: footprint(content.up.text) for blobs, content in contents.items()}
        return Sides(
            pedigree=pedigree,
            merge=self._merge(),
            contents=contents,
            footprints=prints,
            unreadable=unreadable,
            dependents=lambda: Dependents(prints[m.blobs] for m in pedigree.common),
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
    """A finding as `expected.txt` has it."""
    place = f" [{finding.path}{f':{finding.line}' if finding.line else ''}]" if finding.path else ""
    doubt = f" (not certain: {finding.doubt})" if finding.doubt else ""
    return f"{finding.code} {finding.severity.value}: {finding.message}{place}{doubt}\n"


def names() -> list[str]:
    """Every case."""
    return sorted(path.name for path in CASES.iterdir())


def _texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir()) if path.suffix == ".sql"}


def _changed(base: Mapping[str, str], folder: Path) -> dict[str, str]:
    gone = {path.stem for path in folder.iterdir() if path.suffix == DELETED}
    return {name: text for name, text in {**base, **_texts(folder)}.items() if name not in gone}


def _file(name: str, text: str) -> File:
    return File(path=f"migrations/{name}", name=name, blob=str(hash(text)))


def _migrations(texts: Mapping[str, str]) -> tuple[tuple[Migration, ...], list[Problem]]:
    migrations, problems = group(LAYOUT, [_file(name, text) for name, text in texts.items()])
    return tuple(migrations), problems


def _contents(
    sides: list[tuple[tuple[Migration, ...], list[Problem], Mapping[str, str]]],
) -> tuple[dict[str, Content], tuple[Problem, ...]]:
    found: dict[str, Content] = {}
    unreadable: list[Problem] = []
    for migrations, _, texts in sides:
        for migration in migrations:
            by_role = {role: texts[file.name] for role, file in migration.files}
            try:
                found[migration.blobs] = LAYOUT.parse(migration, by_role)
            except InvalidMigrations as error:
                unreadable += [problem for problem in error.problems if problem not in unreadable]
    return found, tuple(unreadable)
