"""Clients: source code that still names what a migration renames or drops. Found by words, weighed by their company."""

from gitmig.core.clients.departures import Departure, departures
from gitmig.core.clients.notes import note
from gitmig.core.clients.uses import Hit, Use, uses, words

__all__ = ["Departure", "Hit", "Use", "departures", "note", "uses", "words"]
