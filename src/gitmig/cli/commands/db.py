"""`gitmig db`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from gitmig.cli import json, options
from gitmig.cli.consent import require_person
from gitmig.cli.output import confirm, plural, print_json, say, table, warn
from gitmig.cli.reporter import Reporter
from gitmig.errors import UsageError
from gitmig.text import as_size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitmig.operations.own_databases import ListedDatabase
    from gitmig.postgres.lost_servers import LostServer


@click.group("db", short_help="The database: its URL, a psql; protection; old ones; the embedded server.")
def command() -> None:
    """Look after the database, above all the embedded PostgreSQL of this clone."""


@command.command("url", short_help="Print the URL for other programs.")
@click.option("--env-file", metavar="PATH", help="Write it into this file, as DATABASE_URL, instead.")
@click.option("--jdbc", is_flag=True, help="Print it as JDBC has it.")
@options.database
def url(env_file: str | None, jdbc: bool, database: str | None) -> int:
    """Print the database's URL for other programs, password included if it has one.

    With --env-file it is written into the application's file, of which nothing else is changed; git must ignore it.
    """
    from gitmig.operations import db
    from gitmig.project.env_file import write_url

    project = options.project(database)
    if env_file is None:
        say(db.url(project, jdbc=jdbc))
        if db.is_unserved(project):
            warn("another program listens on the server's port; `gitmig db start --tcp PORT` takes another")
        return 0
    if jdbc:
        raise UsageError("--jdbc prints, and --env-file writes DATABASE_URL", hint="use one of them")
    changed = write_url(project, env_file)
    say(f"{env_file} {'has now' if changed else 'had already'} the URL of {project.address}")
    return 0


@command.command(
    "psql",
    short_help="Run psql on the database.",
    context_settings={"ignore_unknown_options": True},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Run psql on the database; ARGUMENTS are psql's own, as in: gitmig db psql -c 'TABLE comments'."""
    from gitmig.operations import db

    client = db.psql(options.project())
    os.execve(client.program, [client.program, *arguments], client.environment)  # noqa: S606 - becomes psql


@command.command("start", short_help="Start the embedded PostgreSQL.")
@click.option(
    "--tcp",
    metavar="[PORT]",
    is_flag=False,
    flag_value=0,
    type=click.IntRange(0, 65535),
    help="Listen on 127.0.0.1, too, with a password, from now on.",
)
@click.option("--no-tcp", is_flag=True, help="Listen on the unix socket only, and forget the password.")
def start(tcp: int | None, no_tcp: bool) -> int:
    """Start the embedded PostgreSQL; gitmig does so by itself when it needs it.

    With --tcp it can be reached by programs that know no unix sockets, as those of Java; `gitmig db url` prints the URL
    with the password. If it runs, it is started again, and its clients are thrown out.
    """
    from gitmig.operations import db

    project = options.project()
    if tcp is not None and no_tcp:
        raise UsageError("--tcp and --no-tcp exclude each other", hint="use one of them")
    if no_tcp:
        changed = db.listen_no_more(project)
        started = db.start(project)
        say("listens on its unix socket only" if changed else "started" if started else "already running")
        return 0
    started = db.start(project) if tcp is None else db.listen(project, tcp or None)
    say("started" if started else "already running")
    if (found := project.server.loopback) and not db.is_unserved(project):
        say(f"listens on {found.address}; `gitmig db url` prints the URL with its password, `--jdbc` as JDBC has it")
    return 0


@command.command("stop", short_help="Stop the embedded PostgreSQL; its data stays.")
def stop() -> int:
    """Stop the embedded PostgreSQL; its data stays."""
    from gitmig.operations import db

    say("stopped" if db.stop(options.project()) else "not running")
    return 0


@command.command("reset", short_help="Make the embedded database anew, empty.")
@options.yes
def reset(yes: bool) -> int:
    """Drop this work tree's embedded database, rows included, and make an empty one."""
    from gitmig.operations import db

    project = options.project()
    require_person(project, "to drop a database")
    question = f"Drop embedded database {project.name} with all its rows?"
    if not yes and not confirm(question):
        say("nothing was changed")
        return 0
    db.reset(project)
    say(f"{project.name} is empty; `gitmig sync` builds it")
    return 0


@command.command("protect", short_help="Never change the database unless a person confirms it.")
@options.database
def protect(database: str | None) -> int:
    """Mark the database as protected: hooks leave it alone, a sync asks, and nothing reverts or rebuilds it."""
    from gitmig.operations import db

    db.protect(options.project(database), protected=True, notify=Reporter())
    say("protected: hooks leave the database alone, and nothing reverts or rebuilds it")
    return 0


@command.command("unprotect", short_help="Take the protection away.")
@options.database
def unprotect(database: str | None) -> int:
    """Take the protection away: the database follows the checkout again."""
    from gitmig.operations import db

    project = options.project(database)
    require_person(project, "to take a protection away")
    changed = db.protect(project, protected=False, notify=Reporter())
    say("no longer protected" if changed else "was not protected")
    return 0


@command.command("list", short_help="The databases of all work trees and branches.")
@options.verbose
@options.database
@options.as_json
def list_(verbose: bool, database: str | None, as_json: bool) -> int:
    """List the databases of this clone's work trees and branches, and those that are left behind."""
    from gitmig.operations import own_databases

    found = own_databases.databases(options.project(database))
    if as_json:
        print_json([json.of_database(one) for one in found])
        return 0
    ids = ("set",) if verbose else ()
    headings = ("", "database", "work tree", "branch", "migrations", *ids, "size", "last use", "")
    table(headings, [_row(one, verbose=verbose) for one in found])
    return 0


@command.command("clone", short_help="Copy the database, rows included.")
@click.argument("name", required=False)
@options.database
def clone(name: str | None, database: str | None) -> int:
    """Copy the work tree's database, rows included, under the name NAME, and print the new one's URL.

    Without NAME, make the database that the settings give this work tree or branch, if it is not there.
    """
    from gitmig.operations import own_databases

    with Reporter(quiet=True) as reporter:
        say(own_databases.clone(options.project(database), name, notify=reporter))
    return 0


@command.command("prune", short_help="Drop databases that nothing needs any more.")
@options.yes
@click.option(
    "--older-than", "days", metavar="DAYS", type=click.FloatRange(min=0), default=0.0, help="Spare newer ones."
)
@options.database
def prune(yes: bool, days: float, database: str | None) -> int:
    """List the databases that rebuilds have kept, and those of work trees and branches that are gone; drop them.

    Embedded servers that run on although their clone was deleted are listed, too, and stopped.
    """
    from gitmig.operations import db, own_databases

    project = options.project(database)
    found, servers = own_databases.superfluous(project, days=days), db.servers_of_deleted_clones(project)
    _list_superfluous(found, servers)
    agreed = bool(found or servers) and (yes or (sys.stdin.isatty() and confirm("Drop with all rows?")))
    if agreed:
        require_person(project, "to drop databases")
    in_use = own_databases.prune(project, found if agreed else (), notify=Reporter())  # also what was left half made
    if agreed:
        _finish_pruning(len(found), in_use, servers)
    else:
        say("nothing was dropped; `--yes` drops them" if found or servers else "no old database is kept")
    return 0


def _list_superfluous(found: Sequence[ListedDatabase], servers: Sequence[LostServer]) -> None:
    for old in found:
        say(f"  {old.name}  {old.why_left}{_size(old.size)}{_used(old.sessions)}")
    for server in servers:
        say(f"  embedded server, process {server.process.pid}  {_why_lost(server)}{_size(server.size)}")


def _finish_pruning(count: int, in_use: Sequence[ListedDatabase], servers: Sequence[LostServer]) -> None:
    """Remove the servers, and say what of so many databases and of them is gone."""
    for old in in_use:
        warn(f"{old.name} is in use and stays")
    staying = [server for server in servers if not server.remove()]
    for server in staying:
        warn(f"the embedded server of process {server.process.pid} stays: it does not end, or its clone is there again")
    done = [plural(count - len(in_use), "database")] if count else []
    done += [plural(len(servers) - len(staying), "embedded server")] if servers else []
    say(f"dropped {' and '.join(done)}")


def _why_lost(server: LostServer) -> str:
    clone = server.git_directory.parent if server.git_directory.name == ".git" else server.git_directory
    return f"clone {clone} was deleted" + ("" if server.is_deleted else ", and this is left of it")


def _row(one: ListedDatabase, *, verbose: bool) -> list[str]:
    words = [one.why_left] if one.use.value != "used" else []
    words += ["protected"] if one.protected else []
    words += [plural(one.sessions, "connection")] if one.sessions else []
    return [
        "*" if one.is_here else "",
        one.name,
        ", ".join(one.work_trees),
        one.branch or "",
        "" if one.count is None else str(one.count),
        *([one.set_id or ""] if verbose else []),
        "" if one.size is None else as_size(one.size),
        f"{one.last_use:%Y-%m-%d %H:%M}" if one.last_use else "",
        ", ".join(words),
    ]


def _size(size: int | None) -> str:
    return "" if size is None else f"  {size / (1 << 20):.0f} MiB"


def _used(sessions: int) -> str:
    return f"  {plural(sessions, 'connection')}" if sessions else ""
