"""Trying several orders of scripts on a scratch database; nothing of it stays.

Behind each order PostgreSQL is asked about the bodies of functions, and none is called (`check.bodies` says what is
asked).
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

import psycopg
from msgspec.structs import replace

from gitmig.check.bodies import Routine, broken, new_faults, questions, states, unseen
from gitmig.check.proof import OrderFailure, OrderResult
from gitmig.execute.build import NeedsCommits, build, inside_of, is_about_server, run_confined, run_fresh
from gitmig.execute.scratch import clonable_scratch
from gitmig.execute.script import run_all
from gitmig.postgres.run_sql import SAID_LATE, ScriptError
from gitmig.rows.constraints import settle_constraints
from gitmig.schema.catalog import read_schema
from gitmig.schema.scope import OURS, own

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from gitmig.check.bodies import Bodies, BodyFault, Question
    from gitmig.check.proof import PlannedRun, PlannedScript, RunOrder
    from gitmig.execute.scratch import ClonableScratch
    from gitmig.migrations.model import Script
    from gitmig.postgres.connection import Connection, Programs
    from gitmig.schema.model import Schema

    RunScripts = Callable[[Connection, Sequence[PlannedScript]], OrderFailure | None]
    Work = Callable[[Connection, RunScripts], T]


class FoundedScratch:
    """A scratch database in which the foundation is built; every attempt begins there, and nothing of it stays.

    `before` is the schema of the foundation.
    """

    def __init__(self, scratch: ClonableScratch, before: Schema, ignore: Sequence[str]) -> None:
        self.before, self.ignore = before, ignore
        self._scratch = scratch
        self._needs_commits = False

    def attempt(self, works: Sequence[Work[T]]) -> list[T]:
        """What each piece of work came to: in a transaction, or all on clones where PostgreSQL needs commits."""
        if not self._needs_commits:
            try:
                return [self._rolled_back(work) for work in works]
            except NeedsCommits:
                self._needs_commits = True
        return [self._on_a_clone(work) for work in works]

    def _rolled_back(self, work: Work[T]) -> T:
        """In one transaction, which is many times quicker than a database of its own."""
        with self._scratch.connection.transaction(force_rollback=True):
            return work(self._scratch.connection, _together)

    def _on_a_clone(self, work: Work[T]) -> T:
        with self._scratch.clone() as connection:
            return work(connection, _one_by_one)


@contextmanager
def founded_scratch(
    url: str,
    bootstrap: str,
    foundation: Sequence[Script],
    ignore: Sequence[str] = (),
    *,
    programs: Programs | None = None,
) -> Iterator[FoundedScratch]:
    """A scratch database on the server of `url` with the foundation in it; dropped afterwards.

    Raises BuildFailed if the foundation does not run, GitmigError if the role may not create databases.
    """
    with clonable_scratch(url, bootstrap, programs) as scratch:
        yield FoundedScratch(scratch, _founded(scratch.connection, foundation, ignore), ignore)


def run_orders(founded: FoundedScratch, runs: Mapping[RunOrder, PlannedRun]) -> dict[RunOrder, OrderResult]:
    """What each run on top of the foundation came to."""
    works = [partial(_result_and_bodies, planned=planned, ignore=founded.ignore) for planned in runs.values()]
    found = dict(zip(runs, founded.attempt(works)))
    suspects = [order for order, (_, bodies) in found.items() if broken(bodies)]
    faults = founded.attempt([partial(_broken_bodies, planned=runs[o], after=found[o][1]) for o in suspects])
    named = dict(zip(suspects, faults))
    return {
        order: replace(result, bodies=named.get(order, ()), unseen=unseen(bodies))
        for order, (result, bodies) in found.items()
    }


def _founded(connection: Connection, scripts: Sequence[Script], ignore: Sequence[str]) -> Schema:
    """Build the foundation, in one transaction if PostgreSQL allows it, as psql -1 does. Raises BuildFailed."""
    try:
        with connection.transaction():
            for is_confined, group in groupby(scripts, is_about_server):
                if is_confined:
                    for script in group:
                        run_confined(connection, script)
                else:
                    deque(run_all(connection, list(map(inside_of, group))), maxlen=0)
    except (ScriptError, NeedsCommits, *SAID_LATE):
        ((_, schema),) = build(connection, scripts, measure_at=(len(scripts),), ignore=ignore)
        return schema
    return read_schema(connection, ignore)


def _result_and_bodies(
    connection: Connection, run_scripts: RunScripts, *, planned: PlannedRun, ignore: Sequence[str]
) -> tuple[OrderResult, Bodies]:
    """Also what there is to say about bodies of functions behind the ups."""
    bodies: Bodies = {}

    def run(connection: Connection, scripts: Sequence[PlannedScript]) -> OrderFailure | None:
        failure = run_scripts(connection, scripts)
        if failure is None and scripts is planned.ups:
            bodies.update(ask_about_bodies(connection))
        return failure

    return _result(connection, run, planned=planned, ignore=ignore), bodies


def _broken_bodies(
    connection: Connection, run_scripts: RunScripts, *, planned: PlannedRun, after: Bodies
) -> tuple[BodyFault, ...]:
    """What does not work behind the run, and did before it, or behind one of its scripts."""
    seen, names = [], broken(after)
    for script in planned.ups:
        seen.append(ask_about_bodies(connection, names))
        run_scripts(connection, [script])
    return tuple(new_faults(seen, after))


def _result(
    connection: Connection, run_scripts: RunScripts, *, planned: PlannedRun, ignore: Sequence[str]
) -> OrderResult:
    if failure := run_scripts(connection, planned.ups):
        return OrderResult(failure=failure)
    schema = read_schema(connection, ignore)
    if not planned.downs:
        return OrderResult(schema=schema)
    if failure := run_scripts(connection, planned.downs):
        return OrderResult(schema=schema, revert_failure=failure)
    return OrderResult(schema=schema, reverted=read_schema(connection, ignore))


def _together(connection: Connection, scripts: Sequence[PlannedScript]) -> OrderFailure | None:
    """Run all in the open transaction, which is spoilt after a failure. Raises NeedsCommits."""
    for planned in scripts:
        try:
            run_confined(connection, planned.script)
        except ScriptError as error:
            return _failure(planned, error)
    try:
        settle_constraints(connection)  # what a commit would check
    except SAID_LATE as error:
        raise NeedsCommits from error
    return None


def _one_by_one(connection: Connection, scripts: Sequence[PlannedScript]) -> OrderFailure | None:
    """Run each as a database gets it, with a commit of its own."""
    for planned in scripts:
        try:
            run_fresh(connection, planned.script)
        except ScriptError as error:
            return _failure(planned, error)
    return None


def _failure(planned: PlannedScript, error: ScriptError) -> OrderFailure:
    return OrderFailure(
        label=planned.label,
        direction=planned.direction,
        path=planned.script.path,
        line=error.line,
        statement=" ".join(error.statement.split()),
        message=error.message,
    )


# --- asking PostgreSQL about the bodies of functions

ROUTINES = f"""SELECT p.oid::bigint, quote_ident(n.nspname) || '.' || quote_ident(p.proname), l.lanname::text,
  pg_get_functiondef(p.oid),
  CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END || ' f(' || pg_get_function_arguments(p.oid) || ')'
    || coalesce(' RETURNS ' || pg_get_function_result(p.oid), ''),
  p.prosrc,
  ARRAY(SELECT ARRAY[coalesce(p.proargnames[i], ''), format_type(t, NULL)]
    FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY a(t, i)),
  ARRAY(SELECT DISTINCT quote_ident(tn.nspname) || '.' || quote_ident(c.relname)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace tn ON tn.oid = c.relnamespace
    WHERE t.tgfoid = p.oid AND NOT t.tgisinternal ORDER BY 1),
  (SELECT substr(s, 13) FROM unnest(p.proconfig) s WHERE s LIKE 'search\\_path=%')
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {OURS} JOIN pg_language l ON l.oid = p.prolang
WHERE p.prokind IN ('f', 'p') AND l.lanname NOT IN ('c', 'internal') AND {own("pg_proc", "p.oid")}
ORDER BY p.oid::regprocedure::text"""  # noqa: S608  # constants
PATH = '"$user", public'


def ask_about_bodies(connection: Connection, names: Collection[str] | None = None) -> Bodies:
    """What the bodies of all functions, or of those of these names, have come to; everything stays as it was."""
    with connection.transaction(force_rollback=True):
        routines = [routine for routine in _routines(connection) if names is None or routine.name in names]
        checker = _checker(connection) if any(routine.language == "plpgsql" for routine in routines) else None
        asked = [questions(routine, checker) for routine in routines]
        answers = iter(_answers(connection, [question for one in asked for question in one.questions]))
        return states(asked, [[next(answers) for _ in one.questions] for one in asked])


def _routines(connection: Connection) -> Iterator[Routine]:
    rows = connection.execute(ROUTINES.encode()).fetchall()
    for oid, name, language, definition, head, body, parameters, tables, path in rows:
        yield Routine(
            oid=oid,
            name=name,
            language=language,
            definition=definition,
            head=head,
            body=body,
            parameters=tuple((parameter, kind) for parameter, kind in parameters),
            tables=tuple(tables),
            path=path,
        )


# Where it is, or that it could be made; the schema's own one is used as it is.
CHECKER = """SELECT n.nspname FROM pg_available_extensions a
LEFT JOIN (pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace) ON e.extname = a.name
WHERE a.name = 'plpgsql_check'"""
OWN_CHECKER = "gitmig_plpgsql_check"


def _checker(connection: Connection) -> str | None:
    """The schema of plpgsql_check in the open transaction; None if the server does not have it for this role."""
    found = connection.execute(CHECKER.encode()).fetchone()
    if found is None:
        return None
    if found[0]:
        return str(found[0])
    try:
        with connection.transaction():
            connection.execute(f"CREATE SCHEMA {OWN_CHECKER}".encode())
            connection.execute(f"CREATE EXTENSION plpgsql_check SCHEMA {OWN_CHECKER}".encode())
    except psycopg.Error:  # only a superuser may, as a rule
        return None
    return OWN_CHECKER


# All questions in one message, each taken back: thousands of savepoints of our own would take longer than the answers.
# A block has neither parameters nor a result, but settings that go with the transaction.
ANSWER = r"""DO $gitmig$
DECLARE
  asked text[] := current_setting('gitmig.asked')::text[];
  answers text[] := array_fill(NULL::text, ARRAY[cardinality(asked) / 3]);
  answer text;
BEGIN
  PERFORM set_config('check_function_bodies', 'on', true);
  FOR k IN 0 .. cardinality(asked) / 3 - 1 LOOP
    answer := NULL;
    BEGIN
      PERFORM set_config('search_path', asked[3 * k + 2], true);
      IF asked[3 * k + 1] = 'prepare' THEN
        EXECUTE 'PREPARE gitmig_body AS ' || asked[3 * k + 3];
        DEALLOCATE gitmig_body;
      ELSIF asked[3 * k + 1] = 'look' THEN
        EXECUTE asked[3 * k + 3] INTO answer;
      ELSE
        EXECUTE asked[3 * k + 3];
      END IF;
      RAISE SQLSTATE 'GM000';
    EXCEPTION
      WHEN SQLSTATE 'GM000' THEN answers[k + 1] := answer;
      WHEN OTHERS THEN answers[k + 1] := SQLERRM;
    END;
  END LOOP;
  PERFORM set_config('gitmig.answers', answers::text, true);
END $gitmig$"""


MAY_BE_ASKED = b"lanname = 'plpgsql' AND has_language_privilege(oid, 'USAGE')"


def _answers(connection: Connection, asked: Sequence[Question]) -> list[str | None]:
    """What is wrong, None if nothing is, question by question; nothing is known where nobody may use PL/pgSQL."""
    if not asked or not connection.values(b"SELECT 1 FROM pg_language WHERE " + MAY_BE_ASKED):
        return [None] * len(asked)
    parts = [part for one in asked for part in (one.ask.value, one.path or PATH, one.sql)]
    connection.execute(b"SELECT set_config('gitmig.asked', %s::text[]::text, true)", [parts])
    connection.execute(ANSWER.encode())
    (answers,) = connection.values(b"SELECT current_setting('gitmig.answers')::text[]")
    return list(answers)
