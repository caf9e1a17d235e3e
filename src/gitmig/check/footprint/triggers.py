"""Triggers and row security policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.objects import Kind, other
from gitmig.check.footprint.parse_tree import definition, texts
from gitmig.check.footprint.queries import expression
from gitmig.check.footprint.touches import Manner, Trait, Verb

if TYPE_CHECKING:
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


def create_trigger(trace: Trace, node: Node) -> None:
    """CREATE TRIGGER: on a table, running a function."""
    table = trace.relation(node["relation"])
    trace.read(table, manner=Manner.KEY)
    trace.read(trace.routine(node["funcname"], None), manner=Manner.VIEW)
    for name in texts(node.get("columns")):
        trace.read(table.part(Kind.COLUMN, name), manner=Manner.VIEW)
    expression(trace, node.get("whenClause"), {"new": table, "old": table}, Manner.VIEW)
    if "constrrel" in node:
        trace.read(trace.relation(node["constrrel"]), manner=Manner.KEY)
    lenient = [Trait.LENIENT] if node.get("replace") else []
    trace.touch(Verb.CREATE, table.part(Kind.TRIGGER, node["trigname"]), *lenient, value=definition(node))


def create_event_trigger(trace: Trace, node: Node) -> None:
    """CREATE EVENT TRIGGER: it fires at statements of the other side, too."""
    trace.read(trace.routine(node["funcname"], None), manner=Manner.VIEW)
    trace.touch(Verb.CREATE, other("event trigger", node["trigname"]), value=definition(node))
    trace.cannot_see("an event trigger runs at the statements of others")


def create_policy(trace: Trace, node: Node) -> None:
    """CREATE POLICY."""
    table = trace.relation(node["table"])
    _policy(trace, node)
    trace.read(table, manner=Manner.KEY)
    trace.touch(Verb.CREATE, table.part(Kind.POLICY, node["policy_name"]), value=definition(node))


def alter_policy(trace: Trace, node: Node) -> None:
    """ALTER POLICY, but for its name."""
    table = trace.relation(node["table"])
    _policy(trace, node)
    part = table.part(Kind.POLICY, node["policy_name"])
    trace.touch(Verb.ALTER, part, aspect="definition", value=definition(node))


def _policy(trace: Trace, node: Node) -> None:
    table = trace.relation(node["table"])
    tables = {table.path[2]: table}
    expression(trace, [node.get("qual"), node.get("with_check")], tables, Manner.VIEW)
    for role in node.get("roles", ()):
        if name := role["RoleSpec"].get("rolename"):
            trace.read(other("role", name), manner=Manner.KEY)


HANDLERS = {
    "CreateTrigStmt": create_trigger,
    "CreateEventTrigStmt": create_event_trigger,
    "CreatePolicyStmt": create_policy,
    "AlterPolicyStmt": alter_policy,
}
