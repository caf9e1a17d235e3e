"""`V_name.sql` with `-- migrate:up` and `-- migrate:down`; dbmate's files work unchanged.

So do those of other tools that mark their sections otherwise, see `sections`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.migrations.layouts import parsing
from gitmig.migrations.layouts.sections import marks_of, parse_sections, with_sections
from gitmig.migrations.model import InvalidMigrations, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.migrations.layouts import Read
    from gitmig.migrations.layouts.parsing import Directive
    from gitmig.migrations.model import Content, File, Migration

OPTIONS = {"transaction:false": False, "transaction:true": True}


class SingleLayout:
    """One file per migration, both sections in it."""

    name = "single"
    is_graph = False

    def group(self, files: Sequence[File], read: Read) -> tuple[list[Migration], list[Problem]]:
        """See `Layout`."""
        return parsing.one_file_each(files)

    def parse(self, migration: Migration, texts: Mapping[str, str]) -> Content:
        """See `Layout`."""
        ((_, file),), text = migration.files, texts["both"]
        found = list(parsing.directives(text, _marker(file)))
        if not found and (marks := marks_of(text)) is not None:
            return parse_sections(file, text, marks)
        problems = [problem for k in range(len(found)) if (problem := _wrong(file, found, k))]
        if not found or found[0].word != "up":
            problems.append(_no_up(file, found))
        if problems:
            raise InvalidMigrations(problems + (parsing.stray_text(text, file, found[0]) if found else []))
        up, down = found[0], found[1] if len(found) > 1 else None
        return parsing.checked(
            parsing.cut(text, file, up, down.start if down else None, transactional=_transactional(up)),
            parsing.cut(text, file, down, None, transactional=_transactional(down)) if down else None,
            parsing.stray_text(text, file, up),
        )

    def render(self, version: str, name: str, up: str, down: str | None) -> dict[str, str]:
        """See `Layout`."""
        text = f"-- migrate:up\n{up}"
        return {f"{version}_{name}.sql": text if down is None else f"{text}\n-- migrate:down\n{down}"}

    def render_like(
        self, version: str, name: str, up: str, down: str | None, *, other: File, text: str
    ) -> dict[str, str]:
        """As `render`, named and marked as another migration is, so that the tool which made that can read it.

        Where a tool has no mark for an up, a migration without a down is marked as dbmate's, which is a comment to it.
        """
        ((file, rendered),) = self.render(version, name, up, down).items()
        if _marker(other).search(text) is None and (marks := marks_of(text)) is not None:
            if down is not None:
                rendered = with_sections(marks, name, up, down)
            elif marks.up is not None:
                rendered = with_sections(marks, name, up, "").removesuffix("\n" + marks.written[1])
        if other.name.lstrip("0123456789").startswith("-"):
            file = f"{version}-{name}.sql"
        return {file: rendered}


def _marker(file: File) -> re.Pattern[str]:
    """Indented or in capitals it would be a comment to dbmate, and the down a part of the up."""
    return re.compile(rf"^[ \t]*{re.escape(parsing.language_of(file).comment)}[ \t]*migrate:(.*)$", re.M | re.I)


def _transactional(directive: Directive) -> bool:
    return all(OPTIONS[argument] for argument in directive.arguments)


def _wrong(file: File, found: Sequence[Directive], k: int) -> Problem | None:
    directive = found[k]
    if directive.word not in {"up", "down"}:
        message, hint = f"unknown directive migrate:{directive.word}", "write migrate:up or migrate:down"
    elif any(other.word == directive.word for other in found[:k]):
        message, hint = f"a second migrate:{directive.word}", "a migration has one section of each; make two of it"
    elif unknown := next((a for a in directive.arguments if a not in OPTIONS), None):
        message, hint = f"unknown option {unknown}", "the only option is transaction:false"
    else:
        return None
    return Problem(path=file.path, line=directive.line, message=message, hint=hint)


def _no_up(file: File, found: Sequence[Directive]) -> Problem:
    line = found[0].line if found else None
    message = "migrate:down stands before migrate:up" if found and found[0].word == "down" else "no section migrate:up"
    return Problem(path=file.path, line=line, message=message, hint="begin the file with a line `-- migrate:up`")
