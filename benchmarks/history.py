"""A long git history with its migrations, as a stream for `git fast-import`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Commits per migration: most commits touch other files.
EVERY = 4
OTHER_FILES = 50


def stream(settings: Mapping[str, str], migrations: Mapping[str, str]) -> Iterator[bytes]:
    """Commits on `main`: the settings in the first; then a migration in every fourth, other files in the rest."""
    yield _commit(0, settings)
    for k, (path, text) in enumerate(migrations.items()):
        for other in range(1, EVERY):
            number = k * EVERY + other
            yield _commit(number, {f"src/part_{number % OTHER_FILES}.txt": f"revision {number}\n"})
        yield _commit((k + 1) * EVERY, {path: text})


def _commit(number: int, files: Mapping[str, str]) -> bytes:
    changes = b"".join(b"M 100644 inline %s\n%s" % (path.encode(), _data(text)) for path, text in files.items())
    message = _data(f"Commit {number}\n")
    return b"commit refs/heads/main\ncommitter Ada <ada@example.org> %d +0000\n%s%s" % (
        1767225600 + number,
        message,
        changes,
    )


def _data(text: str) -> bytes:
    encoded = text.encode()
    return b"data %d\n%s\n" % (len(encoded), encoded)
