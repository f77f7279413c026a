"""Images, sounds, texts and tables: what users hold becomes what records hold, or a clear word."""

from __future__ import annotations

import io
import math
import os
import signal
import struct
import subprocess
import wave
import zlib
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import mltrack
import mltrack_core
from mltrack_core import wire
from mltrack_core.blobs import digest_of
from mltrack_core.errors import MediaInvalid
from mltrack_core.limits import MEDIA_INLINE_BYTES_MAX
from mltrack_core.media.medium import Medium
from mltrack_core.records import Gap
from mltrack_core.records import Media
from mltrack_core.records import Scalars
from mltrack_core.spool import layout
from mltrack_core.spool import space
from mltrack_core.spool.background import BackgroundWriter
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.media import encoded
from mltrack_core.testing.spool import RecordedSpool

NOISE = np.random.default_rng(3).integers(0, 256, (90, 100, 3), dtype=np.uint8)  # 26 KiB as a PNG


def decoded(png: bytes) -> Any:
    """Return the array in a PNG that has no filters, checking every chunk."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, position = {}, 8
    while position < len(png):
        (length,) = struct.unpack_from(">I", png, position)
        name, data = png[position + 4 : position + 8], png[position + 8 : position + 8 + length]
        assert struct.unpack_from(">I", png, position + 8 + length) == (zlib.crc32(name + data),)
        chunks[name] = data
        position += 12 + length
    width, height, bits, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert bits == 8
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any(), "no filter"
    return rows[:, 1:].reshape(height, width, channels)


GREY = NOISE[:, :, 0]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (NOISE, NOISE),
        (NOISE.transpose(2, 0, 1), NOISE),
        (NOISE[None], NOISE),
        (GREY, GREY[:, :, None]),
        (GREY[:, :, None], GREY[:, :, None]),
        (np.dstack([NOISE, GREY]), np.dstack([NOISE, GREY])),
        (NOISE[:, :, :2], NOISE[:, :, :2]),
        (NOISE[::2, ::-1], NOISE[::2, ::-1]),
        (NOISE.astype(np.int64), NOISE),
        (NOISE / 255, NOISE),
        ((NOISE / 255).astype(np.float16), NOISE),
        (GREY > 127, (GREY > 127)[:, :, None] * 255),
        (np.array([[math.nan, -0.2, 1.2, math.inf]]), [[[0], [0], [255], [255]]]),
        (NOISE[:3, :, :], NOISE[:3, :, :]),
    ],
)
def test_an_array_like_an_image_is_kept_as_a_png(given: Any, expected: Any) -> None:
    """Any order of axes and any usual type of numbers; no value is changed that need not be."""
    item, data = encoded(mltrack.Image(given))

    assert np.array_equal(decoded(data), np.asarray(expected))
    assert (item.kind, item.file.type) == ("image", "image/png")
    assert (item.height, item.width) == np.asarray(expected).shape[:2]
    assert item.file.sha256 == digest_of(data)


def test_where_both_ends_could_be_channels_the_user_says_which() -> None:
    """NumPy's are last unless it is said otherwise."""
    array = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3)

    assert np.array_equal(decoded(encoded(mltrack.Image(array))[1]), array)
    first = decoded(encoded(mltrack.Image(array, layout="CHW"))[1])
    assert np.array_equal(first, array.transpose(1, 2, 0))


def test_another_range_is_scaled() -> None:
    """Depth in 16 bits and pictures from -1 to 1 need a word; what lies outside is cut off."""
    depth = np.array([[0, 32768, 65535]], np.uint16)
    signed = np.array([[-2.0, -1.0, 0.0, 1.0, 9.0]])

    assert decoded(encoded(mltrack.Image(depth, value_range=(0, 65535)))[1]).tolist() == [
        [[0], [128], [255]]
    ]
    assert decoded(encoded(mltrack.Image(signed, value_range=(-1, 1)))[1]).tolist() == [
        [[0], [0], [128], [255], [255]]
    ]


def test_an_image_is_taken_as_it_was_when_it_was_made() -> None:
    """An environment that draws into one buffer gives one image for each step all the same."""
    buffer = NOISE.copy()
    image = mltrack.Image(buffer)
    buffer[:] = 0

    assert np.array_equal(decoded(encoded(image)[1]), NOISE)


def test_boxes_and_masks_go_with_their_image() -> None:
    """Corners in pixels, labels and scores; one class for each pixel, and what it is called."""
    classes = GREY % 3
    item, _ = encoded(
        mltrack.Image(
            NOISE,
            caption="a cat",
            boxes=[mltrack.Box(1, 2, 30, 40, "cat", 0.5, "prediction"), (0, 0, 9, 9)],
            masks={"truth": (classes, {0: "road", np.int64(2): "sky"}), "plain": classes == 1},
        )
    )

    assert item.boxes == [
        mltrack.Box(1.0, 2.0, 30.0, 40.0, "cat", 0.5, "prediction"),
        mltrack.Box(0.0, 0.0, 9.0, 9.0),
    ]
    assert [mask.name for mask in item.masks] == ["truth", "plain"]
    assert item.masks[0].labels == {0: "road", 2: "sky"}
    assert np.array_equal(decoded(item.masks[0].file.data)[:, :, 0], classes)
    assert np.array_equal(decoded(item.masks[1].file.data)[:, :, 0], classes == 1)


JPEG = b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x00\x00\x00"
GIF = b"GIF89a" + struct.pack("<HH", 32, 16)
WEBP = b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + (31).to_bytes(3, "little") + (15).to_bytes(3, "little")


@pytest.mark.parametrize(
    ("data", "kind"), [(JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp")]
)
def test_a_file_is_kept_as_it_is(tmp_path: Path, data: bytes, kind: str) -> None:
    """Its type and size are told by how it begins, not by its name."""
    path = tmp_path / "image.png"
    path.write_bytes(data)

    item, kept = encoded(mltrack.Image(path))

    assert kept == data
    assert (item.file.type, item.width, item.height) == (kind, 32, 16)
    assert encoded(mltrack.Image(data))[0].file.type == kind


@pytest.mark.parametrize(
    ("medium", "words"),
    [
        (mltrack.Image(np.zeros((2, 3, 4, 5))), "log a batch as a list"),
        (mltrack.Image(np.zeros((5, 6, 7))), "1 to 4 channels"),
        (mltrack.Image(np.zeros((0, 6))), "empty"),
        (mltrack.Image(np.full((2, 2), 255.0)), "floats are 0 to 1"),
        (mltrack.Image(np.full((2, 2), -1)), "0 to 255"),
        (mltrack.Image(np.array([["a"]])), "of numbers"),
        (mltrack.Image(np.zeros((8192, 8192, 3), bool)), "MiB of pixels"),
        (mltrack.Image(object()), "pass an array"),
        (mltrack.Image([[1, 2]]), "pass an array"),
        (mltrack.Image("/nowhere.png"), "No such file"),
        (mltrack.Image("/dev/null"), "is no file"),
        (mltrack.Image(b"<svg onload=alert(1)>"), "SVG may hold programs"),
        (mltrack.Image(b""), "no PNG"),
        (mltrack.Image(b"\xff"), "no PNG"),
        (mltrack.Image(NOISE, boxes=[(1, 2, 3)]), "left, top, right and bottom"),
        (mltrack.Image(NOISE, boxes=[(0, 0, 1, 1)] * 1001), "1001 boxes"),
        (mltrack.Image(NOISE, masks={"m": GREY[1:]}), "the image 100 x 90"),
        (mltrack.Image(NOISE, masks={"m": GREY / 2}), "one whole number"),
        (mltrack.Image(NOISE, masks={"m": GREY.astype(int) * 2}), "0 to 255"),
        (mltrack.Image(NOISE, value_range=(1, 1)), "lower bound"),
        (mltrack.Audio(np.zeros(9)), "sample_rate"),
        (mltrack.Audio(np.zeros((9, 9)), sample_rate=8), "9 channels"),
        (mltrack.Audio(np.full(9, 70_000), sample_rate=8), "16-bit"),
        (mltrack.Audio(b"RIFF"), "no WAV"),
        (mltrack.Audio(np.zeros(5_000_000), sample_rate=8), "at most 8"),
        (mltrack.Text(b"no"), "pass a str"),  # type: ignore[arg-type]
        (mltrack.Table([], []), "no columns"),
        (mltrack.Table("ab", []), "list of names"),
        (mltrack.Table(["a"], [[1, 2]]), "one cell for each"),
        (mltrack.Table(["a"], [[1]] * 100_001), "at most 100000"),
        (mltrack.Table({"a": [1], "b": []}), "not of one length"),
        (mltrack.Table(7), "pass names of columns"),
        (mltrack.Table(["a"], [["x" * 60_000]] * 200), "at most 8 are kept"),
    ],
)
def test_what_cannot_be_shown_says_so_when_it_is_logged(medium: Medium, words: str) -> None:
    """And not when it is made: a training must not end for a picture of it."""
    with pytest.raises(MediaInvalid, match=words):
        medium.encode(lambda text: text)


def test_samples_are_kept_as_a_wav() -> None:
    """Floats and 16-bit integers, one channel or several, in either order."""
    floats = np.array([[0.0, 1.0], [-1.0, 0.5], [2.0, math.nan]], np.float32)

    item, data = encoded(mltrack.Audio(floats.T, sample_rate=3, caption="tick"))

    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 3, 2)
        samples = np.frombuffer(file.readframes(9), "<i2")
    assert samples.tolist() == [0, 32767, -32767, 16384, 32767, 0]
    assert (item.kind, item.file.type, item.seconds) == ("audio", "audio/wav", 1.0)
    whole = encoded(mltrack.Audio(np.array([-32768, 32767], np.int16), sample_rate=8))[1]
    assert whole.endswith(struct.pack("<hh", -32768, 32767))
    assert encoded(mltrack.Audio(data))[0].seconds == 1.0
    assert encoded(mltrack.Audio(b"OggS"))[0].file.type == "audio/ogg"
    assert encoded(mltrack.Audio(b"ID3\x04"))[0].file.type == "audio/mpeg"


def test_a_table_keeps_its_cells_exactly() -> None:
    """NaN, big integers and None too; what has no number or text of its own is text."""
    rows: list[list[object]] = [
        [1, 0.1, math.nan, 2**63 - 1],
        [np.int32(7), None, True, date(2026, 1, 2)],
        ["ä", 2**70, np.float64(-0.0), {"a": 1}],
    ]

    item, data = encoded(mltrack.Table(["a", "b", "c", "d"], rows))

    columns, kept = msgspec.msgpack.decode(data)
    assert columns == ["a", "b", "c", "d"]
    assert repr(kept) == repr(
        [
            [1, 0.1, math.nan, 2**63 - 1],
            [7, None, True, "2026-01-02"],
            ["ä", str(2**70), -0.0, "{'a': 1}"],
        ]
    )
    assert (item.width, item.height) == (4, 3)
    assert msgspec.msgpack.decode(encoded(mltrack.Table({"x": [1], "y": [2]}))[1]) == [
        ["x", "y"],
        [[1, 2]],
    ]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_data_frame_is_a_table(library: str) -> None:
    """Its columns, and no index."""
    frames = pytest.importorskip(library)

    _, data = encoded(mltrack.Table(frames.DataFrame({"a": [1, 2], "b": ["x", None]})))

    columns, rows = msgspec.msgpack.decode(data)
    assert columns == ["a", "b"]
    assert [row[0] for row in rows] == [1, 2]
    assert rows[0][1] == "x"


def test_an_image_of_pil_is_kept_whatever_its_mode() -> None:
    """Palettes and transparency too."""
    pil = pytest.importorskip("PIL.Image")
    image = pil.fromarray(NOISE)

    assert np.array_equal(decoded(encoded(mltrack.Image(image))[1]), NOISE)
    for mode, channels in {"L": 1, "LA": 2, "RGBA": 4, "P": 3, "1": 1, "CMYK": 3, "F": 1}.items():
        assert decoded(encoded(mltrack.Image(image.convert(mode)))[1]).shape[2] == channels, mode


def test_a_tensor_of_pytorch_has_its_channels_first() -> None:
    """On whatever device, with or without a gradient, in bfloat16 too."""
    torch = pytest.importorskip("torch")
    tensor = torch.rand(3, 4, 3, requires_grad=True)

    shown = decoded(encoded(mltrack.Image(tensor))[1])
    coarse = decoded(encoded(mltrack.Image(tensor.to(torch.bfloat16)))[1])

    assert np.abs(shown / 255 - tensor.detach().permute(1, 2, 0).numpy()).max() < 1 / 255
    assert np.abs(coarse / 255 - shown / 255).max() < 0.01


def test_a_run_records_media_beside_numbers(spool: RecordedSpool) -> None:
    """Short files in the record, long ones beside it, named by their hash and stored once."""
    with mltrack_core.init() as run:
        run.log(
            {
                "loss": 1.0,
                "val": {"images": [mltrack.Image(NOISE, caption="noise"), mltrack.Image(GREY)]},
                "answer": mltrack.Text("token=ghp_" + "a" * 36),
            },
            step=3,
            epoch=1,
        )
        run.log({"val/images": mltrack.Image(NOISE)}, step=4)

    images, answer, again = spool.of(Media)
    (waiting,) = (spool.root / layout.MEDIA_FOLDER / run.id).iterdir()
    assert spool.of(Scalars)[0].values == {"loss": 1.0}
    assert (images.name, images.step, images.axes) == ("val/images", 3, {"epoch": 1})
    assert [item.caption for item in images.items] == ["noise", ""]
    assert images.items[0].file.data == b""
    assert 0 < len(images.items[1].file.data) <= MEDIA_INLINE_BYTES_MAX
    assert waiting.name == images.items[0].file.sha256 == again.items[0].file.sha256
    assert np.array_equal(decoded(waiting.read_bytes()), NOISE)
    assert b"ghp_" not in answer.items[0].file.data, "secrets are removed from text"


def test_what_is_no_image_costs_only_itself_and_is_counted(
    spool: RecordedSpool, caplog: pytest.LogCaptureFixture
) -> None:
    """Its neighbours are recorded, the run says what is missing, and the training goes on."""
    with mltrack_core.init() as run:
        run.log({"a": [mltrack.Image(GREY), mltrack.Image("/nowhere")], "loss": 2.0}, step=0)
        run.log({"b": [mltrack.Image(GREY), 3]}, step=1)
        run.log({"c": [mltrack.Image(GREY)] * 257, "c/text": "words"}, step=2)

    (media,) = spool.of(Media)
    assert len(media.items) == 1
    assert spool.of(Scalars)[0].values == {"loss": 2.0}
    lost: Counter[str] = Counter()
    for gap in spool.of(Gap):
        lost[gap.reason] += gap.count
    assert lost == {"not to be shown as image": 3, "not a number": 1}
    assert "No such file" in caplog.text


def test_what_was_logged_before_a_kill_is_whole(
    script: Callable[..., subprocess.CompletedProcess[str]], spool: RecordedSpool
) -> None:
    """Record and files are on the disk when log() returns."""
    killed = script(
        """
        import os, signal
        import numpy as np
        import mltrack
        run = mltrack.init()
        noise = np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8)
        run.log({"x": [mltrack.Image(noise), mltrack.Image(noise[:20])]}, step=0)
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )

    assert killed.returncode == -signal.SIGKILL
    (media,) = spool.of(Media)
    (path,) = (spool.root / layout.MEDIA_FOLDER).glob("*/*")
    assert digest_of(path.read_bytes()) == media.items[0].file.sha256
    assert digest_of(media.items[1].file.data) == media.items[1].file.sha256


def test_a_full_disk_drops_media_and_counts_them(
    spool: RecordedSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file is left behind that no record names, and numbers go on."""
    with mltrack_core.init() as run:
        monkeypatch.setattr(space, "spare_bytes", lambda _root: 10)
        run.log({"x": mltrack.Image(NOISE), "loss": 1.0}, step=0)

    assert spool.of(Media) == []
    assert len(spool.of(Scalars)) == 1
    assert [gap.kinds for gap in spool.of(Gap)] == [{"Media": 1}]
    assert not (spool.root / layout.MEDIA_FOLDER).exists()


@pytest.mark.parametrize("is_broken", [False, True])
def test_on_a_network_folder_a_thread_writes_the_file_and_then_the_record(
    tmp_path: Path, is_broken: bool
) -> None:
    """The training waits for neither; a file that cannot be written is a loss that is counted."""
    run = "0" * 32
    if is_broken:
        (tmp_path / layout.MEDIA_FOLDER).touch()
    writer = BackgroundWriter(SpoolWriter(tmp_path, run))
    writer.open()

    writer.attach(digest_of(b"data"), b"data")
    writer.append(*wire.encode(Media(0, 1, "x", [])))
    writer.close()

    records = RecordedSpool(tmp_path).streams_unchecked(run)[0]
    kinds = [type(record).__name__ for record in records]
    if is_broken:
        assert kinds == ["Gap", "Media", "Seal"]
    else:
        assert kinds == ["Media", "Seal"]
        path = layout.media_folder(tmp_path, run) / digest_of(b"data")
        assert path.read_bytes() == b"data"


def test_a_forked_child_attaches_to_a_stream_of_its_own(spool: RecordedSpool) -> None:
    """A worker that logs a picture harms neither its parent's stream nor the picture."""
    run = mltrack_core.init()
    child = os.fork()
    if child == 0:
        run.log({"x": mltrack.Image(NOISE)}, step=0)
        os._exit(0)
    os.waitpid(child, 0)
    run.finish()

    streams = spool.streams(run.id)
    assert [[type(each).__name__ for each in stream][:2] for stream in streams][1] == [
        "RunStarted",
        "Media",
    ]
