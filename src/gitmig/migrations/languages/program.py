"""Programs: migrations in any other language, which are run with `up` or `down`, and known by nothing but their text.

A file of Python that defines `upgrade` is called with a connection (see `execute.drivers.python_migration`); every
other program prints SQL, or works on the database that its environment names.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING

from gitmig.migrations.languages import Effects, Language, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

PYTHON = "py"
# Tools that run their own migrations, and note which.
ALEMBIC, DJANGO = "alembic", "django"
TOOLS = frozenset({ALEMBIC, DJANGO})
# What the file of a program is to its migration.
ROLE = "program"
# The environment variable that tells a program what to run.
SECTION = "GITMIG_SECTION"
# What a compiled program is in the ledger: text in front of its bytes.
BINARY = "gitmig:base64:"
# How a program asks to run outside of gitmig's transaction: in Python by a variable, elsewhere in a comment.
OUTSIDE_IN_PYTHON = re.compile(r"^transaction\s*(?::\s*bool\s*)?=\s*False\b", re.M)
OUTSIDE = re.compile(r"^\W*migrate:\s*transaction:false\W*$", re.M | re.I)
FUNCTION = re.compile(r"^(?:(?:async[ \t]+)?def[ \t]+(upgrade|downgrade)\b|(upgrade|downgrade)[ \t]*=[^=])", re.M)

SHEBANG = "#!"
# Compilers write the program beside what else is only for the run, and then it runs.
COMPILED = '{compiler} -o "$TMPDIR/program" "$0" && exec "$TMPDIR/program" "$1"'
# What runs a program that does not say it, by the ending of its name. For Python it is the project's own interpreter.
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "sh": ("sh",),
    "bash": ("bash",),
    "js": ("node",),
    "mjs": ("node",),
    "cjs": ("node",),
    "rb": ("ruby",),
    "pl": ("perl",),
    "php": ("php",),
    "java": ("java",),
    "c": ("sh", "-c", COMPILED.format(compiler="cc")),
    **dict.fromkeys(("cpp", "cc", "cxx"), ("sh", "-c", COMPILED.format(compiler="c++ -std=c++17"))),
}


def program(name: str) -> Language:
    """The language of programs whose names end in `.name`; the empty name is that of programs without an ending."""
    return Language(
        name=name,
        suffix=name,
        comment="#",
        is_program=True,
        checksum=_checksum,
        flaws=lambda text, transactional: [],
        unparsed=lambda text: None,
        commits=lambda text: False,
        needs_commits=lambda text: False,
        needs_outside=lambda text: False,
        inside=lambda text: None,
        units=lambda text: [Unit(text=text, offset=0)],
        without_client=lambda text: text,
        shared=lambda text: [],
        expands_columns=lambda text: True,
        effects=_effects,
    )


def functions(text: str) -> frozenset[str]:
    """Which of `upgrade` and `downgrade` a file of Python defines."""
    return frozenset(found[1] or found[2] for found in FUNCTION.finditer(text))


def asks_for_outside(language: Language, text: str) -> bool:
    """Whether a program says that it must not run inside a transaction."""
    in_python = language.name == PYTHON and OUTSIDE_IN_PYTHON.search(text) is not None
    return in_python or OUTSIDE.search(text) is not None


def command(ending: str, text: str, configured: Mapping[str, Sequence[str]], python: str) -> tuple[str, ...] | None:
    """What runs a program, without the program's own path, which comes behind it; None if nothing is known to.

    What is configured for its ending wins; then what its first line names, or what it is compiled to; then what is
    usual. `python` is the project's interpreter.
    """
    if ending in TOOLS:
        return tuple(configured.get(PYTHON, (python,)))
    if ending in configured:
        return tuple(configured[ending])
    if ending == PYTHON and "upgrade" in functions(text):
        return (python,)
    if text.startswith((SHEBANG, BINARY)):
        return ()
    return (python,) if ending == PYTHON else COMMANDS.get(ending)


def as_text(data: bytes) -> str:
    """A compiled program as the ledger keeps it."""
    return BINARY + base64.b64encode(data).decode("ascii")


def as_bytes(text: str) -> bytes:
    """What to write into the program's file."""
    if text.startswith(BINARY):
        try:
            return base64.b64decode(text[len(BINARY) :], validate=True)
        except binascii.Error:
            pass  # somebody wrote these words into a text of their own
    return text.encode("utf-8", "surrogateescape")


def _checksum(text: str) -> str:
    """A hash of the text: what is a comment in it, and whether line ends matter, only the program's language knows."""
    words = text.strip("\n")
    return hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()


def _effects(scripts: Iterable[str]) -> Iterator[Effects]:
    """Each may write what no other script writes."""
    for text in scripts:
        yield Effects(writing=(Unit(text=text, offset=0),), digests=(_checksum(text),))
