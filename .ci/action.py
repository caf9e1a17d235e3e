"""What action.yml runs: the findings beside the lines of the pull request, and a summary.

Inputs come in CHECK_*, the event in GITHUB_EVENT_NAME and GITHUB_EVENT_PATH. Ends as `gitmig check` does. Needs nothing
but the standard library, git, and `gitmig` on the PATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Jobs on a machine of their own, without secrets: what runs there is the pull request's own affair.
HARMLESS = frozenset({"pull_request", "push", "merge_group"})
BRANCH = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Event:
    """What happened: the sides to check, empty where git knows them; and whether a stranger's scripts are in them.

    `default` is the base for a revision that has none.
    """

    base: str = ""
    revision: str = ""
    is_foreign: bool = False
    default: str = "HEAD"


def read_event(payload: Mapping[str, Any]) -> Event:
    """The sides of an event.

    A merge group is what a merge queue would push: its base is the group before it, not yet on any branch. Of a pull
    request the tip counts, not the merge that GitHub made of it.
    """
    if group := payload.get("merge_group"):
        target = "origin/" + group["base_ref"].removeprefix(BRANCH)
        return Event(group.get("base_sha") or target, group["head_sha"])
    if request := payload.get("pull_request"):
        head = request["head"]
        return Event(f"origin/{request['base']['ref']}", head["sha"], _is_foreign(head["repo"], payload))
    default = "origin/" + payload["repository"]["default_branch"]
    if run := payload.get("workflow_run"):
        requests = run["pull_requests"]  # of a fork there are none
        base = f"origin/{requests[0]['base']['ref']}" if requests else default
        return Event(base, run["head_sha"], _is_foreign(run["head_repository"], payload))
    return Event(default=default)


def _is_foreign(repository: Mapping[str, Any] | None, payload: Mapping[str, Any]) -> bool:
    """Whether it is a fork, or was one that is deleted by now."""
    return repository is None or repository["full_name"] != payload["repository"]["full_name"]


def arguments(name: str, event: Event, inputs: Mapping[str, str]) -> list[str]:
    """What `gitmig check` is called with; `inputs` are those of the action, empty or absent where none is given.

    Where the event gives the job a token that may write, or secrets, nothing of a fork is run.
    """
    trusted = inputs.get("trust") or str(name in HARMLESS).lower()
    found = []
    if inputs.get("prove") == "true" and (trusted == "true" or not event.is_foreign):
        found += ["--prove"]
        found += ["--trust"] if trusted == "true" else []
        found += ["--scratch", inputs["scratch"]] if inputs.get("scratch") else []
    found += ["--strict"] if inputs.get("strict") == "true" else []
    found += ["--no-clients"] if inputs.get("clients", "true") != "true" else []
    base = inputs.get("base") or event.base
    revision = inputs.get("revision") or event.revision
    if revision:
        return [*found, "--", base or event.default, revision]
    return [*found, "--", base] if base else found


def merged_side(base: str, revision: str) -> str:
    """The other parent of a commit that merges something into the base; any other commit itself.

    Two sides say more than their merge: only of sides there are two orders. Queues that squash or rebase leave none.
    """
    parents = _git("rev-list", "--parents", "-n1", revision, "--").split()[1:]
    known = _git("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}").strip()
    return parents[1] if len(parents) == 2 and parents[0] == known else revision


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], stdout=subprocess.PIPE, text=True, check=False).stdout


def main() -> int:
    """Run the check once for the annotations and once for the summary."""
    prefix = "CHECK_"
    inputs = {name.removeprefix(prefix).lower(): value for name, value in os.environ.items() if name.startswith(prefix)}
    name, path = os.environ.get("GITHUB_EVENT_NAME", ""), os.environ.get("GITHUB_EVENT_PATH")
    event = read_event(json.loads(Path(path).read_text(encoding="utf-8"))) if path else Event()
    call = arguments(name, event, inputs)
    if inputs.get("prove") == "true" and "--prove" not in call:
        print("::notice title=gitmig::nothing of a fork is run in this event: the check has no proof", flush=True)
    if name == "merge_group" and not inputs.get("revision"):
        call[-1] = merged_side(*call[-2:])
    status = subprocess.run(["gitmig", "check", "--format", "github", *call], check=False).returncode
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and status <= 1:
        with Path(summary).open("a", encoding="utf-8") as file:
            subprocess.run(["gitmig", "check", "--format", "markdown", *call], stdout=file, check=False)
    return status


if __name__ == "__main__":
    sys.exit(main())
