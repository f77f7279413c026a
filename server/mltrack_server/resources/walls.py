"""Walls: how people have arranged the charts of a project."""

from __future__ import annotations

from typing import Annotated
from typing import Final
from typing import Literal

from msgspec import Meta

from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource

SECTIONS_MAX: Final = 1000
CARDS_MAX: Final = 2000  # of a section that people have put into an order, and that have a size

CardSize = Literal["medium", "large"]  # two columns, a whole row; a card has one column else
# A metric's name; of the card of many layers what their names begin with, and "*".
CardName = Annotated[str, Meta(min_length=1, max_length=1024)]
# The first part of its metrics' names; "": of those that have one part.
SectionName = Annotated[str, Meta(max_length=1024)]


class SectionOrder(Request, frozen=True, kw_only=True):
    """Cards that come first in a section, in their order."""

    section: SectionName
    cards: Annotated[list[CardName], Meta(max_length=CARDS_MAX)]


class WallLayout(Request, frozen=True, kw_only=True):
    """What people have arranged; what is not named here follows in the automatic order."""

    sections: Annotated[list[SectionName], Meta(max_length=SECTIONS_MAX)]  # those that come first
    cards: Annotated[list[SectionOrder], Meta(max_length=SECTIONS_MAX)]
    sizes: Annotated[dict[CardName, CardSize], Meta(max_length=CARDS_MAX)]

    def __post_init__(self) -> None:
        """Refuse two orders of one thing.

        Raises:
            ValueError: A name is there twice.
        """
        named = [("sections", self.sections), ("orders", [each.section for each in self.cards])]
        named += [(f"cards of section {each.section!r}", each.cards) for each in self.cards]
        for what, names in named:
            if len(set(names)) < len(names):
                raise ValueError(f"Among the {what} a name is there twice")


class WallQuery(Request, frozen=True, kw_only=True):
    """Whose wall, and which version of it; None: the newest."""

    project: Annotated[str, Meta(min_length=1, max_length=1024)]
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


class WallSave(Request, frozen=True, kw_only=True):
    """A wall as it is to be from now on."""

    project: Annotated[str, Meta(min_length=1, max_length=1024)]
    version: Annotated[int, Meta(ge=0)]  # that was changed: another one since then is a conflict
    author: Annotated[str, Meta(max_length=200)]  # who saves it, by their own word
    layout: WallLayout


class Wall(Resource, frozen=True, kw_only=True):
    """One version of how a project's charts are arranged."""

    project: str
    version: int  # 0: nobody has arranged anything
    author: str
    saved_ns: int | None
    layout: WallLayout
