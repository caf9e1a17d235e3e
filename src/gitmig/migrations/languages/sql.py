"""SQL, the first language of a section: everything gitmig knows of a script from its words, without running it.

In this order: transaction control, and what hangs on where transactions end; CREATE INDEX CONCURRENTLY and its like;
what a script's own transactions come to (in the one that gitmig opens they are left out, outside they are kept);
definitions that spell out columns they do not name; the units into which a script outside a transaction is cut, to be
noted one by one; commands of psql. What scripts do to rows, and to what the whole server shares, is read in modules of
their own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from gitmig.migrations.languages import Flaw, Language, Unit
from gitmig.migrations.languages.sql_effects import effects
from gitmig.migrations.languages.sql_shared import shared_statements
from gitmig.migrations.parser import Statement, Token, Unparsed, checksum, parse, statements, syntax_error, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gitmig.migrations.parser import Statement, Token


# What a statement that starts, ends or splits the surrounding transaction begins with. SAVEPOINT, RELEASE and
# ROLLBACK TO stay inside it and are allowed.
TRANSACTION_CONTROL = {"BEGIN_P", "START", "COMMIT", "ROLLBACK", "END_P", "ABORT_P", "PREPARE"}
# Scripts without any of these words need not be scanned at all; most have none.
CONTROL_WORD = re.compile(r"\b(?:begin|start|commit|rollback|end|abort|prepare)\b", re.IGNORECASE)
BARE_BEGIN = {"BEGIN", "BEGIN WORK", "BEGIN TRANSACTION", "START TRANSACTION"}
BARE_COMMIT = {"COMMIT", "COMMIT WORK", "COMMIT TRANSACTION", "END", "END WORK", "END TRANSACTION"}


class Control(NamedTuple):
    """A statement that begins, ends or prepares a transaction; `words` are its tokens in capitals."""

    statement: Statement
    words: str

    @property
    def is_bare(self) -> bool:
        """Whether it asks for nothing but a transaction, or a commit: neither options nor a rollback."""
        return self.words in BARE_BEGIN or self.commits

    @property
    def commits(self) -> bool:
        """Whether it is a bare COMMIT, in whatever words."""
        return self.words in BARE_COMMIT


@lru_cache(maxsize=2048)
def controls(text: str) -> tuple[Control, ...]:
    """The transaction control of a script, in order."""
    return tuple(_controls(text))


def words_of(statement: Statement) -> list[str]:
    """The statement's tokens in capitals."""
    return [token.text.upper() for token in tokens(statement.text) or ()]


def holds(words: Sequence[str]) -> bool:
    """Whether what a statement asks for ends with the transaction. Time limits do, but decide nothing."""
    match words:
        case ["SET", "LOCAL", name, *_]:
            return not name.endswith("TIMEOUT")
        case ["SET", "CONSTRAINTS" | "TRANSACTION", *_]:
            return True
    return ("ON", "COMMIT") in zip(words, words[1:]) or {"SET_CONFIG", "TRUE"} <= set(words)


def _controls(text: str) -> Iterator[Control]:
    found = tokens(text) if CONTROL_WORD.search(text) else None
    if found is None or not any(_may_control(found, k) for k in range(len(found))):
        return  # the common case is decided on tokens alone, without the parser
    atomic = any(token.kind == "ATOMIC" for token in found)
    for statement in statements(text):
        words = words_of(statement)
        if _is_control(words) and not (atomic and words == ["END"]):  # the end of a body that does not parse
            yield Control(statement, " ".join(words))


def _may_control(found: list[Token], k: int) -> bool:
    return found[k].kind in TRANSACTION_CONTROL and (k == 0 or found[k - 1].kind == "ASCII_59")


def _is_control(words: list[str]) -> bool:
    match words:
        case ["ROLLBACK", "TO", *_] | ["ROLLBACK", "WORK" | "TRANSACTION", "TO", *_]:
            return False
        case ["PREPARE", second, *_]:
            return second == "TRANSACTION"  # PREPARE name AS … is a prepared statement
        case ["BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "END" | "ABORT", *_]:
            return True
    return False


class ConcurrentIndex(Struct, frozen=True, kw_only=True):
    """An index that is built outside a transaction.

    `table` is quoted, `name` None if PostgreSQL chooses it; an expression is the empty string among the `columns`.
    """

    table: str
    name: str | None
    columns: tuple[str, ...]
    unique: bool


def concurrent_index(text: str) -> ConcurrentIndex | None:
    """The index a CREATE INDEX CONCURRENTLY makes; None for every other statement."""
    if "concurrently" not in text.lower():
        return None
    try:
        node = parse(text)[0]["stmt"]["IndexStmt"]
    except (Unparsed, IndexError, KeyError):
        return None
    if "concurrent" not in node or "relation" not in node:
        return None
    parts = [node["relation"].get("schemaname"), node["relation"]["relname"]]
    elements = [*node.get("indexParams", ()), *node.get("indexIncludingParams", ())]
    return ConcurrentIndex(
        table=".".join('"' + part.replace('"', '""') + '"' for part in parts if part),
        name=node.get("idxname"),
        columns=tuple(element["IndexElem"].get("name", "") for element in elements),
        unique="unique" in node,
    )


def is_concurrent(text: str) -> bool:
    """Whether the script has such statements: they do not run inside a transaction."""
    return without_concurrently(text) != text


def without_concurrently(text: str) -> str:
    """The text, at unchanged positions, without the word wherever a plain statement gives the same schema.

    That is at CREATE, DROP and REINDEX INDEX. It stays at DETACH PARTITION, which makes a constraint the plain form
    does not make.
    """
    for statement in statements(text) if "concurrently" in text.lower() else ():
        found = tokens(statement.text) or []
        if found and found[0].kind in {"CREATE", "DROP", "REINDEX"}:
            plain = takewhile(lambda t: t.kind != "ASCII_40", found)  # REINDEX (CONCURRENTLY) is left as it is
            for token in (t for t in plain if t.kind == "CONCURRENTLY"):
                start = statement.offset + token.start
                text = text[:start] + " " * len(token.text) + text[start + len(token.text) :]
    return text


VISIBLE = re.compile(r"[^\n]")


def executable(text: str) -> str:
    """The text to send in a transaction: every bare BEGIN and COMMIT is blanked, at unchanged positions.

    The one transaction that is open keeps what they ask for, however many they are and balanced or not. A script with
    any other transaction control is left as it is.
    """
    for control in _bare(text):
        start, end = control.statement.offset, control.statement.offset + len(control.statement.text)
        text = text[:start] + VISIBLE.sub(" ", text[start:end]) + text[end:]
    return text


def commits(text: str) -> bool:
    """Whether the script commits before its end: outside, a transaction of gitmig's may come to be several."""
    return len(_between_commits(text)) > 1


def needs_commits(text: str) -> bool:
    """Whether something in the script ends with a commit before its end, so that one transaction would not do."""
    return any(holds(words_of(statement)) for part in _between_commits(text)[:-1] for statement in part)


DOLLARS = re.compile(r"(\$\w*\$)(.*)\1", re.DOTALL)
BEFORE_STATEMENT = {";", "BEGIN", "THEN", "ELSE", "LOOP", ">>"}


def without_block_commits(text: str) -> str:
    """A DO block in PL/pgSQL with `NULL` for each COMMIT; the text as it is if it rolls back, or is anything else."""
    words = tokens(text) or []
    bodies = [token for token in words if token.kind == "SCONST"]
    if [token.text.upper() for token in words[:1]] != ["DO"] or len(words) != 2 or not bodies:
        return text
    found = DOLLARS.fullmatch(bodies[0].text)
    inner = tokens(found[2]) if found else None
    if found is None or inner is None:
        return text
    start = bodies[0].start + found.start(2)
    upper = [";", *(token.text.upper() for token in inner), ";"]
    for place, token in enumerate(inner, 1):
        if upper[place - 1] in BEFORE_STATEMENT and upper[place] in {"COMMIT", "ROLLBACK", "CALL"}:
            if upper[place : place + 2] != ["COMMIT", ";"]:
                return text
            at = start + token.start
            text = f"{text[:at]}{'NULL  '}{text[at + len(token.text) :]}"
    return text


def flaws(text: str, transactional: bool) -> list[Flaw]:
    """What would break the surrounding transaction or cannot be sent at all."""
    found = [_broken(text, c) for c in controls(text) if not c.is_bare][:1] if transactional else []
    copy = _copy_from_stdin(text)
    if copy is not None:
        found.append(
            Flaw(
                offset=copy,
                message="COPY … FROM STDIN needs a client that sends the data",
                hint="write the rows as INSERT statements",
            )
        )
    commands = [one for one in psql_commands(text) if copy is None or one.start() < copy]  # behind it there are data
    told = [(one, f"\\{one[1]} is a command of psql, and no SQL") for one in commands]
    return [Flaw(offset=one.start(), message=what, hint=INSTEAD.get(one[1], FOR_PEOPLE)) for one, what in told] or found


def unparsed(text: str) -> Flaw | None:
    """Where PostgreSQL's own parser gives up."""
    error = syntax_error(text)
    if error is None:
        return None
    hint = "correct the script: PostgreSQL's own parser does not take it"
    return Flaw(offset=min(error.offset, len(text) - 1), message=f"does not parse: {error.message}", hint=hint)


def inside_transaction(text: str) -> str | None:
    """The same script for the inside of a transaction, at unchanged positions; None if it needs its own."""
    if any(not control.is_bare for control in controls(text)) or needs_commits(text):
        return None
    return without_concurrently(executable(text))


def _bare(text: str) -> tuple[Control, ...]:
    """The transaction control of a script that has none but bare BEGINs and COMMITs."""
    found = controls(text)
    return found if all(control.is_bare for control in found) else ()


def _between_commits(text: str) -> list[list[Statement]]:
    """The statements in parts, none of them empty, with a bare COMMIT between every two."""
    places = {control.statement.offset: control for control in _bare(text)}
    if not any(control.commits for control in places.values()):
        return []
    parts: list[list[Statement]] = [[]]
    for statement in statements(text):
        control = places.get(statement.offset)
        if control is None:
            parts[-1].append(statement)
        elif control.commits:
            parts.append([])
    return [part for part in parts if part]


def _broken(text: str, control: Control) -> Flaw:
    """In a text that is no SQL, the words of a function's body look like transaction control."""
    return unparsed(text) or Flaw(
        offset=control.statement.offset,
        message=f"{control.words.split()[0]} inside a script that runs in a transaction",
        hint="remove it, or let the script run outside: gitmig opens and commits the transaction, together with its "
        "ledger, and only a bare BEGIN or COMMIT asks for no more than that",
    )


def _copy_from_stdin(text: str) -> int | None:
    """Where a COPY … FROM STDIN begins, in characters."""
    if "stdin" not in text.lower():
        return None
    for statement in statements(text):
        words = words_of(statement)
        if words[:1] == ["COPY"] and ("FROM", "STDIN") in zip(words, words[1:]):
            return statement.offset
    return None


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


BEGINS = {"BEGIN", "START"}
ENDS = {"COMMIT", "END", "ROLLBACK", "ABORT"}
UNDOES = {"ROLLBACK", "ABORT"}


def units(text: str) -> list[Unit]:
    """The units in order: single statements, and each explicit transaction of the script's own in one piece.

    So are the statements up to a COMMIT without its BEGIN, if one of them asks for something that ends there.
    """
    has_control = bool(controls(text))
    return [unit for part in _parts(text) for unit in _cut(text, part, has_control=has_control)]


def settings(text: str) -> list[Unit]:
    """What has to be run again when a new session goes on behind these statements."""
    return [
        Unit(text=statement.text, offset=statement.offset)
        for part in _parts(text)
        if not _ends(part[-1], UNDOES)
        for statement in part
        if _sets(statement)
    ]


def _parts(text: str) -> Iterator[list[Statement]]:
    """The statements, parted behind what ends a transaction."""
    part: list[Statement] = []
    for statement in statements(text):
        part.append(statement)
        if _ends(statement, ENDS):
            yield part
            part = []
    if part:
        yield part


def _cut(text: str, part: list[Statement], *, has_control: bool) -> Iterator[Unit]:
    begins = (k for k, statement in enumerate(part) if words_of(statement)[:1] and words_of(statement)[0] in BEGINS)
    together = next(begins, len(part))
    if has_control and any(holds(words_of(statement)) for statement in part):
        together = 0
    for statement in part[:together]:
        yield Unit(text=statement.text, offset=statement.offset)
    if part[together:]:
        start, last = part[together].offset, part[-1]
        end = last.offset + len(last.text) if _ends(last, ENDS) else len(text)
        yield Unit(text=text[start:end], offset=start)


def _ends(statement: Statement, words: Iterable[str]) -> bool:
    found = words_of(statement)[:3]
    return found[:1] != [] and found[0] in words and "TO" not in found


def _sets(statement: Statement) -> bool:
    """SET, or `SELECT set_config('search_path', …)`, as pg_dump writes it."""
    words = words_of(statement)
    if words[:1] == ["SELECT"]:
        return "set_config" in statement.text.lower()
    return words[:1] == ["SET"] and words[1:2] != ["LOCAL"]


# Commands of psql: lines that begin with a backslash, which the server does not know. A dump that pg_dump wrote since
# August 2025 begins with `\restrict` and ends with `\unrestrict`: they tell psql to do nothing but SQL in between,
# which gitmig does anyway, so they are passed over. What any other one asks for is missing if it is, so it is refused.
COMMAND = re.compile(r"^[ \t]*\\([A-Za-z]+|[^\sA-Za-z])[^\n]*$", re.MULTILINE)
PASSED_OVER = {"restrict", "unrestrict"}
FOR_PEOPLE = "remove it: it is for people at a terminal"
# What to do about a command, by its name.
INSTEAD = {
    **dict.fromkeys(("i", "ir", "include", "include_relative"), "put what that file says into the script itself"),
    **dict.fromkeys(("c", "connect"), "remove it: gitmig runs each script in the database of the project"),
    **dict.fromkeys(("copy", "."), "write the rows as INSERT statements"),
    **dict.fromkeys(
        ("set", "gset", "prompt", "getenv"), "write the values themselves, or use a DO block with variables"
    ),
    **dict.fromkeys(("if", "elif", "else", "endif", "gexec"), "use a DO block with IF and EXECUTE"),
}


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


SQL = Language(
    name="sql",
    suffix="sql",
    comment="--",
    checksum=checksum,
    flaws=flaws,
    unparsed=unparsed,
    commits=commits,
    needs_commits=needs_commits,
    needs_outside=is_concurrent,
    inside=inside_transaction,
    units=units,
    without_client=without_restrict,
    shared=shared_statements,
    expands_columns=expands_columns,
    effects=effects,
)
