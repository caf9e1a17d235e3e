"""Whether a script defines something that spells out columns it does not name itself."""

from __future__ import annotations

import re

from gitmig.core.languages.sql.tokens import tokens

# PostgreSQL keeps the query of a view, rule, policy or function with BEGIN ATOMIC as it understood it: with every
# column that `*` stood for, in the order they had in the table.
KEPT = re.compile(r"\b(?:view|rule|atomic|policy)\b", re.IGNORECASE)
# count(*) names no column; TABLE t stands for SELECT * FROM t.
STAR = re.compile(r"(?<!\()\*|\*(?!\))|\bnatural\b|(?:\bas\b|\(|;)\s*table\b", re.IGNORECASE)


def expands_columns(text: str) -> bool:
    """Whether the script may do so; blocks and strings it could run are taken for SQL."""
    if not KEPT.search(text) or not STAR.search(text):
        return False
    found = tokens(text)
    if found is None:
        return True
    code = " ".join(token.text for token in found).replace("( * )", "")
    return bool(KEPT.search(code) and STAR.search(code))
