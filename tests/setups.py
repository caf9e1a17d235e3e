"""The table of docs/setups.md: ordinary set-ups, and the tests that play them. `python -m tests.setups` writes it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[1]
PAGE = TOP / "docs/setups.md"
OPERATIONS = "tests/operations/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What people have, what gitmig does there, and the tests (`file::function`) that play it."""

    have: str
    does: str
    tests: tuple[str, ...]


GROUPS: dict[str, tuple[Setup, ...]] = {
    "Where the database is": (
        Setup(
            have="on this machine, its URL in `DATABASE_URL`",
            does="hooks and commands work there",
            tests=("tests/e2e/test_story.py::test_a_switch_brings_the_database_along",),
        ),
        Setup(
            have="on a sibling host: dev container, docker compose (`db:5432`)",
            does="commands work there; hooks do once `git config gitmig.hosts db` says so",
            tests=(
                "tests/e2e/test_hooks.py::test_a_database_on_another_machine_is_never_touched",
                "tests/e2e/test_hooks.py::test_a_database_on_a_host_that_the_user_names_is_followed",
            ),
        ),
        Setup(
            have="nowhere: no PostgreSQL installed",
            does="the embedded one is started on demand, one database for each work tree",
            tests=(
                f"{OPERATIONS}test_db_embedded.py::test_it_starts_on_demand_and_is_found_running_the_second_time",
                f"{OPERATIONS}test_db_embedded.py::"
                "test_a_linked_work_tree_has_a_database_of_its_own_and_reset_empties_only_that",
            ),
        ),
        Setup(
            have="migrations that need pgcrypto, uuid-ossp, citext, pg_trgm, btree_gist or hstore, and the embedded "
            "server",
            does="they are there: most as they are, the first two as stand-ins that are named when they are made; with "
            "the programs of an installed PostgreSQL (`git config gitmig.postgresPrograms`) as they are, too",
            tests=(
                f"{OPERATIONS}test_db_embedded_programs.py::test_with_nothing_but_python_they_are_there_too",
                f"{OPERATIONS}test_db_embedded_programs.py::test_a_stand_in_is_named_and_gives_what_the_real_one_gives",
                f"{OPERATIONS}test_db_embedded_programs.py::test_the_extensions_of_an_installed_postgresql_are_there",
            ),
        ),
        Setup(
            have="a program of Java, and the embedded server",
            does="`gitmig db start --tcp` has it listen on 127.0.0.1, with a password",
            tests=(f"{OPERATIONS}test_db_embedded_tcp.py::test_it_listens_with_a_password_until_it_is_told_otherwise",),
        ),
        Setup(
            have="`PGPORT`, `PGHOST` or `PGSERVICE` in the shell, and the embedded server",
            does="they do not reach it",
            tests=(f"{OPERATIONS}test_db_embedded_private.py::test_the_shells_variables_do_not_reach_it",),
        ),
        Setup(
            have="not running at the moment of a checkout",
            does="one warning line, and the checkout goes on",
            tests=("tests/e2e/test_hooks.py::test_an_unreachable_database_is_one_warning_line",),
        ),
        Setup(
            have="one URL exported for all projects",
            does="another project's database is recognised and left alone",
            tests=(f"{OPERATIONS}test_whose_database.py::test_the_case_of_two_projects_with_one_exported_url",),
        ),
    ),
    "The URL": (
        Setup(
            have="parameters of Prisma, JDBC, node-postgres or a pool in it",
            does="they are understood, or passed over with a note",
            tests=("tests/postgres/test_url.py::test_libpq_gets_what_it_knows",),
        ),
        Setup(
            have="`postgresql+psycopg://`, as SQLAlchemy writes it",
            does="it is understood",
            tests=("tests/postgres/test_address.py::test_the_drivers_of_others_do_not_matter",),
        ),
        Setup(
            have="an empty or unknown `${VARIABLE}` in it, no database's name",
            does="one sentence, instead of the database that is called as the user",
            tests=("tests/postgres/test_url.py::test_what_nobody_knows_is_refused",),
        ),
        Setup(
            have="PgBouncer in transaction mode behind it",
            does="it is recognised and refused, nothing stays behind; in session mode all is well",
            tests=(
                "tests/postgres/test_pooler.py::test_one_that_gives_each_transaction_another_session_is_refused",
                "tests/postgres/test_pooler.py::test_one_that_keeps_sessions_does_no_harm",
            ),
        ),
    ),
    "The database": (
        Setup(
            have="a program or a person who holds what a step needs",
            does="it says within a second for whom it waits, keeps out of the queue, and gives up in time",
            tests=(
                f"{OPERATIONS}test_lock_waits.py::test_it_goes_on_once_they_are_done_and_holds_up_nobody_meanwhile",
                f"{OPERATIONS}test_lock_waits.py::test_it_gives_up_with_the_database_as_it_was",
                f"{OPERATIONS}test_lock_waits.py::test_a_hook_leaves_it_to_a_sync",
            ),
        ),
        Setup(
            have="`idle_in_transaction_session_timeout`, `lock_timeout`, `DateStyle`, `IntervalStyle`, `TimeZone`, "
            "`client_encoding` of a role or database",
            does="gitmig's sessions are not disturbed, and values come back as they were",
            tests=(f"{OPERATIONS}test_session_settings.py::test_rows_and_values_come_back_under_every_setting",),
        ),
        Setup(
            have="`statement_timeout`",
            does="it holds for scripts, and not for gitmig's own statements",
            tests=(
                f"{OPERATIONS}test_session_settings.py::test_the_time_that_a_statement_may_take_holds_for_scripts_only",
            ),
        ),
        Setup(
            have="encoding SQL_ASCII, with bytes that are no UTF-8",
            does="they come back, and can be shown",
            tests=(f"{OPERATIONS}test_session_settings.py::test_bytes_that_are_no_text_come_back_and_can_be_shown",),
        ),
        Setup(
            have="an owner under `FORCE ROW LEVEL SECURITY`, no superuser",
            does="rows are kept and come back: it is suspended within the transaction",
            tests=("tests/test_setups.py::test_an_owner_under_forced_row_security_goes_both_ways",),
        ),
        Setup(
            have="a role without `CREATEDB`",
            does="what needs a fresh build is refused by the right that is missing; `status` and `sync` say that "
            "something was changed",
            tests=(f"{OPERATIONS}test_status.py::test_a_role_that_may_not_build_is_told_that_something_was_changed",),
        ),
        Setup(
            have="a read-only server, or a connection that breaks",
            does="one sentence; the next sync goes on from there",
            tests=(
                "tests/execute/test_refusals.py::test_a_database_that_became_read_only_is_named_as_that",
                "tests/execute/test_refusals.py::"
                "test_a_connection_lost_in_the_middle_is_told_and_the_next_sync_goes_on",
            ),
        ),
        Setup(
            have="a publication of all tables",
            does="rows come back into tables without a primary key, too",
            tests=(f"{OPERATIONS}test_there_and_back.py::test_a_publication_of_all_tables_does_not_close_the_way",),
        ),
        Setup(
            have="other databases and roles on the same server",
            does="`verify`, `check --prove` and the builds of a sync change nothing that they share",
            tests=(
                f"{OPERATIONS}test_shared_objects.py::test_words_about_the_server_are_left_out",
                f"{OPERATIONS}test_shared_objects.py::test_what_gets_at_it_nevertheless_is_named_and_taken_back",
            ),
        ),
        Setup(
            have="an important one: protected",
            does="no hook changes it; `status` says so",
            tests=(
                f"{OPERATIONS}test_protection.py::test_the_hook_itself_warns_in_one_line_and_lets_the_checkout_be",
                "tests/cli/test_main.py::test_a_protected_database_is_said_to_be_protected",
            ),
        ),
    ),
    "The migrations": (
        Setup(
            have="files of dbmate, golang-migrate, sqlx, diesel, goose",
            does="they are read as they are, and `adopt` takes over what is applied",
            tests=(
                f"{OPERATIONS}test_init.py::test_the_layout_is_seen_from_the_files",
                f"{OPERATIONS}test_adopt.py::"
                "test_what_a_tool_has_applied_is_applied_and_the_next_sync_goes_on_from_there",
            ),
        ),
        Setup(
            have="another tool that goes on being used, out of habit or at the application's start",
            does="what it applied is named as drift, and `adopt` marks it as applied, values as they are",
            tests=(f"{OPERATIONS}test_adopt.py::test_what_the_other_tool_applies_later_is_adopted_with_its_values",),
        ),
        Setup(
            have="files of sql-migrate, node-pg-migrate, rambler, tern, MyBatis Migrations",
            does="both sections are read; no down runs behind its up",
            tests=(
                "tests/migrations/layouts/test_sections.py::test_both_sections_are_read",
                "tests/migrations/layouts/test_sections.py::test_who_takes_a_file_for_an_up_alone_does_not_run_them",
            ),
        ),
        Setup(
            have="migrations of Rails, Prisma, Flyway, Liquibase, Sqitch, Ecto, Knex",
            does="one sentence that names the tool and what there is to do; nothing is written",
            tests=(f"{OPERATIONS}test_init.py::test_where_nothing_can_be_chosen_nothing_is_written",),
        ),
        Setup(
            have="a folder anywhere, a service of a monorepo",
            does="`init` finds it; several are named",
            tests=(f"{OPERATIONS}test_init.py::test_the_folder_is_found_wherever_it_lies",),
        ),
        Setup(
            have="several folders in the settings",
            does="the first that is there counts, and the others are named",
            tests=(f"{OPERATIONS}test_init.py::test_a_folder_behind_the_first_is_not_dropped_in_silence",),
        ),
        Setup(
            have="a dump as the first migration, with `\\restrict`; other commands of psql",
            does="the first are passed over, the others named by line with what to write",
            tests=(
                "tests/migrations/languages/test_psql.py::"
                "test_what_a_dump_says_to_psql_is_passed_over_at_unchanged_positions",
                "tests/migrations/languages/test_psql.py::test_others_are_named",
            ),
        ),
        Setup(
            have="line ends of Windows, or of an old Mac",
            does="they are read",
            tests=("tests/migrations/test_decode.py::test_the_text_of_a_file",),
        ),
        Setup(
            have="a schema file that is committed: sqlc, Rails, dbmate",
            does="`gitmig dump` and the setting `schema_file` write it without gitmig's schemas",
            tests=(f"{OPERATIONS}test_dump.py::test_a_sync_keeps_the_file",),
        ),
        Setup(
            have="a database that was restored from a dump",
            does="it is where it was: the ledger came along",
            tests=(f"{OPERATIONS}test_dump.py::test_a_database_that_is_restored_from_a_dump_is_where_it_was",),
        ),
        Setup(
            have="two files of one version in history",
            does="the commits can be checked out, with a warning",
            tests=(f"{OPERATIONS}test_sync.py::test_two_of_one_version_in_history_can_be_walked",),
        ),
    ),
    "The clone": (
        Setup(
            have="husky, lefthook, pre-commit or another tool that owns the hooks",
            does="gitmig is called through it",
            tests=(
                "tests/e2e/test_hook_managers.py::"
                "test_the_database_follows_through_another_tool_also_after_its_next_run",
            ),
        ),
        Setup(
            have="a GUI that does not see the shell's `DATABASE_URL`",
            does="one warning line that names the last database; no embedded server is started",
            tests=("tests/test_setups.py::test_a_gui_without_the_shells_url_is_told",),
        ),
        Setup(
            have="a clone that was deleted while its embedded server ran",
            does="`gitmig db prune` in any other clone shows and stops the server",
            tests=(f"{OPERATIONS}test_db_prune_servers.py::test_a_server_whose_clone_was_deleted_is_shown_and_ended",),
        ),
        Setup(
            have="two users of one machine",
            does="each has an embedded server of their own",
            tests=(f"{OPERATIONS}test_db_embedded_private.py::test_two_users_of_one_machine_each_have_their_own",),
        ),
        Setup(
            have="a ledger that somebody dropped to start over",
            does="`adopt` marks what is applied, and all is well",
            tests=(f"{OPERATIONS}test_leave.py::test_who_drops_the_ledger_by_hand_starts_over",),
        ),
        Setup(
            have="a database of an older release, or of a newer one",
            does="the ledger is read as it is and upgraded by the next sync; an older gitmig refuses politely",
            tests=(
                "tests/ledger/test_schema.py::test_a_database_of_every_release_goes_on",
                "tests/ledger/test_schema.py::test_a_newer_ledger_is_refused_politely",
            ),
        ),
        Setup(
            have="enough of it",
            does="`gitmig leave` takes everything of gitmig's away, and nothing of yours",
            tests=(f"{OPERATIONS}test_leave.py::test_all_of_it_is_shown_and_goes",),
        ),
    ),
}

INTRODUCTION = """# Ordinary set-ups

Written by `python -m tests.setups` from a table of which each row is played by tests, with real git and
real PostgreSQL. Whatever does not fit in here ends in one sentence, a hint, and nothing changed; please
report what does not.
"""


def page() -> str:
    """The page, from the rows."""
    parts = [INTRODUCTION]
    for title, rows in GROUPS.items():
        parts.append(f"\n## {title}\n\n| you have | gitmig |\n|---|---|\n")
        parts += [f"| {row.have} | {row.does} |\n" for row in rows]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
