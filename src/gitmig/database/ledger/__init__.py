"""The ledger: what is applied, with everything needed to revert it, and the history (its tables: `ledger_schema`)."""

from gitmig.database.ledger.reading import read_digests, read_measured, read_origin, read_rows, read_state
from gitmig.database.ledger.rows import Event, Row, State, Unfinished, applied_of, scripts
from gitmig.database.ledger.writing import (
    add,
    advance_unfinished,
    arrive,
    begin_unfinished,
    end_unfinished,
    measured,
    move,
    recall,
    record,
    remember,
    remove,
    unsettle,
)

__all__ = [
    "Event",
    "Row",
    "State",
    "Unfinished",
    "add",
    "advance_unfinished",
    "applied_of",
    "arrive",
    "begin_unfinished",
    "end_unfinished",
    "measured",
    "move",
    "read_digests",
    "read_measured",
    "read_origin",
    "read_rows",
    "read_state",
    "recall",
    "record",
    "remember",
    "remove",
    "scripts",
    "unsettle",
]
