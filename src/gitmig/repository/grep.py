"""Looking for words in the files of a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.errors import GitmigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from gitmig.repository.door import Repository

NOTHING_FOUND = 1


def grep(
    repository: Repository, commit: str, words: Collection[str], *, without: Collection[str], patterns: Collection[str]
) -> Iterator[tuple[str, int, str]]:
    """Path, line (from 1) and text of every line with one of the words, by one `git grep`; binary files are left out.

    Left out are also the folders `without`, and the files that match a shell pattern, as `docs/**`.
    """
    expressions = [part for word in sorted(words) for part in ("-e", word)]
    left_out = [f":(exclude,top,literal){folder}" for folder in without if folder != "."]
    left_out += [f":(exclude,top,glob){pattern}" for pattern in patterns]
    call = ("grep", "-z", "-n", "-I", "-w", "-F", "--full-name", "--no-color", *expressions, commit, "--", ":(top)")
    status, out, err = repository.attempt(*call, *left_out, literal=False)
    if status > NOTHING_FOUND:
        raise GitmigError(f"git grep failed: {err.strip()}", hint="`--no-clients` does without")
    for row in out.split(b"\n"):
        name, found, rest = row.partition(b"\0")
        number, _, text = rest.partition(b"\0")
        if found:
            path = name.decode("utf-8", "surrogateescape").removeprefix(f"{commit}:")
            yield path, int(number), text.decode("utf-8", "replace")
