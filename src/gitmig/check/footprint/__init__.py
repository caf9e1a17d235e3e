"""Footprints: which objects a script touches, and how, from PostgreSQL's own parse tree."""

from gitmig.check.footprint.script import footprint
from gitmig.check.footprint.touches import Blind, Footprint, Manner, Touch, Trait, Verb

__all__ = ["Blind", "Footprint", "Manner", "Touch", "Trait", "Verb", "footprint"]
