"""Functions, procedures and aggregates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Routine:
    """A function or procedure: its statement. An aggregate: its properties."""

    definition: Any


@dataclass(frozen=True, slots=True)
class State:
    """How an aggregate counts; `-` for functions that are not there."""

    function: str
    type: str | None
    space: int
    first: str | None
    final: str
    final_extra: bool
    final_modify: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """An aggregate; kind n, o or h; the parallel safety s, r or u."""

    arguments: str
    parallel: str
    kind: str
    sort_operator: str | None
    state: State
    combine: str
    serial: str
    deserial: str
    moving: State
    inverse: str

    @classmethod
    def of(cls, values: tuple[Any, ...]) -> Aggregate:
        """From the catalogs' array."""
        arguments, parallel, kind, sort_operator, function, type_, space, first = values[:8]
        final, extra, modify, combine, serial, deserial, moving, inverse, moving_type, moving_space = values[8:18]
        return cls(
            arguments=arguments,
            parallel=parallel,
            kind=kind,
            sort_operator=sort_operator,
            state=State(function, type_, space, first, final, extra, modify),
            combine=combine,
            serial=serial,
            deserial=deserial,
            moving=State(moving, moving_type, moving_space, *values[18:]),
            inverse=inverse,
        )
