"""`gitmig show`."""

from __future__ import annotations

import click

from gitmig.cli import completion, json, options
from gitmig.cli.output import print_json, say, short, table, warn
from gitmig.cli.wording import migration_set, warn_of_flawed_downs, warn_of_left_alone


@click.command("show", short_help="The migration set of a commit.")
@click.argument("revision", required=False, shell_complete=completion.revisions)
@options.verbose
@options.as_json
def command(revision: str | None, verbose: bool, as_json: bool) -> int:
    """Print the migration set of the commit REVISION, or of the work tree, in the order of a fresh build."""
    from gitmig.operations.show import show

    shown = show(options.project(), revision)
    if as_json:
        print_json(json.of_show(shown))
        return 0
    members = shown.target.set
    where = f"commit {short(shown.target.commit)}" if revision else f"the work tree on {short(shown.target.commit)}"
    say(f"{where}: {migration_set(len(members), members.id, verbose=verbose)}")
    table(
        ("version", "name", "file", ""),
        [
            (m.version.text, m.name, m.path, "irreversible" if m.label in shown.irreversible else "")
            for m in members.migrations
        ],
    )
    warn_of_left_alone(shown.target)
    warn_of_flawed_downs(shown.flawed)
    if shown.disagrees and shown.record:
        told = migration_set(shown.record.count, shown.record.set_id, verbose=verbose)
        warn(
            f"the record of this commit tells of another set ({told}); "
            f"the tree is right, `gitmig record {revision}` corrects it"
        )
    return 0
