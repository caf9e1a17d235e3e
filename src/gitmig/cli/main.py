"""The entry point, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import gc
import os
import signal
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from gitmig import __version__
from gitmig.cli.output import report, say_text, tell, tell_text
from gitmig.errors import GitmigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The order in which a newcomer needs them; also the order of --help.
COMMANDS = (
    *("init", "adopt", "new", "sync", "status", "check", "renumber", "verify", "diff", "capture"),
    *("show", "log", "record", "kept", "trust", "hooks", "db", "dump", "demo", "completion", "leave"),
)

REFUSED, BUG, INTERRUPTED = 3, 4, 130
# What click 8.2 and newer raise with the whole help where a command is missing; older ones print it themselves.
NO_ARGUMENTS: tuple[type[BaseException], ...] = tuple(
    filter(None, [getattr(click.exceptions, "NoArgsIsHelpError", None)])
)

# Python looks for cyclic garbage at every 700 new objects. Imports make many and leave none: that was a tenth of the
# time of a short command, and one look at what a sync loads is still a twentieth.
GARBAGE_AFTER = 500_000


class LazyGroup(click.Group):
    """Imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in a helpful order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, which its module calls `command`."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"gitmig.cli.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """What click does, with a guess what was meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0].lower(), COMMANDS, n=1)
            guess = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{guess}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gitmig")
@click.option("-C", "directory", type=click.Path(exists=True, file_okay=False), help="Work in this directory.")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, directory: str | None, debug: bool) -> None:
    """Tie the PostgreSQL schema to the git commit: check out a commit, and the database follows."""
    if directory:
        os.chdir(directory)
    if context.invoked_subcommand is None:
        say_text(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run gitmig and exit with 0 done, 1 a finding, 2 usage, 3 refused or failed, 4 a bug, 130 ^C."""
    arguments = sys.argv[1:] if arguments is None else arguments
    gc.set_threshold(GARBAGE_AFTER)
    _end_in_order()
    status = run(list(arguments))
    gc.freeze()  # or every module would be searched for garbage once more on the way out
    sys.exit(status)


def _end_in_order() -> None:
    """Take a closed terminal, or a wish to end, for ^C: programs that run as migrations would outlive gitmig."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # `nohup` has it ignored
            signal.signal(number, signal.default_int_handler)


def run(arguments: list[str]) -> int:
    """Run gitmig with these arguments; returns the exit status."""
    debug = "--debug" in arguments
    arguments = [a for a in arguments if a != "--debug"]  # wherever it stands
    try:
        status = cli.main(arguments, prog_name="gitmig", standalone_mode=False)
    except SystemExit:  # click's way to end when nobody reads on, as in `gitmig log | head`; commands return
        return 0
    except (KeyboardInterrupt, click.Abort):
        tell_text("\nerror: interrupted")
        return INTERRUPTED
    except click.ClickException as error:
        _report_usage(error)
        return error.exit_code
    except GitmigError as error:
        if debug:
            import traceback

            tell_text(traceback.format_exc())
        report(error)
        return error.exit_code
    except Exception as error:
        return _report_unexpected(error, debug=debug)
    return status if isinstance(status, int) else 0


def _report_usage(error: click.ClickException) -> None:
    if isinstance(error, NO_ARGUMENTS):
        tell_text(error.format_message())
    else:
        report(UsageError(error.format_message(), hint=_help_of(error)))


def _report_unexpected(error: Exception, *, debug: bool) -> int:
    """The exit status: what the system does not allow is no bug."""
    if not isinstance(error, PermissionError):
        return _report_bug(error, debug=debug)
    hint = "does the clone belong to another user? Work as that user, or in a clone of your own"
    report(GitmigError(f"not allowed: {error.filename or error}", hint=hint))
    return REFUSED


def _help_of(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"`{context.command_path if context else 'gitmig'} --help` shows how it is called"


def _report_bug(error: Exception, *, debug: bool) -> int:
    import tempfile
    import traceback

    trace = "".join(traceback.format_exception(error))
    with tempfile.NamedTemporaryFile("w", prefix="gitmig-", suffix=".txt", delete=False, encoding="utf-8") as file:
        file.write(f"gitmig {__version__}, Python {sys.version}\n{trace}")
    if debug:
        tell_text(trace)
    words = str(error).splitlines() or [""]
    tell(f"error: this is a bug in gitmig: {type(error).__name__}: {words[0]}")
    tell(f"hint: the trace is in {file.name}; please report it")
    return BUG
