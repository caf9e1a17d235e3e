"""What fingerprints depend on besides the schema."""

from __future__ import annotations

import pytest

from gitmig.schema import fingerprint
from gitmig.schema.fingerprint import Fingerprinter


def test_a_scale_says_which_version_was_asked_and_what_was_left_out() -> None:
    fingerprinter = Fingerprinter(150004, ("a", "b"))
    assert fingerprinter.scale == Fingerprinter(150010, ("b", "a")).scale
    assert len({fingerprinter.scale, Fingerprinter(160000, ("a", "b")).scale, Fingerprinter(150004, ("a",)).scale}) == 3


@pytest.mark.parametrize(
    ("query", "same"), [("SELECT  a\nFROM b ", True), ("SELECT a FROM c", False), ("SELECT a, b", False)]
)
def test_a_scale_says_which_queries_were_sent_however_their_lines_are_broken(
    monkeypatch: pytest.MonkeyPatch, query: str, same: bool
) -> None:
    monkeypatch.setattr(fingerprint, "queries", lambda _: {"SELECT a FROM b": ""})
    before = Fingerprinter(150000).scale
    monkeypatch.setattr(fingerprint, "queries", lambda _: {query: "EXISTS (SELECT)"})
    assert (Fingerprinter(150000).scale == before) is same


def test_only_what_was_measured_on_the_same_scale_is_compared() -> None:
    fingerprinter = Fingerprinter(150000)
    assert fingerprinter.knows(f"{fingerprinter.scale}:abc")
    assert not fingerprinter.knows(f"{Fingerprinter(160000).scale}:abc")
    assert not fingerprinter.knows(None)
