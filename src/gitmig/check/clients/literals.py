"""The texts in a source file that may be SQL: string literals of every language that Pygments has a lexer for.

What belongs together is joined: adjacent literals, concatenations, lines that are continued. What a program puts in
while it runs (`{name}` of an f-string, `${…}`, `" + name + "`) is a hole. Quotes and escapes are taken off; where each
part of a text stands in the file is kept.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from pygments.lexers import find_lexer_class_for_filename, get_lexer_by_name
from pygments.token import Comment, String, Token, Whitespace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pygments.lexer import Lexer

# Stands in a text for what is not known before the program runs. No source file has it, or it were binary.
HOLE = "\0"
QUERY_FILE = ".sql"
# Written for people, or data and markup whose texts are no literals; and what is no text.
NO_SOURCE = re.compile(
    r"""\.(?:|
    adoc|avif|bib|bin|bmp|bz2|cfg|conf|crt|css|csv|diff|eot|eps|gif|graphql|gz|htm|html|
    icns|ico|ini|ipynb|jar|jpeg|jpg|json|jsonl|key|less|lock|log|map|md|mdx|mov|mp3|mp4|
    odt|ogg|otf|parquet|patch|pb|pdf|pem|png|po|pot|properties|rst|sass|scss|snap|so|sum|
    svg|tex|textile|tgz|tiff|toml|tsv|ttf|txt|wasm|wav|webm|webp|wiki|woff|woff2|xhtml|xls|
    xlsx|xml|xsl|xslt|xz|yaml|yml|zip|zst
    )""",
    re.VERBOSE,
)
# Between two literals, what makes one of them. Every language has `+` and a line that is continued, or nothing like it.
ANYWHERE = frozenset({"+", "\\"})
JOINTS = {
    "Dart": frozenset({""}),
    "Elixir": frozenset({"<>"}),
    "Erlang": frozenset({"++", ""}),
    "Haskell": frozenset({"++", "<>"}),
    "Julia": frozenset({"*"}),
    "Lua": frozenset({".."}),
    "Nimrod": frozenset({"&"}),
    "OCaml": frozenset({"^"}),
    "Perl": frozenset({"."}),
    "PHP": frozenset({"."}),
    "VB.net": frozenset({"&", "&_"}),
    **dict.fromkeys(("C", "C++", "D", "Objective-C", "Python", "Python 2.x", "Cython", "Ruby"), frozenset({""})),
}
# Languages in which a backslash means itself, by the quotes for which it does.
UNESCAPED: dict[str, set[str]] = {
    "C#": {'"""'},
    "Go": {"`"},
    "Kotlin": {'"""'},
    "Scala": {'"""'},
    "VB.net": {'"'},
}
# Endings that several languages have: the one of them that has SQL in it.
AMBIGUOUS = {".fs": "fsharp", ".inc": "php", ".m": "objective-c", ".pl": "perl", ".r": "splus", ".t": "perl"}
NO_TEXT = (String.Char, String.Regex, String.Symbol)
LONGEST_HOLE = 2000  # characters; a lexer that has lost its way would take the rest of the file for one

HEREDOC = re.compile(r"<<<?[-~]?\s*[\"']?\\?(\w+)[^\n]*\n")
CPP_RAW = re.compile(r"[uUL8]*R\"([^\s()\\]*)\(")
LUA_LONG = re.compile(r"\[(=*)\[")
PERCENT = re.compile(r"(?:%[qQ]?|~[sS]|qq?\s*)([(\[{<|!/])")
QUOTE = re.compile(r"(?P<affix>[A-Za-z]{0,3}|[$@]{1,2})(?P<hash>#*)(?P<quote>\"\"\"|'''|\"|'|`)")
BRACKETS = {"(": ")", "[": "]", "{": "}", "<": ">"}
ESCAPE = re.compile(
    r"\\(?:(?P<line>\r?\n)|x(?P<x>[0-9a-fA-F]{2})|u\{?(?P<u>[0-9a-fA-F]{4,6})\}?|(?P<one>.))|(?P<newline>\n)", re.DOTALL
)
MEANING = {"n": "\n", "t": "\t", "r": "\r", "0": " "}


class Text(Struct, frozen=True):
    """What a literal says, with a HOLE for each part that is not known.

    `marks` are pairs of an offset in the text, and the line of the file (from 1) on which it goes on there.
    """

    text: str
    marks: tuple[tuple[int, int], ...]

    def line(self, offset: int) -> int:
        """The line of the file on which a character of the text stands."""
        return line_at(self.marks, offset)


def line_at(marks: tuple[tuple[int, int], ...], offset: int) -> int:
    """The line that the last mark at or before the offset names."""
    return marks[max(bisect_right(marks, offset, key=lambda mark: mark[0]) - 1, 0)][1]


def is_source(path: str) -> bool:
    """Whether a file of this name may be source code, or hold queries."""
    return not NO_SOURCE.fullmatch(suffix(path))


def texts(path: str, source: str) -> Iterator[Text]:
    """The texts of a file, in order: those of its literals, or the file itself if it holds queries.

    A file that its lexer does not get through has those before that place.
    """
    source = source.replace("\r\n", "\n")
    if suffix(path) == QUERY_FILE:
        yield Text(source, tuple(_line_starts(source)))
        return
    lexer = lexer_of(suffix(path))
    if lexer is not None:
        joints = ANYWHERE | JOINTS.get(lexer.name, frozenset())
        starts = [offset for offset, _ in _line_starts(source)]
        for expression in _joined(_LiteralReader(lexer).read(source), joints):
            text = _Reader(source, starts, UNESCAPED.get(lexer.name, set())).read(expression)
            if text.text:
                yield text


def suffix(path: str) -> str:
    """The ending of a file's name with its dot, in small letters; one dot if it has none."""
    name = path.rpartition("/")[2]
    return f".{name[1:].rpartition('.')[2].lower()}" if "." in name[1:] else "."


@lru_cache(maxsize=512)
def lexer_of(ending: str) -> Lexer | None:
    """The lexer for files with an ending; None if there is none."""
    if ending in AMBIGUOUS:
        return get_lexer_by_name(AMBIGUOUS[ending])
    found = find_lexer_class_for_filename(f"file{ending}")
    return found() if found else None


def _line_starts(source: str) -> Iterator[tuple[int, int]]:
    yield 0, 1
    for number, match in enumerate(re.finditer(r"\n", source), 2):
        yield match.end(), number


class _Literal(Struct):
    """Where the parts of one literal stand in the source, quotes included; between two of them there is a hole.

    `code` is what stands between the literal before and this one, without white space and comments.
    """

    parts: list[tuple[int, int]]
    code: list[str]

    def extend(self, end: int) -> None:
        """Let the last part go on to this place."""
        self.parts[-1] = (self.parts[-1][0], end)


class _Expression(Struct):
    """Literals and, as None, holes that make one text."""

    items: list[_Literal | None] = field(default_factory=list)


class _LiteralReader:
    """Gathers literals from the tokens of a file. `code` is what stands behind the last one."""

    def __init__(self, lexer: Lexer) -> None:
        self._lexer = lexer
        self.code: list[str] = []
        self._current: _Literal | None = None
        self._depth, self._opened = 0, 0  # of the hole that is open, and where it began
        self._before: Any = Token

    def read(self, source: str) -> Iterator[_Literal]:
        """The literals, the code before each with it; at the end one without parts, for the code after them."""
        for start, kind, value in self._lexer.get_tokens_unprocessed(source):
            if self._depth:
                self._in_hole(start, kind, value)
            elif _is_text(kind):
                yield from self._string(start, kind, value)
            elif self._goes_on(start, kind, value):
                pass
            else:
                yield from self._end()
                if _is_code(kind) and (bare := value.strip()):
                    self.code.append(bare)
            self._before = kind
        yield from self._end()
        yield _Literal([], self.code)

    def _end(self) -> Iterator[_Literal]:
        if self._current is not None:
            yield self._current
        self._current = None

    def _in_hole(self, start: int, kind: Any, value: str) -> None:
        end = start + len(value)
        if kind in String.Interpol:
            self._depth += _opens(value) - _closes(value)
            if self._depth == 0 and self._current is not None:
                self._current.parts.append((end, end))
        if start - self._opened > LONGEST_HOLE:
            self._depth, self._current = 0, None

    def _string(self, start: int, kind: Any, value: str) -> Iterator[_Literal]:
        end = start + len(value)
        goes_on = self._current is not None and self._current.parts[-1][1] == start
        if kind in String.Delimiter and (not goes_on or self._before in String.Heredoc):
            return  # it announces a text or ends it, and is no part of it
        if self._current is None or not goes_on:
            yield from self._end()
            self._current, self.code = _Literal([(start, start)], self.code), []
        if kind in String.Interpol and _opens(value):
            self._depth, self._opened = 1, start
        elif kind in String.Interpol and value == "$":  # a name follows
            self._current.parts.append((end, end))
        else:
            self._current.extend(end)

    def _goes_on(self, start: int, kind: Any, value: str) -> bool:
        """Whether a token that is no string is part of the literal all the same."""
        if self._current is None or self._current.parts[-1][1] != start:
            return False
        end = start + len(value)
        if self._before in String.Interpol and self._current.parts[-1] == (start, start):
            self._current.parts[-1] = (end, end)  # the name behind a `$`
            return True
        is_variable = self._before in String and value[:1] == "$"  # of a shell, within quotes
        if is_variable or (self._before in String.Heredoc and kind in Whitespace):
            self._current.extend(end)
            return True
        return False


@lru_cache(maxsize=1024)
def _is_text(kind: Any) -> bool:
    return kind in String and kind not in NO_TEXT


@lru_cache(maxsize=1024)
def _is_code(kind: Any) -> bool:
    return kind not in Comment and kind not in Whitespace


def _opens(value: str) -> bool:
    return value.endswith("{") or value == "\\("


def _closes(value: str) -> bool:
    return value in {"}", ")"}


def _joined(literals: Iterable[_Literal], joints: frozenset[str]) -> Iterator[_Expression]:
    """Put together what is concatenated; an expression between or behind literals is a hole."""
    current = _Expression()
    for literal in literals:
        between = literal.code
        is_joined = bool(current.items) and "".join(between) in joints
        if current.items and not is_joined and between and between[0] in joints:
            current.items.append(None)
            is_joined = between[-1] in joints and {";", ",", "="}.isdisjoint(between)
        if current.items and not (is_joined and literal.parts):
            yield current
            current = _Expression()
        if literal.parts:
            current.items.append(literal)


class _Reader:
    """Writes the text of an expression: quotes and escapes taken off, each part marked with its line."""

    def __init__(self, source: str, starts: list[int], unescaped: set[str]) -> None:
        self._source, self._starts, self._unescaped = source, starts, unescaped
        self._pieces: list[str] = []
        self._marks: list[tuple[int, int]] = []
        self._length = 0

    def read(self, expression: _Expression) -> Text:
        """The text."""
        for item in expression.items:
            if item is None:
                self._add(HOLE)
            else:
                self._literal(item)
        return Text("".join(self._pieces), tuple(self._marks) or ((0, 1),))

    def _literal(self, literal: _Literal) -> None:
        first, last = literal.parts[0][0], literal.parts[-1][1]
        opening = _opening(self._source[first:last])
        content = (
            first + opening.length,
            last - len(opening.closing) * self._source.endswith(opening.closing, 0, last),
        )
        is_raw = opening.is_raw or opening.quote in self._unescaped
        for number, (start, end) in enumerate(literal.parts):
            if number:
                self._add(HOLE)
            start, end = max(start, content[0]), min(end, content[1])  # noqa: PLW2901
            if start < end:
                self._part(start, end, is_raw=is_raw)

    def _part(self, start: int, end: int, *, is_raw: bool) -> None:
        """Add what stands there; a line of the file that ends in it is one that ends in the text, if not escaped."""
        line = bisect_right(self._starts, start)
        self._marks.append((self._length, line))
        position = start
        for match in ESCAPE.finditer(self._source, start, end):
            if match["newline"] or (match["line"] and not is_raw):
                self._add(self._source[position : match.start()] + ("\n" if match["newline"] else ""))
                line += 1
                self._marks.append((self._length, line))
            elif is_raw:
                self._add(self._source[position : match.end()])
                if match["line"]:
                    line += 1
                    self._marks.append((self._length, line))
            else:
                self._add(self._source[position : match.start()] + _meaning(match))
            position = match.end()
        self._add(self._source[position:end])

    def _add(self, text: str) -> None:
        self._pieces.append(text)
        self._length += len(text)


class _Opening(Struct, frozen=True):
    """How a literal begins, and how it will end."""

    length: int
    closing: str
    quote: str = ""
    is_raw: bool = False


def _opening(literal: str) -> _Opening:
    if found := HEREDOC.match(literal):
        return _Opening(found.end(), found[1])
    if found := CPP_RAW.match(literal):
        return _Opening(found.end(), f'){found[1]}"', is_raw=True)
    if found := LUA_LONG.match(literal):
        return _Opening(found.end(), f"]{found[1]}]", is_raw=True)
    if found := PERCENT.match(literal):
        return _Opening(found.end(), BRACKETS.get(found[1], found[1]))
    if found := QUOTE.match(literal):
        affix, quote = found["affix"], found["quote"]
        return _Opening(found.end(), quote + found["hash"], quote, is_raw="r" in affix.lower() or "@" in affix)
    return _Opening(0, "")


def _meaning(escape: re.Match[str]) -> str:
    """What an escape stands for; one that no language has is left as it is."""
    if code := escape["x"] or escape["u"]:
        number = int(code, 16)
        return chr(number) if 0 < number < SURROGATES or LAST_SURROGATE < number <= LAST_CHARACTER else " "
    one: str = escape["one"]
    if one.isalnum():
        return MEANING.get(one, escape[0])
    return one


SURROGATES, LAST_SURROGATE, LAST_CHARACTER = 0xD800, 0xDFFF, 0x10FFFF
