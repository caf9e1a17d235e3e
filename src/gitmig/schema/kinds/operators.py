"""Operators, operator classes and families, access methods, casts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.schema.kinds.kind import Context, Definition, Names, Query, Statements, sql
from gitmig.schema.kinds.routines import NONE, qualified
from gitmig.schema.model import ObjectKind, ObjectName
from gitmig.schema.scope import FIRST_OID, OURS, listing, named, own, some

if TYPE_CHECKING:
    from collections.abc import Iterator

RARE = " OR ".join(map(some, ("pg_operator", "pg_opclass", "pg_opfamily", "pg_am", "pg_cast")))
CONTEXTS = {"a": " AS ASSIGNMENT", "i": " AS IMPLICIT", "e": ""}
METHODS = {"b": "WITHOUT FUNCTION", "i": "WITH INOUT"}
USES = {"i": "INDEX", "t": "TABLE"}
MEMBERS = """(
  SELECT d.refclassid, d.refobjid, 'operator ' || a.amopstrategy || ' ' || a.amopopr::regoperator
    || coalesce(' by ' || {sort_family}, '') AS member
  FROM pg_amop a JOIN pg_depend d ON d.classid = 'pg_amop'::regclass AND d.objid = a.oid
  UNION ALL
  SELECT d.refclassid, d.refobjid, 'function ' || a.amprocnum || ' ' || format_type(a.amproclefttype, NULL) || ', '
    || format_type(a.amprocrighttype, NULL) || ' ' || a.amproc::regprocedure
  FROM pg_amproc a JOIN pg_depend d ON d.classid = 'pg_amproc'::regclass AND d.objid = a.oid) m
""".format(sort_family=named("pg_opfamily", "opfname", "opfnamespace", "a.amopsortfamily"))


class Operator(Definition):
    """An operator. One that was only announced, as somebody's commutator, has no function yet."""

    function: str = sql("o.oprcode")
    restrict: str = sql("o.oprrest")
    join: str = sql("o.oprjoin")
    commutator: str | None = sql("nullif(o.oprcom, 0)::regoperator")
    negator: str | None = sql("nullif(o.oprnegate, 0)::regoperator")
    merges: bool = sql("o.oprcanmerge")
    hashes: bool = sql("o.oprcanhash")

    KIND = ObjectKind.OPERATOR
    QUERY = Query(
        name="o.oid::regoperator::text",
        of="pg_operator o",
        source=f"pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace AND {OURS} "
        f"AND {own('pg_operator', 'o.oid')} WHERE o.oprcode <> 0",
        rare=RARE,
    )

    @classmethod
    def subject(cls, name: ObjectName) -> str:
        operator, _, arguments = name.name.rstrip(")").rpartition("(")
        return f"OPERATOR {operator} ({arguments})"

    def create(self, name: ObjectName, context: Context) -> Statements:
        operator, _, arguments = name.name.rstrip(")").rpartition("(")
        left, _, right = arguments.partition(",")  # a comma may also stand in a modifier, but no operator has one
        properties = [f"FUNCTION = {self.function}"]
        properties += [f"LEFTARG = {left}"] if left != "NONE" else []
        properties += [f"RIGHTARG = {right}", *self._properties()]
        yield f"CREATE OPERATOR {operator} ({', '.join(properties)})"

    def _properties(self) -> Iterator[str]:
        if self.commutator:
            yield f"COMMUTATOR = OPERATOR({qualified(self.commutator)})"
        if self.negator:
            yield f"NEGATOR = OPERATOR({qualified(self.negator)})"
        if self.restrict != NONE:
            yield f"RESTRICT = {self.restrict}"
        if self.join != NONE:
            yield f"JOIN = {self.join}"
        if self.hashes:
            yield "HASHES"
        if self.merges:
            yield "MERGES"


def _with_method(name: ObjectName) -> str:
    family, _, method = name.name.rpartition(" ")
    return f"{family} USING {method}"


def _member(member: str) -> str:
    """As CREATE OPERATOR CLASS takes it, from `operator 1 <(a,b)` or `function 1 a, b f(a,b)`."""
    kind, number, rest = member.split(" ", 2)
    if kind == "operator":
        operator, ordering, family = rest.partition(" by ")
        signature = operator if "." in operator.partition("(")[0] else f"pg_catalog.{operator}"
        return f"OPERATOR {number} {signature}{f' FOR ORDER BY {family}' if ordering else ''}"
    types, _, function = rest.partition("(")[0].rpartition(" ")
    return f"FUNCTION {number} ({types}) {function}({rest.partition('(')[2]}"


def _members(catalog: str, oid: str) -> str:
    return listing("m.member", f"{MEMBERS} WHERE m.refclassid = '{catalog}'::regclass AND m.refobjid = {oid}")


class OperatorClass(Definition):
    """An operator class; its name ends in the access method."""

    type: str = sql("o.opcintype::regtype")
    default: bool = sql("o.opcdefault")
    key: str | None = sql("nullif(o.opckeytype, 0)::regtype")
    family: str = sql(named("pg_opfamily", "opfname", "opfnamespace", "o.opcfamily"))
    members: Names | None = sql(_members("pg_opclass", "o.oid"))

    KIND = ObjectKind.OPERATOR_CLASS
    QUERY = Query(
        name="quote_ident(n.nspname) || '.' || quote_ident(o.opcname) || ' ' || m.amname",
        of="pg_opclass o",
        source=f"""pg_opclass o JOIN pg_am m ON m.oid = o.opcmethod JOIN pg_namespace n ON n.oid = o.opcnamespace
WHERE {OURS} AND {own("pg_opclass", "o.oid")}""",
        rare=RARE,
    )

    @classmethod
    def subject(cls, name: ObjectName) -> str:
        return f"OPERATOR CLASS {_with_method(name)}"

    def create(self, name: ObjectName, context: Context) -> Statements:
        own_name, _, method = name.name.rpartition(" ")
        text = f"CREATE OPERATOR CLASS {own_name}{' DEFAULT' if self.default else ''} FOR TYPE {self.type}"
        members = [*map(_member, self.members or ())]
        members += [f"STORAGE {self.key or self.type}"] if self.key or not members else []
        yield f"{text} USING {method} FAMILY {self.family} AS {', '.join(members)}"


class OperatorFamily(Definition):
    """An operator family, with the members that belong to no class of it; its name ends in the access method."""

    members: Names | None = sql(_members("pg_opfamily", "f.oid"))

    KIND = ObjectKind.OPERATOR_FAMILY
    QUERY = Query(
        name="quote_ident(n.nspname) || '.' || quote_ident(f.opfname) || ' ' || m.amname",
        of="pg_opfamily f",
        source=f"""pg_opfamily f JOIN pg_am m ON m.oid = f.opfmethod JOIN pg_namespace n ON n.oid = f.opfnamespace
WHERE {OURS} AND {own("pg_opfamily", "f.oid")}""",
        rare=RARE,
    )

    @classmethod
    def subject(cls, name: ObjectName) -> str:
        return f"OPERATOR FAMILY {_with_method(name)}"

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"CREATE {self.subject(name)}"
        if self.members:
            yield f"ALTER {self.subject(name)} ADD {', '.join(map(_member, self.members))}"


class AccessMethod(Definition):
    """An access method."""

    handler: str = sql("m.amhandler")
    use: str = sql("m.amtype")

    KIND = ObjectKind.ACCESS_METHOD
    QUERY = Query(
        name="quote_ident(m.amname)",
        of="pg_am m",
        source=f"pg_am m WHERE m.oid >= {FIRST_OID} AND {own('pg_am', 'm.oid')}",
        rare=RARE,
    )

    def create(self, name: ObjectName, context: Context) -> Statements:
        yield f"CREATE ACCESS METHOD {name.name} TYPE {USES[self.use]} HANDLER {self.handler}"


class Cast(Definition):
    """A cast. Every range can be cast to its multirange; that comes with the range."""

    function: str | None = sql("nullif(c.castfunc, 0)::regprocedure")
    context: str = sql("c.castcontext")
    method: str = sql("c.castmethod")

    KIND = ObjectKind.CAST
    QUERY = Query(
        name="format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL)",
        of="pg_cast c",
        source=f"""pg_cast c WHERE c.oid >= {FIRST_OID} AND {own("pg_cast", "c.oid")}
  AND NOT EXISTS (SELECT FROM pg_range r WHERE r.rngtypid = c.castsource AND r.rngmultitypid = c.casttarget)""",
        rare=RARE,
    )

    @classmethod
    def subject(cls, name: ObjectName) -> str:
        return f"CAST ({name.name})"

    def create(self, name: ObjectName, context: Context) -> Statements:
        how = METHODS.get(self.method) or f"WITH FUNCTION {self.function}"
        yield f"CREATE {self.subject(name)} {how}{CONTEXTS[self.context]}"
