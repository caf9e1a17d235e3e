"""Which of the lines that name a departed table or column are uses of it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from gitmig.core.clients import lines
from gitmig.core.clients.spelling import column_spellings, is_distinctive, row_spellings, table_spellings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.core.clients.departures import Departure

IGNORE = "gitmig: ignore"
# Lines around a column that belong to its statement, and lines of a definition before it.
STATEMENT, DEFINITION = 5, 60
LONGEST = 1000  # characters; longer lines are generated or packed
# Letters of what may be an alias, and names of variables that may hold a row of any table.
ALIAS = 3
ANYTHING = frozenset(
    {"body", "data", "entity", "excluded", "form", "input", "item", "model", "payload", "record", "self", "this"}
)
SQL_BEFORE_TABLE = r"(?:FROM|JOIN|INTO|UPDATE|TABLE|REFERENCES|ONLY|TRUNCATE)\s+(?:\w+\.)?[\"`\[]?"
CODE_BEFORE_TABLE = re.compile(
    r"(?i:table|model|entity|relation|knex|foreign|references|belongs_to|has_many|\bfrom\(|\binto\(|map)"
)


class Weight(IntEnum):
    """How sure it is that a line means what has departed."""

    NONE = 0
    FILE = 1  # the same file names the table, or nothing else has such a name
    NEAR = 2  # the same statement or definition names the table
    CERTAIN = 3  # they stand together


@dataclass(frozen=True, slots=True)
class Hit:
    """A line with one of the words that were looked for; `line` counts from 1."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A line that still uses what has departed. `how` is `reads`, `writes` or `names`."""

    departure: Departure
    path: str
    line: int
    how: str
    weight: Weight


def words(departures: Iterable[Departure]) -> frozenset[str]:
    """What to look for in the source: every line with one of these as a whole word is a hit for `uses`."""
    found = {IGNORE}
    for departure in departures:
        found |= column_spellings(departure.column) if departure.column else set()
        found |= {word for table in departure.tables for word in table_spellings(table)}
    return frozenset(found)


def uses(departures: Sequence[Departure], hits: Iterable[Hit]) -> list[Use]:
    """The uses among the hits, by path and line.

    A line is left out if it, or the one before it, says `gitmig: ignore`.
    """
    files: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        if len(hit.text) <= LONGEST:
            files[hit.path].append(hit)
    found = [use for path, there in files.items() for d in departures for use in _of_file(d, path, there)]
    return sorted(found, key=lambda use: (use.path, use.line, use.departure.name))


def _of_file(departure: Departure, path: str, hits: Sequence[Hit]) -> list[Use]:
    ignored = {line for hit in hits if IGNORE in hit.text for line in (hit.line, hit.line + 1)}
    judge = _Column(departure, hits) if departure.column else _Table(departure)
    found = []
    for hit in hits:
        if hit.line in ignored or not judge.named.search(hit.text):
            continue
        weight = _for_people(judge.weigh(hit), path, hit)
        if weight:
            said = lines.how(hit.text, judge.names)
            found.append(Use(departure=departure, path=path, line=hit.line, how=said, weight=weight))
    return found


def _for_people(weight: Weight, path: str, hit: Hit) -> Weight:
    """In a comment or a text for people only what stands together counts, and not as certain."""
    if lines.is_comment(hit.text) or lines.is_prose(path):
        return Weight.NEAR if weight is Weight.CERTAIN else Weight.NONE
    return weight


class _Column:
    """Weighs lines that name a column, in view of where their file names its table."""

    def __init__(self, departure: Departure, hits: Sequence[Hit]) -> None:
        assert departure.column is not None  # or it were a table
        self.names = _any_of(column_spellings(departure.column))
        self.named = re.compile(rf"\b(?:{self.names})\b")
        tables = {word for table in departure.tables for word in table_spellings(table)}
        owners = _any_of(tables.union(*(row_spellings(table) for table in departure.tables)))
        self._together = re.compile(rf"\b(?:{owners})\b[\"'`\]]*(?:\.|->|::|\[)[\"'`\[:]*(?:{self.names})\b")
        self._table = re.compile(rf"\b(?:{_any_of(tables)})\b")
        self._mentions = [hit for hit in hits if self._table.search(hit.text)]
        self._owned = re.compile(rf"(\w+)[\"'`]?(\.|->|::)[\"'`]?(?:{self.names})\b")
        self._called = re.compile(rf"\b(?:{self.names})\(")
        self._rows = tuple({row.lower() for table in departure.tables for row in row_spellings(table)})
        self._distinctive = is_distinctive(departure.column)

    def weigh(self, hit: Hit) -> Weight:
        if lines.is_alias(hit.text, self.names) or self._called.search(hit.text):
            return Weight.NONE
        if self._together.search(hit.text) or (lines.is_statement(hit.text) and self._table.search(hit.text)):
            return Weight.CERTAIN
        if self._is_anothers(hit):
            return Weight.NONE
        if lines.is_data(hit.text, self.names) and self._is_near(hit):
            return Weight.NEAR
        if lines.defines_column(hit.text, self.names) and self._is_defined_before(hit):
            return Weight.NEAR
        return Weight.FILE if self._mentions and self._distinctive else Weight.NONE

    def _is_anothers(self, hit: Hit) -> bool:
        """Whether something else has the column: `album.contents`, not `c.contents` or `data.contents`."""
        owned = self._owned.search(hit.text)
        if owned is None:
            return False
        owner, joint = owned[1].lower(), owned[2]
        if any(row in owner for row in self._rows):
            return False
        return joint == "::" or (len(owner) > ALIAS and owner not in ANYTHING)

    def _is_near(self, hit: Hit) -> bool:
        return any(abs(mention.line - hit.line) <= STATEMENT for mention in self._mentions)

    def _is_defined_before(self, hit: Hit) -> bool:
        return any(
            0 < hit.line - mention.line <= DEFINITION and lines.defines_table(mention.text)
            for mention in self._mentions
        )


class _Table:
    """Weighs lines that name a table."""

    def __init__(self, departure: Departure) -> None:
        name = departure.tables[0]
        self.names = re.escape(name)
        self.named = re.compile(rf"\b{self.names}\b")
        self._in_sql = re.compile(rf"\b{SQL_BEFORE_TABLE}{self.names}\b")
        self._in_small_letters = re.compile(rf"\b{SQL_BEFORE_TABLE}{self.names}\b", re.IGNORECASE)
        self._in_code = re.compile(rf"[\"'`:]{self.names}(?:\.\w+)?[\"'`]|:{self.names}\b|\b{self.names}::")
        self._distinctive = is_distinctive(name)

    def weigh(self, hit: Hit) -> Weight:
        if self._in_sql.search(hit.text):
            return Weight.CERTAIN
        if self._in_small_letters.search(hit.text) and lines.SQL_IN_ANY_CASE.search(hit.text):
            return Weight.NEAR
        if self._in_code.search(hit.text) and (CODE_BEFORE_TABLE.search(hit.text) or "::" in hit.text):
            return Weight.NEAR
        return Weight.FILE if self._distinctive else Weight.NONE


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
