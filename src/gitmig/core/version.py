"""The sort key of a migration."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# A time begins with a year, and is no shorter than a day. People write `2020-12-7-190800`, too, so that the rest cannot
# be relied on. Most tools write it to the second; there it lies among the numbers.
TIME = re.compile(r"(?:19[7-9]|20[0-4])\d{5}")
SECONDS = 14


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A number of any length, as it is written in a file name.

    Ordered as a number: leading zeros do not count, and neither do dashes (diesel writes both `2017-09-23-182408` and
    `20170923182408`). Times are compared from the left, as diesel and dbmate do it, however many digits they have:
    `20260730` < `20260730140000` < `202607301400000000` < `20260731`. No `int` is made of the digits to compare them:
    Python limits that to 4,300 of them.
    """

    _length: int = field(init=False, repr=False)
    _digits: str = field(init=False, repr=False)
    text: str = field(compare=False)

    def __post_init__(self) -> None:
        digits = self.text.replace("-", "").lstrip("0")
        object.__setattr__(self, "_length", SECONDS if TIME.match(digits) else len(digits))
        object.__setattr__(self, "_digits", digits)

    def __str__(self) -> str:
        return self.text
