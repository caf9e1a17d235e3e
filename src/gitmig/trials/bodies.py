"""Asking PostgreSQL about the bodies of functions, without calling one: see `check/bodies.py` for what is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from gitmig.check.bodies import Ask, Question, Routine, questions, states
from gitmig.schema.scope import OURS, own

if TYPE_CHECKING:
    from gitmig.check.bodies import Bodies
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


def ask_about_bodies(connection: Connection) -> Bodies:
    """What the bodies of all functions have come to; everything stays as it was."""
    with connection.transaction(force_rollback=True):
        routines = [
            Routine(
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
            for oid, name, language, definition, head, body, parameters, tables, path in connection.execute(
                ROUTINES.encode()
            )
        ]
        checker = _checker(connection) if any(routine.language == "plpgsql" for routine in routines) else None
        asked = [questions(routine, checker) for routine in routines]
        return states(asked, [[_answer(connection, question) for question in one.questions] for one in asked])


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


def _answer(connection: Connection, question: Question) -> str | None:
    """What is wrong, None if nothing is. All in one message: a path that is set would not outlast it."""
    before = f"SET LOCAL check_function_bodies = on; SET LOCAL search_path = {question.path or PATH}; "
    sql = f"PREPARE gitmig_body AS {question.sql}; DEALLOCATE gitmig_body"
    if question.ask is not Ask.PREPARE:
        sql = question.sql
    try:
        with connection.transaction(force_rollback=True):
            cursor = connection.execute((before + sql).encode("utf-8", "surrogatepass"))
            while cursor.nextset():
                pass
            if question.ask is Ask.LOOK:
                row = cursor.fetchone()
                return str(row[0]) if row else None
    except psycopg.Error as error:
        return error.diag.message_primary or str(error)
    return None
