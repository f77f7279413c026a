"""The demo's twenty trainings: some go well, some do not."""

from __future__ import annotations

from typing import Final

from mltrack_server.demo.training import Plan

PLANS: Final = (
    *(
        Plan(name=f"adam-{rate:g}-{width}", learning_rate=rate, width=width)
        for rate in (0.001, 0.003, 0.01, 0.03)
        for width in (8, 24)
    ),
    *(
        Plan(name=f"sgd-{rate:g}", optimizer="sgd", learning_rate=rate)
        for rate in (0.01, 0.03, 0.1, 0.3)
    ),
    Plan(name="deep", layers=4, learning_rate=0.005),
    Plan(name="one-layer", layers=1, width=48),
    Plan(name="noisy", noise=0.15),
    Plan(name="decayed", weight_decay=0.01),
    Plan(name="wide", width=64, layers=3, learning_rate=0.01),
    # With rate * decay > 2 * (1 + momentum) every step enlarges the weights, until they overflow.
    Plan(name="diverged", optimizer="sgd", learning_rate=200.0, weight_decay=0.1),
    Plan(name="out-of-memory", ends_at=170, state="killed", reason="out of memory"),
    Plan(
        name="stopped", learning_rate=0.0003, ends_at=110, state="interrupted",
        reason="Ctrl-C",
    ),
)  # fmt: skip
