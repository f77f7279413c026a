"""What users pass becomes what records hold."""

import argparse
import math
from collections import UserDict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltrack_core import _values
from mltrack_core import wire
from mltrack_core.errors import NameInvalid
from mltrack_core.errors import ValueInvalid
from mltrack_core.limits import NAME_CHARACTERS_MAX
from mltrack_core.limits import PARAM_BYTES_MAX
from mltrack_core.records import Params


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1, 1),
        (True, 1),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**64, float(2**64)),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (np.float32(0.5), 0.5),
        (np.int64(2**53 + 1), 2**53 + 1),
        (np.array(3.0), 3.0),
        (np.array([4.0]), 4.0),
        (Decimal("1.5"), 1.5),
        (Fraction(1, 4), 0.25),
        (math.inf, math.inf),
    ],
)
def test_a_number_of_any_kind_is_recorded_as_a_plain_one(value: object, expected: float) -> None:
    """Python's, NumPy's and other numbers arrive exactly, or as the nearest float."""
    number = _values.number("x", value)

    assert number == expected
    assert type(number) in (int, float)


def test_nan_and_negative_zero_keep_their_bits() -> None:
    """A diverged loss must be visible, and -0.0 is not 0.0."""
    assert math.isnan(_values.number("x", float("nan")))
    assert math.copysign(1, _values.number("x", np.float64(-0.0))) == -1


@pytest.mark.parametrize("value", [None, "0.5", b"1", 1j, [1.0], {}, np.zeros(2), object()])
def test_what_is_no_number_is_refused_with_its_name_and_value(value: object) -> None:
    """The error says which metric it was, what came, and what to do."""
    with pytest.raises(ValueInvalid, match="'train/loss'"):
        _values.number("train/loss", value)


@pytest.mark.parametrize(
    "name", ["", " ", "a\nb", "\x00", "\ud800", "x" * (NAME_CHARACTERS_MAX + 1), 3]
)
def test_a_name_that_cannot_be_shown_is_refused(name: object) -> None:
    """Empty, too long, control characters, broken Unicode, no text at all."""
    with pytest.raises(NameInvalid):
        _values.check_name("metric", name)


@pytest.mark.parametrize(
    "name", ["loss", "損失", "loss😀", "a b", "a//b", "../up", "x" * NAME_CHARACTERS_MAX]
)
def test_any_other_name_is_taken_as_it_is(name: str) -> None:
    """Names are text for people; nothing is renamed."""
    assert _values.check_name("metric", name) == name


def test_a_mapping_inside_values_becomes_a_path() -> None:
    """`log({"val": {"loss": 1}})` logs "val/loss"."""
    assert dict(_values.numbers({"val": {"loss": 1.0}, "lr": 2.0})) == {"val/loss": 1.0, "lr": 2.0}


@pytest.mark.parametrize("values", [[1.0], 0.5, None, "loss"])
def test_metrics_without_names_are_refused_in_words(values: Mapping[str, object]) -> None:
    """`log(0.5)` says what to pass, and not which attribute of Python's is missing."""
    with pytest.raises(TypeError, match="pass a mapping, not"):
        list(_values.numbers(values))


@pytest.mark.parametrize("step", ["3", None, 1.5, 2**63, [1]])
def test_a_step_is_a_whole_number_of_64_bits(step: object) -> None:
    """Everything else is refused by name."""
    with pytest.raises(ValueInvalid, match="step"):
        _values.step_number(step)


def test_parameters_are_flat_and_plain() -> None:
    """Nested mappings get dotted keys, lists of plain values stay, others become text."""
    flat = _values.params(
        {
            "lr": np.float32(0.5),
            "optimizer": {"name": "adam", "betas": (0.9, 0.99)},
            "layers": [{"units": 3}, {"units": 4}],
            "activation": math.tanh,
            "seed": 2**70,
            "tags": {"b", "a"},
            "empty": {},
        }
    )

    assert flat == {
        "lr": 0.5,
        "optimizer.name": "adam",
        "optimizer.betas": [0.9, 0.99],
        "layers.0.units": 3,
        "layers.1.units": 4,
        "activation": "math.tanh",
        "seed": str(2**70),
        "tags": ["a", "b"],
        "empty": "{}",
    }


@dataclass
class _Optimizer:
    lr: float
    betas: tuple[float, float] = (0.9, 0.99)


class _Sizes(NamedTuple):
    width: int
    depth: int


def test_what_keeps_its_values_as_attributes_is_walked_through() -> None:
    """Argparse, data classes and named tuples are what configurations are made of."""
    options = argparse.Namespace(
        optimizer=_Optimizer(lr=0.1), sizes=_Sizes(3, 4), data=SimpleNamespace(path=Path("x"))
    )

    assert _values.params(options) == {
        "optimizer.lr": 0.1,
        "optimizer.betas": [0.9, 0.99],
        "sizes.width": 3,
        "sizes.depth": 4,
        "data.path": "x",
    }
    assert _values.params({"class": _Optimizer}) == {"class": f"{__name__}._Optimizer"}


def test_what_cannot_be_read_costs_no_other_parameter() -> None:
    """A configuration may hold what is missing, or an object that fails when it is looked at."""

    class Config(UserDict[str, object]):
        def __getitem__(self, key: str) -> object:
            if key == "missing":
                raise LookupError("to be given on the command line")
            return super().__getitem__(key)

    class Silent:
        def __str__(self) -> str:
            raise RuntimeError("no")

    flat = _values.params({"cfg": Config(missing=1, lr=0.1), "model": Silent(), "seed": 1})

    assert flat == {
        "cfg.missing": "(unreadable: LookupError)",
        "cfg.lr": 0.1,
        "model": "(unreadable: RuntimeError)",
        "seed": 1,
    }


@pytest.mark.slow
def test_parameters_without_end_are_cut_and_say_so() -> None:
    """Ten references to itself on each of 16 levels would be more than any memory."""
    loop: dict[str, object] = {}
    loop.update({str(number): loop for number in range(10)})

    flat = _values.params(loop)

    assert len(flat) == 100_001
    assert "cut" in str(flat["…"])


@pytest.mark.parametrize("values", [3, "text", None, [1]])
def test_parameters_have_names(values: object) -> None:
    """What has none is refused."""
    with pytest.raises(TypeError, match="pass a mapping"):
        _values.params(values)


def test_two_paths_to_one_key_keep_both_values() -> None:
    """Nothing is overwritten because names meet."""
    assert _values.params({"a.b": 1, "a": {"b": 2}}) == {"a.b": 1, "a.b_2": 2}


def test_a_mapping_that_contains_itself_ends() -> None:
    """Depth is bounded; what lies deeper is recorded as text."""
    loop: dict[str, object] = {}
    loop["again"] = loop

    (value,) = _values.params(loop).values()

    assert isinstance(value, str)


def test_a_long_text_is_cut_and_says_so() -> None:
    """A parameter is no place for a file."""
    (value,) = _values.params({"text": "x" * (PARAM_BYTES_MAX + 1)}).values()

    assert isinstance(value, str)
    assert value.endswith(f"… (cut; {PARAM_BYTES_MAX + 1} characters)")


_leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
_trees = st.recursive(
    _leaves,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), _trees))
def test_any_configuration_becomes_a_record(config: dict[str, object]) -> None:
    """Whatever a user keeps in a configuration can be recorded and read back."""
    record = Params(0, "", _values.params(config))

    back = wire.decode(*wire.encode(record))

    assert msgspec.msgpack.encode(back) == msgspec.msgpack.encode(record)
