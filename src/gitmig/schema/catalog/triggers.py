"""What happens by itself: triggers, rules, policies, event triggers."""

from __future__ import annotations

from gitmig.schema.catalog.scope import (
    FIRST_OID,
    OWN_RELATION,
    RELATION,
    RELATIONS,
    Rare,
    address,
    comment,
    listing,
    own,
    some,
)

TRIGGERS = f"""
SELECT 'trigger', {RELATION} || '.' || quote_ident(t.tgname),
       jsonb_build_array(pg_get_triggerdef(t.oid), t.tgenabled, {comment("pg_trigger", "t.oid")})::text,
       {address("pg_trigger", "t.oid")}
FROM {RELATIONS} JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal WHERE {OWN_RELATION}
"""

# The rule _RETURN is the view itself.
RULES = f"""
SELECT 'rule', {RELATION} || '.' || quote_ident(r.rulename),
       jsonb_build_array(pg_get_ruledef(r.oid), r.ev_enabled, {comment("pg_rewrite", "r.oid")})::text,
       {address("pg_rewrite", "r.oid")}
FROM {RELATIONS} JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN' WHERE {OWN_RELATION}
"""

ROLES = listing("CASE r.r WHEN 0 THEN 'PUBLIC' ELSE r.r::regrole::text END", "unnest(p.polroles) r(r)")
POLICIES = f"""
SELECT 'policy', {RELATION} || '.' || quote_ident(p.polname),
       jsonb_build_array(p.polcmd, p.polpermissive, {ROLES},
         pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
         {comment("pg_policy", "p.oid")})::text, {address("pg_policy", "p.oid")}
FROM {RELATIONS} JOIN pg_policy p ON p.polrelid = c.oid WHERE {OWN_RELATION}
"""

EVENT_TRIGGERS = f"""
SELECT 'event trigger', quote_ident(e.evtname),
       jsonb_build_array(e.evtevent, e.evtfoid::regprocedure, e.evtenabled, e.evttags,
         {comment("pg_event_trigger", "e.oid")})::text, {address("pg_event_trigger", "e.oid")}
FROM pg_event_trigger e WHERE {own("pg_event_trigger", "e.oid")}
"""


def queries(_server_version: int) -> tuple[str, ...]:
    """The family's queries."""
    return (
        Rare(TRIGGERS, some("pg_trigger", "NOT tgisinternal")),
        Rare(RULES, some("pg_rewrite", f"oid >= {FIRST_OID} AND rulename <> '_RETURN'")),
        Rare(POLICIES, some("pg_policy")),
        Rare(EVENT_TRIGGERS, some("pg_event_trigger")),
    )
