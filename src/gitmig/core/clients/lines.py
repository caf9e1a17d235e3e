"""What one line of source code looks like: SQL or prose, a definition, a comment, reading or writing."""

from __future__ import annotations

import re

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
