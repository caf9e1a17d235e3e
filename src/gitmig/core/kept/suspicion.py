"""Whether a script could take rows or values away: told from its words, and in doubt yes."""

from __future__ import annotations

import re

# Anything that drops, narrows, moves or writes rows, or that runs what cannot be seen. A word inside a comment or a
# string costs a trial and nothing else.
SUSPECT = re.compile(
    r"\b(?:drop|type|delete|update|truncate|do|call|select|insert|execute|with|merge|copy|detach|perform|prepare|load)\b"
    r"|\$",
    re.IGNORECASE,
)
# What may change rows in another way than by dropping their columns or by a plain change of type.
WRITES = re.compile(
    r"\b(?:delete|update|truncate|do|call|select|insert|execute|with|merge|copy|using)\b", re.IGNORECASE
)


def may_lose(text: str | None) -> bool:
    """Whether a script may take rows or values away; None is one that nobody knows."""
    return text is None or SUSPECT.search(text) is not None


def may_change(text: str | None) -> bool:
    """Whether a script may give rows other values than the step it undoes took from them; in doubt yes."""
    return text is None or WRITES.search(text) is not None
