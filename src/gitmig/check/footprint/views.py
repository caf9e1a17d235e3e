"""Queries and expressions that stay: views, rules, triggers and row security policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.model import Action, DependencyKind, NamedKind, other
from gitmig.check.footprint.parse_tree import definition, texts, unwrap
from gitmig.check.footprint.queries import expression, statement
from gitmig.check.footprint.trace import forgiving

if TYPE_CHECKING:
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


def create_view(trace: Trace, node: Node) -> None:
    """CREATE VIEW."""
    view = trace.relation(node["view"], NamedKind.VIEW, new=True)
    with trace.using(DependencyKind.BLOCKS):
        statement(trace, *unwrap(node["query"]))
    trace.touch(
        Action.CREATE,
        view,
        *forgiving(node),
        dependency=DependencyKind.TRANSIENT,
        aspect="" if _takes_rows(node["query"]) else READ_ONLY,
        value=definition(node),
    )


# A view into whose table PostgreSQL cannot write by itself.
READ_ONLY = "read only"


def _takes_rows(query: Node) -> bool:
    """Whether rows can be written to a view, as CREATE VIEW's page has it under "Updatable Views"."""
    _, select = unwrap(query)
    made_anew = {"distinctClause", "groupClause", "havingClause", "limitCount", "limitOffset", "withClause", "larg"}
    tables = select.get("fromClause", [])
    return not made_anew & select.keys() and len(tables) == 1 and "RangeVar" in tables[0]


def create_rule(trace: Trace, node: Node) -> None:
    """CREATE RULE."""
    table = trace.relation(node["relation"])
    trace.read(table, dependency=DependencyKind.FOLLOWS)
    tables = {"old": table, "new": table}
    expression(trace, [node.get("whereClause"), node.get("actions")], tables, DependencyKind.BLOCKS)
    forgives = forgiving(node)
    trace.touch(Action.CREATE, table.part(NamedKind.RULE, node["rulename"]), *forgives, value=definition(node))


CONCURRENTLY = "refreshed concurrently"  # a view: it has to have a unique index


def refresh(trace: Trace, node: Node) -> None:
    """REFRESH MATERIALIZED VIEW."""
    view = trace.relation(node["relation"], NamedKind.VIEW)
    trace.read(view)
    trace.touch(Action.WRITE, view, aspect="refresh")
    if node.get("concurrent"):
        trace.touch(Action.READ, view, aspect=CONCURRENTLY)


ROW_TRIGGER = "for each row"  # partitions get it from their table
TRANSITION_TRIGGER = "for each row, with transition tables"  # partitions and children must have none


OF_TRIGGER = "trigger"  # the constraint of a trigger, which has its name


def create_trigger(trace: Trace, node: Node) -> None:
    """CREATE TRIGGER: on a table, running a function."""
    table = trace.relation(node["relation"])
    trace.read(table, dependency=DependencyKind.FOLLOWS)
    function = trace.routine(node["funcname"], None)
    trace.read(function, dependency=DependencyKind.BLOCKS)
    for name in trace.fields_of(function):
        trace.read(table.part(NamedKind.COLUMN, name), dependency=DependencyKind.AT_CALL)
    for name in texts(node.get("columns")):
        trace.read(table.part(NamedKind.COLUMN, name), dependency=DependencyKind.BLOCKS)
    expression(trace, node.get("whenClause"), {"new": table, "old": table}, DependencyKind.BLOCKS)
    if "constrrel" in node:
        trace.read(trace.relation(node["constrrel"]), dependency=DependencyKind.FOLLOWS)
    forgives = forgiving(node)
    made = table.part(NamedKind.TRIGGER, node["trigname"])
    aspect = TRANSITION_TRIGGER if "transitionRels" in node else ROW_TRIGGER
    trace.touch(Action.CREATE, made, *forgives, aspect=aspect if node.get("row") else "", value=definition(node))
    if node.get("isconstraint"):
        named = table.part(NamedKind.CONSTRAINT, node["trigname"])
        trace.touch(Action.CREATE, named, *forgives, aspect=OF_TRIGGER, value=definition(node))


def create_event_trigger(trace: Trace, node: Node) -> None:
    """CREATE EVENT TRIGGER: it fires at statements of the other side, too."""
    trace.read(trace.routine(node["funcname"], None), dependency=DependencyKind.BLOCKS)
    trace.touch(Action.CREATE, other("event trigger", node["trigname"]), value=definition(node))
    trace.cannot_see("an event trigger runs at the statements of others")


def create_policy(trace: Trace, node: Node) -> None:
    """CREATE POLICY."""
    table = trace.relation(node["table"])
    _policy(trace, node)
    trace.read(table, dependency=DependencyKind.FOLLOWS)
    trace.touch(Action.CREATE, table.part(NamedKind.POLICY, node["policy_name"]), value=definition(node))


def alter_policy(trace: Trace, node: Node) -> None:
    """ALTER POLICY, but for its name."""
    table = trace.relation(node["table"])
    _policy(trace, node)
    part = table.part(NamedKind.POLICY, node["policy_name"])
    for aspect in ("qual", "with_check", "roles"):
        if aspect in node:
            trace.touch(Action.ALTER, part, aspect=aspect, value=definition(node[aspect]))


def _policy(trace: Trace, node: Node) -> None:
    table = trace.relation(node["table"])
    tables = {table.path[2]: table}
    expression(trace, [node.get("qual"), node.get("with_check")], tables, DependencyKind.BLOCKS)
    for role in node.get("roles", ()):
        if name := role["RoleSpec"].get("rolename"):
            trace.read(other("role", name), dependency=DependencyKind.FOLLOWS)


def alter_event_trigger(trace: Trace, node: Node) -> None:
    """ALTER EVENT TRIGGER … ENABLE, DISABLE."""
    trace.touch(Action.ALTER, other("event trigger", node["trigname"]), aspect="enabled", value=node["tgenabled"])


HANDLERS = {
    "ViewStmt": create_view,
    "RuleStmt": create_rule,
    "RefreshMatViewStmt": refresh,
    "CreateTrigStmt": create_trigger,
    "CreateEventTrigStmt": create_event_trigger,
    "AlterEventTrigStmt": alter_event_trigger,
    "CreatePolicyStmt": create_policy,
    "AlterPolicyStmt": alter_policy,
}
