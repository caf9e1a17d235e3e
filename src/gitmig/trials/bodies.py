"""Asking PostgreSQL about the bodies of functions, without calling one: see `check/bodies.py` for what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from gitmig.check.bodies import Routine, questions, states
from gitmig.schema.scope import OURS, own

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from gitmig.check.bodies import Bodies, Question
    from gitmig.postgres.connection import Connection

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
