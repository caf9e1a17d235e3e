"""The command line: parses options, calls one operation, prints its value, maps errors to exit codes."""

from gitmig.cli.main import main

__all__ = ["main"]
