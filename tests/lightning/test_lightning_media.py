"""Images, sounds and tables by the names that other loggers of Lightning have for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mltrack.lightning import MLTrackLogger
from mltrack_core.errors import MediaInvalid
from mltrack_core.media.audio import Audio
from mltrack_core.media.image import Image
from mltrack_core.media.table import Table
from mltrack_core.media.text import Text
from mltrack_core.testing.recording import RecordingTracker

NOISE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


def test_a_script_written_for_another_logger_logs_media() -> None:
    """Lists of options go to the media at their places."""
    run = RecordingTracker()
    logger = MLTrackLogger(run)

    logger.log_image("samples", [NOISE, Image(NOISE)], step=2, caption=["first", "unused"])
    logger.log_audio("tone", [np.zeros(8)], step=2, sample_rate=[8])
    logger.log_table("errors", columns=["n"], data=[[1], [2]], step=2)
    logger.log_text("answers", columns=["text"], data=[["yes"]], step=2)
    logger.log_text("answer", "yes", step=2)

    logged: dict[str, Any] = {
        name: value for call in run.logged for name, value in call.values.items()
    }
    first, second = logged["samples"]
    assert [type(first), type(second)] == [Image, Image]
    assert (first.caption, second.caption) == ("first", "")
    assert [type(each) for each in logged["tone"]] == [Audio]
    kinds = [type(logged[name]) for name in ("errors", "answers", "answer")]
    assert kinds == [Table, Table, Text]
    assert {call.step for call in run.logged} == {2}
    for medium in (first, *logged["tone"], logged["errors"]):
        medium.encode(str)


def test_what_is_no_image_does_not_end_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the run that says so, when it is logged."""
    run = RecordingTracker()

    MLTrackLogger(run).log_image("samples", ["/nowhere.png"], step=1)

    logged: Any = run.logged[0].values["samples"]
    (image,) = logged
    with pytest.raises(MediaInvalid, match="No such file"):
        image.encode(str)
