"""Queries as trees: what the parser makes and everything else reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from typing import Literal
from typing import get_args

Place = Literal["attribute", "params", "facts", "metrics"]
Statistic = Literal["last", "min", "max", "best", "count", "nonfinite", "step"]
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "~"]

STATISTICS: Final[tuple[Statistic, ...]] = get_args(Statistic)


@dataclass(frozen=True, slots=True)
class Key:
    """Which of a run's values is meant."""

    place: Place
    name: str  # of the attribute, parameter, fact ("git.commit") or metric
    statistic: Statistic = "last"  # of a metric; of everything else always this


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time."""

    ms: int


@dataclass(frozen=True, slots=True)
class Ago:
    """The moment so long after now; before it where negative."""

    ms: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A stretch of time that was written as one, e.g. a day."""

    start_ms: int  # since the Unix epoch
    length_ms: int


Value = None | bool | int | float | str | Duration | Ago | Moment


@dataclass(frozen=True, slots=True)
class Compare:
    """The run has the key, and its value compares as said; "~": contains, whatever the case."""

    key: Key
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class In:
    """The run's value is one of *values*; negated: the run has the key, and it is none of them."""

    key: Key
    values: tuple[Value, ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    """The run's value is a list with *value* in it."""

    key: Key
    value: Value


@dataclass(frozen=True, slots=True)
class Exists:
    """The run has the key, and not null in it."""

    key: Key


@dataclass(frozen=True, slots=True)
class Words:
    """Name, a tag or the notes of the run contain *text*, whatever the case."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """*term* does not hold."""

    term: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of the *terms* hold; of none of them: always."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the *terms*, two or more, holds."""

    terms: tuple[Node, ...]


Node = Compare | In | Has | Exists | Words | Not | And | Or

EVERYTHING: Final = And(())


@dataclass(frozen=True, slots=True)
class Order:
    """One key to sort by."""

    key: Key
    is_descending: bool
