"""The format is fixed: golden bytes, and a page that names all of it.

To pin a new version's bytes: `python tests/core/spool/test_spool_golden.py` writes its file.
"""

from __future__ import annotations

import math
import re
from pathlib import Path

import msgspec
import pytest

from mltrack_core import limits
from mltrack_core import records
from mltrack_core import wire
from mltrack_core.blobs import digest_of
from mltrack_core.media import formats
from mltrack_core.media.evaluation import Confusion
from mltrack_core.media.evaluation import Curve
from mltrack_core.media.evaluation import confusion_of
from mltrack_core.media.evaluation import curves_of
from mltrack_core.spool import frame
from mltrack_core.spool.frame import FRAME_OVERHEAD_BYTES
from mltrack_core.spool.reader import read_segment
from mltrack_core.spool.segment import HEADER_BYTES
from mltrack_core.spool.segment import VERSION
from mltrack_core.spool.segment import SegmentHeader

GOLDEN = Path(__file__).parent / "golden" / f"v{VERSION}.seg"
PAGE = Path(__file__).parents[3] / "docs" / "format" / "spool.md"

HEADER = SegmentHeader(
    salt=0x1234ABCD,
    run="00112233445566778899aabbccddeeff",
    stream="ffeeddccbbaa99887766554433221100",
    first_seq=7,
)
NOW = 1_790_000_000_123_456_789


def _file(kind: str, value: object) -> records.MediaFile:
    """Return a file that is in its record."""
    data = msgspec.msgpack.encode(value)
    return records.MediaFile(kind, len(data), digest_of(data), data)


CONFUSION = Confusion(["cat", "dog"], [[0, 1], [1]], [[5, 1], [300]])
CURVES = [
    Curve("cat", 3, 2, 0.75, [1, 3], [0, 2], [0.5, -math.inf]),
    Curve("elk", 0, 5, None, [], [], []),
]
RECORDS: list[records.Record | wire.Unknown] = [
    records.RunStarted(
        NOW,
        project="mnist",
        name="bright-otter-7",
        role="trainer",
        attempt=1,
        rank=0,
        world_size=1,
        host="lab-3",
        user="mina",
        pid=4242,
        pid_started=123_456,
        boot_id="9a7f5c2e-0000-4000-8000-000000000001",
        monotonic_ns=987_654_321,
        command=["train.py", "--lr", "3e-4"],
        folder="/home/mina/mnist",
        python="3.11.7",
        mltrack="0.1.0",
        group="sweep",
        tags=["baseline"],
        notes="first try",
        parent="",
    ),
    records.Params(
        NOW + 1,
        namespace="",
        values={
            "lr": 3e-4,
            "layers": 3,
            "name": "µ-net",
            "amp": True,
            "seed": None,
            "dims": [1, 2],
        },
    ),
    records.Scalars(
        NOW + 2,
        step=0,
        values={"loss": math.nan, "max": math.inf, "min": -math.inf, "zero": -0.0, "損失": 0.1},
        axes={"epoch": 0.0},
    ),
    records.Scalars(NOW + 3, step=2**63 - 1, values={"u64": 2**64 - 1, "i64": -(2**63)}),
    records.Console(NOW + 4, channel="stdout", text="epoch 1/3"),
    records.Console(NOW + 5, channel="stderr", text=" 42%|████▏     |", partial=True),
    records.Devices(NOW + 6, host="lab-3", values={"sys/cpu.percent": 12.5}),
    records.Alert(NOW + 7, level="warning", title="loss is NaN", text="at step 0", step=0),
    records.Alert(NOW + 7, "error", "non-finite", "in block.3", step=12, kind="health.nonfinite"),
    records.Histograms(
        NOW + 7,
        step=12,
        values={
            "grad/block.3": records.ByExponent(-9, [1, 0, 7], -30, [2, 300], 5, 1, 0, 2),
            "score": records.ByEdges([0.0, 0.5, 1.0], [3, 4], below=1, above=0, nans=2),
        },
        axes={"epoch": 0.5},
    ),
    records.Checkpoint(
        NOW + 7,
        id="0123456789abcdef0123456789abcdef",
        path="/home/mina/mnist/out/best.pt",
        step=12,
        roles=["best", "last"],
        files=[records.CheckpointFile("best.pt", 1234, NOW)],
        metrics={"val/acc": 0.9},
        monitor="val/acc",
        mode="max",
        writer="torch.save",
        is_folder=False,
        kept="copy",
        reason="",
        axes={"epoch": 1.0},
    ),
    records.Artifact(
        NOW + 8,
        about="0123456789abcdef0123456789abcdef",
        files=[records.ArtifactFile("best.pt", 1234, "ab" * 32, ["cd" * 32])],
        problem="",
        gone="overwritten",
    ),
    records.Note(NOW + 8, text="restarted with a lower rate"),
    records.Rewind(NOW + 9, step=500),
    records.Gap(
        NOW + 10,
        reason="disk refused the write",
        count=3,
        kinds={"Scalars": 2, "Console": 1},
        first_ns=NOW,
        last_ns=NOW + 9,
    ),
    records.RunEnded(
        NOW + 11,
        state="failed",
        reason="ValueError",
        traceback="Traceback …",
        exit_code=1,
        signal=None,
        stream="",
        explicit=False,
    ),
    records.Media(
        NOW + 11,
        step=12,
        name="val/samples",
        items=[
            records.MediaItem(
                "image",
                records.MediaFile("image/png", 20_000, "ab" * 32),
                caption="3 → 8",
                width=640,
                height=480,
                boxes=[records.Box(1.0, 2.0, 3.5, 4.0, "cat", 0.9, "prediction")],
                masks=[
                    records.Mask(
                        "truth",
                        records.MediaFile("image/png", 3, "cd" * 32, b"\x89PN"),
                        {0: "road", 7: "sky"},
                    )
                ],
            ),
            records.MediaItem(
                "audio", records.MediaFile("audio/wav", 20_000, "ef" * 32), seconds=1.5
            ),
        ],
        axes={"epoch": 1.0},
    ),
    wire.Unknown(200, b"\x91\xcd\x01\x00"),  # a type of a version to come
    records.Seal(NOW + 12),
    # Whatever was added since stands behind it, so that the bytes before are those they were.
    records.File(
        NOW + 13,
        id="fedcba9876543210fedcba9876543210",
        name="plots/roc.png",
        path="/home/mina/mnist/roc.png",
        use="output",
        files=[records.CheckpointFile("roc.png", 99, NOW)],
        kind="plot",
        step=12,
        kept="reflink",
    ),
    records.File(
        NOW + 14,
        id="fedcba9876543210fedcba9876543211",
        name="train.parquet",
        path="s3://bucket/train.parquet",
        use="input",
        files=[],
        is_elsewhere=True,
        size=2**40,
        modified_ns=NOW,
        sha256="ef" * 32,
    ),
    records.Media(
        NOW + 15,
        step=13,
        name="val/evaluation",
        items=[
            records.MediaItem("confusion", _file(formats.CONFUSION, CONFUSION), width=2, height=2),
            records.MediaItem("roc", _file(formats.CURVES, CURVES), width=2, height=1),
            records.MediaItem("pr", _file(formats.CURVES, CURVES), width=2, height=1),
        ],
    ),
]


def golden_segment() -> bytes:
    """Return the bytes of a segment that holds every type of record."""
    data = HEADER.pack()
    for seq, record in enumerate(RECORDS, HEADER.first_seq):
        if isinstance(record, wire.Unknown):
            number, payload = record.number, record.payload
        else:
            number, payload = wire.encode(record)
        data += frame.pack(number, seq, payload, HEADER.salt)
    return data


def test_the_bytes_of_a_segment_never_change() -> None:
    """A record written today is the same bytes in every later version of mltrack."""
    assert golden_segment() == GOLDEN.read_bytes()


def test_the_golden_segment_holds_every_type_of_record() -> None:
    """Whoever adds a record type adds it to the golden segment."""
    assert {type(record) for record in RECORDS} == {*wire.TYPES.values(), wire.Unknown}


@pytest.mark.parametrize("path", sorted(GOLDEN.parent.glob("*.seg")), ids=lambda path: path.stem)
def test_segments_of_every_version_are_read(path: Path) -> None:
    """What any version wrote can be read forever."""
    contents = read_segment(path)

    read = [wire.decode(found.number, found.payload) for found in contents.frames]

    assert contents.header == HEADER
    assert [found.seq for found in contents.frames] == list(range(7, 7 + len(RECORDS)))
    assert (contents.damages, contents.torn_bytes) == ((), 0)
    assert repr(read) == repr(RECORDS), "by repr: NaN is itself here, and -0.0 is not 0.0"


def test_the_counts_of_evaluations_are_read_forever() -> None:
    """What their files hold is a format too."""
    *_, found = read_segment(GOLDEN).frames
    record = wire.decode(found.number, found.payload)

    assert isinstance(record, records.Media)
    matrix, roc, pr = (item.file.data for item in record.items)
    assert confusion_of(matrix) == CONFUSION
    assert curves_of(roc) == curves_of(pr) == CURVES


def test_the_page_names_every_record_type_with_its_fields_in_order() -> None:
    """docs/format/spool.md lists each type by number, and its fields as they are on disk."""
    listed = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \|$", PAGE.read_text(), re.MULTILINE)

    in_code = {
        (str(number), kind.__name__): list(kind.__struct_fields__)
        for number, kind in wire.TYPES.items()
    }
    assert {
        (number, name): re.findall(r"`(\w+)`", fields) for number, name, fields in listed
    } == in_code


def test_the_page_states_the_sizes_that_the_code_has() -> None:
    """The numbers of the page are those of the code."""
    text = PAGE.read_text()

    for claim in (
        f"segment header, {HEADER_BYTES} bytes",
        f"frame, {FRAME_OVERHEAD_BYTES} bytes + payload",
        f"format version {VERSION}",
        f"SEGMENT_BYTES_MAX = {limits.SEGMENT_BYTES_MAX // limits.MIB} MiB",
        f"PAYLOAD_BYTES_MAX = {limits.PAYLOAD_BYTES_MAX // limits.MIB} MiB",
        f"RING_BYTES_MAX = {limits.RING_BYTES_MAX // limits.MIB} MiB",
        f"BATCH_BYTES_MAX = {limits.BATCH_BYTES_MAX // limits.MIB} MiB",
        f"DURABLE_INTERVAL_S = {limits.DURABLE_INTERVAL_S:g} s",
    ):
        assert claim in text, claim


def test_every_limit_that_the_page_names_exists() -> None:
    """A limit that is renamed or removed is found on the page too."""
    named = set(re.findall(r"`([A-Z_]+_(?:MAX|MIN|S))\b", PAGE.read_text()))

    assert named
    assert {name for name in named if not hasattr(limits, name)} == set()


if __name__ == "__main__":
    GOLDEN.write_bytes(golden_segment())
