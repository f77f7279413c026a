"""What a script writes for TensorBoard, recorded too."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

import mltrack_core
from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core import autolog
from mltrack_core.media.audio import Audio
from mltrack_core.media.text import Text
from mltrack_pytorch.deferral import ARRIVALS
from mltrack_pytorch.measures.histograms import counts
from mltrack_pytorch.measures.pieces import pieces
from mltrack_pytorch.rank import rank
from mltrack_pytorch.zero_code.automatic import AUTOMATIC
from mltrack_pytorch.zero_code.automatic import PART
from mltrack_pytorch.zero_code.automatic import is_trainers
from mltrack_pytorch.zero_code.pictures import boxes_of
from mltrack_pytorch.zero_code.pictures import images

Around = Callable[[Callable[..., Any]], Callable[..., Any]]


class Writers:
    """Mirrors the writers of this process. What trainers write is known to their integrations.

    A point is at the last update of the loop; the writer's own step goes with it as an axis, as
    nobody knows what it counts. Where no loop is known, it is the step.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._are_ours: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
        self._run: Tracker | None = None

    def taps(self) -> dict[str, Around]:
        """Return what is put around the methods of a writer, by name."""
        return {
            "add_scalar": self._around(self._scalar),
            "add_scalars": self._around(self._scalars),
            "add_histogram": self._around(self._histogram),
            "add_hparams": self._around(self._hparams),
            "add_image": self._around(self._image),
            "add_images": self._around(self._images),
            "add_image_with_boxes": self._around(self._image_with_boxes),
            "add_text": self._around(self._text),
            "add_audio": self._around(self._audio),
        }

    def _around(self, mirror: Callable[..., None]) -> Around:
        def around(original: Callable[..., Any]) -> Callable[..., Any]:
            def add(writer: Any, *args: Any, **kwargs: Any) -> Any:
                result = original(writer, *args, **kwargs)
                site = f"SummaryWriter.{original.__name__}"
                if autolog.is_active(PART) and not self._guard.is_tripped(site):
                    with self._guard(site):
                        if self._is_ours(writer):
                            mirror(*args, **kwargs)
                return result

            return add

        return around

    def _scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        self._log({tag: scalar_value}, global_step)

    def _scalars(
        self,
        main_tag: str,
        tag_scalar_dict: Mapping[str, Any],
        global_step: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        values = {f"{main_tag}/{tag}": value for tag, value in tag_scalar_dict.items()}
        self._log(values, global_step)

    def _histogram(
        self, tag: str, values: Any, global_step: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        tensor = values.detach() if isinstance(values, Tensor) else torch.as_tensor(values)
        if not tensor.is_floating_point():
            tensor = tensor.double()
        counted = counts(pieces([tensor]))
        step, axes = self._position(global_step)
        run = self._joined()

        def record(arrived: list[list[float]]) -> None:
            with self._guard("SummaryWriter.add_histogram"):
                run.log({tag: counted.by_index(arrived)[0]}, step=step, **axes)

        ARRIVALS.put(counted.parts, record)

    def _hparams(self, hparam_dict: Mapping[str, Any], *args: Any, **kwargs: Any) -> None:
        self._joined().log_params(hparam_dict, namespace="tensorboard.hparams")

    def _image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        dataformats: str = "CHW",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self._log({tag: images(img_tensor, dataformats)}, global_step)

    def _images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        dataformats: str = "NCHW",
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self._log({tag: images(img_tensor, dataformats)}, global_step)

    def _image_with_boxes(
        self,
        tag: str,
        img_tensor: Any,
        box_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        rescale: float = 1,
        dataformats: str = "CHW",
        labels: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        boxes = boxes_of(box_tensor, [labels] if isinstance(labels, str) else labels)
        self._log({tag: images(img_tensor, dataformats, boxes)}, global_step)

    def _text(
        self, tag: str, text_string: Any, global_step: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        self._log({tag: Text(text_string, is_markdown=True)}, global_step)

    def _audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: Any = None,
        walltime: Any = None,
        sample_rate: int = 44100,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self._log({tag: Audio(snd_tensor, sample_rate=sample_rate)}, global_step)

    def _log(self, values: Mapping[str, Any], global_step: Any) -> None:
        step, axes = self._position(global_step)
        self._joined().log(values, step=step, **axes)

    def _position(self, global_step: Any) -> tuple[int | None, dict[str, float]]:
        """Return step and axes of a point that a writer puts at *global_step*."""
        loop = AUTOMATIC.loop
        if loop is None or loop.updates == 0:
            return (None if global_step is None else int(global_step)), {}
        known = {} if global_step is None else {"writer_step": float(global_step)}
        return loop.updates, {**loop.pace.axes(), **known}

    def _joined(self) -> Tracker:
        """Return the run of the loop; of a script without one, the active or a new one."""
        loop = AUTOMATIC.loop
        if loop is not None and loop.run is not None:
            return loop.run
        self._run, _ = mltrack_core.join_run(None, self._run, {}, is_training=False)
        return self._run

    def _is_ours(self, writer: Any) -> bool:
        found = self._are_ours.get(writer)
        if found is None:
            found = self._are_ours[writer] = rank() == 0 and not is_trainers(sys._getframe())
        return found
