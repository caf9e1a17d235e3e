"""`gitmig hooks`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitmig.cli import options
from gitmig.cli.hook_runs import run_hook
from gitmig.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.git.hooks import Hook


@click.group("hooks", short_help="The git hooks that call gitmig by themselves.")
def command() -> None:
    """Install, take away or look at the git hooks."""


@command.command("install", short_help="Put the hooks in place; a foreign one is kept and runs first.")
@click.option("--check", is_flag=True, help="Also check before a merge and a push, and stop them on an error.")
def install(check: bool) -> int:
    """Put the hooks in place; a foreign hook is kept as <hook>.pre-gitmig and runs first."""
    from gitmig.operations import hooks

    return _print(hooks.install(options.project(), check=check))


@command.command("uninstall", short_help="Take them away and put back what was there before.")
def uninstall() -> int:
    """Take gitmig's hooks away and put back the ones that were there before."""
    from gitmig.operations import hooks

    return _print(hooks.uninstall(options.project()))


@command.command("status", short_help="Show what stands where git looks for the hooks.")
def status() -> int:
    """Show what stands where git looks for the hooks."""
    from gitmig.operations import hooks

    return _print(hooks.status(options.project()))


@command.command("run", hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(name: str, arguments: tuple[str, ...]) -> int:
    """Do what the hook NAME is for; called by the hook scripts.

    Arguments are accepted and ignored. The script hands none on: what git gives a hook decides there whether Python is
    started at all; what else is needed is read from standard input and the environment.
    """
    return run_hook(name)


def _print(found: Sequence[Hook]) -> int:
    width = max(14, *(len(hook.name) for hook in found))
    for hook in found:
        chained = f", after {hook.chained.name}" if hook.chained else ""
        say(f"{hook.name:<{width}} {hook.state.value}{chained}  ({hook.path})")
    return 0
