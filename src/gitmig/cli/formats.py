"""The forms in which a review is printed: `render` makes a text of a `CheckReport`, in one of `FORMATS`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby, starmap
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gitmig import __version__
from gitmig.check.findings import Severity
from gitmig.cli import json
from gitmig.cli.output import plural, short, styled, to_json
from gitmig.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gitmig.check.clients.trial import ClientTrial
    from gitmig.check.findings import Finding
    from gitmig.check.proof import OrderFailure, Proof
    from gitmig.migrations.model import Migration
    from gitmig.operations.check import Review

COMMIT = re.compile(r"[0-9a-f]{40,64}")
SHOWN = 5  # objects named in one sentence
PLACES = 5  # that are told of one finding; JSON, SARIF and annotations have them all


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSide:
    """A side as people name it, its commit, and the migrations it adds."""

    name: str
    commit: str
    added: tuple[Migration, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What there is to print. `proof`, `unproven` and `clients` are None if they were not asked for."""

    base: ReportSide
    ours: ReportSide
    merge_base: str
    findings: tuple[Finding, ...]
    proof: Proof | None = None
    unproven: str | None = None
    clients: ClientTrial | None = None

    @classmethod
    def of(cls, review: Review) -> CheckReport:
        """The report of a review."""
        checked = review.checked
        return cls(
            base=ReportSide(name=_readable(checked.base.name), commit=checked.base.commit, added=checked.theirs_added),
            ours=ReportSide(name=_readable(checked.ours.name), commit=checked.ours.commit, added=checked.ours_added),
            merge_base=checked.merge_base,
            findings=review.findings,
            proof=review.proof,
            unproven=review.unproven,
            clients=review.clients,
        )

    @property
    def counted(self) -> str:
        """`1 error, 2 warnings`; `no findings` where there are none."""
        numbers = {severity: sum(f.severity is severity for f in self.findings) for severity in Severity}
        return ", ".join(plural(n, severity.value) for severity, n in numbers.items() if n) or "no findings"

    @property
    def proven(self) -> list[str]:
        """The proof in words."""
        return sentences(self.proof) if self.proof else [f"none: {self.unproven}"] if self.unproven else []

    @property
    def client_trial(self) -> list[str]:
        """How the code was tried, in words; nothing if there is no SQL in it."""
        if self.clients is None or not self.clients.files:
            return []
        if failure := self.clients.failure:
            return [f"not tried: {failure.label} at {failure.place}: {failure.message}"]
        said = f"{plural(self.clients.tried, 'SQL statement')} in {plural(self.clients.files, 'file')} tried"
        foreign = f"; {self.clients.foreign} of them no schema takes" if self.clients.foreign else ""
        return [said + foreign]


def _readable(name: str) -> str:
    """A revision as people write it: hooks and CI name whole commit ids."""
    return short(name) if COMMIT.fullmatch(name) else name


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


def status(findings: Sequence[Finding], *, strict: bool) -> int:
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


def _added(report: CheckReport) -> str:
    """What each side adds: `feature adds 2 migrations, main 1, since 0123456789`."""
    ours = f"{report.ours.name} adds {plural(len(report.ours.added), 'migration')}"
    return f"{ours}, {report.base.name} {len(report.base.added)}, since {report.merge_base[:10]}"


COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def _text(report: CheckReport) -> str:
    """For people at a terminal: each finding with its hint, the proof, how the code was tried, how many there are."""
    lines = [line for finding, places in _grouped(report.findings) for line in _lines_of(finding, places)]
    lines += [f"proof: {sentence}" for sentence in report.proven]
    lines += [f"clients: {sentence}" for sentence in report.client_trial]
    counted = styled(report.counted, bold=True) if report.findings else styled("no conflicts", fg="green")
    return "\n".join(map(visible, [*lines, f"{counted}: {_added(report)}"]))


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


def _github(report: CheckReport) -> str:
    """Workflow commands of GitHub Actions, which show findings beside the lines of a pull request; then plain lines.

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
    """
    lines = [_command(finding) for finding in report.findings]
    lines += [f"proof: {sentence}" for sentence in report.proven]
    lines += [f"clients: {sentence}" for sentence in report.client_trial]
    return "\n".join(map(visible, [*lines, f"{report.counted}: {_added(report)}"]))


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


def _markdown(report: CheckReport) -> str:
    """For a comment on a pull request: a heading, a table of the findings, the proof, and how the code was tried."""
    lines = [f"### gitmig check: {_prose(report.ours.name)} onto {_prose(report.base.name)}", ""]
    lines += [f"**{report.counted}**: {_prose(_added(report))}"]
    if report.findings:
        lines += ["", "| | where | what | what to do |", "|---|---|---|---|", *starmap(_row, _grouped(report.findings))]
    if report.proven:
        lines += ["", "**Proof**", "", *(f"- {_prose(sentence)}" for sentence in report.proven)]
    if report.client_trial:
        lines += ["", "**Clients**", "", *(f"- {_prose(sentence)}" for sentence in report.client_trial)]
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


def _sarif(report: CheckReport) -> str:
    """SARIF 2.1.0, which code scanning services read: one run with a rule for every code, a result for every finding.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    from gitmig.check.rules import RULES
    from gitmig.cli.explanation import as_sarif

    codes = sorted({finding.code for finding in report.findings})
    driver = {"name": "gitmig", "version": __version__, "rules": [as_sarif(RULES[code]) for code in codes]}
    results = [_result(finding, codes.index(finding.code)) for finding in report.findings]
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


def _json(report: CheckReport) -> str:
    """One JSON document: docs/json.md, `gitmig check --json`."""
    return to_json(json.of_check(report))


RENDERERS: dict[str, Callable[[CheckReport], str]] = {
    "text": _text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
    "markdown": _markdown,
}
FORMATS = tuple(RENDERERS)


def render(name: str, report: CheckReport) -> str:
    """The report in one of `FORMATS`, without a line end behind it."""
    return RENDERERS[name](report)
