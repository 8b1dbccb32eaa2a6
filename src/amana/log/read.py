"""A log to be read: its folder, or where it is served. What it gives is only as good as the signature it is checked against."""

import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Protocol, final
from urllib.parse import urlsplit

from amana.log.tiles import ENTRY_BYTES_MAX, TILE_WIDTH, Tile, TileError
from amana.log.tree import HASH_BYTES

CHECKPOINT = "checkpoint"
KEY_FILE = "log.vkey"
POLICY_FILE = "policy"
ARCHIVE = "archive"
BUNDLE_BYTES_MAX = TILE_WIDTH * (ENTRY_BYTES_MAX + 2)
WAIT_S = 30.0
PART_BYTES = 2**16


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An address is asked and no other: whoever serves a log cannot send its readers elsewhere, such as inside their own network."""

    def http_error_302(self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage) -> None:
        """Not followed: the next handler makes an error of it."""

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


OPENER = urllib.request.build_opener(_NoRedirect)


class Stream(Protocol):
    """An answer that comes in."""

    def read(self, amt: int, /) -> bytes:
        """At most that many bytes."""
        ...


def read_within(answer: Stream, *, bytes_max: int, wait_s: float) -> bytes:
    """All of an answer, or its first `bytes_max` bytes, within that time in all. Errors: OSError."""
    until, parts, count = time.monotonic() + wait_s, list[bytes](), 0
    while count < bytes_max:
        part = answer.read(min(PART_BYTES, bytes_max - count))
        if not part:
            break
        parts.append(part)
        count += len(part)
        if time.monotonic() > until:
            raise TimeoutError("slow")
    return b"".join(parts)


class LogReader(Protocol):
    """The files of a log."""

    def file(self, path: str, *, bytes_max: int) -> bytes | None:
        """The file of that path; None where there is none, or a longer one than any such file is. Errors: OSError."""
        ...

    def tile(self, tile: Tile) -> bytes:
        """See `tiles.Tiles`."""
        ...


@final
class FolderReader:
    """A log's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, path: str, *, bytes_max: int) -> bytes | None:
        """See `LogReader`."""
        try:
            with (self.folder / path).open("rb") as opened:
                content = opened.read(bytes_max + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return content if len(content) <= bytes_max else None

    def tile(self, tile: Tile) -> bytes:
        """See `tiles.Tiles`."""
        return read_tile(self, tile)


@final
class UrlReader:
    """A log as a web server gives it, below an address."""

    def __init__(self, url: str, *, wait_s: float = WAIT_S) -> None:
        self.url, self._wait_s = url.rstrip("/"), wait_s
        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise ValueError(url)

    def file(self, path: str, *, bytes_max: int) -> bytes | None:
        """See `LogReader`."""
        asked = urllib.request.Request(f"{self.url}/{path}", headers={"Accept-Encoding": "identity"})  # noqa: S310 - checked above
        try:
            with OPENER.open(asked, timeout=self._wait_s) as answer:
                content = read_within(answer, bytes_max=bytes_max + 1, wait_s=self._wait_s)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in {404, 410}:
                return None
            raise
        except http.client.HTTPException as error:
            raise OSError(type(error).__name__) from None
        return content if len(content) <= bytes_max else None

    def tile(self, tile: Tile) -> bytes:
        """See `tiles.Tiles`."""
        return read_tile(self, tile)


def read_tile(reader: LogReader, tile: Tile) -> bytes:
    """A tile, or the beginning of the full one that took its place. Errors: TileError, OSError."""
    most = BUNDLE_BYTES_MAX if tile.level < 0 else TILE_WIDTH * HASH_BYTES
    content = reader.file(tile.path, bytes_max=most)
    if content is None and tile.width < TILE_WIDTH:
        content = reader.file(tile.path_full, bytes_max=most)
        if content is not None:
            content = content[: _length(tile, content)]
    if content is None:
        raise TileError(tile.path, reason="missing")
    return content


def reader_of(place: str) -> LogReader:
    """The log of a folder or an address."""
    return UrlReader(place) if place.startswith(("http://", "https://")) else FolderReader(Path(place))


def _length(tile: Tile, content: bytes) -> int:
    """How long the first `width` hashes or entries of a full tile are."""
    if tile.level >= 0:
        return tile.width * HASH_BYTES
    at = 0
    for _ in range(tile.width):
        at += 2 + int.from_bytes(content[at : at + 2], "big")
    return at
