"""Keys: what a query calls a run's values, and of which type these are."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final
from typing import Literal

from mltrack_core.records import FACTS
from mltrack_server.query.tree import STATISTICS
from mltrack_server.query.tree import Key
from mltrack_server.query.tree import Place
from mltrack_server.query.tree import Statistic
from mltrack_server.reasons import Unreadable
from mltrack_server.reasons import reason

KeyType = Literal["any", "text", "number", "time", "duration", "boolean", "state", "list"]

ATTRIBUTES: Final[dict[str, KeyType]] = {
    "archived": "boolean",
    "attempts": "number",
    "created": "time",
    "dropped": "number",
    "duration": "duration",
    "ended": "time",
    "exit_code": "number",
    "framework": "text",
    "group": "text",
    "heard": "time",
    "host": "text",
    "id": "text",
    "misnamed": "number",
    "name": "text",
    "notes": "text",
    "parent": "text",
    "project": "text",
    "reason": "text",
    "records": "number",
    "signal": "number",
    "state": "state",
    "step": "number",
    "tags": "list",
    "user": "text",
}
ALIASES: Final = {"started": "created", "status": "state", "updated": "heard"}
PREFIXES: Final[dict[str, Place]] = {
    "params": "params",
    "config": "params",
    "facts": "facts",
    "metrics": "metrics",
}
NOT_KEPT: Final = frozenset(("mean", "avg", "std", "first", "median", "sum"))  # of a metric

_COMPARED_MAX: Final = 200  # characters
_BARE: Final = re.compile(r"[^\s()\[\],=!<>~\"']+")
# Metrics of which more is better; of all others less is. Whole words of the name's last part.
_HIGHER: Final = re.compile(
    r"(?:^|[^a-z0-9])(?:acc|accuracy|top\d*|auc|auroc|auprc|f1|fbeta|precision|recall|sensitivity|"
    r"specificity|ap|map\d*|miou|iou|dice|jaccard|bleu|rouge\w*|meteor|psnr|ssim|r2|score|reward|"
    r"return|returns|success|win|kappa|mcc|correlation|throughput|per_second)(?:$|[^a-z])"
)


def key_type(key: Key) -> KeyType:
    """Return of which type the values of *key* are; "any" where that differs from run to run."""
    if key.place == "attribute":
        return ATTRIBUTES[key.name]
    return "number" if key.place == "metrics" else "any"


def more_is_better(metric: str) -> bool:
    """Tell whether the best value of a metric of this name is its greatest."""
    return _HIGHER.search(metric.lower().rpartition("/")[2]) is not None


def resolve(word: str) -> Key | None:
    """Return the key that *word* names, without quotes in it; None if it names none.

    Raises:
        Unreadable: It looks like a key and cannot be one.
    """
    attribute = ALIASES.get(word, word)
    if attribute in ATTRIBUTES:
        return Key("attribute", attribute)
    prefix, _, name = word.partition(".")
    if prefix not in PREFIXES or not name:
        return None
    if PREFIXES[prefix] == "metrics":
        name, statistic = split_statistic(name)
        return Key("metrics", name, statistic)
    return named(prefix, name)


def named(prefix: str, name: str, statistic: Statistic = "last") -> Key:
    """Return the key *name* of *prefix*, e.g. "config".

    Raises:
        Unreadable: There can be no such key.
    """
    place = PREFIXES[prefix]
    if not name:
        raise Unreadable(reason("name_missing"))
    if place == "facts" and name.partition(".")[0] not in FACTS:
        raise Unreadable(reason("fact_unknown", facts=", ".join(sorted(FACTS))))
    return Key(place, name, statistic)


def split_statistic(name: str) -> tuple[str, Statistic]:
    """Return "val/acc.max" as the metric's name and what of it is meant.

    Raises:
        Unreadable: That is not kept of a metric.
    """
    metric, dot, last = name.rpartition(".")
    if not dot or not metric:
        return name, "last"
    for statistic in STATISTICS:
        if last == statistic:
            return metric, statistic
    if last in NOT_KEPT:
        kept = ", ".join(STATISTICS)
        raise Unreadable(reason("statistic_unkept", kept=kept, token=last, name=f'"{name}"'))
    return name, "last"


def write(key: Key) -> str:
    """Return *key* as it is written in a query."""
    if key.place == "attribute":
        return key.name
    statistic = "" if key.statistic == "last" else f".{key.statistic}"
    if _is_bare(key):
        return f"{key.place}.{key.name}{statistic}"
    return f"{key.place}[{quote(key.name)}]{statistic}"


def quote(text: str) -> str:
    """Return *text* in quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else _escape(c) for c in escaped) + '"'


def _escape(character: str) -> str:
    if ord(character) > 0xFFFF:  # as it is: \u takes four digits
        return character
    return f"\\u{ord(character):04x}"


def nearest(word: str, names: Iterable[str]) -> str:
    """Return which of *names*, and of what every run has, *word* was probably meant to be."""
    candidates = [*ATTRIBUTES, *ALIASES, *names]
    for candidate in candidates:
        # The most frequent mistake is to leave the prefix out.
        if candidate.partition(".")[2] == word or candidate.rpartition(".")[2] == word:
            return candidate
    place, dot, name = word[:_COMPARED_MAX].partition(".")
    tails = {tail: each for each in candidates if (tail := each.partition(".")[2])}
    if dot and place in PREFIXES:
        # Compared with their place before them, any two short names are much alike.
        here = {
            each.partition(".")[2]: each
            for each in candidates
            if each.startswith(f"{PREFIXES[place]}.")
        }
        found = difflib.get_close_matches(name, here, 1, 0.6)
        return here[found[0]] if found else tails.get(name, "")
    found = difflib.get_close_matches(word[:_COMPARED_MAX], candidates, 1, 0.6)
    if found or dot:
        return found[0] if found else ""
    found = difflib.get_close_matches(word[:_COMPARED_MAX], tails, 1, 0.75)
    return tails[found[0]] if found else ""


def _is_bare(key: Key) -> bool:
    """Tell whether the key can be written without quotes."""
    if not _BARE.fullmatch(key.name) or not key.name.isprintable():
        return False
    if key.place != "metrics":
        return True
    metric, dot, last = key.name.rpartition(".")
    return not (dot and metric and (last in STATISTICS or last in NOT_KEPT))
