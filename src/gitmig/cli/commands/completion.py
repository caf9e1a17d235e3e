"""`gitmig completion`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gitmig.cli.output import say

# The file that each shell reads, below the user's home, and the line in it.
PLACES = {
    "bash": (".bashrc", 'eval "$(_GITMIG_COMPLETE=bash_source gitmig)"'),
    "zsh": (".zshrc", 'eval "$(_GITMIG_COMPLETE=zsh_source gitmig)"'),
    "fish": (".config/fish/completions/gitmig.fish", "_GITMIG_COMPLETE=fish_source gitmig | source"),
}


@click.command(short_help="Have your shell complete gitmig's commands, options and arguments.")
@click.argument("shell", type=click.Choice(list(PLACES)))
@click.option("--print", "only_print", is_flag=True, help="Print the line instead of writing it.")
def command(shell: str, only_print: bool) -> int:
    """Write the line that completes gitmig on Tab into the settings of SHELL, unless it is there already."""
    name, line = PLACES[shell]
    if only_print:
        say(line)
        return 0
    home = Path(os.environ["ZDOTDIR"]) if shell == "zsh" and "ZDOTDIR" in os.environ else Path.home()
    path = home / name
    there = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    if line in there.splitlines():
        say(f"{path} has the line already")
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(("" if not there or there.endswith("\n") else "\n") + line + "\n")
    say(f"wrote      {path}: {line}")
    say(f"next       open a new {shell}, and press Tab behind `gitmig sync `")
    return 0
