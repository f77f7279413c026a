"""Names for runs that nobody named: two words and a number, easy to say and to tell apart."""

from __future__ import annotations

import os
import time
from typing import Final

_FIRST: Final = (
    "amber bold brisk bright calm clear coral crisp dapper dusky eager early fair fleet gentle "
    "golden happy hazel ivory jolly keen lively lucid mellow misty noble olive pale quick quiet "
    "rapid rosy ruby sage sandy silver slate sleek smooth snowy solar steady still sunny swift "
    "teal tidy vivid warm wise"
).split()
_SECOND: Final = (
    "alder aspen badger beacon birch bison brook cedar cliff comet crane creek delta dune eagle "
    "ember falcon fern finch fjord forest gale glade grove harbor hawk heron hill isle jay lake "
    "lark lynx maple marsh meadow oak orchid otter owl peak pine plover quartz raven reef ridge "
    "river robin sparrow spruce stone summit swan thicket tide trail vale willow wren"
).split()


def make_up() -> str:
    """Return a name like "swift-otter-417".

    Its randomness is the system's: the user's generators are not touched.
    """
    first, second, high, low = os.urandom(4)
    number = (high << 8 | low) % 1000
    return f"{_FIRST[first % len(_FIRST)]}-{_SECOND[second % len(_SECOND)]}-{number}"


def new_id() -> str:
    """Return an id that sorts by its time of birth: a UUID of version 7 without its dashes."""
    stamp = time.time_ns() // 1_000_000 << 80
    random = int.from_bytes(os.urandom(10), "big")
    version = random & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return f"{stamp | version:032x}"
