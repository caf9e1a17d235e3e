"""What in a source file PostgreSQL can prepare: queries and changes of rows, their placeholders written as parameters.

The placeholders of drivers (`?`, `%s`, `%(name)s`, `:name`, `@name`, `sqlc.arg(name)` …) become `$1`, `$2`, …, and so
do holes, where a value can stand in their place. A text that PostgreSQL's parser does not read then is no statement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from gitmig.check.clients.literals import HOLE, Text, line_at, texts
from gitmig.check.clients.words import IGNORE
from gitmig.migrations.parser import Unparsed, kinds_of_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KINDS = frozenset({"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"})
# A file without one of these words, and of these beginnings, has no statement; most files are read no further.
# In small letters; each stands behind one of these signs, or on a line of its own.
VERBS = ("select", "insert", "delete", "update", "merge", "with")
OPENING = "\"'`(;[{|>"
MAY_HAVE = re.compile(
    r"select\s+(?![{}])(?:[^;]{0,4000}?\bfrom\b|[\w.]+\()|insert\s+into\b|delete\s+from\b|"
    r"update\s+\S+\s+(?:\w+\s+){0,3}set\b|merge\s+into\b|"
    r"with\s+(?:recursive\s+)?\S+\s+(?:\([^)]*\)\s*)?as\s*(?:not\s+)?(?:materialized\s*)?\("
)
# What a literal's own quotes, that its lexer has not told apart, may leave there, too.
BEFORE = re.compile(r"(?:[\s\"'`]|--[^\n]*(?:\n|$)|/\*.*?\*/)*", re.DOTALL)
START = re.compile(
    r"[\s(]*(?:select\b(?=.*?(?:\bfrom\b|\w\s*\())|insert\s+into\b|update\b(?=.*?\bset\b)|delete\s+from\b|"
    r"merge\s+into\b|with\b(?=.*?\b(?:select|insert|update|delete)\b))",
    re.IGNORECASE | re.DOTALL,
)
# What tools write says the same as the file that they made it from.
GENERATED = re.compile(r"\A.{0,1000}?(?:\bCode generated\b[^\n]*\bDO NOT EDIT\b|@generated\b)", re.DOTALL)
LONGEST = 100_000  # characters; what is longer is data

NAME = r"[A-Za-z_]\w*"
# SQL as far as it matters where a placeholder can stand: what is quoted is passed over.
SCAN = re.compile(
    rf"""
      (?P<string>\b[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*') | (?P<identifier>"(?:[^"]|"")*")
    | (?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$) | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<end>;) | (?P<operator>::|:=|%%|\?\?|[?][|&](?!\w)|[@<>!=~*/+-]+[?@](?![A-Za-z_]))
    | (?P<embed>sqlc\.embed\(\s*(?P<embedded>\w+)\s*\))
    | (?P<numbered>\$\d+)
    | (?P<named>(?:sqlc\.n?arg|sqlc\.slice|pggen\.arg)\(\s*['"]?(?P<argument>\w+)['"]?\s*\)
        | %\((?P<format>{NAME})\)s
        | (?<![:\w\]\)]):(?P<colon>{NAME})\b
        | (?<![\w@<>&|~*%-])@(?P<at>{NAME})\b
        | \$(?:\{{\s*(?P<braces>{NAME})\s*\}}|<(?P<angles>{NAME})>|\((?P<parentheses>{NAME})\)|/(?P<slashes>{NAME})/)
        | \#\{{\s*(?P<mybatis>{NAME})\s*\}})
    | (?P<hole>{HOLE}|[\#$\\]?\{{\{{?[^{{}}]*\}}\}}?|\$(?:{NAME})(?:\[[^\]]*\]|->\w+)?)
    | (?P<plain>\?\d* | (?<![\w)\]])%-?[\d.]*l*[sdvqtifubDO](?!\w))
    """,
    re.VERBOSE | re.DOTALL,
)
NAMES = ("argument", "format", "colon", "at", "braces", "angles", "parentheses", "slashes", "mybatis")
FORMATTED = re.compile(r"'%[sdvq]'")  # a value that the program puts between the quotes
UNDOUBLED = {"%%": "%", "??": "?"}
BESIDE = re.compile(r"\w")
IN_LIST = re.compile(r"\bIN\s*$", re.IGNORECASE)


class Statement(Struct, frozen=True, kw_only=True):
    """One statement of a source file, fit to be prepared.

    `marks` say on which line of the file it goes on at which offset. It is `whole` if nothing is put into it while the
    program runs but values.
    """

    sql: str
    marks: tuple[tuple[int, int], ...]
    whole: bool = True

    def to_json(self) -> list[Any]:
        """As it is kept."""
        return [self.sql, self.marks, self.whole]

    @classmethod
    def from_json(cls, kept: list[Any]) -> Statement:
        """What was kept."""
        sql, marks, whole = kept
        return cls(sql=sql, marks=tuple((offset, line) for offset, line in marks), whole=whole)

    @property
    def first_line(self) -> int:
        """The line on which it begins."""
        return line_at(self.marks, 0)

    @property
    def last_line(self) -> int:
        """The line on which it ends."""
        return line_at(self.marks, len(self.sql))

    def line(self, offset: int) -> int:
        """The line of the file for an offset in `sql`."""
        return line_at(self.marks, offset)


def statements(path: str, source: str) -> list[Statement]:
    """The statements of a file, in order, but for those with `gitmig: ignore` on one of their lines or the one before.

    `path` says in which language it is written.
    """
    if not may_have_statements(source):
        return []
    ignored = {number for number, line in enumerate(source.splitlines(), 1) if IGNORE in line}
    found = []
    for text in texts(path, source):
        for statement in _of_text(text):
            if ignored.isdisjoint(range(statement.first_line - 1, statement.last_line + 1)):
                found.append(statement)
    return found


def may_have_statements(source: str) -> bool:
    """Whether a file has to be read for its statements: most have none, which is seen at once."""
    return HOLE not in source and _may_have(source) and not GENERATED.match(source)


def _may_have(source: str) -> bool:
    """Words are found before anything is matched: that is several times as fast as one expression for all of it."""
    small = source.lower()
    if not any(verb in small for verb in VERBS[:-1]):  # a WITH has one of them
        return False
    return any(_opens(small, at) and MAY_HAVE.match(small, at) for verb in VERBS for at in _places(small, verb))


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _opens(text: str, at: int) -> bool:
    """Whether what stands there is the first on its line, or behind a sign that opens a text."""
    end = at
    while end and text[end - 1].isspace():
        end -= 1
        if text[end] == "\n":
            return True
    return end == 0 or text[end - 1] in OPENING


def _of_text(text: Text) -> Iterator[Statement]:
    for part in _split(text):
        if START.match(part.text) and len(part.text) <= LONGEST:
            for candidate in _candidates(part):
                if _is_statement(candidate.sql):
                    yield candidate
                    break


def _split(text: Text) -> Iterator[Text]:
    """What stands between semicolons, from its first word on."""
    if not _may_have(text.text):
        return
    start = 0
    ends = [match.start() for match in SCAN.finditer(text.text) if match["end"]]
    for end in [*ends, len(text.text)]:
        before = BEFORE.match(text.text, start, end)
        begin = before.end() if before else start
        if begin < end:
            yield _cut(text, begin, end)
        start = end + 1


def _cut(text: Text, start: int, end: int) -> Text:
    marks = [(0, text.line(start))]
    marks += [(offset - start, line) for offset, line in text.marks if start < offset < end]
    return Text(text.text[start:end], tuple(marks))


def _candidates(text: Text) -> Iterator[Statement]:
    """How the text could be meant, the likeliest first."""
    written = _Parameters(text)
    yield written.statement()
    bare = text.text.rstrip()
    if bare.endswith(HOLE) and not bare.endswith(f"_{HOLE}"):  # more may follow, or nothing
        yield replace(_Parameters(_cut(text, 0, len(bare) - 1)).statement(), whole=False)
    if HOLE not in text.text and written.count:  # `?` and `@` are operators, too
        yield Statement(sql=text.text, marks=text.marks)


def _is_statement(sql: str) -> bool:
    if HOLE in sql:
        return False
    try:
        kinds = kinds_of_statements(sql)
    except Unparsed:
        return False
    return len(kinds) == 1 and kinds[0] in KINDS


class _Parameters:
    """Writes the placeholders of a text as parameters; what has the same name is the same one."""

    def __init__(self, text: Text) -> None:
        self._text = text
        numbers = [int(match["numbered"][1:]) for match in SCAN.finditer(text.text) if match["numbered"]]
        self.count = max(numbers, default=0)
        self._has_numbers = bool(numbers)
        self._names: dict[str, str] = {}
        self._whole = True

    def statement(self) -> Statement:
        """The statement, each mark moved to where its text has gone."""
        pieces: list[str] = []
        length, position = 0, 0
        moved: list[tuple[int, int]] = []  # from this offset of the text on, by so much
        for match in SCAN.finditer(self._text.text):
            written = self._written(match)
            if written is None:
                continue
            if IN_LIST.search(self._text.text, max(0, match.start() - 8), match.start()):
                written = f"({written})"
            pieces += [self._text.text[position : match.start()], written]
            length += match.start() - position + len(written)
            position = match.end()
            moved.append((position, length - position))
        pieces.append(self._text.text[position:])
        return Statement(sql="".join(pieces).rstrip(), marks=tuple(_moved(self._text.marks, moved)), whole=self._whole)

    def _written(self, match: re.Match[str]) -> str | None:
        """What stands for a match; None if it stays."""
        matched = match[0]
        if match["named"]:
            name = next(match[group] for group in NAMES if match[group])
            return self._names.get(name) or self._named(name)
        if match["hole"] and self._is_in_name(match):
            return HOLE
        if match["hole"] or (match["string"] and (HOLE in matched or FORMATTED.fullmatch(matched))):
            return self._next(whole=False)
        if match["plain"] and not (matched[0] == "?" and self._has_numbers):
            return self._next(whole=matched in {"?", "%s"})
        if match["comment"] and HOLE in matched:
            return matched.replace(HOLE, " ")
        return f"{match['embedded']}.*" if match["embed"] else UNDOUBLED.get(matched)

    def _is_in_name(self, match: re.Match[str]) -> bool:
        """Whether it stands beside a letter, which would make one name of both."""
        beside = self._text.text[max(match.start() - 1, 0) : match.start()] + self._text.text[match.end() :][:1]
        return BESIDE.search(beside) is not None

    def _named(self, name: str) -> str:
        self._names[name] = self._next()
        return self._names[name]

    def _next(self, *, whole: bool = True) -> str:
        self.count += 1
        self._whole &= whole
        return f"${self.count}"


def _moved(marks: Iterable[tuple[int, int]], moves: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The marks of a text in which something was replaced."""
    number, by = 0, 0
    for offset, line in marks:
        while number < len(moves) and moves[number][0] <= offset:
            by = moves[number][1]
            number += 1
        yield offset + by, line
