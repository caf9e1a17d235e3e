"""Functions, procedures, aggregates, and the languages and transforms they are written with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gitmig.schema.kinds.kind import Context, Definition, Instead, Json, Query, Self, Statements, sql
from gitmig.schema.kinds.privileges import ON_LANGUAGE, ON_ROUTINE
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.names import literal
from gitmig.schema.scope import FIRST_OID, OURS, grants, own, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
PARALLEL = {"s": "SAFE", "r": "RESTRICTED"}
NONE = "-"
ROUTINE_HEADS = ("CREATE OR REPLACE FUNCTION", "CREATE OR REPLACE PROCEDURE")
TEXT_BODY = re.compile(r"^ LANGUAGE (?:sql|plpgsql)\b.*^AS \$", re.MULTILINE | re.DOTALL)


# The constructors of a range come with it (deptype i); so does whatever is granted on them, for a dump.
ROUTINES = Query(
    kind="CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END",
    name="p.oid::regprocedure::text",
    grants=grants("p.proacl", "f", "p.proowner"),
    of="pg_proc p",
    source=f"""pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {OURS} AND NOT EXISTS (
  SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid""",
    rare=some("pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace", f"p.oid >= {FIRST_OID} AND {OURS}"),
)


def has_text_body(statement: str) -> bool:
    """Whether PostgreSQL would look into the body, and miss what is not there yet."""
    return statement.startswith(ROUTINE_HEADS) and TEXT_BODY.search(statement) is not None


def qualified(operator: str) -> str:
    """The name of an operator without its arguments, with its schema."""
    name = operator.partition("(")[0]
    return name if "." in name else f"pg_catalog.{name}"


class Aggregate(Definition):
    """An aggregate; kind n, o or h; the parallel safety s, r or u; `-` for functions that are not there.

    Of what begins with `moving`, see the words of CREATE AGGREGATE that begin with M.
    """

    arguments: str = sql("pg_get_function_arguments(p.oid)")
    parallel: str = sql("p.proparallel")
    kind: str = sql("a.aggkind")
    sort_operator: str | None = sql("nullif(a.aggsortop, 0)::regoperator")
    function: str = sql("a.aggtransfn")
    type: str = sql("a.aggtranstype::regtype")
    space: int = sql("a.aggtransspace")
    first: str | None = sql("a.agginitval")
    final: str = sql("a.aggfinalfn")
    final_extra: bool = sql("a.aggfinalextra")
    final_modify: str = sql("a.aggfinalmodify")
    combine: str = sql("a.aggcombinefn")
    serial: str = sql("a.aggserialfn")
    deserial: str = sql("a.aggdeserialfn")
    moving_function: str = sql("a.aggmtransfn")
    moving_inverse: str = sql("a.aggminvtransfn")
    moving_type: str | None = sql("nullif(a.aggmtranstype, 0)::regtype")
    moving_space: int = sql("a.aggmtransspace")
    moving_first: str | None = sql("a.aggminitval")
    moving_final: str = sql("a.aggmfinalfn")
    moving_final_extra: bool = sql("a.aggmfinalextra")
    moving_final_modify: str = sql("a.aggmfinalmodify")

    KIND = ObjectKind.AGGREGATE
    SPACES = ("routine",)
    WORD = "ROUTINE"
    RIGHTS = ON_ROUTINE

    QUERY = ROUTINES

    @classmethod
    def query(cls, server_version: int) -> str:
        """All of it is the one value of a routine."""
        return Function.query(server_version)

    @classmethod
    def read(cls, values: Json) -> Self:
        return cls(*values[0])

    def create(self, name: ObjectName, context: Context) -> Statements:
        text = ",\n    ".join(self._properties())
        yield f"CREATE AGGREGATE {name.name.partition('(')[0]}({self.arguments}) (\n    {text}\n)"

    def _properties(self) -> Iterator[str]:
        modify = "r" if self.kind == "n" else "w"
        yield f"SFUNC = {self.function}"
        yield f"STYPE = {self.type}"
        yield from _state("", self.space, self.first, self.final)
        yield from _finish("", modify, self.final_modify, extra=self.final_extra)
        functions = {"COMBINEFUNC": self.combine, "SERIALFUNC": self.serial, "DESERIALFUNC": self.deserial}
        yield from (f"{word} = {function}" for word, function in functions.items() if function != NONE)
        if self.moving_function != NONE:
            yield f"MSFUNC = {self.moving_function}"
            yield f"MSTYPE = {self.moving_type}"
            yield from _state("M", self.moving_space, self.moving_first, self.moving_final)
            yield from _finish("M", modify, self.moving_final_modify, extra=self.moving_final_extra)
            yield f"MINVFUNC = {self.moving_inverse}"
        if self.sort_operator:
            yield f"SORTOP = OPERATOR({qualified(self.sort_operator)})"
        if self.parallel in PARALLEL:
            yield f"PARALLEL = {PARALLEL[self.parallel]}"
        if self.kind == "h":
            yield "HYPOTHETICAL"


def _state(prefix: str, space: int, first: str | None, final: str) -> Iterator[str]:
    if space:
        yield f"{prefix}SSPACE = {space}"
    if first is not None:
        yield f"{prefix}INITCOND = {literal(first)}"
    if final != NONE:
        yield f"{prefix}FINALFUNC = {final}"


def _finish(prefix: str, by_default: str, modify: str, *, extra: bool) -> Iterator[str]:
    if extra:
        yield f"{prefix}FINALFUNC_EXTRA"
    if modify != by_default:
        yield f"{prefix}FINALFUNC_MODIFY = {MODIFY[modify]}"


# PostgreSQL writes a setting to a line, in the order in which they were made, which means nothing.
SETTINGS_SORTED = """(SELECT string_agg(l.line, chr(10) ORDER BY
    CASE WHEN l.n < l.first OR l.n >= l.first + cardinality(p.proconfig) THEN l.n ELSE l.first END, l.line COLLATE "C")
  FROM (SELECT t.line, t.n, min(t.n) FILTER (WHERE starts_with(t.line, ' SET ')) OVER () AS first
    FROM unnest(string_to_array(pg_get_functiondef(p.oid), chr(10))) WITH ORDINALITY t(line, n)) l)"""
SEVERAL = "cardinality(p.proconfig) > 1 AND strpos(array_to_string(p.proconfig, ''), chr(10)) = 0"
WRITTEN = f"CASE WHEN {SEVERAL} THEN {SETTINGS_SORTED} ELSE pg_get_functiondef(p.oid) END"
# PostgreSQL can write the definition of any routine but an aggregate.
AGGREGATE = ", ".join(read.sql for read in Aggregate.FIELDS.values() if read)


class Function(Definition):
    """A function: its statement."""

    definition: str = sql(f"CASE WHEN p.prokind = 'a' THEN jsonb_build_array({AGGREGATE}) ELSE to_jsonb({WRITTEN}) END")

    KIND = ObjectKind.FUNCTION
    SPACES = ("routine",)
    IN_THE_WAY = True
    RIGHTS = ON_ROUTINE
    QUERY = ROUTINES

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield self.definition.rstrip("\n")

    def alter(self, old: Self, name: ObjectName, context: Context) -> Statements | Instead:
        before, after = _signature(old.definition), _signature(self.definition)
        if before != after or _defaults(old.definition) > _defaults(self.definition):
            return Instead.REPLACE
        return self.create(name, context)

    def mapped(self, change: Callable[[str], str]) -> Self:
        """Bodies stay as they were written."""
        head, language, rest = self.definition.partition("\n LANGUAGE ")
        return type(self)(change(head) + language + rest)


class Procedure(Function):
    """A procedure, likewise."""

    KIND = ObjectKind.PROCEDURE


def _signature(definition: str) -> list[str]:
    """Names and types of the arguments, and of the result: what CREATE OR REPLACE cannot change."""
    first, _, rest = definition.partition("\n")
    result = [line for line in rest.split("\n", 1)[:1] if line.startswith(" RETURNS ")]
    window = " WINDOW" in rest.split("AS $", 1)[0]
    return [*(argument.partition(" DEFAULT ")[0] for argument in _arguments(first)), *result, str(window)]


def _defaults(definition: str) -> int:
    return len([1 for argument in _arguments(definition.partition("\n")[0]) if " DEFAULT " in argument])


def _arguments(head: str) -> list[str]:
    """What stands between commas, but for those in brackets and quotes."""
    found, depth, quote, start = [], 0, "", 0
    for position, character in enumerate(head):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth == 1:
            found.append(head[start:position])
            start = position + 1
    return [*found, head[start:]]


class ProceduralLanguage(Definition):
    """A language."""

    trusted: bool = sql("l.lanpltrusted")
    handler: str | None = sql("nullif(l.lanplcallfoid, 0)::regprocedure")
    inline: str | None = sql("nullif(l.laninline, 0)::regprocedure")
    validator: str | None = sql("nullif(l.lanvalidator, 0)::regprocedure")

    KIND = ObjectKind.LANGUAGE
    RIGHTS = ON_LANGUAGE
    QUERY = Query(
        name="quote_ident(l.lanname)",
        grants=grants("l.lanacl", "l", "l.lanowner"),
        of="pg_language l",
        source=f"pg_language l WHERE l.oid >= {FIRST_OID} AND {own('pg_language', 'l.oid')}",
        rare=some("pg_language"),
    )

    def create(self, name: ObjectName, context: Context) -> Statements:
        words = (("HANDLER", self.handler), ("INLINE", self.inline), ("VALIDATOR", self.validator))
        text = "".join(f" {word} {function.partition('(')[0]}" for word, function in words if function)
        yield f"CREATE {'TRUSTED ' if self.trusted else ''}LANGUAGE {name.name}{text}"


class Transform(Definition):
    """How values of a type get into a language and back."""

    from_sql: str | None = sql("nullif(t.trffromsql, 0)::regprocedure")
    to_sql: str | None = sql("nullif(t.trftosql, 0)::regprocedure")

    KIND = ObjectKind.TRANSFORM
    QUERY = Query(
        name="format_type(t.trftype, NULL) || ' ' || quote_ident(l.lanname)",
        of="pg_transform t",
        source=f"pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE {own('pg_transform', 't.oid')}",
        rare=some("pg_transform"),
    )

    @classmethod
    def subject(cls, name: ObjectName) -> str:
        type_, _, language = name.name.rpartition(" ")
        return f"TRANSFORM FOR {type_} LANGUAGE {language}"

    def create(self, name: ObjectName, context: Context) -> Statements:
        words = (("FROM SQL", self.from_sql), ("TO SQL", self.to_sql))
        functions = ", ".join(f"{word} WITH FUNCTION {function}" for word, function in words if function)
        yield f"CREATE {self.subject(name)} ({functions})"
