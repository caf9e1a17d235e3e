"""The sort key of a migration."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A number of any length, as it is written in a file name.

    Ordered and compared as a number: leading zeros do not count, and neither do dashes (diesel writes both
    `2017-09-23-182408` and `20170923182408`). The digits are never turned into an `int`, which Python limits to
    4,300 digits.
    """

    _length: int = field(init=False, repr=False)
    _digits: str = field(init=False, repr=False)
    text: str = field(compare=False)

    def __post_init__(self) -> None:
        digits = self.text.replace("-", "").lstrip("0")
        object.__setattr__(self, "_length", len(digits))
        object.__setattr__(self, "_digits", digits)

    def __str__(self) -> str:
        return self.text
