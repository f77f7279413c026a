"""Content-defined pieces: what two files have in common is cut alike wherever it lies in them.

A checkpoint differs from the one before in its weights; what was frozen is the same, moved by the
few bytes that a longer header takes. Pieces of a fixed length would then share nothing (measured:
docs/format/blobs.md). A piece ends where five bytes look a certain way. Two of the five are left
out, so that in numbers of 16 and 32 bits the rule looks at low bits only: exponents are all alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Iterator
from typing import Final

from mltrack_core.limits import MIB

PIECE_BYTES_MIN: Final = MIB // 4  # but for a file's last one
PIECE_BYTES_MAX: Final = 4 * MIB
# One place in half a million bytes of noise.
_END: Final = re.compile(rb"\x5a.\xa6.[\x00-\x1f]", re.DOTALL)


def pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield the pieces of a file in order; an empty file has one, which is empty.

    Args:
        read: Returns so many bytes of the file, or fewer; none at its end.
    """
    buffer = bytearray()
    is_first = True
    while True:
        while len(buffer) < PIECE_BYTES_MAX and (data := read(PIECE_BYTES_MAX)):
            buffer += data
        if not buffer and not is_first:
            return
        is_first = False
        found = _END.search(buffer, PIECE_BYTES_MIN, PIECE_BYTES_MAX)
        end = found.end() if found else PIECE_BYTES_MAX
        yield bytes(buffer[:end])
        del buffer[:end]
