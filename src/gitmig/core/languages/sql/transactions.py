"""What a script's own transactions come to: in the one that gitmig opens they are left out, outside they are kept."""

from __future__ import annotations

import re

from gitmig.core.languages import Flaw
from gitmig.core.languages.sql.concurrent import without_concurrently
from gitmig.core.languages.sql.control import Control, controls, holds, words_of
from gitmig.core.languages.sql.tokens import Statement, statements, syntax_error

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


def flaws(text: str, transactional: bool) -> list[Flaw]:
    """What would break the surrounding transaction or cannot be sent at all."""
    found = [_broken(text, c) for c in controls(text) if not c.is_bare][:1] if transactional else []
    if (copy := _copy_from_stdin(text)) is not None:
        found.append(
            Flaw(
                offset=copy,
                message="COPY … FROM STDIN needs a client that sends the data",
                hint="write the rows as INSERT statements",
            )
        )
    return found


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
