"""Names as the catalogs write them: `schema.object.part`, each quoted where it has to be."""

from __future__ import annotations

import re
from functools import lru_cache

PART = re.compile(r'"(?:[^"]|"")*"|[^."(]+')
PLAIN = re.compile(r"[a-z_][a-z0-9_$]*")
MAX_LENGTH = 63  # bytes; PostgreSQL cuts off the rest


def parts(name: str) -> list[str]:
    """What stands between the dots, quotes and all; nothing behind an argument list's bracket."""
    found, end = [], 0
    while match := PART.match(name, end):
        found.append(match[0])
        end = match.end() + 1
        if name[end - 1 : end] != ".":
            break
    return found


@lru_cache(maxsize=16384)
def split(name: str) -> tuple[str, str]:
    """`s.t` and `c` of `s.t.c`; `s` and `f` of `s.f(integer)`."""
    *outer, own = parts(name)
    return ".".join(outer), own


def parent(name: str) -> str:
    """`s.t` of `s.t.c`."""
    return split(name)[0]


def last(name: str) -> str:
    """`c` of `s.t.c`."""
    return split(name)[1]


def arguments(name: str) -> str:
    """`(integer)` of the function `s.f(integer)`; empty for what has none."""
    return name[name.index("(") :] if name.endswith(")") else ""


def bare(part: str) -> str:
    """A part without its quotes."""
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def beside(name: str, suffix: str) -> str:
    """The name, in the same schema, of an object that is called after this one."""
    stem = bare(last(name)).encode()[: MAX_LENGTH - len(suffix.encode())].decode(errors="ignore")
    return f"{parent(name)}.{quoted(stem + suffix)}"


def quoted(text: str) -> str:
    """As an identifier; only for text that is no keyword."""
    return text if PLAIN.fullmatch(text) else always_quoted(text)


def always_quoted(text: str) -> str:
    """As an identifier, even if it is a keyword."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """As a string."""
    return "'" + text.replace("'", "''") + "'"


def default_name(column: str, ending: str) -> str:
    """What PostgreSQL calls the thing of a column `s.t.c` by itself: `t_c_seq`. Names too long are left as they are."""
    return quoted(f"{bare(last(parent(column)))}_{bare(last(column))}_{ending}")
