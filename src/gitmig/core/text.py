"""From bytes to the text of a migration: one form, whatever editor or platform wrote it."""

from __future__ import annotations

from gitmig.core.problem import InvalidMigrations, Problem


def decode(data: bytes, path: str) -> str:
    """UTF-8 text without byte-order mark, with LF line ends. Raises InvalidMigrations that names the line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # both are without the mark
        raise _refused(path, line, "is not UTF-8 text", "save the file as UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _refused(path, line, "holds a NUL character, which PostgreSQL cannot store", "save the file as UTF-8")
    return text.replace("\r\n", "\n")


def _refused(path: str, line: int, message: str, hint: str) -> InvalidMigrations:
    return InvalidMigrations([Problem(path=path, line=line, message=message, hint=hint)])
