"""Run all of tox's environments in parallel, and the tests that failed once more, alone.

Seven thousand tests with real processes meet each other on few cores: one that loses a race costs a
second run of itself, not the whole result. It is named, so that its race can be mended. What fails
alone as well is broken. The closing line counts each test once, as it went in the end.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_CLOSING = re.compile(r"^(?:=+ )?((?:\d+ [a-z]+,? )+)in [\d.]+s", re.MULTILINE)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one run of an environment went."""

    passes: bool
    output: str  # of its commands

    @property
    def failed_tests(self) -> list[str]:
        """The tests that failed, as pytest names them; one that failed twice over is one."""
        return list(dict.fromkeys(_FAILED.findall(self.output)))

    @property
    def counts(self) -> Counter[str]:
        """How many tests passed, failed, were skipped; a failure without a test counts as one."""
        counts: Counter[str] = Counter()
        for closing in _CLOSING.findall(self.output):
            for number, word in re.findall(r"(\d+) ([a-z]+)", closing):
                counts["failed" if word.startswith("error") else word] += int(number)
        if not self.passes and not counts["failed"]:
            counts["failed"] = 1
        return counts


def main() -> int:
    """Return the exit code: 0 if each environment passed in its last run."""
    # One more than there are cores: a test in a browser waits for a third of its time.
    at_once = str((os.cpu_count() or 1) + 1)
    code, outcomes = _tox("run-parallel", "--parallel", at_once, "--parallel-live")
    total = sum((outcome.counts for outcome in outcomes.values()), Counter[str]())
    failed = {name: outcome for name, outcome in outcomes.items() if not outcome.passes}
    if code and not failed:
        print(f"tox ended with {code}, and of no environment: see above")
        outcomes["tox"] = Outcome(passes=False, output="")
        total["failed"] += 1
    for name, first in failed.items():
        failures = first.failed_tests
        print(f"{name} failed beside others; once more, alone", flush=True)
        # Where it was not a test that failed, all of it is run.
        outcomes |= _tox("run", "-e", name, *(["--", *failures] if failures else []))[1]
        total -= Counter(failed=first.counts["failed"]) if failures else first.counts
        total += outcomes[name].counts

    for name, first in failed.items():
        if outcomes[name].passes:
            tests = ", ".join(first.failed_tests) or "without a failed test"
            print(f"passed only alone: {name} ({tests})")
    print(f"total: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 0 if all(outcome.passes for outcome in outcomes.values()) else 1


def _tox(verb: str, *arguments: str) -> tuple[int, dict[str, Outcome]]:
    """Run tox, its output shown; return its exit code and the outcome of each environment."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [sys.executable, "-m", "tox", verb, "--result-json", str(report), *arguments]
        code = subprocess.run(command, check=False).returncode
        environments = json.loads(report.read_text())["testenvs"] if report.exists() else {}
    return code, {
        name: Outcome(
            # Without a result, tox itself broke while the environment was under way.
            passes="result" in each and (each["result"]["success"] or each["result"]["skipped"]),
            output="".join(command["output"] for command in each.get("test", ())),
        )
        for name, each in environments.items()
        if each and not name.startswith(".")  # neither begun, nor the build of the wheel
    }


if __name__ == "__main__":
    sys.exit(main())
