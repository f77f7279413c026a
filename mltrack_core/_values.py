"""What users pass, made into what records hold."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import Final

from mltrack_core.errors import NameInvalid
from mltrack_core.errors import ValueInvalid
from mltrack_core.limits import NAME_CHARACTERS_MAX
from mltrack_core.limits import PARAM_BYTES_MAX
from mltrack_core.limits import PARAM_DEPTH_MAX
from mltrack_core.records import ParamScalar
from mltrack_core.records import ParamValue

_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1
_ITEMS_MAX: Final = 1000  # of one list that is a parameter
_PARAMS_MAX: Final = 100_000  # of one call: a structure that refers to itself has no end
# These keep their values as attributes; they are told by name, so as not to import them.
_NAMESPACES: Final = frozenset({("argparse", "Namespace"), ("types", "SimpleNamespace")})


def check_name(kind: str, name: object, characters_max: int = NAME_CHARACTERS_MAX) -> str:
    """Return *name* if it can be one.

    Raises:
        NameInvalid: It is no text, empty, too long, or has characters that cannot be shown.
    """
    if not isinstance(name, str):
        raise NameInvalid(kind, name, f"a name is text, not {type(name).__name__}")
    if not name.strip():
        raise NameInvalid(kind, name, "a name is not empty")
    if len(name) > characters_max:
        raise NameInvalid(kind, name, f"at most {characters_max} characters")
    if not name.isprintable():
        raise NameInvalid(kind, name, "it has control characters, line ends or broken Unicode")
    return str(name)


def number(name: str, value: object) -> float | int:
    """Return *value* as a number that a record can hold exactly, or as near as a float comes.

    Takes int, float, bool and everything with `.item()` or `__float__` that gives one number:
    NumPy scalars, tensors of one element. A tensor on an accelerator is waited for.

    Raises:
        ValueInvalid: It is not one real number.
    """
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        value = int(value)
        return value if _INT_MIN <= value <= _INT_MAX else _to_float(name, value)
    if isinstance(value, str | bytes | bytearray | complex) or value is None:
        raise ValueInvalid(name, value, "log numbers; text belongs into mltrack.Text or log_params")
    item = getattr(value, "item", None)
    if callable(item):
        try:
            plain = item()
        except (ValueError, TypeError, RuntimeError) as error:
            raise ValueInvalid(name, value, "log one number, not an array") from error
        if isinstance(plain, int | float):
            return number(name, plain)
    return _to_float(name, value)


def numbers(values: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Yield names and values, those of nested mappings under "outer/inner".

    Raises:
        TypeError: *values* is no mapping.
    """
    if not hasattr(values, "items"):
        raise TypeError(f"metrics have names: pass a mapping, not {type(values).__name__}")
    for name, value in values.items():
        if isinstance(value, Mapping):
            for inner, nested in numbers(value):
                yield f"{name}/{inner}", nested
        else:
            yield name, value


def step_number(step: object) -> int:
    """Return *step* as a 64-bit integer.

    Raises:
        ValueInvalid: It is not a whole number of that range.
    """
    try:
        if isinstance(step, float) and step.is_integer():
            step = int(step)
        whole = operator.index(step)  # type: ignore[arg-type]  # its TypeError is the answer
    except TypeError as error:
        raise ValueInvalid("step", step, "a step is a whole number") from error
    if not _INT_MIN <= whole <= _INT_MAX:
        raise ValueInvalid("step", step, "a step has at most 64 bits")
    return whole


def params(values: object) -> dict[str, ParamValue]:
    """Return parameters as a record holds them: flat, dotted, plain.

    Mappings, namespaces, data classes, named tuples and models of pydantic and attrs are walked
    through, at any depth. What one of them refuses to tell is recorded as unreadable.

    A key that two paths lead to ("a.b" and {"a": {"b": …}}) keeps both: the later one gets "_2".
    What is neither a number, text nor a list of them is recorded as its repr.

    Raises:
        TypeError: *values* is none of these.
    """
    if _mapping_of(values) is None:
        kind = type(values).__name__
        raise TypeError(f"parameters have names: pass a mapping or a data class, not {kind}")
    flat: dict[str, ParamValue] = {}
    for key, value in _walk(values, "", PARAM_DEPTH_MAX):
        name, count = key, 1
        while name in flat:
            count += 1
            name = f"{key}_{count}"
        flat[name] = value
        if len(flat) == _PARAMS_MAX:
            flat["…"] = f"(cut; more than {_PARAMS_MAX} parameters)"
            break
    return flat


def _walk(value: object, path: str, depth: int) -> Iterator[tuple[str, ParamValue]]:
    """Yield the dotted path and the plain value of every leaf."""
    mapping = _mapping_of(value) if depth > 0 else None
    if mapping is not None and (mapping or not path):
        for key in mapping:
            name = _param_name(key)
            try:
                inner = mapping[key]
            except Exception as error:  # noqa: BLE001 - a user's object may raise whatever it likes
                inner = _unreadable(error)
            yield from _walk(inner, f"{path}.{name}" if path else name, depth - 1)
    elif isinstance(value, list | tuple) and depth > 0:
        items = [_param_scalar(item) for item in value[:_ITEMS_MAX] if _is_plain(item)]
        if len(items) == len(value):
            yield path, items
        elif len(value) <= _ITEMS_MAX:
            for index, inner in enumerate(value):
                yield from _walk(inner, f"{path}.{index}", depth - 1)
        else:
            yield path, _text(f"{len(value)} items, beginning with {value[:5]!r}")
    elif isinstance(value, set | frozenset):
        yield from _walk(sorted(value, key=repr), path, depth)
    else:
        try:
            leaf = _param_scalar(value)
        except Exception as error:  # noqa: BLE001 - as above: it costs no other parameter
            leaf = _unreadable(error)
        yield path, leaf


def _mapping_of(value: object) -> Mapping[Any, object] | None:
    """Return names and values of what consists of such; None for everything else."""
    if isinstance(value, Mapping):
        return value
    kind = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        import dataclasses  # loaded already by whoever made it one

        return {
            field.name: getattr(value, field.name, None)
            for field in dataclasses.fields(value)  # type: ignore[arg-type]  # asked for just now
        }
    if isinstance(fields := getattr(kind, "model_fields", None), Mapping):  # pydantic
        return {name: getattr(value, name, None) for name in fields}
    if isinstance(fields := getattr(kind, "__attrs_attrs__", None), tuple):
        return {field.name: getattr(value, field.name, None) for field in fields}
    if isinstance(value, tuple) and isinstance(fields := getattr(kind, "_fields", None), tuple):
        return dict(zip(fields, value, strict=False))
    if any((base.__module__, base.__name__) in _NAMESPACES for base in kind.__mro__):
        return vars(value)
    return None


def _unreadable(error: Exception) -> str:
    return f"(unreadable: {type(error).__name__})"


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _param_name(key: object) -> str:
    """Return a mapping's key as text that can be shown; longer than a name may be is cut."""
    text = key if isinstance(key, str) else repr(key)
    text = "".join(c if c.isprintable() else "�" for c in text[:NAME_CHARACTERS_MAX])
    return text or '""'


def _param_scalar(value: object) -> ParamScalar:
    """Return one leaf as a record holds it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        value = int(value)
        return value if _INT_MIN <= value <= _INT_MAX else str(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return _text(value)
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        plain = item()
        if _is_plain(plain):
            return _param_scalar(plain)
    if isinstance(value, type) or callable(value):
        module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
        if name:
            return f"{module}.{name}"
    return _text(str(value) if type(value).__str__ is not object.__str__ else repr(value))


def _text(text: str) -> str:
    """Return *text* as UTF-8 can hold it, cut if it is too long to be a parameter."""
    kept = text[:PARAM_BYTES_MAX].encode("utf-8", "replace").decode()
    return kept if len(text) <= PARAM_BYTES_MAX else f"{kept}… (cut; {len(text)} characters)"


def _to_float(name: str, value: object) -> float:
    try:
        result = float(value)  # type: ignore[arg-type]  # the TypeError is the answer
    except OverflowError:
        return math.inf if operator.gt(value, 0) else -math.inf  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ValueInvalid(name, value, "log numbers") from error
    return result
