"""Views and rules: queries that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitmig.check.footprint.objects import Kind
from gitmig.check.footprint.parse_tree import definition, unwrap
from gitmig.check.footprint.queries import expression, statement
from gitmig.check.footprint.touches import Manner, Trait, Verb

if TYPE_CHECKING:
    from gitmig.check.footprint.parse_tree import Node
    from gitmig.check.footprint.trace import Trace


def create_view(trace: Trace, node: Node) -> None:
    """CREATE VIEW."""
    view = trace.relation(node["view"], Kind.VIEW, new=True)
    with trace.using(Manner.VIEW):
        statement(trace, *unwrap(node["query"]))
    lenient = [Trait.LENIENT] if node.get("replace") else []
    trace.touch(Verb.CREATE, view, *lenient, manner=Manner.ONCE, value=definition(node))


def create_rule(trace: Trace, node: Node) -> None:
    """CREATE RULE."""
    table = trace.relation(node["relation"])
    trace.read(table, manner=Manner.KEY)
    tables = {"old": table, "new": table}
    expression(trace, [node.get("whereClause"), node.get("actions")], tables, Manner.VIEW)
    lenient = [Trait.LENIENT] if node.get("replace") else []
    trace.touch(Verb.CREATE, table.part(Kind.RULE, node["rulename"]), *lenient, value=definition(node))


def refresh(trace: Trace, node: Node) -> None:
    """REFRESH MATERIALIZED VIEW."""
    view = trace.relation(node["relation"], Kind.VIEW)
    trace.read(view)
    trace.touch(Verb.WRITE, view, aspect="refresh")


HANDLERS = {"ViewStmt": create_view, "RuleStmt": create_rule, "RefreshMatViewStmt": refresh}
