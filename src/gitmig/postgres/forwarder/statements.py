"""What a statement means to the transaction it is sent in, read from its text; and what is sent in its place.

There is one transaction, gitmig's own, and no client may end it. What a client takes for a transaction of its own is a
savepoint. `Mode` says where that stands, `prologue` what has to be sent before a statement that starts a unit of work,
and `translate` what a statement becomes.

BARE      no savepoint
CLEAN     the savepoint has just been made, and nothing has happened since
DIRTY     statements have run since then, outside a block
FAILED    the last of them failed
BLOCK, FAILED_BLOCK   between a client's BEGIN and its COMMIT; the savepoint was made right before
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from gitmig.migrations.languages.sql import controls
from gitmig.migrations.parser import Token, statements, syntax_error, tokens
from gitmig.postgres.forwarder.protocol import report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.migrations.parser import Statement

SAVEPOINT = b"SAVEPOINT gitmig_program"
RELEASE = b"RELEASE SAVEPOINT gitmig_program"
ROLLBACK = b"ROLLBACK TO SAVEPOINT gitmig_program"
# Does nothing that anybody could notice, and goes with the other savepoint.
NOTHING = b"SAVEPOINT gitmig_nothing"
# A syntax error, the only statement that fails wherever it is sent; what the client is told is put in its place.
REFUSAL = b"gitmig refuses this"
# Statements of gitmig's own session stay.
DEALLOCATE_ALL = b"""DO $$DECLARE n pg_catalog.text; BEGIN
FOR n IN SELECT name FROM pg_catalog.pg_prepared_statements WHERE CASE WHEN from_sql
  THEN NOT pg_catalog.starts_with(name, 'gitmig_') ELSE pg_catalog.starts_with(name, '%s') END
LOOP EXECUTE pg_catalog.format('DEALLOCATE %%I', n); END LOOP; END$$"""

# What an ordinary server does at a COMMIT: check what was deferred, and forget what was said about that. Named one by
# one, for after ALL later ones would not be deferred as they are declared. A name that stands for several constraints
# of different kinds is left alone.
CHECK = b"""DO $$DECLARE every pg_catalog.text; deferred pg_catalog.text; BEGIN
IF EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE condeferrable) THEN
  SELECT pg_catalog.string_agg(name, ', '), pg_catalog.string_agg(name, ', ') FILTER (WHERE is_deferred)
    INTO every, deferred FROM (
    SELECT pg_catalog.format('%I.%I', nspname, conname) AS name, pg_catalog.bool_and(condeferred) AS is_deferred
    FROM pg_catalog.pg_constraint JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) connamespace
    GROUP BY 1 HAVING pg_catalog.bool_and(condeferrable)
      AND (pg_catalog.bool_and(condeferred) OR NOT pg_catalog.bool_or(condeferred))) AS of_one_kind;
  IF every IS NOT NULL THEN EXECUTE 'SET CONSTRAINTS ' || every || ' IMMEDIATE'; END IF;
  IF deferred IS NOT NULL THEN EXECUTE 'SET CONSTRAINTS ' || deferred || ' DEFERRED'; END IF;
END IF; END$$"""

WRITES = re.compile(rb"\b(?:insert|update|delete|merge|copy|call|do|execute|constraints)\b", re.IGNORECASE)
WORD = re.compile(
    rb"\b(?:begin|start|commit|rollback|end|abort|prepare|savepoint|release|transaction|deallocate|declare)\b",
    re.IGNORECASE,
)


# Parts of a text stay at their places, so that PostgreSQL says where an error lies as the client expects it.
LARGEST_PADDING = 1 << 24
LARGEST_REMEMBERED = 1 << 14


class Mode(Enum):
    """How far the savepoint is; see above."""

    BARE = auto()
    CLEAN = auto()
    DIRTY = auto()
    FAILED = auto()
    BLOCK = auto()
    FAILED_BLOCK = auto()

    @property
    def in_block(self) -> bool:
        """Whether a client has a transaction open, as far as it knows."""
        return self in {Mode.BLOCK, Mode.FAILED_BLOCK}


class StatementKind(Enum):
    """What a statement, or a text of several, does to transactions."""

    PLAIN = auto()
    BEGIN = auto()
    COMMIT = auto()
    ROLLBACK = auto()
    SAVEPOINT = auto()
    RELEASE = auto()
    ROLLBACK_TO = auto()
    SET_TRANSACTION = auto()
    DEALLOCATE = auto()
    DEALLOCATE_ALL = auto()
    SEVERAL = auto()
    REFUSED = auto()


class Meaning(Struct, frozen=True, kw_only=True):
    """What a text means.

    `name` is what a DEALLOCATE names, and how PostgreSQL calls a BEGIN; `cursors` are those that it declares for the
    length of a transaction; `parts` the texts to be sent one after the other if there are SEVERAL statements, with
    transaction control among them; `error` is the message that a client gets that sends a REFUSED one; `gives_up` says
    that a program which sends it expects more than it can have. `writes`: something may have to be checked when the
    transaction ends.
    """

    kind: StatementKind = StatementKind.PLAIN
    name: bytes = b""
    cursors: tuple[bytes, ...] = ()
    parts: tuple[bytes, ...] = ()
    error: bytes = b""
    gives_up: str | None = None
    writes: bool = False


class Translation(Struct, frozen=True, kw_only=True):
    """What is sent for a statement: `text`, None for the statement itself.

    `tag` is the CommandComplete that the client sees, `warning` a notice that goes ahead of it, `error` the
    ErrorResponse instead of PostgreSQL's. `mode` is what it leaves behind if it succeeds.
    """

    mode: Mode
    text: bytes | None = None
    tag: bytes | None = None
    warning: bytes = b""
    error: bytes = b""
    ends_transaction: bool = False

    @property
    def commits(self) -> bool:
        """Whether what was done since the savepoint stays."""
        return self.text == RELEASE


PLAIN = Meaning()
WRITING = Meaning(writes=True)
ALREADY = report("WARNING", "25001", "there is already a transaction in progress")
NONE_YET = report("WARNING", "25P01", "there is no transaction in progress")
SET_OUTSIDE = report("WARNING", "25P01", "SET TRANSACTION can only be used in transaction blocks")
OUTSIDE = {
    StatementKind.SAVEPOINT: report("ERROR", "25P01", "SAVEPOINT can only be used in transaction blocks"),
    StatementKind.RELEASE: report("ERROR", "25P01", "RELEASE SAVEPOINT can only be used in transaction blocks"),
    StatementKind.ROLLBACK_TO: report("ERROR", "25P01", "ROLLBACK TO SAVEPOINT can only be used in transaction blocks"),
}


def prologue(mode: Mode, *, starts_unit: bool) -> list[bytes]:
    """What has to be sent before a statement, so that the savepoint is there and clean; within a unit, only there."""
    if mode is Mode.BARE:
        return [SAVEPOINT]
    if mode is Mode.DIRTY and starts_unit:
        return [RELEASE, SAVEPOINT]
    return [ROLLBACK] if mode is Mode.FAILED else []


def after(statement: bytes) -> Mode:
    """The mode behind one of the prologue's statements."""
    return Mode.BARE if statement == RELEASE else Mode.CLEAN


def translate(meaning: Meaning, mode: Mode, prefix: bytes) -> Translation:  # noqa: PLR0911
    """What to send for a statement. `prefix` is before the names of the client's prepared statements."""
    inside = mode.in_block
    match meaning.kind:
        case StatementKind.BEGIN:
            return Translation(mode=Mode.BLOCK, text=NOTHING, tag=meaning.name, warning=ALREADY if inside else b"")
        case StatementKind.COMMIT | StatementKind.ROLLBACK:
            return _end(meaning.kind, mode)
        case StatementKind.SAVEPOINT | StatementKind.RELEASE | StatementKind.ROLLBACK_TO if not inside:
            return Translation(mode=mode, text=REFUSAL, error=OUTSIDE[meaning.kind])
        case StatementKind.ROLLBACK_TO:
            return Translation(mode=Mode.BLOCK)
        case StatementKind.SET_TRANSACTION:
            return Translation(mode=touched(mode), text=NOTHING, tag=b"SET", warning=b"" if inside else SET_OUTSIDE)
        case StatementKind.DEALLOCATE:
            text = b'DEALLOCATE "' + (prefix + meaning.name).replace(b'"', b'""') + b'"'
            return Translation(mode=touched(mode), text=text)
        case StatementKind.DEALLOCATE_ALL:
            return Translation(mode=touched(mode), text=DEALLOCATE_ALL % prefix, tag=b"DEALLOCATE ALL")
        case StatementKind.REFUSED:
            return Translation(mode=mode, text=REFUSAL, error=meaning.error)
    return Translation(mode=touched(mode))


def _end(kind: StatementKind, mode: Mode) -> Translation:
    """COMMIT or ROLLBACK. A ROLLBACK TO leaves the savepoint itself as it was made."""
    warning = b"" if mode.in_block else NONE_YET
    if kind is StatementKind.COMMIT and mode in {Mode.BLOCK, Mode.DIRTY}:
        return Translation(mode=Mode.BARE, text=RELEASE, tag=b"COMMIT", warning=warning, ends_transaction=True)
    tag = b"COMMIT" if kind is StatementKind.COMMIT and mode is Mode.CLEAN else b"ROLLBACK"
    return Translation(mode=Mode.CLEAN, text=ROLLBACK, tag=tag, warning=warning, ends_transaction=True)


def touched(mode: Mode) -> Mode:
    """The mode behind a statement that may have done anything."""
    return Mode.DIRTY if mode is Mode.CLEAN else mode


def meaning(text: bytes, *, standard_strings: bool = True) -> Meaning:
    """Read a text; `standard_strings` says that a backslash in a string is nothing but a backslash."""
    if not WORD.search(text):
        return WRITING if WRITES.search(text) else PLAIN
    if not standard_strings and b"\\" in text:
        return _refused(
            "0A000",
            "words of transaction control beside a backslash, while standard_conforming_strings is off",
            "leave the setting on: where a string ends cannot be told otherwise",
        )
    read = _remembered_meaning if len(text) < LARGEST_REMEMBERED else _meaning
    try:
        return read(text.decode(), "utf-8")
    except UnicodeDecodeError:
        return read(text.decode("latin-1"), "latin-1")


@lru_cache(maxsize=512)
def _remembered_meaning(text: str, encoding: str) -> Meaning:
    return _meaning(text, encoding)


def _meaning(text: str, encoding: str) -> Meaning:
    found = tokens(text)
    writes = WRITES.search(text.encode()) is not None
    if found is None or not any(_may_matter(found, k) for k in range(len(found))):
        return WRITING if writes else PLAIN
    every = statements(text)
    ends = {control.statement.offset for control in controls(text)}
    read = [_statement(tokens(one.text) or [], encoding, is_control=one.offset in ends) for one in every]
    if ends and (fault := syntax_error(text)):
        return Meaning(
            kind=StatementKind.REFUSED, error=report("ERROR", "42601", fault.message, position=fault.offset + 1)
        )
    if len(read) == 1:
        return WRITING if writes and read[0] == PLAIN else read[0]
    if refused := next((one for one in read if one.kind is StatementKind.REFUSED), None):
        return refused
    if all(one.kind is StatementKind.PLAIN for one in read):
        return Meaning(cursors=tuple(name for one in read for name in one.cursors), writes=writes)
    return Meaning(kind=StatementKind.SEVERAL, parts=_parts(text, encoding, every, read))


def _parts(text: str, encoding: str, every: Sequence[Statement], read: Sequence[Meaning]) -> tuple[bytes, ...]:
    """The text in parts to be sent one by one, each at its place; plain statements in a row are one part."""
    spans: list[tuple[int, int]] = []
    for k, one in enumerate(every):
        end = one.offset + len(one.text)
        if k and read[k - 1].kind is read[k].kind is StatementKind.PLAIN:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((one.offset, end))
    pads = len(text) * len(spans) < LARGEST_PADDING
    return tuple((" " * start * pads + text[start:end]).encode(encoding) for start, end in spans)


def _may_matter(found: list[Token], k: int) -> bool:
    starts = k == 0 or found[k - 1].kind == "ASCII_59"
    return starts and (WORD.fullmatch(found[k].text.encode()) is not None or found[k].kind == "SET")


def _statement(found: list[Token], encoding: str, *, is_control: bool) -> Meaning:  # noqa: PLR0911
    """What one statement means; `is_control` was found out by the parser."""
    words = [token.text.upper() for token in found]
    if is_control:
        return _control(words)
    match words:
        case ["SAVEPOINT", *_]:
            return Meaning(kind=StatementKind.SAVEPOINT)
        case ["RELEASE", *_]:
            return Meaning(kind=StatementKind.RELEASE)
        case ["ROLLBACK" | "ABORT", *_]:
            return Meaning(kind=StatementKind.ROLLBACK_TO)
        case ["SET", "TRANSACTION", what, *_] if what != "SNAPSHOT":
            return Meaning(kind=StatementKind.SET_TRANSACTION)
        case ["DEALLOCATE", "ALL"] | ["DEALLOCATE", "PREPARE", "ALL"]:
            return Meaning(kind=StatementKind.DEALLOCATE_ALL)
        case ["DEALLOCATE", _] | ["DEALLOCATE", "PREPARE", _]:
            return Meaning(kind=StatementKind.DEALLOCATE, name=_name(found[-1].text).encode(encoding))
        case ["DECLARE", _, *rest] if ("WITH", "HOLD") not in zip(rest, rest[1:]):
            return Meaning(cursors=(_name(found[1].text).encode(encoding),))
    return PLAIN


def _control(words: list[str]) -> Meaning:
    text = " ".join(words)
    if "PREPARED" in words or words[0] == "PREPARE":
        said = "PREPARE TRANSACTION" if words[0] == "PREPARE" else " ".join(words[:2])
        attempt = f"{said} inside gitmig's transaction"
        hint = "leave it out: the migration is one transaction, which gitmig commits"
        return _refused("0A000", f"{said} is not possible inside gitmig's transaction", hint, gives_up=attempt)
    if text.endswith("AND CHAIN"):
        return _refused("0A000", f"{text} is not supported inside gitmig's transaction", "write COMMIT and BEGIN")
    if words[0] in {"BEGIN", "START"}:
        return Meaning(kind=StatementKind.BEGIN, name=b"START TRANSACTION" if words[0] == "START" else b"BEGIN")
    return Meaning(kind=StatementKind.COMMIT if words[0] in {"COMMIT", "END"} else StatementKind.ROLLBACK)


def _refused(sqlstate: str, message: str, hint: str, gives_up: str | None = None) -> Meaning:
    return Meaning(kind=StatementKind.REFUSED, error=report("ERROR", sqlstate, message, hint), gives_up=gives_up)


def _name(token: str) -> str:
    return token[1:-1].replace('""', '"') if token.startswith('"') else token.lower()
