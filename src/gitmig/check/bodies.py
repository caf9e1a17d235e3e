"""The bodies of functions: what to ask PostgreSQL about them without calling them, and what its answers mean.

PostgreSQL looks into a body when the function is called; running two orders of migrations calls nothing. So the
statements of each body are put as *questions*: may the function be made as it is now, may this statement be prepared,
does this insert leave out a value that the table wants, what does plpgsql_check say, where the server has it. Only what
was answered before, and no longer is, counts: a body may name what it makes itself.

From top to bottom: the values; the questions of a routine; the statements of PL/pgSQL, with their variables written as
values of their types; what the answers come to.
"""

from __future__ import annotations

import re
from collections import defaultdict
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from gitmig.check.footprint.parse_tree import find, texts, unwrap
from gitmig.check.footprint.routines import (
    ASSIGNMENT,
    EXPRESSION,
    ROW_TYPE,
    RUNS_A_TEXT,
    WHOLE_STATEMENT,
    constant_of,
    plpgsql_function,
)
from gitmig.migrations.parser import Unparsed, parse
from gitmig.schema.names import always_quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.routines import PlpgsqlFunction


class Ask(Enum):
    """What is to be done with the SQL of a question; the value is how the database is told."""

    MAKE = "make"  # run it, and take it back
    PREPARE = "prepare"  # have it read as PostgreSQL reads a statement before it runs
    LOOK = "look"  # run it: the text that it gives, if any, is what is wrong


class Routine(Struct, frozen=True, kw_only=True):
    """A function or procedure of the database.

    `name` has its schema, as SQL has it, without parameters; `head` and `body` are what PL/pgSQL's parser takes,
    `definition` is the whole statement, `oid` its number in this database. `parameters` are names and types, of those
    without a name the place alone. `tables` are those at which a trigger runs it; `path` is the search path it sets.
    """

    name: str
    language: str
    definition: str
    head: str
    body: str
    oid: int = 0
    parameters: tuple[tuple[str, str], ...] = ()
    tables: tuple[str, ...] = ()
    path: str | None = None


class Question(Struct, frozen=True, kw_only=True):
    """`about` is what stands in the body, which is the same whatever its names mean by now; `sql` is what is asked."""

    ask: Ask
    about: str
    sql: str
    path: str | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """Everything that is asked about one routine; `unseen` says why that is not all of it, None if it is."""

    routine: str
    questions: tuple[Question, ...]
    unseen: str | None = None


class BodyState(Struct, frozen=True, kw_only=True):
    """What the body of a routine has come to: by question (`about`), None or what PostgreSQL says is wrong."""

    answers: Mapping[str, str | None]
    unseen: str | None = None


Bodies = dict[str, BodyState]  # by the routine's name; functions of one name are one


class BodyFault(Struct, frozen=True, kw_only=True):
    """A routine whose body does not work any more, and what PostgreSQL says."""

    routine: str
    message: str


class UnseenBody(Struct, frozen=True, kw_only=True, order=True):
    """A routine of which not all was asked about; `reason` goes on from its name: `f runs a text that …`."""

    reason: str
    routine: str


def states(asked: Sequence[Asked], answers: Sequence[Sequence[str | None]]) -> Bodies:
    """What the answers come to, question by question in the order in which they were asked."""
    found: dict[str, dict[str, str | None]] = defaultdict(dict)
    unseen: dict[str, str | None] = {}
    for one, given in zip(asked, answers, strict=True):
        for question, answer in zip(one.questions, given, strict=True):
            found[one.routine][question.about] = found[one.routine].get(question.about) or answer
        unseen[one.routine] = unseen.get(one.routine) or one.unseen
    return {name: BodyState(answers=found[name], unseen=unseen[name]) for name in unseen}


def new_faults(before: Iterable[Bodies], after: Bodies) -> list[BodyFault]:
    """The routines of which a question found an answer in one of the earlier states, and finds none now."""
    worked: dict[str, set[str]] = defaultdict(set)
    for bodies in before:
        for name, state in bodies.items():
            worked[name] |= {about for about, fault in state.answers.items() if fault is None}
    found = []
    for name, state in sorted(after.items()):
        faults = [fault for about, fault in state.answers.items() if fault is not None and about in worked[name]]
        found += [BodyFault(routine=name, message=faults[0])] if faults else []
    return found


def unseen(bodies: Bodies) -> frozenset[UnseenBody]:
    """What could not be asked about."""
    return frozenset(UnseenBody(reason=s.unseen, routine=name) for name, s in bodies.items() if s.unseen)


def broken(after: Bodies) -> list[str]:
    """The routines with whose bodies something is wrong, new or not."""
    return [name for name, state in after.items() if any(state.answers.values())]


@lru_cache(maxsize=4096)  # behind every order most of them are the same
def questions(routine: Routine, checker: str | None = None) -> Asked:
    """What to ask about a routine; `checker` is the schema of the extension plpgsql_check, None if it is not there."""
    asked = [Question(ask=Ask.MAKE, about="as a whole", sql=routine.definition, path=routine.path)]
    unseen = None
    if routine.language == "plpgsql":
        try:
            function = plpgsql_function(routine.head, routine.body)
        except Unparsed:
            return Asked(routine=routine.name, questions=tuple(asked), unseen="does not parse")
        for table in routine.tables or (None,):
            block = _Block(function, routine.parameters, table)
            asked += [Question(ask=ask, about=about, sql=sql, path=routine.path) for ask, about, sql in block.asked()]
            unseen = unseen or block.unseen
        asked += (
            [_checked(routine, checker)]
            if checker and (routine.tables or not routine.head.endswith(" RETURNS trigger"))
            else []
        )
    elif routine.language == "sql":
        inserts = [sql for insert in _inserts(_parsed(routine.body)) if (sql := _left_out(insert))]
        asked += [Question(ask=Ask.LOOK, about=sql, sql=sql, path=routine.path) for sql in inserts]
    else:
        unseen = f"is in {routine.language}"
    return Asked(routine=routine.name, questions=tuple(dict.fromkeys(asked)), unseen=unseen)


# Other warnings are about style, and are there before and behind.
CHECKED = """SELECT f.message FROM unnest({tables}::regclass[]) t,
  {checker}.plpgsql_check_function_tb({oid}::regprocedure, t, fatal_errors := false, other_warnings := false,
  extra_warnings := false) f WHERE f.level = 'error' LIMIT 1"""


def _checked(routine: Routine, checker: str) -> Question:
    """What plpgsql_check has to say: it knows, beyond the single statements, what is assigned and returned.

    About the function of a trigger it can say nothing without the table.
    """
    tables = f"ARRAY[{', '.join(map(_literal, routine.tables or ('0',)))}]"
    sql = CHECKED.format(tables=tables, checker=always_quoted(checker), oid=routine.oid)
    return Question(ask=Ask.LOOK, about="plpgsql_check", sql=sql, path=routine.path)


def _parsed(body: str) -> list[Node]:
    try:
        return parse(body)
    except Unparsed:
        return []


def _inserts(tree: Any) -> Iterator[Node]:
    yield from find(tree, "InsertStmt")


# A column that has to be given, in a table on which no trigger could fill it in. In pg_trigger, 1 is for each row, 2
# before, 4 at insert.
LEFT_OUT = """SELECT 'null value in column ' || quote_ident(a.attname) || ' of ' || c.oid::regclass
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.oid = to_regclass({table}) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attname <> ALL ({columns}::text[])
  AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 7 = 7)
LIMIT 1"""


def _left_out(insert: Node) -> str | None:
    """Whether it leaves out a value that has to be given; None if it names no columns."""
    columns = [target["ResTarget"]["name"] for target in insert.get("cols", ())]
    if not columns:
        return None
    relation = insert["relation"]
    name = ".".join(always_quoted(relation[part]) for part in ("schemaname", "relname") if part in relation)
    given = f"ARRAY[{', '.join(map(_literal, columns))}]"
    return LEFT_OUT.format(table=_literal(name), columns=given)


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


# What every trigger function, event trigger function and block can name.
SPECIAL = {
    "found": "boolean",
    "sqlstate": "text",
    "sqlerrm": "text",
    "tg_name": "name",
    "tg_when": "text",
    "tg_level": "text",
    "tg_op": "text",
    "tg_relid": "oid",
    "tg_relname": "name",
    "tg_table_name": "name",
    "tg_table_schema": "name",
    "tg_nargs": "integer",
    "tg_argv": "text[]",
    "tg_event": "text",
    "tg_tag": "text",
}
NAME = re.compile(r'"(?:[^"]|"")+"|[\w$]+')
UNKNOWN = "NULL"
PREPARED = {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}


class _Block(Struct):
    """The statements of one PL/pgSQL function, perhaps as one table's trigger runs it.

    `values` has for each variable what stands for it in SQL; `queries` for each record the query that fills it.
    """

    function: PlpgsqlFunction
    parameters: tuple[tuple[str, str], ...]
    table: str | None
    unseen: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    queries: dict[str, str | None] = field(default_factory=dict)

    @property
    def tree(self) -> Node:
        """The function as libpg_query has it."""
        return self.function.tree

    def asked(self) -> Iterator[tuple[Ask, str, str]]:
        """What to do, what it is about, and the SQL."""
        self._declare()
        for owner, name in self.function.fields:
            value = self.values.get(owner, UNKNOWN)
            if value != UNKNOWN:
                yield Ask.PREPARE, f"{owner}.{name}", f"SELECT {value}.{always_quoted(name)}"
        yield from self._walk(self.tree)

    def _declare(self) -> None:
        self.values |= {name: f"(NULL::{kind})" for name, kind in SPECIAL.items()}
        for number, (name, kind) in enumerate(self.parameters, 1):
            self.values[f"${number}"] = self.values[name] = f"(NULL::{kind})"
        if self.table:
            self.values |= dict.fromkeys(("new", "old"), f"(NULL::{self.table})")
        given = {name for name, _ in self.parameters}
        for item in self.tree.get("datums", ()):
            kind, fields = unwrap(item) if item else ("", {})
            name = fields.get("refname", "")
            if kind == "PLpgSQL_var" and name not in given:
                self.values[name] = _value(fields.get("datatype", {}).get("PLpgSQL_type", {}).get("typname", ""))
            elif kind == "PLpgSQL_rec" and name not in self.values and name not in given:
                self.values[name] = _value(self.function.rows.get(name, ""))
        self._note_queries(self.tree.get("action", {}))

    def _note_queries(self, node: Any) -> None:
        """A record has the columns of the one query that fills it."""
        for loop in find(node, "PLpgSQL_stmt_fors"):
            self._fill(loop.get("var"), loop["query"]["PLpgSQL_expr"]["query"])
        for statement in find(node, "PLpgSQL_stmt_execsql"):
            self._fill(statement.get("target"), statement["sqlstmt"]["PLpgSQL_expr"]["query"])
        for kind in ("PLpgSQL_stmt_dynfors", "PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_forc", "PLpgSQL_stmt_fetch"):
            for statement in find(node, kind):
                self._fill(statement.get("var") or statement.get("target"), None)

    def _fill(self, target: Node | None, query: str | None) -> None:
        name = (target or {}).get("PLpgSQL_rec", {}).get("refname")
        if name and self.values.get(name) == UNKNOWN:
            self.queries[name] = query if self.queries.get(name, query) == query else None

    def _walk(self, node: Any) -> Iterator[tuple[Ask, str, str]]:
        if isinstance(node, list):
            for item in node:
                yield from self._walk(item)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key == "PLpgSQL_expr":
                    yield from self._expression(value)
                elif key in RUNS_A_TEXT:
                    yield from self._dynamic(value["query"])
                    yield from self._walk({part: inner for part, inner in value.items() if part != "query"})
                elif key == "dynquery":
                    yield from self._dynamic(value)
                else:
                    yield from self._walk(value)

    def _expression(self, node: Node) -> Iterator[tuple[Ask, str, str]]:
        mode, query = node.get("parseMode", WHOLE_STATEMENT), node["query"]
        if mode > EXPRESSION:
            query = ASSIGNMENT.sub("", query, count=1)
        yield from self._statement(query if mode == WHOLE_STATEMENT else f"SELECT {query}")

    def _dynamic(self, node: Node) -> Iterator[tuple[Ask, str, str]]:
        """EXECUTE: of a constant text, which knows no variables; one that is put together nobody can look into."""
        constant = constant_of(node["PLpgSQL_expr"]["query"])
        if constant is None:
            self.unseen = "runs a text that it puts together"
        else:
            yield from self._statement(constant, with_variables=False)

    def _statement(self, query: str, *, with_variables: bool = True) -> Iterator[tuple[Ask, str, str]]:
        try:
            parsed = parse(query)
        except Unparsed:
            self.unseen = "does not parse"
            return
        for item in parsed:
            if item.get("stmt") and unwrap(item["stmt"])[0] in PREPARED:
                one = self._with_values(query, item) if with_variables else _part(query, item)
                yield Ask.PREPARE, query if with_variables else one, one
        for insert in _inserts(parsed):
            if asked := _left_out(insert):
                yield Ask.LOOK, asked, asked

    def _with_values(self, query: str, tree: Any) -> str:
        """The query, with a value of its type for each variable."""
        data = query.encode("utf-8", "surrogatepass")
        aliases = {
            relation.get("alias", {}).get("aliasname") or relation["relname"] for relation in find(tree, "RangeVar")
        }
        columns = {name for select in find(tree, "Alias") for name in texts(select.get("colnames"))}
        changes: dict[int, tuple[int, str]] = {}
        for reference in find(tree, "ColumnRef"):
            names = texts(reference["fields"])
            name, place = names[0], reference.get("location", 0)
            qualified = len(reference["fields"]) > 1
            if name not in self.values or (qualified and name in aliases) or name in columns:
                continue
            old = NAME.match(data[place:].decode("utf-8", "surrogatepass"))
            if old:
                changes[place] = self._value_at(data, place, old[0], reference, names)
        for parameter in find(tree, "ParamRef"):
            word = f"${parameter.get('number', 0)}"
            if word in self.values:
                changes[parameter.get("location", 0)] = len(word), self.values[word]
        for place in sorted(changes, reverse=True):
            length, value = changes[place]
            data = data[:place] + value.encode() + data[place + length :]
        return data.decode("utf-8", "surrogatepass")

    def _value_at(self, data: bytes, place: int, old: str, reference: Node, names: list[str]) -> tuple[int, str]:
        """How many bytes to replace, and by what; a field of a record is one of the query that fills it."""
        query = self.queries.get(names[0])
        if self.values[names[0]] != UNKNOWN or len(reference["fields"]) == 1:
            return len(old.encode()), self.values[names[0]]
        rest = NAME.match(data[place + len(old.encode()) + 1 :].decode("utf-8", "surrogatepass"))
        whole = len(old.encode()) + 1 + (len(rest[0].encode()) if rest else 0)
        if query is None or rest is None or "A_Star" in reference["fields"][-1]:
            return whole, UNKNOWN
        inner = dict(self.queries)
        self.queries[names[0]] = None  # no query is read inside of itself
        try:
            source = self._with_values(query, parse(query))
        except Unparsed:
            return whole, UNKNOWN
        finally:
            self.queries = inner
        return whole, f"(SELECT gitmig.{rest[0]} FROM ({source}) gitmig LIMIT 1)"  # noqa: S608  # a name as the body has it, and a query of the body


def _part(text: str, item: Node) -> str:
    """One statement of a text that has several."""
    data, start = text.encode("utf-8", "surrogatepass"), item.get("stmt_location", 0)
    return data[start : start + (item.get("stmt_len") or len(data))].decode("utf-8", "surrogatepass")


def _value(kind: str) -> str:
    """What stands for a variable of a type as it is declared: `int4`, `votes%ROWTYPE`, `votes.kind%TYPE`."""
    match = ROW_TYPE.fullmatch(kind)
    if not match:
        return f"(NULL::{kind})" if kind and kind not in {"record", "refcursor"} else UNKNOWN
    if kind.lower().endswith("%rowtype"):  # by its table
        return f"(NULL::{match[1]})"
    owner, _, column = match[1].rpartition(".")
    return f"((NULL::{owner}).{column})" if owner else UNKNOWN
