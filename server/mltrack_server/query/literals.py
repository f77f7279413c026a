"""Literals: values as they are written in a query, read as the key's type wants them."""

from __future__ import annotations

import difflib
import math
import re
from datetime import UTC
from datetime import datetime
from datetime import timedelta
from typing import Final
from typing import get_args

from mltrack_core.records import RunState
from mltrack_server.query.keys import KeyType
from mltrack_server.query.keys import quote
from mltrack_server.query.tree import Ago
from mltrack_server.query.tree import Duration
from mltrack_server.query.tree import Moment
from mltrack_server.query.tree import Value
from mltrack_server.reasons import Unreadable
from mltrack_server.reasons import reason

_UNITS_MS: Final = {
    "w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1,
}  # fmt: skip
_MS_MAX: Final = 100 * 366 * 86_400_000  # a hundred years
_YEARS: Final = (1970, 2261)  # that nanoseconds in 64 bits reach
_MINUTE_MS: Final = 60_000

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,400}", re.ASCII)
_FLOAT: Final = re.compile(
    r"[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?", re.ASCII
)
_NOT_FINITE: Final = re.compile(r"[+-]?(inf|infinity|nan)", re.IGNORECASE | re.ASCII)
_NUMERIC: Final = re.compile(r"[+-]?\.?[0-9]", re.ASCII)  # how a number begins
_PARTS: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|[wdhms])", re.ASCII)
_DATE: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,3}))?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?",
    re.ASCII,
)
_CONSTANTS: Final = {"true": True, "false": False, "null": None, "none": None}


def read(text: str, kind: KeyType, *, is_quoted: bool) -> Value:
    """Return the value that *text* stands for.

    Args:
        text: Without its quotes.
        kind: The type of the key that it is compared with.
        is_quoted: Whether it was written in quotes.

    Raises:
        Unreadable: It is no value of that type; the message says what would be.
    """
    if not is_quoted and text.lower() in ("null", "none"):
        return None
    match kind:
        case "text" | "list":
            return text
        case "state":
            return _state(text)
        case "time":
            return moment(text)
        case "boolean":
            if is_quoted or text.lower() not in ("true", "false"):
                raise Unreadable(reason("not_boolean"))
            return text.lower() == "true"
        case "duration" | "number" if is_quoted:
            raise Unreadable(reason("text_for_other", text=quote(text[:40]), kind=kind))
        case "duration":
            return _duration(text)
        case "number":
            found = number(text)
            if found is None:
                raise Unreadable(reason("no_number", token=text[:40]))
            return found
        case "any":
            return text if is_quoted else _any(text)


def number(text: str) -> int | float | None:
    """Return the number that *text* is, of Python's notation; None if it is none."""
    if _INTEGER.fullmatch(text):
        whole = int(text)
        return whole if abs(whole) < 1 << 64 else float(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if found := _NOT_FINITE.fullmatch(text):
        if found[1].lower() == "nan":
            return math.nan
        return -math.inf if text.startswith("-") else math.inf
    return None


def moment(text: str) -> Ago | Moment:
    """Return the time that *text* stands for: "-7d", or a date as ISO 8601 writes it.

    Raises:
        Unreadable: It is none.
    """
    if text.lower() in ("now", "now()"):
        return Ago(0)
    if text[:1] in ("-", "+") and (ms := _ms(text[1:])) is not None:
        return Ago(-ms if text[0] == "-" else ms)
    if _ms(text) is not None:
        raise Unreadable(reason("when_ago", token=text))
    found = _DATE.fullmatch(text)
    if found is None:
        raise Unreadable(reason("no_time", token=text[:40]))
    return _date(found)


def write(value: Value) -> str:
    """Return *value* as it is written in a query."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return quote(value)
        case Duration(ms):
            return _write_ms(ms)
        case Ago(ms):
            return f"{'-' if ms < 0 else '+'}{_write_ms(abs(ms))}"
        case Moment():
            return _write_moment(value)


def _any(text: str) -> Value:
    """Return a value whose type only its notation tells."""
    constant = text.lower()
    if constant in _CONSTANTS:
        return _CONSTANTS[constant]
    found = number(text)
    if found is None and _NUMERIC.match(text):
        raise Unreadable(reason("no_number_unquoted", token=text[:40]))
    return text if found is None else found


def _state(text: str) -> str:
    states = get_args(RunState)
    if text in states:
        return text
    near = difflib.get_close_matches(text, states, 1, 0.5)
    raise Unreadable(reason("states", states=", ".join(states)), near[0] if near else "")


def _duration(text: str) -> Duration:
    """Return a length of time; a bare number is seconds."""
    ms = _ms(text.removeprefix("-"))
    if ms is not None and text.startswith("-"):
        ms = -ms
    if ms is None:
        seconds = number(text)
        if seconds is None or not math.isfinite(seconds):
            raise Unreadable(reason("no_duration", token=text[:40]))
        ms = round(seconds * 1000)
    if abs(ms) > _MS_MAX:
        raise Unreadable(reason("duration_too_long"))
    return Duration(ms)


def _ms(text: str) -> int | None:
    """Return how many ms "1h30m" is; None if it is no length of time."""
    total, position = 0.0, 0
    while found := _PARTS.match(text, position):
        total += float(found[1]) * _UNITS_MS[found[2]]
        position = found.end()
    if not text or position < len(text):
        return None
    if total > _MS_MAX:
        raise Unreadable(reason("duration_too_long"))
    return round(total)


def _date(found: re.Match[str]) -> Moment:
    """Return what `_DATE` has found."""
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    if not _YEARS[0] <= int(year) <= _YEARS[1]:
        raise Unreadable(reason("years", first=_YEARS[0], last=_YEARS[1]))
    try:
        start = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0),
            int(second or 0), int((fraction or "").ljust(3, "0")) * 1000, tzinfo=UTC,
        )  # fmt: skip
    except ValueError:  # the 30th of February
        raise Unreadable(reason("no_such_day")) from None
    if zone and zone != "Z":
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        if hours > 23 or minutes > 59:
            raise Unreadable(reason("no_zone", token=zone))
        ahead = timedelta(hours=hours, minutes=minutes)
        start = start + ahead if zone[0] == "-" else start - ahead
    if not _YEARS[0] <= start.year <= _YEARS[1]:
        raise Unreadable(reason("years", first=_YEARS[0], last=_YEARS[1]))
    if fraction:
        length = 1
    elif second:
        length = 1000
    elif hour:
        length = _MINUTE_MS
    elif day:
        length = _UNITS_MS["d"]
    else:
        length = _epoch_ms(_next(start, is_year=month is None)) - _epoch_ms(start)
    return Moment(_epoch_ms(start), length)


def _write_moment(value: Moment) -> str:
    """Return a stretch of time as a date."""
    start = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value.start_ms)
    text = start.isoformat(timespec="milliseconds")[:23]  # 2026-01-31T12:30:15.250
    if value.length_ms == 1:
        return f"{text}Z"
    if value.length_ms == 1000:
        return f"{text[:19]}Z"
    if value.length_ms == _MINUTE_MS:
        return f"{text[:16]}Z"
    if value.length_ms == _UNITS_MS["d"]:
        return text[:10]
    return text[:7] if value.length_ms < 32 * _UNITS_MS["d"] else text[:4]


def _next(start: datetime, *, is_year: bool) -> datetime:
    """Return the first day of the following year or month."""
    if is_year or start.month == 12:
        return start.replace(year=start.year + 1, month=1)
    return start.replace(month=start.month + 1)


def _epoch_ms(time: datetime) -> int:
    return (time - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def _write_ms(ms: int) -> str:
    """Return a length of time in its largest unit that leaves no rest."""
    sign = "-" if ms < 0 else ""
    for unit, length in _UNITS_MS.items():
        if ms and ms % length == 0:
            return f"{sign}{abs(ms) // length}{unit}"
    return "0s"
