"""`V_name.sql` with `-- +goose Up` and `-- +goose Down`, as pressly/goose writes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.migrations.layouts import parsing
from gitmig.migrations.model import InvalidMigrations, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitmig.migrations.layouts import Read
    from gitmig.migrations.layouts.parsing import Directive
    from gitmig.migrations.model import Content, File, Migration

# goose cuts statements at line ends and needs StatementBegin/End around function bodies; PostgreSQL's own parser
# does not, so the two are checked and otherwise left as the comments they are.
KNOWN = {"up", "down", "statementbegin", "statementend", "no"}


class GooseLayout:
    """One file per migration, both sections in it."""

    name = "goose"
    is_graph = False

    def group(self, files: Sequence[File], read: Read) -> tuple[list[Migration], list[Problem]]:
        """See `Layout`."""
        return parsing.one_file_each(files)

    def parse(self, migration: Migration, texts: Mapping[str, str]) -> Content:
        """See `Layout`."""
        ((_, file),), text = migration.files, texts["both"]
        marker = re.compile(rf"^[ \t]*{re.escape(parsing.language_of(file).comment)}[ \t]*\+goose\b(.*)$", re.M | re.I)
        found = list(parsing.directives(text, marker))
        problems = [p for d in found if (p := _unknown(file, d))] + _unbalanced(file, found)
        up, down = _one(file, found, "up", problems), _one(file, found, "down", problems)
        if up is None:
            problems.append(
                Problem(path=file.path, message="no section +goose Up", hint="write `-- +goose Up` before it")
            )
        elif down and down.start < up.start:
            hint = "put the up section first"
            problems.append(Problem(path=file.path, line=down.line, message="Down stands before Up", hint=hint))
        if up is None or problems:
            raise InvalidMigrations(problems)
        transactional = not any(d.word.lower() == "no" for d in found)
        return parsing.checked(
            parsing.cut(text, file, up, down.start if down else None, transactional=transactional),
            parsing.cut(text, file, down, None, transactional=transactional) if down else None,
            parsing.stray_text(text, file, up),
        )

    def render(self, version: str, name: str, up: str, down: str | None) -> dict[str, str]:
        """See `Layout`."""
        text = f"-- +goose Up\n{_whole(up)}"
        return {f"{version}_{name}.sql": text if down is None else f"{text}\n-- +goose Down\n{_whole(down)}"}


def _whole(section: str) -> str:
    """Keep goose from cutting what stands between dollar quotes at its semicolons."""
    return f"-- +goose StatementBegin\n{section}-- +goose StatementEnd\n" if "$" in section else section


def _unknown(file: File, directive: Directive) -> Problem | None:
    words = " ".join((directive.word, *directive.arguments))
    no_transaction = directive.word.lower() != "no" or words.lower() == "no transaction"
    if directive.word.lower() in KNOWN and no_transaction:
        return None
    hint = "gitmig knows Up, Down, StatementBegin, StatementEnd and NO TRANSACTION"
    return Problem(path=file.path, line=directive.line, message=f"unknown directive +goose {words}", hint=hint)


def _one(file: File, found: Sequence[Directive], word: str, problems: list[Problem]) -> Directive | None:
    """The directive with the word; a second one is a problem."""
    matching = [d for d in found if d.word.lower() == word]
    for other in matching[1:]:
        hint = "a migration has one section of each; make two of it"
        problems.append(Problem(path=file.path, line=other.line, message=f"a second +goose {other.word}", hint=hint))
    return matching[0] if matching else None


def _unbalanced(file: File, found: Sequence[Directive]) -> list[Problem]:
    """A StatementBegin without its StatementEnd before the next section, or the other way round."""
    begun: Directive | None = None
    for directive in found:
        word = directive.word.lower()
        if word == "statementbegin" and begun is None:
            begun = directive
        elif word == "statementend" and begun is not None:
            begun = None
        elif word in {"statementbegin", "statementend"} or (word in {"up", "down"} and begun is not None):
            return [_open(file, begun or directive)]
    return [_open(file, begun)] if begun else []


def _open(file: File, directive: Directive) -> Problem:
    message = f"+goose {directive.word} without its counterpart"
    return Problem(
        path=file.path, line=directive.line, message=message, hint="close every StatementBegin by a StatementEnd"
    )
