"""Rules of a project: kept version by version, and what of its runs does not keep to them.

Nothing is refused or changed for a rule. Which metrics are misnamed is worked out when somebody
asks, by the version that counts then: so new rules hold for old runs too, and none has to be
rewritten.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import and_
from sqlalchemy import false
from sqlalchemy import func
from sqlalchemy import insert
from sqlalchemy import not_
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import update

from mltrack_server.errors import QueryInvalid
from mltrack_server.errors import RulesInvalid
from mltrack_server.query.parser import parse
from mltrack_server.resources import Better
from mltrack_server.resources import Detail
from mltrack_server.resources import DevicePrice
from mltrack_server.resources import ProjectRules
from mltrack_server.resources import RulesEdit
from mltrack_server.store import schema

_rule, _run, _series = schema.rule.c, schema.run.c, schema.series.c
_LATEST: Final = (
    select(_rule.project, func.max(_rule.version).label("version"))
    .group_by(_rule.project)
    .subquery()
)


class Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the rules are, as it is stored."""

    metrics: list[str] = []
    detail: Detail = "full"
    after_days: int = 30
    keep: str = ""
    headline: str = ""
    better: Better = ""
    prices: list[DevicePrice] = []
    currency: str = ""


NONE: Final = Body()
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Body).decode


def changed(before: Body, change: RulesEdit) -> Body:
    """Return the rules with what *change* names.

    Raises:
        RulesInvalid: They make no sense.
    """
    given = {name: getattr(change, name) for name in Body.__struct_fields__}
    after = msgspec.structs.replace(
        before, **{name: value for name, value in given.items() if value is not msgspec.UNSET}
    )
    _check(after)
    return after


def _check(body: Body) -> None:
    """Refuse rules that make no sense.

    Raises:
        RulesInvalid: They do not.
    """
    try:
        parse(body.keep)
    except QueryInvalid as error:
        raise RulesInvalid("keep", error.detail) from error
    _check_patterns("metrics[{}]", body.metrics)
    _check_patterns("prices[{}].device", [price.device for price in body.prices])
    for place, price in enumerate(body.prices):
        if not math.isfinite(price.per_hour):
            raise RulesInvalid(f"prices[{place}].per_hour", "it is not finite")
    if not body.currency.isprintable() or body.currency != body.currency.strip():
        raise RulesInvalid("currency", f"{body.currency!r} has blanks around it, or is not seen")


def _check_patterns(where: str, patterns: Sequence[str]) -> None:
    """Refuse patterns that nobody can read, or that say nothing new.

    Raises:
        RulesInvalid: One is such; *where* with its number says which.
    """
    for place, pattern in enumerate(patterns):
        at = where.format(place)
        if not pattern.isprintable():
            raise RulesInvalid(at, f"{pattern!r} has a character that cannot be seen")
        if pattern != pattern.strip():
            raise RulesInvalid(at, f"{pattern!r} begins or ends with a blank")
        if pattern in patterns[:place]:
            raise RulesInvalid(at, f"{pattern!r} is there twice")


def current(connection: Connection, project: str) -> Body:
    """Return the rules of a project that count."""
    query = select(_rule.body).where(_rule.project == project).order_by(_rule.version.desc())
    found = connection.execute(query.limit(1)).scalar()
    return NONE if found is None else _decode(found)


def of_run(connection: Connection, rid: int) -> Body:
    """Return the rules that count for a run."""
    project = connection.execute(select(_run.project).where(_run.rid == rid)).scalar()
    return current(connection, project or "")


def all_current(connection: Connection) -> dict[str, Body]:
    """Return the rules of all projects that count."""
    query = select(_rule.project, _rule.body).join(
        _LATEST, and_(_LATEST.c.project == _rule.project, _LATEST.c.version == _rule.version)
    )
    return {row.project: _decode(row.body) for row in connection.execute(query)}


def version(connection: Connection, project: str, number: int | None) -> ProjectRules | None:
    """Return a version of a project's rules; None if there is none such, or: the latest."""
    query = select(schema.rule).where(_rule.project == project)
    if number is not None:
        query = query.where(_rule.version == number)
    row = connection.execute(query.order_by(_rule.version.desc()).limit(1)).first()
    if row is None and number is not None:
        return None
    body = NONE if row is None else _decode(row.body)
    here = (_run.project == project, _run.deleted_ns.is_(None))
    return ProjectRules(
        project=project,
        version=0 if row is None else row.version,
        set_ns=None if row is None else row.set_ns,
        metrics=body.metrics,
        detail=body.detail,
        after_days=body.after_days,
        keep=body.keep,
        headline=body.headline,
        better=body.better,
        prices=body.prices,
        currency=body.currency,
        runs=connection.execute(select(func.count()).where(*here)).scalar_one(),
        misnamed_runs=_misnamed_runs(connection, here, body),
    )


def put(connection: Connection, project: str, body: Body, now_ns: int, rev: int) -> None:
    """Store *body* as the version that counts from now on.

    The project's runs count as changed, for what is said of their names is.
    """
    query = select(func.max(_rule.version)).where(_rule.project == project)
    latest = connection.execute(query).scalar() or 0
    connection.execute(
        insert(schema.rule).values(
            project=project, version=latest + 1, set_ns=now_ns, body=_encode(body).decode()
        )
    )
    connection.execute(update(schema.run).where(_run.project == project).values(rev=rev))


def misnamed(connection: Connection, patterns: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition of metrics whose names fit none of *patterns*; no patterns: of none."""
    if not patterns:
        return false()
    # Both databases give up a `*` as soon as a later one fails: no pattern takes them long.
    if connection.dialect.name == "sqlite":
        fits = [_series.name.op("GLOB", is_comparison=True)(_glob(each)) for each in patterns]
    else:
        fits = [_series.name.like(_like(each), escape="\\") for each in patterns]
    return and_(_series.kind == "metric", not_(or_(*fits)))


def misnamed_of(connection: Connection, rid: int) -> ColumnElement[bool]:
    """Return the condition of a run's metrics that fit none of its project's patterns."""
    return misnamed(connection, of_run(connection, rid).metrics)


def count_misnamed(connection: Connection, rid: int, project: str) -> int:
    """Return how many metrics of a run fit none of the project's patterns."""
    patterns = current(connection, project).metrics
    if not patterns:
        return 0
    query = select(func.count()).where(_series.rid == rid, misnamed(connection, patterns))
    return connection.execute(query).scalar_one()


def _misnamed_runs(connection: Connection, here: Sequence[ColumnElement[bool]], body: Body) -> int:
    if not body.metrics:
        return 0
    query = (
        select(func.count(_series.rid.distinct()))
        .join(schema.run, _run.rid == _series.rid)
        .where(*here, misnamed(connection, body.metrics))
    )
    return connection.execute(query).scalar_one()


def _glob(pattern: str) -> str:
    """Return *pattern* for SQLite's GLOB, in which `?` and `[` mean something too."""
    return "".join(f"[{each}]" if each in "?[" else each for each in pattern)


def _like(pattern: str) -> str:
    """Return *pattern* for LIKE."""
    return "".join(f"\\{each}" if each in "\\%_" else each for each in pattern).replace("*", "%")
