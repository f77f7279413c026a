"""Why a query is none: in words, and as a code by which others have words of their own."""

from __future__ import annotations

from typing import Final
from typing import NamedTuple

# By code; in braces stands what differs from case to case. The dashboard has them in its languages.
_WORDS: Final = {
    "backslash": "a backslash in a text stands before n, t, r, b, f, uXXXX, a quote or itself",
    "bracket_open": "a bracket is not closed",
    "comma_between_fields": "a comma stands between two fields",
    "comma_between_keys": "a comma stands between two keys",
    "comma_between_values": "a comma stands between two values",
    "contains_nothing": "{key} is a {kind} and contains no text",
    "differs": "{key} differs from run to run",
    "duration_too_long": "this is longer than a hundred years",
    "fact_unknown": "facts are of {facts}",
    "facts_in_run": "facts are in the run itself, not in lists of runs",
    "is_list": "{key} is a list",
    "key_in_quotes": "the key stands on the left, without quotes",
    "key_missing": "a key is missing",
    "key_on_the_right": "a value stands on the right, not a key; put text into quotes",
    "key_unknown": "there is no key `{token}`",
    "list_without_brackets": "the values of a list stand in brackets",
    "meaningless": "`{token}` means nothing here",
    "misplaced": "`{token}` does not belong here",
    "name_missing": "a name is missing",
    "name_without_quotes": "the name stands in quotes here",
    "no_begin": "`{token}` cannot begin a condition",
    "no_comparison": "a comparison is missing after {key}",
    "no_condition": "a condition is missing",
    "no_duration": "`{token}` is no duration: write 90s, 10m, 1h30m or 2d",
    "no_list": "{key} is no list",
    "no_number": "`{token}` is no number",
    "no_number_unquoted": "`{token}` is no number; put text into quotes",
    "no_order": "{key} has no order",
    "no_size": "`{token}` is neither less nor greater than anything",
    "no_such_day": "there is no such day, or no such time of a day",
    "no_text": "{key} is no text",
    "no_time": "`{token}` is no time: write -7d, -12h, 2026-01-31 or 2026-01-31T12:00",
    "no_zone": "{token} is no time zone",
    "not_before": "`not` after a key stands before `in` or `has`",
    "not_boolean": "this key is true or false",
    "now_without_parentheses": "write now()",
    "only_in_quotes": "this character can only be in quotes",
    "parenthesis_open": "a parenthesis is not closed",
    "parenthesis_unopened": "this parenthesis was never opened",
    "states": "states are {states}",
    "statistic_unkept": "of a metric {kept} are kept, not {token}; if that is its name, write "
    "metrics[{name}]",
    "statistic_unknown": "`{token}` is not kept of a metric",
    "text_for_other": "{text} is text, and this key is a {kind}",
    "text_open": "this text does not end",
    "too_deep": "parentheses and nots are nested at most {most} deep",
    "too_long": "a query has at most {most} characters",
    "too_many_fields": "at most {most} fields can be given",
    "too_many_keys": "at most {most} keys can be given",
    "too_many_terms": "a query has at most {most} terms",
    "too_many_values": "the lists of a query hold at most {most} values",
    "unstorable": "a text holds no NUL and no half characters",
    "value_missing": "a value is missing",
    "when_ago": "write -{token} for the moment {token} ago",
    "word_between": "`{token}` stands between conditions",
    "years": "years are {first} to {last}",
}
CODES: Final = frozenset(_WORDS)


class Reason(NamedTuple):
    """Why something is no query, or no part of one; made by `reason`."""

    code: str
    words: dict[str, str]  # what stands for the braces

    def __str__(self) -> str:
        return _WORDS[self.code].format_map(self.words)


def reason(code: str, **words: object) -> Reason:
    """Return the reason with this code, told with these *words*."""
    assert code in CODES, code
    return Reason(code, {name: str(word) for name, word in words.items()})


class Unreadable(ValueError):
    """A word or a text is not what stands in its place.

    Args:
        why: What it is not.
        nearest: What was probably meant; "" where nothing is near.
    """

    def __init__(self, why: Reason, nearest: str = "") -> None:
        super().__init__(str(why))
        self.why, self.nearest = why, nearest
