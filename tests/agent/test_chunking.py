"""Pieces: nothing is lost or added, and what two files share is cut alike."""

from __future__ import annotations

import io
import random

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from mltrack_core.agent import chunking
from mltrack_core.agent.chunking import pieces
from mltrack_core.blobs import digest_of


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Draw noise, runs of one byte, and ends of pieces, of up to some lengths of a piece."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    parts = draw(st.lists(st.integers(0, 3), max_size=12))
    kinds = (chance.randbytes(700), bytes(900), b"\x5a?\xa6?\x00", chance.randbytes(90))
    return b"".join(kinds[part] for part in parts)


@settings(max_examples=300)
@given(data=files(), reads=st.integers(1, 2000))
def test_the_pieces_are_the_file(data: bytes, reads: int) -> None:
    """Whatever is in it and however it is read: joined they are the file, each within bounds."""
    file = io.BytesIO(data)
    with _bounds(64, 512):
        found = list(pieces(lambda length: file.read(min(length, reads))))
        again = list(pieces(io.BytesIO(data).read))

    assert b"".join(found) == data
    assert found == again, "not a matter of how it is read"
    assert all(64 <= len(piece) <= 512 for piece in found[:-1])
    assert len(found[-1]) <= 512


def test_an_empty_file_has_one_piece() -> None:
    """So that a stored file always has a blob."""
    assert list(pieces(io.BytesIO(b"").read)) == [b""]


def test_what_is_moved_is_stored_once() -> None:
    """A longer header in front costs the pieces around it, not the file."""
    weights = random.Random(1).randbytes(24 << 20)

    before = list(pieces(io.BytesIO(b"header" + weights).read))
    after = list(pieces(io.BytesIO(b"a header that has grown" + weights).read))

    known = set(map(digest_of, before))
    new = sum(len(piece) for piece in after if digest_of(piece) not in known)
    assert new <= chunking.PIECE_BYTES_MAX
    assert len(after) > 12, "pieces are short enough to share"


class _bounds:
    """Shorter pieces while the context lasts: the rule is the same."""

    def __init__(self, shortest: int, longest: int) -> None:
        self._new = (shortest, longest)

    def __enter__(self) -> None:
        self._old = (chunking.PIECE_BYTES_MIN, chunking.PIECE_BYTES_MAX)
        chunking.PIECE_BYTES_MIN, chunking.PIECE_BYTES_MAX = self._new  # type: ignore[misc]

    def __exit__(self, *_error: object) -> None:
        chunking.PIECE_BYTES_MIN, chunking.PIECE_BYTES_MAX = self._old  # type: ignore[misc]
