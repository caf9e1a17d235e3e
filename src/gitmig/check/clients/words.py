"""Source code that a branch leaves behind: lines that still use a table or column that it renames or drops.

From top to bottom: what is removed from the schema; what one line of code looks like (SQL or prose, a definition, a
comment, reading or writing); how code spells the names of tables and columns; which of the lines that have such a name
are uses, and how sure that is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from enum import IntEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.check.footprint import Action
from gitmig.check.footprint.model import NamedKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gitmig.check.footprint import Footprint, Touch
    from gitmig.check.footprint.model import ObjectPath


OF_INTEREST = {NamedKind.TABLE, NamedKind.VIEW, NamedKind.COLUMN}
TABLE_PATH = 3  # the part of a column's path that is its table's


class RemovedObject(Struct, frozen=True, kw_only=True):
    """A table, or with `column` a column of it, that has another name afterwards (`to`), or none: it is dropped.

    Names are without schema and quotes. `migration` is the label of the migration that does it. `tables` are all the
    names the table has on the branch, the one before first; source code may know it by each of them.
    """

    migration: str
    tables: tuple[str, ...]
    column: str | None = None
    to: str | None = None

    @property
    def name(self) -> str:
        """`comments` or `comments.contents`."""
        return f"{self.tables[0]}.{self.column}" if self.column else self.tables[0]

    @property
    def fate(self) -> str:
        """What happens to it, as the rest of a sentence: `renames it to body`, `drops it`."""
        return f"renames it to {self.to}" if self.to else "drops it"


def removed_objects(branch: Iterable[tuple[str, Footprint]]) -> list[RemovedObject]:
    """What has gone once all migrations of a branch ran; `branch` are their labels and footprints, in order.

    What the branch itself makes, and what it removes and creates again, is not listed.
    """
    removals = _Removals()
    for label, footprint in branch:
        for touch in footprint.touches:
            if touch.object.kind in OF_INTEREST:
                removals.note(label, touch)
    return removals.removed_objects()


class _Removals:
    """Follows objects through a branch. Paths are those the objects had before it, whatever they are called now."""

    def __init__(self) -> None:
        self._before: dict[ObjectPath, ObjectPath] = {}  # the path of now → the path before, where they differ
        self._made: set[ObjectPath] = set()
        self._gone: dict[ObjectPath, tuple[str, str | None]] = {}
        self._names: dict[ObjectPath, list[str]] = {}

    def note(self, label: str, touch: Touch) -> None:
        """Take one touch into account."""
        path = self._original(touch.object.path)
        if touch.action is Action.CREATE:
            self._create(path)
        elif touch.action is Action.RENAME and touch.to is not None:
            self._rename(label, path, touch.to.path)
        elif touch.action is Action.DROP and not self._is_new(path):
            self._gone[path] = (label, None)

    def removed_objects(self) -> list[RemovedObject]:
        """Everything that has gone, without the columns of tables that are dropped whole."""
        dropped = {path for path, (_, to) in self._gone.items() if to is None}
        return [
            RemovedObject(
                migration=label,
                tables=tuple(dict.fromkeys([path[2], *self._names.get(path[:TABLE_PATH], ())])),
                column=path[-1] if len(path) > TABLE_PATH else None,
                to=to,
            )
            for path, (label, to) in self._gone.items()
            if len(path) == TABLE_PATH or path[:TABLE_PATH] not in dropped
        ]

    def _original(self, path: ObjectPath) -> ObjectPath:
        root = self._before.get(path[:TABLE_PATH], path[:TABLE_PATH])
        full = root + path[TABLE_PATH:]
        return self._before.get(full, full)

    def _is_new(self, path: ObjectPath) -> bool:
        return path in self._made or path[:TABLE_PATH] in self._made

    def _create(self, path: ObjectPath) -> None:
        if self._gone.pop(path, None) is None:
            self._made.add(path)

    def _rename(self, label: str, path: ObjectPath, new: ObjectPath) -> None:
        here = self._original(new[:TABLE_PATH]) + new[TABLE_PATH:] if len(new) > TABLE_PATH else new
        self._before[here] = path
        if len(new) == TABLE_PATH:
            self._names.setdefault(path, []).append(new[2])
        if new[-1] == path[-1]:  # back again, or into another schema
            self._gone.pop(path, None)
        elif not self._is_new(path):
            self._gone[path] = (label, new[-1])


COMMENT = re.compile(r"\s*(?:#(?!\[)|//|--(?!\w)|\*|/\*|<!--|;;|\"\"\")")
PROSE = re.compile(r"\.(?:md|rst|txt|adoc|html|po|csv)$|(?:^|/)(?:CHANGELOG|NEWS|LICENSE)[^/]*$", re.IGNORECASE)
# Written in capitals these are SQL; in small letters they may be English or Python.
VERBS = r"SELECT|INSERT|UPDATE|DELETE|WHERE|SET|VALUES|JOIN|ORDER BY|GROUP BY|RETURNING|ALTER|CREATE|DROP|TRUNCATE"
SQL = re.compile(rf"\b(?:{VERBS})\b")
SQL_IN_ANY_CASE = re.compile(rf"\b(?:{VERBS})\b", re.IGNORECASE)
STATEMENT = re.compile(
    r"\b(?:select\b.*\bfrom|insert\s+into|update\b.*\bset|delete\s+from|alter\s+table|create\s+(?:table|index))\b",
    re.IGNORECASE,
)
# `class Comment(Base)`, `__tablename__ = "comments"`, `comments (id) {`, `create_table :comments`, `model Comment {`
TABLE_DEFINITION = re.compile(
    r"\b(?:class|struct|model|entity|interface|type|record|create_table|create table|table|tablename|table_name|map)\b"
    r"|__tablename__|\bpgTable\b|[Tt]able\(|table!|\)\s*\{\s*$"
)
# `contents = Column(…)`, `contents: Mapped[str]`, `contents -> Text`, `t.text :contents`, `Contents string`
AFTER_COLUMN = r"[\"'`]?\s*(?:=\s*\w+[.(\[]|:\s*\w|->\s*\w|\s+[\w.*\[\]]+(?:\s+`|\s+@|,?\s*$|\s*\())"
BEFORE_COLUMN = r"\bt\.\w+\s+[:\"']|\b(?:db|column|json|name)[:=(]\s*[\"'`]"
WRITING = re.compile(r"\b(?:INSERT|UPDATE|SET|DELETE|TRUNCATE|insert|update|save|create|delete)\b|insert_into")
READING = re.compile(r"\b(?:SELECT|WHERE|FROM|JOIN|BY|RETURNING|select|where|filter|find|order_by|from|join|get)\b")


def is_comment(text: str) -> bool:
    """Whether the line is nothing but a comment."""
    return COMMENT.match(text) is not None


def is_prose(path: str) -> bool:
    """Whether the file is written for people."""
    return PROSE.search(path) is not None


def defines_table(text: str) -> bool:
    """Whether a line that names a table begins its definition in code."""
    return TABLE_DEFINITION.search(text) is not None


def defines_column(text: str, names: str) -> bool:
    """Whether the line defines one of the columns that the expression `names` matches."""
    return (
        re.search(rf"(?:^\s*(?:\w+\s+)*[\"'`]?(?:{names}){AFTER_COLUMN})|(?:(?:{BEFORE_COLUMN})(?:{names})\b)", text)
        is not None
    )


def is_data(text: str, names: str) -> bool:
    """Whether one of the names stands there as data does: in SQL, in quotes, behind a dot, as a key, on its own."""
    beside = rf"[.\"'`:>\[]\s*(?:{names})\b|\b(?:{names})\s*[\"'`:\]]|\b(?:{names})\s*=[^=]|^\s*(?:{names})\s*,?$"
    return SQL_IN_ANY_CASE.search(text) is not None or re.search(beside, text) is not None


def is_statement(text: str) -> bool:
    """Whether there is SQL on the line beyond doubt."""
    return SQL.search(text) is not None or STATEMENT.search(text) is not None


def is_alias(text: str, names: str) -> bool:
    """Whether the name is only what a query calls its result: `SELECT body AS contents`."""
    return re.search(rf"\bAS\s+[\"'`]?(?:{names})\b", text, re.IGNORECASE) is not None


def how(text: str, names: str) -> str:
    """`writes`, `reads` or `names`."""
    if WRITING.search(text) or re.search(rf"[.>](?:{names})\s*=[^=]", text):
        return "writes"
    if READING.search(text) or re.search(rf"(?:\.|>|::)(?:{names})\b", text):
        return "reads"
    return "names"


CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\s-]+")


def column_spellings(column: str) -> frozenset[str]:
    """`created_at` is also `createdAt` and, in Go and C#, `CreatedAt`."""
    parts = _parts(column)
    return frozenset({column, _camel(parts), _pascal(parts)})


def table_spellings(table: str) -> frozenset[str]:
    """`blog_posts` is also `blogPosts`, `BlogPosts`, and the model `BlogPost`."""
    parts = _parts(table)
    return frozenset({table, _camel(parts), _pascal(parts), _pascal(_one(parts))})


def row_spellings(table: str) -> frozenset[str]:
    """The names of a variable that holds a row: `blog_post`, `blogPost`. Only telling together with a column."""
    parts = _one(_parts(table))
    return frozenset({"_".join(parts), _camel(parts)})


def is_distinctive(name: str) -> bool:
    """Whether a name is hardly used for anything else: `comment_count`, `fingerprints`, not `status` or `name`."""
    parts = _parts(name)
    return len(name) >= 5 and len(parts) > 1 and parts[-1].lower() not in EVERYWHERE


# Last words of names that half of all tables have: created_at, user_id, updated_by, first_name.
EVERYWHERE = frozenset({"at", "id", "ids", "by", "name", "type"})


def _parts(name: str) -> list[str]:
    return [part for part in CAPITAL.split(name) if part] or [name]


def _camel(parts: list[str]) -> str:
    return parts[0].lower() + "".join(part[:1].upper() + part[1:] for part in parts[1:])


def _pascal(parts: list[str]) -> str:
    return "".join(part[:1].upper() + part[1:] for part in parts)


def _one(parts: list[str]) -> list[str]:
    """The last word in the singular, as far as English has rules: categories, boxes, comments."""
    *head, last = parts
    if last.endswith("ies") and len(last) > 4:
        last = last[:-3] + "y"
    elif last.endswith(("sses", "xes", "ches", "shes")):
        last = last[:-2]
    elif last.endswith("s") and not last.endswith(("ss", "us", "is")):
        last = last[:-1]
    return [*head, last]


IGNORE = "gitmig: ignore"
# Lines around a column that belong to its statement, and lines of a definition before it.
STATEMENT_LINES, DEFINITION_LINES = 5, 60
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


class Confidence(IntEnum):
    """How sure it is that a line means what was removed."""

    NONE = 0
    FILE = 1  # the same file names the table, or nothing else has such a name
    NEAR = 2  # the same statement or definition names the table
    CERTAIN = 3  # they stand together


class Hit(Struct, frozen=True):
    """A line with one of the words that were looked for; `line` counts from 1."""

    path: str
    line: int
    text: str


class Use(Struct, frozen=True, kw_only=True):
    """A line that still uses what was removed. `how` is `reads`, `writes` or `names`."""

    removed: RemovedObject
    path: str
    line: int
    how: str
    confidence: Confidence


def words(removed_objects: Iterable[RemovedObject]) -> frozenset[str]:
    """What to look for in the source: every line with one of these as a whole word is a hit for `uses`."""
    found = {IGNORE}
    for removed in removed_objects:
        found |= column_spellings(removed.column) if removed.column else set()
        found |= {word for table in removed.tables for word in table_spellings(table)}
    return frozenset(found)


def uses(removed_objects: Sequence[RemovedObject], hits: Iterable[Hit]) -> list[Use]:
    """The uses among the hits, by path and line.

    A line is left out if it, or the one before it, says `gitmig: ignore`.
    """
    files: dict[str, list[Hit]] = defaultdict(list)
    for hit in hits:
        if len(hit.text) <= LONGEST:
            files[hit.path].append(hit)
    found = [use for path, there in files.items() for d in removed_objects for use in _of_file(d, path, there)]
    return sorted(found, key=lambda use: (use.path, use.line, use.removed.name))


def _of_file(removed: RemovedObject, path: str, hits: Sequence[Hit]) -> list[Use]:
    ignored = {line for hit in hits if IGNORE in hit.text for line in (hit.line, hit.line + 1)}
    judge = _Column(removed, hits) if removed.column else _Table(removed)
    found = []
    for hit in hits:
        if hit.line in ignored or not judge.named.search(hit.text):
            continue
        confidence = _for_people(judge.confidence(hit), path, hit)
        if confidence:
            said = how(hit.text, judge.names)
            found.append(Use(removed=removed, path=path, line=hit.line, how=said, confidence=confidence))
    return found


def _for_people(confidence: Confidence, path: str, hit: Hit) -> Confidence:
    """In a comment or a text for people only what stands together counts, and not as certain."""
    if is_comment(hit.text) or is_prose(path):
        return Confidence.NEAR if confidence is Confidence.CERTAIN else Confidence.NONE
    return confidence


class _Column:
    """Weighs lines that name a column, in view of where their file names its table."""

    def __init__(self, removed: RemovedObject, hits: Sequence[Hit]) -> None:
        assert removed.column is not None  # or it were a table
        self.names = _any_of(column_spellings(removed.column))
        self.named = re.compile(rf"\b(?:{self.names})\b")
        tables = {word for table in removed.tables for word in table_spellings(table)}
        owners = _any_of(tables.union(*(row_spellings(table) for table in removed.tables)))
        self._together = re.compile(rf"\b(?:{owners})\b[\"'`\]]*(?:\.|->|::|\[)[\"'`\[:]*(?:{self.names})\b")
        self._table = re.compile(rf"\b(?:{_any_of(tables)})\b")
        self._mentions = [hit for hit in hits if self._table.search(hit.text)]
        self._owned = re.compile(rf"(\w+)[\"'`]?(\.|->|::)[\"'`]?(?:{self.names})\b")
        self._called = re.compile(rf"\b(?:{self.names})\(")
        self._rows = tuple({row.lower() for table in removed.tables for row in row_spellings(table)})
        self._distinctive = is_distinctive(removed.column)

    def confidence(self, hit: Hit) -> Confidence:
        if is_alias(hit.text, self.names) or self._called.search(hit.text):
            return Confidence.NONE
        if self._together.search(hit.text) or (is_statement(hit.text) and self._table.search(hit.text)):
            return Confidence.CERTAIN
        if self._is_anothers(hit):
            return Confidence.NONE
        if is_data(hit.text, self.names) and self._is_near(hit):
            return Confidence.NEAR
        if defines_column(hit.text, self.names) and self._is_defined_before(hit):
            return Confidence.NEAR
        return Confidence.FILE if self._mentions and self._distinctive else Confidence.NONE

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
        return any(abs(mention.line - hit.line) <= STATEMENT_LINES for mention in self._mentions)

    def _is_defined_before(self, hit: Hit) -> bool:
        return any(
            0 < hit.line - mention.line <= DEFINITION_LINES and defines_table(mention.text)
            for mention in self._mentions
        )


class _Table:
    """Weighs lines that name a table."""

    def __init__(self, removed: RemovedObject) -> None:
        name = removed.tables[0]
        self.names = re.escape(name)
        self.named = re.compile(rf"\b{self.names}\b")
        self._in_sql = re.compile(rf"\b{SQL_BEFORE_TABLE}{self.names}\b")
        self._in_small_letters = re.compile(rf"\b{SQL_BEFORE_TABLE}{self.names}\b", re.IGNORECASE)
        self._in_code = re.compile(rf"[\"'`:]{self.names}(?:\.\w+)?[\"'`]|:{self.names}\b|\b{self.names}::")
        self._distinctive = is_distinctive(name)

    def confidence(self, hit: Hit) -> Confidence:
        if self._in_sql.search(hit.text):
            return Confidence.CERTAIN
        if self._in_small_letters.search(hit.text) and SQL_IN_ANY_CASE.search(hit.text):
            return Confidence.NEAR
        if self._in_code.search(hit.text) and (CODE_BEFORE_TABLE.search(hit.text) or "::" in hit.text):
            return Confidence.NEAR
        return Confidence.FILE if self._distinctive else Confidence.NONE


def _any_of(names: Iterable[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
