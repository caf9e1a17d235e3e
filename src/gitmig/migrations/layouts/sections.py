"""How other tools than dbmate and goose mark the two sections of a file.

Most tools write one file with both sections in it, and each marks them in its own way, in comments: who does not know
the marks runs the down right behind the up, and all is well that ends with an empty database.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.migrations.layouts import parsing
from gitmig.migrations.model import InvalidMigrations, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.migrations.layouts.parsing import Directive
    from gitmig.migrations.model import Content, File


class SectionMarks(Struct, frozen=True, kw_only=True):
    """The lines with which a tool begins its sections.

    Without an `up` mark, the up is what stands before the down. `outside` marks a file that shall run outside a
    transaction. A new file begins its sections as `written`: the title stands in the place of `{title}`. A tool that
    cuts scripts at their semicolons takes what is `uncut` for one statement.
    """

    tool: str
    up: re.Pattern[str] | None
    down: re.Pattern[str]
    written: tuple[str, str]
    outside: re.Pattern[str] | None = None
    uncut: tuple[str, str] | None = None


def _line(pattern: str) -> re.Pattern[str]:
    """What stands in a comment of its own line; group 1 is the mark."""
    return re.compile(rf"^[ \t]*({pattern})[ \t]*$", re.M | re.I)


MARKS = (
    SectionMarks(
        tool="sql-migrate",
        up=_line(r"--[ \t]*\+migrate[ \t]+up\b[^\n]*"),
        down=_line(r"--[ \t]*\+migrate[ \t]+down\b[^\n]*"),
        written=("-- +migrate Up\n", "-- +migrate Down\n"),
        outside=_line(r"--[ \t]*\+migrate[ \t]+(?:up|down)[ \t]+notransaction"),
        uncut=("-- +migrate StatementBegin\n", "-- +migrate StatementEnd\n"),
    ),
    SectionMarks(
        tool="node-pg-migrate",
        up=_line(r"--[- \t]*up[ \t]+migration"),
        down=_line(r"--[- \t]*down[ \t]+migration"),
        written=("-- Up Migration\n", "-- Down Migration\n"),
    ),
    SectionMarks(
        tool="rambler",
        up=_line(r"--[ \t]*rambler[ \t]+up"),
        down=_line(r"--[ \t]*rambler[ \t]+down"),
        written=("-- rambler up\n", "-- rambler down\n"),
    ),
    SectionMarks(
        tool="tern",
        up=None,
        down=_line(r"----[ \t]*create above[ \t]*/[ \t]*drop below[ \t]*----"),
        written=("", "---- create above / drop below ----\n"),
        outside=_line(r"----[ \t]*tern:[ \t]*disable-tx[ \t]*----"),
    ),
    SectionMarks(
        tool="MyBatis Migrations",
        up=None,
        down=_line(r"--[ \t]*//[ \t]*@undo"),
        written=("-- // {title}\n", "-- //@UNDO\n"),
    ),
)


def marks_of(text: str) -> SectionMarks | None:
    """Whose marks a text has; None if it is of no tool that is known here."""
    return next((m for m in MARKS if m.down.search(text) or (m.up and m.up.search(text))), None)


def with_sections(marks: SectionMarks, name: str, up: str, down: str) -> str:
    """The text of a new file that is marked so."""
    beginnings = (mark.replace("{title}", name.replace("_", " ")) for mark in marks.written)
    return "\n".join(mark + _uncut(marks, section) for mark, section in zip(beginnings, (up, down)))


def _uncut(marks: SectionMarks, section: str) -> str:
    """Keep a tool from cutting what stands between dollar quotes."""
    if marks.uncut is None or "$" not in section:
        return section
    begin, end = marks.uncut
    return f"{begin}{section}{end}"


def parse_sections(file: File, text: str, marks: SectionMarks) -> Content:
    """The sections of a file that is marked so. Raises InvalidMigrations."""
    ups = list(parsing.directives(text, marks.up)) if marks.up else []
    downs = list(parsing.directives(text, marks.down))
    if problems := _wrong(file, marks, ups, downs):
        raise InvalidMigrations(problems)
    down = downs[0] if downs else None
    end = down.start if down else None
    transactional = not (marks.outside and marks.outside.search(text))
    if ups:
        up = parsing.cut(text, file, ups[0], end, transactional=transactional)
        stray = parsing.stray_text(text, file, ups[0])
    else:
        up, stray = parsing.whole(text[:end], file, transactional=transactional), []
    script = parsing.cut(text, file, down, None, transactional=transactional) if down else None
    return parsing.checked(up, script, stray)


def _wrong(file: File, marks: SectionMarks, ups: Sequence[Directive], downs: Sequence[Directive]) -> list[Problem]:
    """Sections in an order, or a number, in which gitmig does not know which belongs to which."""
    found = [
        Problem(
            path=file.path,
            line=other.line,
            message=f"a second {word} section of {marks.tool}",
            hint="a migration has one section of each; make two of it",
        )
        for word, all_ in (("up", ups), ("down", downs))
        for other in all_[1:]
    ]
    if marks.up and not ups:
        hint = "write the up section first"
        found.append(Problem(path=file.path, line=downs[0].line, message=f"no up section of {marks.tool}", hint=hint))
    elif ups and downs and downs[0].start < ups[0].start:
        message, hint = f"the down section of {marks.tool} stands before the up", "put the up section first"
        found.append(Problem(path=file.path, line=downs[0].line, message=message, hint=hint))
    return found
