"""The trainings that `overhead.py` measures: one for each framework, and the ways to watch it.

Each trains a transformer of 10 million parameters on the CPU without end, and calls `turn` once a
step. A way names what watches it: `WAYS` tells which there are, and the package each needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterator
from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    import torch

WORDS, WIDTH, HEADS, LAYERS, BATCH, LENGTH = 1000, 256, 8, 12, 4, 64
BARE, AGAIN, OURS, HOOKS, ALL = (
    "bare",
    "bare again",
    "mltrack",
    "mltrack, hooks alone",
    "mltrack, everything at every step",
)
BOARD, WANDB, MLFLOW = "TensorBoard, histograms", "W&B, watch(log='all')", "MLflow, autolog"
SHARES = {OURS: 0.01, HOOKS: 1e-9, ALL: 0.0}  # of the training's time
WAYS = {  # by framework; with the package that a way needs
    "pytorch": {
        BARE: "torch",
        AGAIN: "torch",
        OURS: "torch",
        HOOKS: "torch",
        ALL: "torch",
        BOARD: "tensorboard",
        WANDB: "wandb",
    },
    "lightning": {
        BARE: "lightning",
        AGAIN: "lightning",
        OURS: "lightning",
        BOARD: "tensorboard",
        WANDB: "wandb",
        MLFLOW: "mlflow",
    },
    "hf": {
        BARE: "transformers",
        AGAIN: "transformers",
        OURS: "transformers",
        HOOKS: "transformers",
        ALL: "transformers",
        "TensorBoard": "tensorboard",
        WANDB: "wandb",
        "MLflow": "mlflow",
    },
    "keras": {
        BARE: "keras",
        AGAIN: "keras",
        OURS: "keras",
        ALL: "keras",
        "TensorBoard, histograms at every 10th": "tensorboard",
        "W&B, metrics": "wandb",
        MLFLOW: "mlflow",
    },
}

Turn = Callable[[], None]


def model(device: str = "cpu") -> torch.nn.ModuleDict:
    """Return a transformer of 10 million parameters, the same at each call."""
    import torch

    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, batch_first=True)
    return torch.nn.ModuleDict(
        {
            "embedding": torch.nn.Embedding(WORDS, WIDTH),
            "encoder": torch.nn.TransformerEncoder(layer, LAYERS),
            "head": torch.nn.Linear(WIDTH, WORDS),
        }
    ).to(device)


def tokens(device: str = "cpu") -> torch.Tensor:
    """Return a batch: (BATCH, LENGTH) numbers of words."""
    import torch

    return torch.randint(0, WORDS, (BATCH, LENGTH), device=device)


def loss(model: Any, tokens: torch.Tensor) -> torch.Tensor:
    """Return the loss of telling each word from itself."""
    import torch

    logits = model["head"](model["encoder"](model["embedding"](tokens)))
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten())


def train(framework: str, way: str, turn: Turn) -> None:
    """Train, watched in one way, until *turn* raises."""
    {"pytorch": _pytorch, "lightning": _lightning, "hf": _hf, "keras": _keras}[framework](way, turn)


def _pytorch(way: str, turn: Turn) -> None:
    import torch

    torch.set_num_threads(1)
    trained = model()
    optimizer = torch.optim.AdamW(trained.parameters(), lr=1e-3)
    batch = tokens()
    after = _watch_pytorch(way, trained, optimizer)
    for step in _counted(turn):
        optimizer.zero_grad()
        loss(trained, batch).backward()
        optimizer.step()
        after(step)


def _watch_pytorch(way: str, trained: Any, optimizer: Any) -> Callable[[int], None]:
    """Begin to watch a bare loop; return what it calls after each step."""
    if way in SHARES:
        import mltrack

        mltrack.init(project="overhead", console="off")
        mltrack.watch(trained, optimizer, share=SHARES[way])
    elif way == BOARD:
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter("board")
        return lambda step: _draw(writer, trained, step)
    elif way == WANDB:
        import wandb

        run = wandb.init(project="overhead")
        run.watch(trained, log="all", log_freq=1)
        return lambda step: run.log({}, step=step)
    return lambda step: None


def _lightning(way: str, turn: Turn) -> None:
    import lightning
    import torch

    torch.set_num_threads(1)

    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = model()

        def training_step(self, batch: torch.Tensor) -> torch.Tensor:
            found = loss(self.model, batch)
            self.log("train/loss", found)
            return found

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.AdamW(self.parameters(), lr=1e-3)

    class Histograms(lightning.Callback):
        def on_before_optimizer_step(self, trainer: Any, module: Any, optimizer: Any) -> None:
            _draw(trainer.logger.experiment, module, trainer.global_step)

    module, logger, callbacks = Module(), None, []
    if way == OURS:
        from mltrack_lightning import MLTrackLogger

        logger = MLTrackLogger(project="overhead")
    elif way == BOARD:
        from lightning.pytorch.loggers import TensorBoardLogger

        logger, callbacks = TensorBoardLogger("board"), [Histograms()]
    elif way == WANDB:
        from lightning.pytorch.loggers import WandbLogger

        logger = WandbLogger(project="overhead", offline=True)
        logger.watch(module, log="all", log_freq=1)
    elif way == MLFLOW:
        import mlflow.pytorch

        mlflow.pytorch.autolog(log_every_n_step=1)
    trainer = lightning.Trainer(
        max_steps=-1,
        max_epochs=-1,
        accelerator="cpu",
        log_every_n_steps=1,
        logger=logger or False,
        callbacks=callbacks,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, torch.utils.data.DataLoader(_batches(turn), batch_size=None))


def _hf(way: str, turn: Turn) -> None:
    import torch
    import transformers

    torch.set_num_threads(1)

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model()

        def forward(self, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"loss": loss(self.model, tokens)}

    callbacks = []
    if way in SHARES:
        from mltrack_hf import MLTrackCallback

        callbacks = [MLTrackCallback(project="overhead", share=SHARES[way])]
    os.environ["WANDB_WATCH"] = "all"  # noqa: TID251
    reported = {"TensorBoard": "tensorboard", WANDB: "wandb", "MLflow": "mlflow"}.get(way, "none")
    trainer = transformers.Trainer(
        Model(),
        transformers.TrainingArguments(
            "hf",
            max_steps=1_000_000,
            per_device_train_batch_size=1,  # what the data set gives is a batch
            use_cpu=True,
            logging_steps=1,
            report_to=reported,
            save_strategy="no",
            disable_tqdm=True,
        ),
        train_dataset=_batches(turn),
        data_collator=lambda given: {"tokens": given[0]},
        callbacks=callbacks,
    )
    trainer.train()


def _keras(way: str, turn: Turn) -> None:
    import keras
    import numpy as np

    class Pacing(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            turn()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            float(logs["loss"])  # waits for it: JAX runs ahead of what it has computed

    keras.utils.set_random_seed(0)
    given = keras.Input((LENGTH,), dtype="int32")
    hidden = keras.layers.Embedding(WORDS, WIDTH)(given)
    for _ in range(LAYERS):
        seen = keras.layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(hidden, hidden)
        hidden = keras.layers.LayerNormalization()(hidden + seen)
        thought = keras.layers.Dense(WIDTH)(keras.layers.Dense(4 * WIDTH, "relu")(hidden))
        hidden = keras.layers.LayerNormalization()(hidden + thought)
    trained = keras.Model(given, keras.layers.Dense(WORDS)(hidden))
    trained.compile(
        keras.optimizers.AdamW(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    callbacks: list[Any] = [Pacing()]
    if way in SHARES:
        from mltrack_keras import MLTrackCallback

        every = {"batch_every": 1, "gradients": True, "share": 0}
        options: dict[str, Any] = every if way == ALL else {}
        callbacks.append(MLTrackCallback(project="overhead", **options))
    elif way.startswith("TensorBoard"):
        callbacks.append(keras.callbacks.TensorBoard("board", histogram_freq=1, update_freq=1))
    elif way.startswith("W&B"):
        import wandb
        from wandb.integration.keras import WandbMetricsLogger

        wandb.init(project="overhead")
        callbacks.append(WandbMetricsLogger(log_freq=1))
    elif way == MLFLOW:
        import mlflow.tensorflow

        mlflow.tensorflow.autolog(log_every_epoch=False, log_every_n_steps=1, log_models=False)
    words = np.random.default_rng(0).integers(0, WORDS, (10 * BATCH, LENGTH))
    trained.fit(words, words, batch_size=BATCH, epochs=1_000_000, verbose=0, callbacks=callbacks)


def _batches(turn: Turn) -> Any:
    """Return a data set for PyTorch that gives the same batch without end, each after a turn."""
    import torch

    class Batches(torch.utils.data.IterableDataset):
        def __iter__(self) -> Iterator[torch.Tensor]:
            batch = tokens()
            for _ in _counted(turn):
                yield batch

    return Batches()


def _draw(writer: Any, trained: Any, step: int) -> None:
    """Send histograms of all weights and gradients to TensorBoard."""
    for name, parameter in trained.named_parameters():
        writer.add_histogram(f"weights/{name}", parameter, step)
        writer.add_histogram(f"gradients/{name}", parameter.grad, step)


def _counted(turn: Turn) -> Iterator[int]:
    step = 0
    while True:
        turn()
        yield step
        step += 1
