"""The forms in which a review is printed: `render` makes a text of it, in one of `FORMATS`."""

from __future__ import annotations

import re
from itertools import groupby, starmap
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gitmig import __version__
from gitmig.check.findings import Severity
from gitmig.cli import json
from gitmig.cli.output import plural, revision_name, styled, to_json
from gitmig.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gitmig.check.findings import Finding
    from gitmig.check.proof import OrderFailure, Proof
    from gitmig.operations.check import Review

SHOWN = 5  # objects named in one sentence
PLACES = 5  # that are told of one finding; JSON, SARIF and annotations have them all


def _counted(review: Review) -> str:
    """`1 error, 2 warnings`; `no findings` where there are none."""
    numbers = {severity: sum(f.severity is severity for f in review.findings) for severity in Severity}
    return ", ".join(plural(n, severity.value) for severity, n in numbers.items() if n) or "no findings"


def _proven(review: Review) -> list[str]:
    """The proof in words; nothing if it was not asked for."""
    return sentences(review.proof) if review.proof else [f"none: {review.unproven}"] if review.unproven else []


def _client_trial(review: Review) -> list[str]:
    """How the code was tried, in words; nothing if it was not, or there is no SQL in it."""
    trial = review.clients
    if trial is None or not trial.files:
        return []
    if failure := trial.failure:
        return [f"not tried: {failure.label} at {failure.place}: {failure.message}"]
    said = f"{plural(trial.tried, 'SQL statement')} in {plural(trial.files, 'file')} tried"
    return [said + (f"; {trial.foreign} of them no schema takes" if trial.foreign else "")]


def _what_was_tried(review: Review) -> list[str]:
    """The proof and the trial of the code, a line for each sentence."""
    said = [f"proof: {sentence}" for sentence in _proven(review)]
    return said + [f"clients: {sentence}" for sentence in _client_trial(review)]


def sentences(proof: Proof) -> list[str]:
    """A proof in words, the same in every format: what came out of the orders, then of the downs."""
    said = [f"{orders} fails: {_failure(failure)}" for failure, orders in proof.failing_orders.items()]
    said += [
        f"both run, schemas differ after {order.value}: {_listed(map(str, names))}"
        for order, names in proof.differences.items()
    ]
    if proof.holds:
        one = len(proof.orders) == 1
        said.append("it runs; there is one order only" if one else "both orders run and give the same schema")
    return [*said, *_unseen(proof), *_round_trip(proof)]


def _unseen(proof: Proof) -> list[str]:
    """The bodies that were not looked into as a whole, grouped by why; what cannot be known is said once."""
    grouped = groupby(proof.unseen, key=attrgetter("reason"))
    reasons = [f"{_listed((body.routine for body in bodies), 'function')} ({reason})" for reason, bodies in grouped]
    return [f"not everything was looked into: {'; '.join(reasons)}"] if reasons else []


def _round_trip(proof: Proof) -> list[str]:
    if proof.without_down:
        return [f"no round trip: {_listed(proof.without_down)} without a down"]
    if proof.revert_failure:
        return [f"no round trip: the down of {_failure(proof.revert_failure)}"]
    if proof.lost:
        return [f"no round trip: the downs do not bring back {_listed(map(str, proof.lost))}"]
    return ["the downs bring back the schema before"] if proof.reverted else []


def _failure(failure: OrderFailure) -> str:
    return f"{failure.label} at {failure.place}: {failure.message}"


def _listed(names: Iterable[str], what: str = "object") -> str:
    every = list(names)
    more = f" and {plural(len(every) - SHOWN, what)} more" if every[SHOWN:] else ""
    return ", ".join(every[:SHOWN]) + more


def exit_status(findings: Sequence[Finding], *, strict: bool) -> int:
    """The exit status of a check: 1 if there is an error or, `strict`, a warning; else 0."""
    grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return int(any(finding.severity in grave for finding in findings))


def _place(finding: Finding) -> str:
    """`path:line`, as far as it is known; empty if there is no one place."""
    return f"{finding.path}:{finding.line}" if finding.path and finding.line else finding.path or ""


def _grouped(findings: Sequence[Finding]) -> list[tuple[Finding, list[str]]]:
    """Findings that differ in nothing but their place, once, with the places."""
    groups: dict[tuple[object, ...], tuple[Finding, list[str]]] = {}
    for finding in findings:
        key = (finding.code, finding.severity, finding.message, finding.hint, finding.doubt)
        _, places = groups.setdefault(key, (finding, []))
        if (where := _place(finding)) and where not in places:
            places.append(where)
    return list(groups.values())


def _more_places(places: Sequence[str]) -> list[str]:
    """What stands behind the first places: `and 3 more places`, if there are more."""
    return [f"and {plural(len(places) - PLACES, 'more place')}"] if places[PLACES:] else []


def _added(review: Review) -> str:
    """What each side adds: `feature adds 2 migrations, main 1, since 0123456789`."""
    checked = review.checked
    ours = f"{revision_name(checked.ours.name)} adds {plural(len(checked.ours_added), 'migration')}"
    theirs = f"{revision_name(checked.base.name)} {len(checked.theirs_added)}"
    return f"{ours}, {theirs}, since {checked.merge_base[:10]}"


COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def _text(review: Review) -> str:
    """For people at a terminal: each finding with its hint, the proof, how the code was tried, how many there are."""
    lines = [line for finding, places in _grouped(review.findings) for line in _lines_of(finding, places)]
    lines += _what_was_tried(review)
    counted = styled(_counted(review), bold=True) if review.findings else styled("no conflicts", fg="green")
    return "\n".join(map(visible, [*lines, f"{counted}: {_added(review)}"]))


def _lines_of(finding: Finding, places: Sequence[str]) -> Iterator[str]:
    """A finding as people read it: what, where, what to do, and how sure."""
    word = styled(finding.severity.value, fg=COLOURS[finding.severity], bold=True)
    yield f"{word} {finding.code}: {finding.message}"
    yield from (f"  at {where}" for where in places[:PLACES])
    yield from (f"  {more}" for more in _more_places(places))
    yield f"  hint: {finding.hint}"
    if finding.doubt:
        yield f"  not certain: {finding.doubt}"


COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
# What ends a message, and what ends a property as well.
MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = MESSAGE | {":": "%3A", ",": "%2C"}


def _github(review: Review) -> str:
    """Workflow commands of GitHub Actions, which show findings beside the lines of a pull request; then plain lines.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
    """
    lines = [_command(finding) for finding in review.findings]
    lines += _what_was_tried(review)
    return "\n".join(map(visible, [*lines, f"{_counted(review)}: {_added(review)}"]))


def _command(finding: Finding) -> str:
    values = {"file": finding.path, "line": finding.line if finding.path else None, "title": f"gitmig {finding.code}"}
    properties = ",".join(f"{key}={_escaped(str(value), PROPERTY)}" for key, value in values.items() if value)
    doubt = f"\nnot certain: {finding.doubt}" if finding.doubt else ""
    message = _escaped(f"{finding.message}{doubt}\n{finding.hint}", MESSAGE)
    return f"::{COMMANDS[finding.severity]} {properties}::{message}"


def _escaped(text: str, codes: dict[str, str]) -> str:
    return "".join(codes.get(character, character) for character in text)


SIGNS = {Severity.ERROR: "❌", Severity.WARNING: "⚠️", Severity.NOTE: "ℹ️"}
# What would be taken for markup in the middle of a sentence: `user_id`, `*`, <name>, and the cells' own borders.
MARKUP = re.compile(r"([\\`*_{}\[\]<>|#~@])")


def _markdown(review: Review) -> str:
    """For a comment on a pull request: a heading, a table of the findings, the proof, and how the code was tried."""
    ours, base = revision_name(review.checked.ours.name), revision_name(review.checked.base.name)
    lines = [f"### gitmig check: {_prose(ours)} onto {_prose(base)}", ""]
    lines += [f"**{_counted(review)}**: {_prose(_added(review))}"]
    if review.findings:
        lines += ["", "| | where | what | what to do |", "|---|---|---|---|", *starmap(_row, _grouped(review.findings))]
    if _proven(review):
        lines += ["", "**Proof**", "", *(f"- {_prose(sentence)}" for sentence in _proven(review))]
    if _client_trial(review):
        lines += ["", "**Clients**", "", *(f"- {_prose(sentence)}" for sentence in _client_trial(review))]
    return "\n".join(lines)


def _row(finding: Finding, places: Sequence[str]) -> str:
    where = "<br>".join([*map(_code, places[:PLACES]), *_more_places(places)])
    what = _prose(finding.message) + (f" *(not certain: {_prose(finding.doubt)})*" if finding.doubt else "")
    cells = (f"{SIGNS[finding.severity]} {finding.code}", where, what, _prose(finding.hint))
    return f"| {' | '.join(cells)} |"


def _prose(text: str) -> str:
    return MARKUP.sub(r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return f"`{text.replace('`', '')}`".replace("|", "\\|")


SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def _sarif(review: Review) -> str:
    """SARIF 2.1.0, which code scanning services read: one run with a rule for every code, a result for every finding.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    from gitmig.check.rules import RULES
    from gitmig.cli.explanation import as_sarif

    codes = sorted({finding.code for finding in review.findings})
    driver = {"name": "gitmig", "version": __version__, "rules": [as_sarif(RULES[code]) for code in codes]}
    results = [_result(finding, codes.index(finding.code)) for finding in review.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return to_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    more = {"migrations": list(finding.migrations), "objects": list(finding.objects), "doubt": finding.doubt}
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity.value,  # SARIF has the same three words
        "message": {"text": f"{finding.message}\nhint: {finding.hint}"},
        "locations": [_location(finding.path, finding.line)] if finding.path else [],
        "properties": {key: value for key, value in more.items() if value},
    }


def _location(path: str, line: int | None) -> dict[str, Any]:
    where: dict[str, Any] = {
        "artifactLocation": {"uri": quote(path, errors="surrogateescape"), "uriBaseId": "%SRCROOT%"}
    }
    if line:
        where["region"] = {"startLine": line}
    return {"physicalLocation": where}


def _json(review: Review) -> str:
    """One JSON document: docs/json.md, `gitmig check --json`."""
    return to_json(json.of_check(review))


RENDERERS: dict[str, Callable[[Review], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
    "markdown": _markdown,
}
FORMATS = tuple(RENDERERS)


def render(name: str, review: Review) -> str:
    """The report in one of `FORMATS`, without a line end behind it."""
    return RENDERERS[name](review)
