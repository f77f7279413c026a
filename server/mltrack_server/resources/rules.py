"""Rules: what people want of a project's runs."""

from __future__ import annotations

from typing import Annotated
from typing import Final

from msgspec import UNSET
from msgspec import Meta
from msgspec import UnsetType

from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource

PATTERNS_MAX: Final = 100

Project = Annotated[str, Meta(min_length=1, max_length=1024)]
Pattern = Annotated[
    str, Meta(min_length=1, max_length=256, description="a name; * stands for any characters")
]


class RulesQuery(Request, frozen=True, kw_only=True):
    """Whose rules, and which version of them; None: the one that counts."""

    project: Project
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


class RulesEdit(Request, frozen=True, kw_only=True):
    """What is to be changed of a project's rules; what is left out stays."""

    project: Project
    metrics: Annotated[list[Pattern], Meta(max_length=PATTERNS_MAX)] | UnsetType = UNSET


class ProjectRules(Resource, frozen=True, kw_only=True):
    """The rules of a project: one version of them."""

    project: str
    version: int  # 0: nobody has set any
    set_ns: int | None
    metrics: list[str]  # patterns: a metric's name must fit one of them; none: any name is right
    runs: int  # of the project, those put away too
    misnamed_runs: int  # of these: have metrics whose names fit no pattern of this version
