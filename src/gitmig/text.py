"""Text for people: made safe for a terminal, whoever wrote it; lists and sizes as people write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# What a terminal obeys instead of showing it, and what turns the direction of writing, so that a text is not read as it
# stands: C0, DEL, C1; the marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm (UAX #9); line
# and paragraph separators. And what no encoding has: halves of surrogate pairs, in which Python keeps odd bytes.
UNSHOWN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str, *, keep: str = "") -> str:
    r"""The text with every control character written out, as in `\x1b`, but those in `keep`."""

    def written_out(found: re.Match[str]) -> str:
        character = found[0]
        if character in keep:
            return character
        code = ord(character)
        return NAMED.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")

    return UNSHOWN.sub(written_out, text)


MOST_NAMES = 3


def first_few(names: Sequence[object]) -> str:
    """The first few of them, and how many more there are."""
    shown = ", ".join(str(name) for name in names[:MOST_NAMES])
    return shown if len(names) <= MOST_NAMES else f"{shown} and {len(names) - MOST_NAMES} more"


UNITS = ("kB", "MB", "GB", "TB")


def as_size(size: int) -> str:
    """Bytes as `512 bytes`, `1.5 MB`, `2 GB`; 1 kB is 1024 bytes, as in PostgreSQL."""
    if size < 1024:
        return f"{size} bytes"
    value = float(size)
    for unit in UNITS:
        value /= 1024
        if value < 1024 or unit == UNITS[-1]:
            break
    return f"{value:.1f}".removesuffix(".0") + f" {unit}"
