"""How source code spells the names of tables and columns."""

from __future__ import annotations

import re

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
