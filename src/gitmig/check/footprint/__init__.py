"""Footprints: which objects a script touches, and how, from PostgreSQL's own parse tree."""

from gitmig.check.footprint.model import Action, BlindSpot, DependencyKind, Footprint, Touch, Trait
from gitmig.check.footprint.script import footprint

__all__ = ["Action", "BlindSpot", "DependencyKind", "Footprint", "Touch", "Trait", "footprint"]
