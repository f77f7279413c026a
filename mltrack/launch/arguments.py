"""What a program made of its command line: the last word of argparse, click, Hydra, absl and HF.

Loaded by every program below `mltrack run` that imports argparse, and without its package: it
imports nothing. What is parsed is kept until a run begins, and recorded with each that does, in the
namespace "arguments".
"""

from __future__ import annotations

import sys
from _weakref import ref  # weakref itself would cost a millisecond

TYPE_CHECKING = False  # so would typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping
    from types import ModuleType
    from typing import Any

    from mltrack_core import Tracker

    Undo = Callable[[], None]

NAMESPACE = "arguments"
_HANDED_ON = "mltrack_arguments"
_KEPT_MAX = 16  # parses; a program that answers requests with argparse must not grow


class _Arguments:
    """What has been parsed in this process, the latest last."""

    def __init__(self) -> None:
        # Names and values as they were parsed, and what the program goes on with. Programs decide
        # the rest there: a seed that nobody gave, a rate scaled by the number of GPUs.
        self._parses: list[tuple[dict[str, object], Callable[[], object]]] = []

    def add(self, values: Mapping[str, object], source: object = None) -> None:
        """Keep *values*; until a run begins they are looked up in the attributes of *source*."""
        self._parses = [*self._parses[1 - _KEPT_MAX :], (dict(values), _weakly(source))]
        core = sys.modules.get("mltrack_core")
        run = core.active_run() if core is not None else None
        if run is not None:
            self.record(run)

    def forget(self) -> None:
        """Let go of what has been parsed: what comes next replaces it."""
        self._parses = []

    def merged(self) -> dict[str, object]:
        """Return what there is; a name that was parsed twice has its latest value."""
        merged = {}
        for values, source in self._parses:
            now = getattr(source(), "__dict__", {})
            merged.update({name: now.get(name, value) for name, value in values.items()})
        return merged

    def record(self, run: Tracker) -> None:
        """Record what there is."""
        from mltrack_core import autolog

        if self._parses and autolog.is_active(NAMESPACE):
            run.log_params(self.merged(), namespace=NAMESPACE)


_arguments = _Arguments()


# ---- taps ----


def runs(module: ModuleType) -> Undo:
    """Hear of the runs that this process begins; *module* is mltrack_core.autolog."""
    stop: Undo = module.on_run(_arguments.record)
    return stop


def argparse(module: ModuleType) -> Undo:
    """Keep what argparse makes of the command line, also for its many subclasses."""

    def parsed(result: Any, parser: object, args: Any = None, namespace: object = None) -> None:
        # A program may parse in several passes what is left of its command line. Texts from
        # elsewhere (a configuration, a server's request) are no arguments of the program.
        if args is None or set(args) <= set(sys.argv[1:]):
            found, _ = result
            _arguments.add(getattr(found, "__dict__", {}), found)

    return _listen(module.ArgumentParser, "parse_known_args", parsed)


def jsonargparse(module: ModuleType) -> Undo:
    """Keep what jsonargparse, and LightningCLI by it, makes of command line and files."""

    def parsed(
        result: Any, parser: object, args: Any = None, *more: object, **most: object
    ) -> None:
        if args is None or set(args) <= set(sys.argv[1:]):
            _arguments.add(_plain(result.as_dict()))

    return _listen(module.ArgumentParser, "parse_args", parsed)


def click(module: ModuleType) -> Undo:
    """Keep what click, and Typer by it, passes to commands and groups."""

    def parsed(result: object, command: object, ctx: Any, args: object) -> None:
        _arguments.add(ctx.params)

    return _listen(module.Command, "parse_args", parsed)


def hydra(module: ModuleType) -> Undo:
    """Keep the configuration that Hydra composed; *module* is hydra.core.hydra_config.

    References to other values stay as they are written: a resolver may draw random numbers.
    """

    def composed(result: object, config: object, cfg: Any) -> None:
        from omegaconf import OmegaConf

        values = OmegaConf.to_container(cfg, resolve=False)
        values.pop("hydra", None)
        _arguments.forget()  # Hydra parses its own options by argparse; they are in here too
        _arguments.add(values)

    return _listen(module.HydraConfig, "set_config", composed)


def absl(module: ModuleType) -> Undo:
    """Keep the flags that the program defines; *module* is absl.flags._flagvalues."""

    def parsed(result: object, flags: Any, *args: object, **kwargs: object) -> None:
        _arguments.add(
            {
                flag.name: flag.value
                for owner, its_flags in flags.flags_by_module_dict().items()
                if not owner.startswith("absl.")
                for flag in its_flags
            }
        )

    return _listen(module.FlagValues, "__call__", parsed)


def hf(module: ModuleType) -> Undo:
    """Keep what HfArgumentParser reads from files; its command line is argparse's."""

    def parsed(result: Any, *args: object, **kwargs: object) -> None:
        for found in result:
            _arguments.add({name: getattr(found, name) for name in found.__dataclass_fields__})

    return _listen(module.HfArgumentParser, "parse_dict", parsed)


def spawn(module: ModuleType) -> Undo:
    """Let processes that this one spawns know; *module* is multiprocessing.spawn, here and there.

    They import the program's main module anew, but under another name: they do not parse.
    """

    def prepared(result: dict[str, object], *args: object) -> None:
        if found := _plain(_arguments.merged()):
            result[_HANDED_ON] = found

    def began(result: object, data: dict[str, Any]) -> None:
        _arguments.add(data.get(_HANDED_ON, {}))

    hand_on = _listen(module, "get_preparation_data", prepared)
    take = _listen(module, "prepare", began)
    return lambda: (hand_on(), take(), None)[-1]


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """Return *values* as what any process can unpickle: objects of the program's as their text."""

    def plain(value: object) -> object:
        if value is None or type(value) in (bool, int, float, str):
            return value
        if type(value) in (list, tuple):
            return [plain(one) for one in value]  # type: ignore[attr-defined]  # it is one
        if type(value) is dict:
            return {str(name): plain(one) for name, one in value.items()}
        return str(value)

    return {name: plain(value) for name, value in values.items()}


def _listen(owner: type | ModuleType, name: str, heard: Callable[..., None]) -> Undo:
    """Call *heard* with the result and the arguments of each call of a method that succeeds."""
    from functools import wraps  # the module that is tapped has loaded it

    original = owner.__dict__[name]

    @wraps(original)
    def method(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        try:
            heard(result, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the program has its arguments
            _caught(error)
        return result

    def undo() -> None:
        if owner.__dict__.get(name) is method:
            setattr(owner, name, original)

    setattr(owner, name, method)
    return undo


def _weakly(source: object) -> Callable[[], object]:
    """Return what gives *source* as long as it lives."""
    try:
        return ref(source)
    except TypeError:
        return lambda: None


def _caught(error: Exception) -> None:
    from mltrack_core import Guard

    Guard().caught("autolog(arguments)", error)
