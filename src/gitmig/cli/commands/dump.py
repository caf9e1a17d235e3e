"""`gitmig dump`."""

from __future__ import annotations

import click

from gitmig.cli import options
from gitmig.cli.output import say, say_exactly


@click.command(short_help="Print the schema as SQL, without gitmig's own; or keep a file of it.")
@click.option("--write", is_flag=True, help="Write the file that `schema_file` in the settings names.")
@options.database
def command(write: bool, database: str | None) -> int:
    """Print the schema of the database as pg_dump writes it, without gitmig's schemas.

    The same schema gives the same text, so that it can be committed.
    """
    from gitmig.errors import UsageError
    from gitmig.operations.dump import dump, keep_schema_file

    project = options.project(database)
    if not write:
        say_exactly(dump(project).removesuffix("\n"))
        return 0
    if project.settings.schema_file is None:
        hint = 'write schema_file = "db/schema.sql" into gitmig.toml'
        raise UsageError("no schema_file is in the settings", hint=hint)
    written = keep_schema_file(project)
    say(f"wrote      {written}" if written else f"{project.settings.schema_file} is as it should be")
    return 0
