"""Files of public data sets, from their origin or from a folder: written whole and right, or not at all.

A file gets its name only when its bytes are on the disk and have the digest of the registry. So whatever breaks, the network, the
power, the disk, leaves either the file as it must be or no file; a leftover begins with a full stop and is nobody's input.
"""

import hashlib
import http.client
import os
import struct
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, final

from amana.client.data import DataFile, DataSet
from amana.client.http import network_cause
from amana.terms.refusal import Refusal, cause_of

ARCHIVE_BYTES_MAX = 64 * 2**20
CHUNK_BYTES = 2**16
SILENCE_S_MAX = 30.0
DOWNLOAD_S_MAX = 3600.0
_NO_ARCHIVE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What an archive that is damaged, encrypted or packed in a rare way gives."""


class Response(Protocol):
    """What is needed of an answer over HTTP."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    def read(self, amount: int, /) -> bytes: ...


Opener = Callable[[str], AbstractContextManager[Response]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What became of each file: written from where, there before, or left out because no origin gives it. `differing`: the files
    that are an accepted copy, with how they differ."""

    written: tuple[tuple[Path, str], ...]
    there: tuple[Path, ...]
    left: tuple[str, ...]
    differing: tuple[tuple[str, str], ...]


@final
class _Shelf:
    """The folder that the files go to, and what has become of them so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written: list[tuple[Path, str]] = []
        self.there: list[Path] = []
        self.differing: list[tuple[str, str]] = []

    def holds(self, file: DataFile) -> bool:
        """Whether the file is there already, as it must be. Errors: Refusal data.file_exists, data.not_written."""
        path = self.folder / file.name
        try:
            if not path.exists():
                return False
            digest = _digest_of(path, bytes_max=file.bytes_max)
        except OSError as error:
            raise _unwritten(path, error) from None
        if not self._is_right(file, digest):
            raise Refusal("data.file_exists", file=str(path)[:400])
        self.there.append(path)
        return True

    def put(self, file: DataFile, chunks: Iterable[bytes], *, place: str) -> None:
        """Write the file. Errors: Refusal data.wrong_digest, data.too_large, data.not_written; whatever `chunks` raises."""
        path = self.folder / file.name
        with _unfinished(path) as (part, handle):
            digest, bytes_count = hashlib.sha256(), 0
            for chunk in chunks:
                bytes_count += len(chunk)
                if bytes_count > file.bytes_max:
                    raise Refusal("data.too_large", file=file.name, place=place[:400], bytes_max=file.bytes_max)
                digest.update(chunk)
                with _writing(path):
                    handle.write(chunk)
            found = digest.hexdigest()
            if not self._is_right(file, found):
                raise Refusal("data.wrong_digest", file=file.name, place=place[:400], expected=file.sha256, found=found)
            with _writing(path):
                handle.flush()
                os.fsync(handle.fileno())
                handle.close()
                part.replace(path)
                _sync_folder(path.parent)
        self.written.append((path, place))

    def _is_right(self, file: DataFile, digest: str) -> bool:
        if digest == file.sha256:
            return True
        known = [copy for copy in file.copies if copy.sha256 == digest]
        self.differing += [(file.name, copy.differs) for copy in known]
        return bool(known)

    def done(self, *, left: Sequence[str] = ()) -> Got:
        return Got(written=tuple(self.written), there=tuple(self.there), left=tuple(left), differing=tuple(self.differing))


def get_from_folder(data: DataSet, *, to: Path, mirror: Path) -> Got:
    """Every file, from a folder that holds it in `data.folder` or at its top, itself or in its archive.

    Errors: Refusal data.not_in_folder, data.archive_wrong, and as of `_Shelf`.
    """
    shelf = _Shelf(to)
    for file in data.files:
        if shelf.holds(file):
            continue
        found = _look_for(file, mirror=mirror, folder=data.folder)
        if found is None:
            raise Refusal("data.not_in_folder", folder=str(mirror)[:400], file=file.name, path=f"{data.folder}/{file.names[0]}")
        try:
            inside = file.inside if found.suffix == ".zip" else ()
            with found.open("rb") as handle, _opened(handle, inside, place=str(found)) as inner:
                shelf.put(file, _chunks(inner, place=str(found)), place=str(found))
        except OSError as error:
            raise Refusal("data.not_readable", file=str(found)[:400], reason=cause_of(error)) from None
    return shelf.done()


def get_from_origin(
    data: DataSet, *, to: Path, open_url: Opener | None = None, now_s: Callable[[], float] = time.monotonic, tell: Callable[[str], None]
) -> Got:
    """Every file that an origin gives; each address is asked once. `tell`: is told the address before.

    Errors: Refusal data.only_from_folder, data.not_reached, data.archive_wrong, and as of `_Shelf`.
    """
    left = [file.name for file in data.files if not file.url]
    if len(left) == len(data.files):
        raise Refusal("data.only_from_folder", name=data.name, page=data.page)
    shelf = _Shelf(to)
    wanted: dict[str, list[DataFile]] = {}
    for file in data.files:
        if file.url and not shelf.holds(file):
            wanted.setdefault(file.url, []).append(file)
    for url, files in wanted.items():
        tell(url)
        with _asked(url, open_url=open_url or open_https) as response:
            received = _received(response, url, now_s=now_s)
            if not files[0].inside:
                shelf.put(files[0], received, place=url)
                continue
            with _kept(received, to=to, place=url) as archive:
                for file in files:
                    with _opened(archive, file.inside, place=url) as inner:
                        shelf.put(file, _chunks(inner, place=url), place=url)
    return shelf.done(left=left)


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows no redirection to an address that anybody on the way can answer for."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://"):
            raise http.client.HTTPException("http")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def open_https(url: str) -> Generator[Response, None, None]:
    """Ask for what stands at an address. Errors: OSError, http.client.HTTPException."""
    assert url.startswith("https://"), url
    asked = urllib.request.Request(url, headers={"User-Agent": "amana-python", "Accept-Encoding": "identity"})  # noqa: S310 - https, see above
    with urllib.request.build_opener(_HttpsOnly).open(asked, timeout=SILENCE_S_MAX) as response:
        yield response


@contextmanager
def _asked(url: str, *, open_url: Opener) -> Generator[Response, None, None]:
    """Errors: Refusal data.not_reached."""
    try:
        with open_url(url) as response:
            yield response
    except urllib.error.HTTPError as error:
        raise Refusal("data.not_reached", url=url, reason=f"HTTP {error.code}") from None
    except urllib.error.URLError as error:
        cause = error.reason if isinstance(error.reason, Exception) else error
        raise Refusal("data.not_reached", url=url, reason=network_cause(cause)) from None
    except (OSError, http.client.HTTPException) as error:
        raise Refusal("data.not_reached", url=url, reason=network_cause(error)) from None


def _received(response: Response, url: str, *, now_s: Callable[[], float]) -> Iterator[bytes]:
    """The body, to its announced end. Errors: Refusal data.not_reached; OSError, http.client.HTTPException."""
    announced = response.headers.get("Content-Length", "")
    end_s, bytes_count = now_s() + DOWNLOAD_S_MAX, 0
    while chunk := response.read(CHUNK_BYTES):
        bytes_count += len(chunk)
        if now_s() > end_s:
            raise Refusal("data.not_reached", url=url, reason="word.network.too_slow")
        yield chunk
    if announced.isdigit() and bytes_count < int(announced):
        raise Refusal("data.not_reached", url=url, reason="word.network.broken")


@contextmanager
def _kept(chunks: Iterable[bytes], *, to: Path, place: str) -> Generator[IO[bytes], None, None]:
    """An archive in a file without a name, which goes with the process. Errors: Refusal data.too_large, data.not_written."""
    with _writing(to):
        to.mkdir(parents=True, exist_ok=True)
        file = tempfile.TemporaryFile(dir=to)  # noqa: SIM115 - closed below
    with file:
        bytes_count = 0
        for chunk in chunks:
            bytes_count += len(chunk)
            if bytes_count > ARCHIVE_BYTES_MAX:
                raise Refusal("data.too_large", file=place.rpartition("/")[2][:200], place=place[:400], bytes_max=ARCHIVE_BYTES_MAX)
            with _writing(to):
                file.write(chunk)
        file.seek(0)
        yield file


@contextmanager
def _opened(handle: IO[bytes], inside: tuple[str, ...], *, place: str) -> Generator[IO[bytes], None, None]:
    """The file at the end of that way through archives. Errors: Refusal data.archive_wrong."""
    if not inside:
        yield handle
        return
    try:
        with zipfile.ZipFile(handle) as archive, archive.open(inside[0]) as member:
            if len(inside) == 1:
                yield member
                return
            with tempfile.SpooledTemporaryFile(max_size=CHUNK_BYTES) as inner:
                inner.write(member.read(ARCHIVE_BYTES_MAX))
                inner.seek(0)
                with _opened(inner, inside[1:], place=place) as found:
                    yield found
    except (KeyError, OSError, *_NO_ARCHIVE):
        raise Refusal("data.archive_wrong", place=place[:400], member="/".join(inside)[:200]) from None


def _chunks(handle: IO[bytes], *, place: str) -> Iterator[bytes]:
    try:
        while chunk := handle.read(CHUNK_BYTES):
            yield chunk
    except _NO_ARCHIVE:
        raise Refusal("data.archive_wrong", place=place[:400], member=str(getattr(handle, "name", ""))[:200]) from None


def _look_for(file: DataFile, *, mirror: Path, folder: str) -> Path | None:
    places = [mirror / each / name for each in (folder, ".") for name in file.names]
    flat = [mirror / Path(name).name for name in file.names]
    return next((path for path in (*places, *flat) if path.is_file()), None)


@contextmanager
def _unfinished(path: Path) -> Generator[tuple[Path, IO[bytes]], None, None]:
    """A file beside its place, gone at the end unless it was renamed. Errors: Refusal data.not_written."""
    with _writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        handle = part.open("wb")
    try:
        yield part, handle
    finally:
        with suppress(OSError):  # closing writes what is left: on a full disk that fails again
            handle.close()
        with suppress(FileNotFoundError):
            part.unlink()


@contextmanager
def _writing(path: Path) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        raise _unwritten(path, error) from None


def _unwritten(path: Path, error: OSError) -> Refusal:
    return Refusal("data.not_written", file=str(path)[:400], reason=cause_of(error))


def _sync_folder(folder: Path) -> None:
    """The name too survives a power cut, where the system can promise that."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _digest_of(path: Path, *, bytes_max: int) -> str:
    """The digest of a file, read no further than just past its largest accepted form."""
    digest, bytes_count = hashlib.sha256(), 0
    with path.open("rb") as handle:
        while bytes_count <= bytes_max and (chunk := handle.read(CHUNK_BYTES)):
            bytes_count += len(chunk)
            digest.update(chunk)
    return digest.hexdigest()
