"""The languages a section may be written in: SQL, which gitmig reads, and programs, which it only runs.

A language that is read is one module here that makes a `Language`, and one runner in `gitmig.execute.script`.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


class Flaw(Struct, frozen=True, kw_only=True):
    """Something in a script that gitmig cannot run safely; `offset` is in characters from its start."""

    offset: int
    message: str
    hint: str


class Unit(Struct, frozen=True, kw_only=True):
    """A piece of a script, at `offset` characters from its start."""

    text: str
    offset: int


class SharedVerb(Enum):
    """What a statement does to what the whole server shares; MEMBER is GRANT or REVOKE of a role."""

    CREATE = auto()
    DROP = auto()
    ALTER = auto()
    MEMBER = auto()


class SharedStatement(Struct, frozen=True, kw_only=True):
    """A statement about what the whole server shares, at `offset` characters from the script's start.

    `roles` are those that it is about; one about databases, tablespaces or the server's settings is about all. It
    stands `in_block` where it is part of a DO block, to be run there as it is or as a variable tells.
    """

    verb: SharedVerb
    roles: tuple[str, ...]
    offset: int
    length: int
    in_block: bool = False


class Effects(Struct, frozen=True, kw_only=True):
    """What a script does to rows, and which names it leaves behind.

    `writing` are the statements that may write rows, `digests` tell, in the same order, when two of them do the same.
    `names` are those of objects and columns that it makes or changes, without those PostgreSQL may have chosen; `gone`
    are those that it takes away. A name may be both. `facts` are what is certainly so after it and the scripts before
    it: where another script says otherwise of the same, the schema is another one.
    """

    writing: tuple[Unit, ...] = ()
    digests: tuple[str, ...] = ()
    names: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    facts: Mapping[tuple[str, ...], str] = field(default_factory=dict)


class Language(Struct, frozen=True, kw_only=True):
    """What gitmig needs to know of a language without running it.

    `suffix` is the file name's ending without the dot, `comment` starts a line comment (directives are written in
    one). `checksum` maps a script to a string that is equal exactly when the change is the same. `flaws` lists what
    is wrong with a script that shall run inside a transaction (or, False, outside), `unparsed` says where it is not of
    the language at all. `commits` tells whether a script ends transactions before its end, `needs_commits` whether it
    depends on that, `needs_outside` whether it has what cannot run inside a transaction. `inside` rewrites a script
    that was written for the outside so that it can run inside, where that leads to the same schema, else gives None.
    `units` cuts a script into the pieces that are run and noted one by one outside. `without_client` takes out, at
    unchanged positions, what a client wrote into it for itself. `shared` lists the statements about what the whole
    server shares. `expands_columns` tells whether what a script makes could depend on the order of
    a table's columns. `effects` gives those of scripts that run one after the other. Of a program (`is_program`)
    nothing is known before it has run: neither which objects it touches nor which rows.
    """

    name: str
    suffix: str
    comment: str
    checksum: Callable[[str], str]
    flaws: Callable[[str, bool], list[Flaw]]
    unparsed: Callable[[str], Flaw | None]
    commits: Callable[[str], bool]
    needs_commits: Callable[[str], bool]
    needs_outside: Callable[[str], bool]
    inside: Callable[[str], str | None]
    units: Callable[[str], list[Unit]]
    without_client: Callable[[str], str]
    shared: Callable[[str], list[SharedStatement]]
    expands_columns: Callable[[str], bool]
    effects: Callable[[Iterable[str]], Iterator[Effects]]
    is_program: bool = False


def by_suffix(suffix: str) -> Language | None:
    """The language that is read of files that end in `.suffix`; None if there is none."""
    return _languages().get(suffix)


def by_name(name: str) -> Language:
    """The language the ledger names: one that is read, else that of programs with this ending."""
    from gitmig.migrations.languages.program import program

    return next((language for language in _languages().values() if language.name == name), None) or program(name)


@lru_cache
def suffixes() -> tuple[str, ...]:
    """The file name endings of all languages that are read, the first language first."""
    return tuple(_languages())


@lru_cache
def _languages() -> dict[str, Language]:
    from gitmig.migrations.languages.sql import SQL

    return {language.suffix: language for language in (SQL,)}
