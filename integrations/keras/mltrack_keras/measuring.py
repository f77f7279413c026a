"""How what happens within a step is measured there, and got out of it, on each backend of Keras."""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import Protocol

import keras
import numpy

from mltrack_core.limits import MIB
from mltrack_keras.programs import accumulated
from mltrack_keras.quantities import OPERATIONS
from mltrack_keras.quantities import Paths
from mltrack_keras.quantities import Quantity
from mltrack_keras.quantities import Shape

Measured = tuple[int, Paths, list[Any]]  # update, paths, and what the quantity computed, in NumPy

_TURNS_MAX: Final = 5  # latest measurements, by the fastest of which it is told what one takes
_PROBES: Final = 3  # the first of which is compiled
_PENDING_MAX: Final = 100  # measurements that wait to be taken
_COPY_BYTES_MAX: Final = (
    256 * MIB
)  # of weights held twice for a moment, on a device that may be full


class Measuring(Protocol):
    """How one quantity is measured every so many updates, and got out of the step."""

    every: int  # updates between two measurements

    @property
    def cost_s(self) -> float | None:
        """Seconds that one measurement takes; None where that is not known."""

    def widen(self, every: int) -> None:
        """Measure every so many updates from now on, a multiple of those before."""

    def probe(self, variables: Sequence[Any]) -> None:
        """Find out what a measurement takes, by one of the weights; before the first batch."""

    def prepare(self, paths: Paths) -> None:
        """Make ready, before the step is compiled, for these variables."""

    def begin(self, iterations: int) -> None:
        """Prepare for a fit whose optimizer has made so many updates."""

    def copies(self, optimizer: Any, variables: Sequence[Any]) -> list[Any] | None:
        """Within a step: return what *variables* are now.

        None if this update is not measured, or they are too many to be held twice.
        """

    def measure(self, optimizer: Any, paths: Paths, tensors: Sequence[Any] | None) -> None:
        """Within a step, once an update: measure, if it is the update for it.

        Keep no reference to *optimizer*. No *tensors*: it is not.
        """

    def take(self, update_max: float) -> list[Measured]:
        """Return what has been measured, up to an update; waits for a device. Thread-safe."""

    def wait(self) -> None:
        """Wait until everything that was begun has been measured."""


def measuring(
    model: keras.Model, quantity: Quantity, every: int, *, is_compiled: bool
) -> Measuring | None:
    """Return how *quantity* is measured; None where it would not be of the whole of *model*."""
    backend = keras.config.backend()
    if backend == "torch":
        return _OnTorch(quantity, every, is_compiled=is_compiled)
    if backend == "jax":
        # Every process must compile the same program, and only one of them records.
        if sys.modules["jax"].process_count() > 1:
            return None
        is_one = model.steps_per_execution == 1 and accumulated(model.optimizer) == 1
        return _OnJax(quantity, every, is_compiled=is_compiled, is_one=is_one)
    if backend == "tensorflow" and model.distribute_strategy.num_replicas_in_sync == 1:
        is_xla = is_compiled and bool(model.jit_compile)
        return _OnTensorFlow(quantity, every, is_xla=is_xla)
    return None  # of several replicas each has gradients of its own until they are applied


def _fastest(call: Callable[[], object]) -> float:
    """Return the seconds that *call* takes, which computes and waits for it."""
    taken = []
    for _ in range(_PROBES):
        began_s = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began_s)
    return min(taken)


class _Pending:
    """Measurements in the order of their updates, between two threads."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[int, Paths, Any]] = deque(maxlen=_PENDING_MAX)
        self._lock = threading.Lock()

    def put(self, update: int, paths: Paths, values: Any) -> None:
        with self._lock:
            self._waiting.append((update, paths, values))

    def take(self, update_max: float) -> list[tuple[int, Paths, Any]]:
        with self._lock:
            found = [entry for entry in self._waiting if entry[0] <= update_max]
            for entry in found:
                self._waiting.remove(entry)
        return sorted(found, key=lambda entry: entry[0])

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()


class _OnTorch:
    """Counts updates itself: asking the optimizer for them would wait for the device."""

    def __init__(self, quantity: Quantity, every: int, *, is_compiled: bool) -> None:
        self.every = every
        self._quantity = quantity
        self._update = 0
        self._pending = _Pending()
        self._copying_s = 0.0  # of the update that is made
        self._turns_s: deque[float] = deque(maxlen=_TURNS_MAX)
        self.measure = self._measure
        if is_compiled:  # called as it is then: what it does is no part of the step
            self.measure = sys.modules["torch"].compiler.disable(self._measure)

    @property
    def cost_s(self) -> float | None:
        # What the first one takes says little: it pays for what is done once.
        return min(self._turns_s) if len(self._turns_s) > 1 else None

    def widen(self, every: int) -> None:
        self.every = every

    def probe(self, variables: Sequence[Any]) -> None:
        """Do nothing: what a measurement takes is seen when it is made."""

    def prepare(self, paths: Paths) -> None:
        """Do nothing: what is measured needs no place in the step."""

    def begin(self, iterations: int) -> None:
        self._pending.clear()
        self._update = iterations

    def copies(self, optimizer: Any, variables: Sequence[Any]) -> list[Any] | None:
        if (self._update + 1) % self.every:
            return None
        if sum(variable.value.nbytes for variable in variables) > _COPY_BYTES_MAX:
            return None
        began_s = time.perf_counter()
        copies = [variable.value.detach().clone() for variable in variables]
        self._copying_s = time.perf_counter() - began_s
        return copies

    def _measure(self, optimizer: Any, paths: Paths, tensors: Sequence[Any] | None) -> None:
        self._update += 1
        if self._update % self.every or tensors is None:
            return
        began_s = time.perf_counter()
        with sys.modules["torch"].no_grad():
            found = self._quantity.compute(OPERATIONS["torch"], paths, tensors)
            self._pending.put(self._update, paths, found)
        self._turns_s.append(time.perf_counter() - began_s + self._copying_s)

    def take(self, update_max: float) -> list[Measured]:
        return [
            (update, paths, [each.cpu().numpy() for each in found])
            for update, paths, found in self._pending.take(update_max)
        ]

    def wait(self) -> None:
        """Do nothing: what has been begun is waited for when it is taken."""


class _OnJax:
    """Has the compiled step call back with what is measured, every so many updates.

    Args:
        quantity: What is measured.
        every: Updates between two measurements.
        is_compiled: It becomes a part of programs, which are called when it is due.
        is_one: A program makes one update, always: then it needs no condition.
    """

    def __init__(self, quantity: Quantity, every: int, *, is_compiled: bool, is_one: bool) -> None:
        self.every = self._every = every
        self.cost_s: float | None = None
        self.is_traced = not is_compiled
        self._is_certain = is_compiled and is_one
        self._quantity = quantity
        self._pending = _Pending()

    def widen(self, every: int) -> None:
        self.every = every

    def probe(self, variables: Sequence[Any]) -> None:
        if self.cost_s is not None:
            return
        jax = sys.modules["jax"]
        paths = tuple(variable.path for variable in variables)
        values = self._quantity.examples([variable.value for variable in variables])
        compute = jax.jit(lambda given: self._quantity.compute(OPERATIONS["jax"], paths, given))
        self.cost_s = _fastest(lambda: jax.block_until_ready(compute(values)))

    def prepare(self, paths: Paths) -> None:
        """Do nothing: what is measured needs no place in the step."""

    def begin(self, iterations: int) -> None:
        self.wait()
        self._pending.clear()

    def copies(self, optimizer: Any, variables: Sequence[Any]) -> list[Any] | None:
        return [variable.value for variable in variables] if self.is_traced else None

    def measure(self, optimizer: Any, paths: Paths, tensors: Sequence[Any] | None) -> None:
        if not self.is_traced:
            return
        assert tensors is not None
        jax = sys.modules["jax"]
        steps = optimizer.gradient_accumulation_steps or 1
        done = optimizer._iterations.value + 1
        update = done // steps
        put = functools.partial(self._put, paths)

        def report() -> None:
            found = self._quantity.compute(OPERATIONS["jax"], paths, tensors)
            jax.debug.callback(put, update, *found)

        if self._is_certain:
            report()
        else:
            # What it is compared with may be in a program: it stays what it was at first.
            is_due = (done % steps == 0) & (update % self._every == 0)
            jax.lax.cond(is_due, report, lambda: None)

    def _put(self, paths: Paths, update: Any, *found: Any) -> None:
        """Called by JAX, on a thread of its own, while others wait: no more than this here."""
        if int(update) % self.every == 0:
            self._pending.put(int(update), paths, found)

    def take(self, update_max: float) -> list[Measured]:
        return [
            (update, paths, [numpy.asarray(each) for each in found])
            for update, paths, found in self._pending.take(update_max)
        ]

    def wait(self) -> None:
        sys.modules["jax"].effects_barrier()


class _OnTensorFlow:
    """Has the step leave what is measured in variables that are no part of model or optimizer."""

    def __init__(self, quantity: Quantity, every: int, *, is_xla: bool) -> None:
        self.every = every
        self.cost_s: float | None = None
        self._is_xla = is_xla
        # A variable, so that the step need not be traced anew when it changes.
        self._every = sys.modules["tensorflow"].Variable(every, dtype="int64", trainable=False)
        self._quantity = quantity
        self._slots: dict[tuple[Paths, tuple[Any, ...]], tuple[Any, list[Any]]] = {}
        self._taken: dict[tuple[Paths, tuple[Any, ...]], int] = {}  # latest update of each slot

    def widen(self, every: int) -> None:
        self.every = every
        self._every.assign(every)

    def probe(self, variables: Sequence[Any]) -> None:
        if self.cost_s is not None:
            return
        tf = sys.modules["tensorflow"]
        paths = tuple(variable.path for variable in variables)
        values = self._quantity.examples([tf.convert_to_tensor(each.value) for each in variables])
        compute = tf.function(
            lambda given: self._quantity.compute(OPERATIONS["tensorflow"], paths, given),
            jit_compile=self._is_xla,
        )
        self.cost_s = _fastest(lambda: [found.numpy() for found in compute(values)])

    def prepare(self, paths: Paths) -> None:
        # A function that makes variables when it is traced is traced once more.
        for shapes in self._quantity.shapes(paths):
            self._slot(paths, shapes)

    def begin(self, iterations: int) -> None:
        self._taken = {key: int(update.numpy()) for key, (update, _) in self._slots.items()}

    def copies(self, optimizer: Any, variables: Sequence[Any]) -> list[Any] | None:
        tf = sys.modules["tensorflow"]

        def read() -> list[Any]:
            return [tf.identity(tf.convert_to_tensor(each.value)) for each in variables]

        def nothing() -> list[Any]:
            return [tf.zeros(each.shape, each.dtype) for each in variables]

        _, is_due = self._now(optimizer)
        return list(tf.cond(is_due, read, nothing))

    def measure(self, optimizer: Any, paths: Paths, tensors: Sequence[Any] | None) -> None:
        assert tensors is not None
        tf = sys.modules["tensorflow"]
        update, is_due = self._now(optimizer)

        def report() -> Any:
            found = self._quantity.compute(OPERATIONS["tensorflow"], paths, tensors)
            shapes = [(tuple(each.shape), each.dtype.name) for each in found]
            slot_update, slots = self._slot(paths, shapes)
            for slot, each in zip(slots, found, strict=True):
                slot.assign(each)
            slot_update.assign(update)
            return tf.constant(0)

        tf.cond(is_due, report, lambda: tf.constant(0))

    def _now(self, optimizer: Any) -> tuple[Any, Any]:
        """Return the update that this step makes, if it makes one, and whether it is measured."""
        tf = sys.modules["tensorflow"]
        steps = optimizer.gradient_accumulation_steps or 1
        done = tf.convert_to_tensor(optimizer._iterations.value) + 1
        is_update = tf.equal(done % steps, 0)
        update = tf.cast(done // steps, tf.int64)
        return update, is_update & tf.equal(update % self._every, 0)

    def _slot(self, paths: Paths, shapes: Sequence[Shape]) -> tuple[Any, list[Any]]:
        tf = sys.modules["tensorflow"]
        key = paths, tuple(shapes)
        if key not in self._slots:
            with tf.init_scope():
                update = tf.Variable(0, dtype=tf.int64, trainable=False)
                self._slots[key] = (
                    update,
                    [
                        tf.Variable(tf.zeros(shape, dtype), trainable=False)
                        for shape, dtype in shapes
                    ],
                )
        return self._slots[key]

    def take(self, update_max: float) -> list[Measured]:
        return sorted(self._news(), key=lambda each: each[0])

    def _news(self) -> Iterator[Measured]:
        for key, (slot_update, slots) in list(self._slots.items()):
            update = int(slot_update.numpy())
            if update != self._taken.get(key, 0):
                self._taken[key] = update
                yield update, key[0], [slot.numpy() for slot in slots]

    def wait(self) -> None:
        """Do nothing: what has been begun is waited for when it is taken."""
