"""Options that several commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitmig.project.project import Project

database = click.option("--database", metavar="URL", help="Use this database instead of the configured one.")
trust = click.option("--trust", is_flag=True, help="Run untrusted scripts on the scratch database without asking.")
yes = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
verbose = click.option("-v", "--verbose", is_flag=True, help="Print ids of migration sets, too.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON (see docs/json.md).")


def project(database: str | None = None) -> Project:
    """The project of the current directory."""
    from gitmig import open_project

    return open_project(database=database)
