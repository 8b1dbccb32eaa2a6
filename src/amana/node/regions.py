"""The map of the country, as the settings name it: read at the start, so that a wrong file is found there; drawn when first asked for."""

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import cast, final

from amana.node.settings import LANGUAGES, Settings
from amana.programme.outline import Outline, outline_of
from amana.programme.topology import BYTES_MAX, REGIONS_MAX, Topology, read_topology
from amana.terms.refusal import Refusal, cause_of

NAMES_BYTES_MAX = 2**20


@final
class Regions:
    """Thread-safe. Errors: Refusal settings.bad_value where a file cannot be read, programme.topology_* where it is no map."""

    def __init__(self, settings: Settings) -> None:
        self._topology = _topology(settings)
        self._lock, self._outline = Lock(), cast("Outline | None", None)

    def outline(self) -> Outline | None:
        """The map, made small; None where no setting names one. The first call takes a part of a second."""
        if self._topology is None:
            return None
        with self._lock:
            if self._outline is None:
                self._outline = outline_of(self._topology)
            return self._outline


def _topology(settings: Settings) -> Topology | None:
    if not settings.programme_regions:
        return None
    labels = _labels(settings) if settings.programme_region_names else None
    content = _content(settings, settings.programme_regions, key="programme_regions", bytes_max=BYTES_MAX)
    return read_topology(content, labels)


def _labels(settings: Settings) -> Mapping[str, Mapping[str, str]]:
    """Names of regions by id and language. Errors: Refusal settings.bad_value for anything else."""
    key, file = "programme_region_names", settings.programme_region_names
    content = _content(settings, file, key=key, bytes_max=NAMES_BYTES_MAX)
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or len(cast("dict[str, object]", found)) > REGIONS_MAX:
        raise _bad(key, file)
    labels = cast("dict[str, object]", found)
    for names in labels.values():
        if not isinstance(names, dict) or not all(
            each in LANGUAGES and isinstance(name, str) for each, name in cast("dict[str, object]", names).items()
        ):
            raise _bad(key, file)
    return cast("Mapping[str, Mapping[str, str]]", labels)


def _content(settings: Settings, file: str, *, key: str, bytes_max: int) -> bytes:
    try:
        with (settings.folder / Path(file)).open("rb") as opened:
            return opened.read(bytes_max + 1)
    except OSError as error:
        raise Refusal("settings.bad_value", key=key, value=file[:60], wanted="word.setting.file", origin=cause_of(error)) from None


def _bad(key: str, file: str) -> Refusal:
    return Refusal("settings.bad_value", key=key, value=file[:60], wanted="word.setting.region_names", origin=file)
