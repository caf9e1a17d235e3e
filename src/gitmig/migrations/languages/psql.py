r"""Commands of psql in a script: lines that begin with a backslash, which the server does not know.

A dump that pg_dump wrote since August 2025 begins with `\restrict` and ends with `\unrestrict`: they tell psql to do
nothing but SQL in between, which gitmig does anyway, so they are passed over. What any other one asks for is missing if
it is, so it is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.migrations.parser import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = re.compile(r"^[ \t]*\\([A-Za-z]+|[^\sA-Za-z])[^\n]*$", re.MULTILINE)
PASSED_OVER = {"restrict", "unrestrict"}
# What to do about a command, by its name; else it can go.
INSTEAD = {
    **dict.fromkeys(("i", "ir", "include", "include_relative"), "put what that file says into the script itself"),
    **dict.fromkeys(("c", "connect"), "remove it: gitmig runs each script in the database of the project"),
    **dict.fromkeys(("copy", "."), "write the rows as INSERT statements"),
    **dict.fromkeys(
        ("set", "gset", "prompt", "getenv"), "write the values themselves, or use a DO block with variables"
    ),
    **dict.fromkeys(("if", "elif", "else", "endif", "gexec"), "use a DO block with IF and EXECUTE"),
}
REMOVE = "remove it: it is for people at a terminal"


def psql_commands(text: str) -> Iterator[re.Match[str]]:
    """The commands, each with its name as group 1; a backslash in a string or comment is none."""
    if "\\" not in text:
        return
    seen = 0  # what is before is SQL, or a command that was found
    for found in COMMAND.finditer(text):
        if tokens(text[seen : found.start()]) is not None:
            yield found
            seen = found.end()


def without_restrict(text: str) -> str:
    """The text, at unchanged positions, without the commands that ask for nothing."""
    for found in list(psql_commands(text)):
        if found[1] in PASSED_OVER:
            text = text[: found.start()] + " " * len(found[0]) + text[found.end() :]
    return text


def instead_of(name: str) -> str:
    """What to write instead of a command."""
    return INSTEAD.get(name, REMOVE)
