"""Files with several sections, as `-- migrate:up`: finding directives, cutting scripts out, checking them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.core.languages import by_suffix
from gitmig.core.migration import Content, Script
from gitmig.core.problem import InvalidMigrations, Problem

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from gitmig.core.languages import Language
    from gitmig.core.migration import File


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One directive line: the word after the marker, the words behind it, its line (from 1) and span in the text."""

    word: str
    arguments: tuple[str, ...]
    line: int
    start: int
    end: int


def directives(text: str, marker: re.Pattern[str]) -> Iterator[Directive]:
    """Every line that `marker` matches; its group 1 is what stands behind the marker."""
    for match in marker.finditer(text):
        word, *arguments = match[1].split() or [""]
        yield Directive(
            word=word,
            arguments=tuple(arguments),
            line=text.count("\n", 0, match.start()) + 1,
            start=match.start(),
            end=match.end(),
        )


def language_of(file: File) -> Language:
    """The language of a file that `names.is_script` let through."""
    language = by_suffix(file.name.rpartition(".")[2].lower())
    assert language is not None  # group() takes scripts only
    return language


def cut(text: str, file: File, start: Directive, end: int | None, *, transactional: bool) -> Script:
    """The script between a directive and the next one (`end`, None is the end of the file)."""
    # the rest of the directive's own line is empty
    return _script(text[start.end : end], file, start.line, transactional=transactional)


def whole(text: str, file: File, *, transactional: bool) -> Script:
    """A file that is one script."""
    return _script(text, file, 1, transactional=transactional)


def _script(text: str, file: File, first_line: int, *, transactional: bool) -> Script:
    """A script that depends on its own commits is one for the outside, whether it is marked as such or not."""
    language = language_of(file)
    return Script(
        language=language,
        text=text,
        path=file.path,
        first_line=first_line,
        transactional=transactional and not language.needs_commits(text),
    )


def stray_text(text: str, file: File, before: Directive) -> list[Problem]:
    """Something other than comments before the first section."""
    head, language = text[: before.start], language_of(file)
    if not head.strip() or language.checksum(head) == language.checksum(""):
        return []
    for number, line in enumerate(head.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith(language.comment):
            hint = f"move it below the directive on line {before.line}, or make it a comment"
            return [Problem(path=file.path, line=number, message="text before the first section", hint=hint)]
    return []


def checked(up: Script, down: Script | None, problems: list[Problem]) -> Content:
    """The content, if neither the directives nor the up have anything wrong with them.

    A down that cannot run stands in the way of nothing but itself: it fails when it is needed.
    """
    found = problems + up.problems
    if found:
        raise InvalidMigrations(found)
    return Content(up=up, down=down)
