"""Media that `log` is given, recorded: what is long goes into files, the rest into the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

from mltrack_core._recorder import Recorder
from mltrack_core.media.medium import Medium
from mltrack_core.records import Media
from mltrack_core.records import MediaItem


def record(
    recorder: Recorder,
    found: Mapping[str, Sequence[Medium]],
    step: int,
    axes: Mapping[str, float],
    clean: Callable[[str], str],
) -> None:
    """Record *found*, one record for each name; an item that is none costs only itself.

    Args:
        recorder: Where to.
        found: Media by the name that they were logged under.
        step: Where in the training.
        axes: What else is known of the position.
        clean: Removes secrets from text.
    """
    for name, media in found.items():
        items: list[MediaItem] = []
        for medium in media:
            with recorder.keeping(Media):
                encoded = medium.encode(clean)
                # Files first: what is recorded is there to be read.
                for digest, data in encoded.files.items():
                    recorder.attach(digest, data)
                items.append(encoded.item)
        if items:
            with recorder.keeping(Media):
                recorder.write(Media(time.time_ns(), step, name, items, dict(axes)))
