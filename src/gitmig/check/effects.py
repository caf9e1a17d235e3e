"""What a migration does to the objects of the common base, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitmig.check.footprint.touches import Trait, Verb

if TYPE_CHECKING:
    from gitmig.check.footprint.objects import Object
    from gitmig.check.footprint.touches import Footprint, Touch


Version = tuple[tuple[str, ...], str]  # the path of something made, and its definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An added migration, with the footprint of its up script, which begins on `first_line` of the file."""

    label: str
    path: str
    first_line: int
    footprint: Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A touch whose object is named as in the base.

    `replaced`: the side both drops and creates the object. `succeeded`: it drops a function and makes another one of
    that name, with other parameters. `freed`: the side makes it and gives the name up again. `returned`: the side
    renames it, and gives it its old name back.
    `widened`: the side adds columns to what this reads. `taken`: it only gives this name to something that is there.
    `implied`: PostgreSQL does it along with something else. `changes_data`: the statement writes rows.
    `makes`: what the statement makes of what it reads. `remade`: what the side drops before it changes a column, or
    might as well drop later, and makes anew behind the change.
    """

    touch: Touch
    member: Member
    replaced: bool = False
    succeeded: bool = False
    freed: bool = False
    returned: bool = False
    taken: bool = False
    widened: bool = False
    implied: bool = False
    changes_data: bool = False
    makes: Version | None = None
    remade: frozenset[Version] = frozenset()

    @property
    def verb(self) -> Verb:
        """What happens."""
        return self.touch.verb

    @property
    def object(self) -> Object:
        """What it happens to."""
        return self.touch.object

    @property
    def forgiving(self) -> bool:
        """Whether the statement also succeeds where the object is not as it expects."""
        return Trait.LENIENT in self.touch.traits

    @property
    def line(self) -> int:
        """The line in the migration's file."""
        return self.member.first_line + self.touch.line - 1

    def has(self, trait: Trait) -> bool:
        """Whether the touch has a trait."""
        return trait in self.touch.traits
