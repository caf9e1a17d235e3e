"""What the shell completes: revisions, layouts, migrations, numbers of kept rows. Quick, and silent if there are none.

Nothing is started, fetched or waited for: whatever is wrong, the command itself will say it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from gitmig.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

REFS = ("refs/heads/", "refs/remotes/", "refs/tags/")
CONNECT_TIMEOUT = 1  # seconds; somebody has pressed Tab


def _completer(find: Callable[[click.Context, str], Iterable[tuple[str, str | None]]]) -> Completer:
    """A completer of the words, with help, that `find` knows and that begin with what was typed."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        found: list[CompletionItem] = []
        with suppress(Exception):
            for word, help_text in find(context, incomplete):
                if word.startswith(incomplete) and visible(word) == word:
                    found.append(CompletionItem(word, help=help_text and visible(help_text)))
        return found

    return complete


@_completer
def revisions(context: click.Context, incomplete: str) -> Iterable[tuple[str, None]]:
    """Branches and tags."""
    return [(name, None) for name in _names(context)]


@_completer
def ranges(context: click.Context, incomplete: str) -> Iterable[tuple[str, None]]:
    """Branches and tags, also behind `A..`."""
    before, dots, _ = incomplete.rpartition("..")
    return [(f"{before}{dots}{name}", None) for name in _names(context)]


@_completer
def layouts(context: click.Context, incomplete: str) -> Iterable[tuple[str, None]]:
    """The layouts by name."""
    from gitmig.migrations.layouts import layouts

    return [(name, None) for name in layouts()]


@_completer
def migrations(context: click.Context, incomplete: str) -> Iterable[tuple[str, None]]:
    """The migrations of the work tree, by version and name."""
    from gitmig.project.project import Project
    from gitmig.project.target import load_target

    members = load_target(Project.load(_directory(context))).set
    return [(migration.label, None) for migration in members.migrations]


@_completer
def kept_numbers(context: click.Context, incomplete: str) -> Iterable[tuple[str, str]]:
    """The numbers of kept rows, if the database is on this machine and runs."""
    from gitmig.project.project import Project
    from gitmig.rows.store import Store

    project = Project.load(_directory(context), context.params.get("database"))
    is_asleep = project.settings.database is None and not project.server.is_running()
    if is_asleep or not project.address.is_local:
        return []
    with project.connect("completion", timeout=CONNECT_TIMEOUT) as connection:
        items = Store(connection, project.user, None).items()
    return [(str(item.id), f"{item.rows:,} of {item.what}, {item.label}") for item in items]


def _names(context: click.Context) -> list[str]:
    from gitmig.git.repository import Repository

    return Repository.open(_directory(context)).lines("for-each-ref", "--format=%(refname:lstrip=2)", *REFS)


def _directory(context: click.Context) -> Path:
    """Where gitmig would work: what `-C` says is not done while a word is completed."""
    return Path(context.find_root().params.get("directory") or ".").absolute()
