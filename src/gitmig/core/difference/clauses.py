"""Clauses that many statements share: comments, options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.core.difference.names import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def commented(subject: str, comment: str | None) -> str:
    """The statement that sets a comment, or takes it away."""
    return f"COMMENT ON {subject} IS {'NULL' if comment is None else literal(comment)}"


def option_list(options: Iterable[str]) -> str:
    """Options as `a=1` the way WITH and SET take them."""
    return ", ".join(f"{name}={_value(value)}" for name, _, value in (option.partition("=") for option in options))


def _value(value: str) -> str:
    return value if value.replace("_", "").isalnum() else literal(value)


def option_changes(subject: str, old: Iterable[str] | None, new: Iterable[str] | None) -> Iterator[str]:
    """SET and RESET of options; `subject` is as `ALTER TABLE t`."""
    before, after = set(old or ()), set(new or ())
    gone = {option.partition("=")[0] for option in before} - {option.partition("=")[0] for option in after}
    if after - before:
        yield f"{subject} SET ({option_list(sorted(after - before))})"
    if gone:
        yield f"{subject} RESET ({', '.join(sorted(gone))})"


def foreign_options(options: Iterable[str] | None) -> str:
    """OPTIONS (…) for a new object, with a space ahead; nothing if there are none."""
    pairs = [option.partition("=") for option in options or ()]
    texts = [f"{name} {literal(value)}" for name, _, value in pairs]
    return f" OPTIONS ({', '.join(texts)})" if texts else ""


def foreign_option_changes(subject: str, old: Iterable[str] | None, new: Iterable[str] | None) -> Iterator[str]:
    """ADD, SET and DROP of a foreign object's options."""
    before = dict(option.split("=", 1) for option in old or ())
    after = dict(option.split("=", 1) for option in new or ())
    changes = [f"ADD {name} {literal(after[name])}" for name in after if name not in before]
    changes += [f"SET {name} {literal(value)}" for name, value in after.items() if before.get(name, value) != value]
    changes += [f"DROP {name}" for name in before if name not in after]
    if changes:
        yield f"{subject} OPTIONS ({', '.join(changes)})"
