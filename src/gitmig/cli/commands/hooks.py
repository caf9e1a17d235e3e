"""`gitmig hooks`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import options
from gitmig.cli.consent import hook_files_consent
from gitmig.cli.hook_runs import run_hook
from gitmig.cli.output import say
from gitmig.cli.wording import hook_words, not_installed, say_hook_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.git.hooks import Hook


@click.group("hooks", short_help="The git hooks that call gitmig by themselves.")
def command() -> None:
    """Install, take away or look at the git hooks."""


@command.command("install", short_help="Put the hooks in place; a foreign one is kept and runs first.")
@click.option("--check", is_flag=True, help="Also check before a merge and a push, and stop them on an error.")
@options.yes
def install(check: bool, yes: bool) -> int:
    """Put the hooks in place; a foreign hook is kept as <hook>.pre-gitmig and runs first.

    Where another tool owns the hooks (husky, lefthook, …), gitmig asks before it writes into that tool's files.
    """
    from gitmig.operations.init import install_hooks

    found = install_hooks(options.project(), check=check, consent=hook_files_consent(agreed=yes))
    _print(found.hooks)
    say_hook_files(found)
    if error := not_installed(found):
        raise error
    return 0


@command.command("uninstall", short_help="Take them away and put back what was there before.")
@options.yes
def uninstall(yes: bool) -> int:
    """Take gitmig's hooks away and put back the ones that were there before."""
    from gitmig.git import hooks

    found = hooks.uninstall(options.project().repository, consent=hook_files_consent(agreed=yes))
    _print(found.hooks)
    say_hook_files(found)
    for change in found.refused:
        say(f"{change.name} keeps the lines that call gitmig; they do nothing now, `--yes` takes them out")
    return 0


@command.command("status", short_help="Show what stands where git looks for the hooks.")
def status() -> int:
    """Show what stands where git looks for the hooks."""
    from gitmig.git import hooks

    repository = options.project().repository
    _print(hooks.status(repository))
    if found := hooks.trouble(repository):
        say(str(found))
    return 0


@command.command(
    "run",
    short_help="Do what a hook does, for tools that run hooks themselves.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("event")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(event: str, arguments: tuple[str, ...]) -> int:
    """Do what git's hook EVENT does: gitmig hooks run post-checkout "$@".

    Hand on the ARGUMENTS that git gives the hook, and its standard input. The hook script decides by them whether
    there is anything to do. Having decided, it calls this command without arguments; so that is to do it at once.
    """
    from gitmig.git import hooks

    if arguments:
        return hooks.call(options.project().repository, event, arguments)
    return run_hook(event)


def _print(found: Sequence[Hook]) -> None:
    width = max(14, *(len(hook.name) for hook in found))
    for hook in found:
        say(f"{hook.name:<{width}} {hook_words(hook)}  ({hook.path})")
