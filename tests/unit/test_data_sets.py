"""Public data sets: fetched from their origin or a folder, whole and right, or not at all."""

import hashlib
import os
import random
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amana.client import data_fetch
from amana.client.data import Copy, DataFile, DataSet, find, read_registry, registry
from amana.client.data_fetch import get_from_folder, get_from_origin, open_https
from amana.terms.refusal import Refusal
from tests.unit.data_origin import Origin, data_file, data_set, origin, packed

MIRROR = Path(__file__).parent.parent.parent.parent / "shared" / "data"
"""Not part of the project: where it lies beside it, the registry is held against it."""
BODY = b"age,heart\n63,1\n67,0\n" * 5000


@pytest.fixture
def place() -> Iterator[Origin]:
    with origin() as made:
        yield made


def fetch(data: DataSet, place: Origin, to: Path) -> data_fetch.Got:
    return get_from_origin(data, to=to, open_url=place.open_url, tell=lambda url: None)


def names(folder: Path) -> list[str]:
    """Every file below the folder, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def refused(code: str, data: DataSet, place: Origin, to: Path) -> Refusal:
    with pytest.raises(Refusal) as caught:
        fetch(data, place, to)
    assert caught.value.code == code
    return caught.value


def test_the_registry_tells_all_that_a_user_must_know() -> None:
    wanted = "adult abalone heart-disease oulad diabetes-130us tetouan-power daiad-swm arsarcasm doda student-performance sgsc"
    assert list(registry()) == wanted.split()
    for each in registry().values():
        assert each.page.startswith("https://") and each.quirks, each.name
        assert all(file.url.startswith("https://") or not file.url for file in each.files), each.name


def test_a_registry_that_leads_out_of_the_folder_is_none() -> None:
    text = "\n".join(f'{key} = "x"' for key in ("title", "page", "licence", "citation", "row", "unit", "folder"))
    for name in ("../x", "/etc/x", "a/../../x", "a\\x", "C:x"):
        with pytest.raises(AssertionError):
            read_registry(f"[one]\n{text}\nrows = 1\nquirks = []\n[[one.files]]\nname = '{name}'\nbytes = 1\nsha256 = '{'0' * 64}'\n")


@pytest.mark.parametrize("name", ["../adult", "adult/..", "/etc/passwd", "ADULT", "", "x" * 10_000])
def test_a_name_that_is_none_of_the_list_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        find(name)
    assert caught.value.code == "data.unknown" and "adult" in str(caught.value.parameters["names"])


@pytest.mark.parametrize("name", registry())
def test_the_mirror_has_what_the_registry_says(name: str, tmp_path: Path) -> None:
    if not MIRROR.is_dir():
        pytest.skip("no ../shared/data beside the project: the registry's digests are not held against real files here")
    data = find(name)
    got = get_from_folder(data, to=tmp_path, mirror=MIRROR)
    assert [path for path, _ in got.written] == [tmp_path / file.name for file in data.files]
    again = get_from_folder(data, to=tmp_path, mirror=MIRROR)
    assert again.written == () and len(again.there) == len(data.files)


def test_a_file_comes_from_its_origin_and_a_second_time_from_nowhere(place: Origin, tmp_path: Path) -> None:
    place.bodies["/a.csv"] = BODY
    data = data_set(data_file("deep/a.csv", BODY, url=f"{place.address}/a.csv"))
    got = fetch(data, place, tmp_path)
    assert (tmp_path / "deep" / "a.csv").read_bytes() == BODY
    assert got.written == ((tmp_path / "deep" / "a.csv", f"{place.address}/a.csv"),)
    assert fetch(data, place, tmp_path).there == (tmp_path / "deep" / "a.csv",)
    assert place.asked == ["/a.csv"]


def test_files_of_one_archive_are_asked_for_once_and_found_in_archives_within(place: Origin, tmp_path: Path) -> None:
    """Nothing else of an archive is unpacked, whatever its members are called."""
    place.bodies["/all.zip"] = packed({"a.csv": BODY, "../other": b"x", "in.zip": packed({"b/c.csv": b"c"})})
    url = f"{place.address}/all.zip"
    fetch(
        data_set(data_file("a.csv", BODY, url=url, inside=("a.csv",)), data_file("c", b"c", url=url, inside=("in.zip", "b/c.csv"))),
        place,
        tmp_path,
    )
    assert place.asked == ["/all.zip"]
    assert names(tmp_path) == ["a.csv", "c"]


def test_a_wrong_digest_is_refused_with_both_and_leaves_nothing(place: Origin, tmp_path: Path) -> None:
    place.bodies["/a.csv"] = BODY[:-1] + b"!"
    file = data_file("a.csv", BODY, url=f"{place.address}/a.csv")
    told = refused("data.wrong_digest", data_set(file), place, tmp_path)
    assert told.parameters["expected"] == file.sha256
    assert told.parameters["found"] == hashlib.sha256(BODY[:-1] + b"!").hexdigest()
    assert names(tmp_path) == []


def test_an_accepted_copy_is_taken_and_said_to_be_one(place: Origin, tmp_path: Path) -> None:
    place.bodies["/a.csv"] = BODY
    file = data_file("a.csv", BODY + b"\n", url=f"{place.address}/a.csv")
    file = replace(file, copies=(Copy(bytes_count=len(BODY), sha256=hashlib.sha256(BODY).hexdigest(), differs="no last line end"),))
    assert fetch(data_set(file), place, tmp_path).differing == (("a.csv", "no last line end"),)


def test_a_file_that_is_larger_is_not_read_to_its_end(place: Origin, tmp_path: Path) -> None:
    place.bodies["/a.csv"] = b"x" * 3_000_000
    place.bodies["/a.zip"] = packed({"a.csv": b"0" * 50_000_000})
    refused("data.too_large", data_set(data_file("a.csv", BODY, url=f"{place.address}/a.csv")), place, tmp_path)
    refused("data.too_large", data_set(data_file("a.csv", BODY, url=f"{place.address}/a.zip", inside=("a.csv",))), place, tmp_path)
    assert names(tmp_path) == []


def test_an_archive_that_is_larger_is_not_read_to_its_end(place: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_fetch, "ARCHIVE_BYTES_MAX", 1000)
    place.bodies["/a.zip"] = packed({"a.csv": random.Random(1).randbytes(5000)})
    refused("data.too_large", data_set(data_file("a.csv", BODY, url=f"{place.address}/a.zip", inside=("a.csv",))), place, tmp_path)


def test_a_connection_that_breaks_off_leaves_nothing(place: Origin, tmp_path: Path) -> None:
    place.bodies |= {"/a.csv": BODY, "/a.zip": packed({"a.csv": BODY})}
    place.cut |= {"/a.csv", "/a.zip"}
    for file in (
        data_file("a.csv", BODY, url=f"{place.address}/a.csv"),
        data_file("a.csv", BODY, url=f"{place.address}/a.zip", inside=("a.csv",)),
    ):
        assert refused("data.not_reached", data_set(file), place, tmp_path).parameters["reason"] == "word.network.broken"
        assert names(tmp_path) == []


def test_offline_and_a_file_that_is_gone_are_told_apart(place: Origin, tmp_path: Path) -> None:
    gone = data_set(data_file("a.csv", BODY, url=f"{place.address}/none.csv"))
    assert refused("data.not_reached", gone, place, tmp_path).parameters["reason"] == "HTTP 404"
    nobody = data_set(data_file("a.csv", BODY, url="http://127.0.0.1:9/a.csv"))
    assert refused("data.not_reached", nobody, place, tmp_path).parameters["reason"] == "word.network.nobody"
    assert names(tmp_path) == []


def test_an_origin_that_drips_is_left(place: Origin, tmp_path: Path) -> None:
    place.bodies["/a.csv"] = BODY
    hours = iter(range(0, 360_000, 3600))
    data = data_set(data_file("a.csv", BODY, url=f"{place.address}/a.csv"))
    with pytest.raises(Refusal) as caught:
        get_from_origin(data, to=tmp_path, open_url=place.open_url, now_s=lambda: float(next(hours)), tell=lambda url: None)
    assert caught.value.parameters["reason"] == "word.network.too_slow" and names(tmp_path) == []


def test_a_damaged_archive_is_refused_whatever_byte_is_wrong(place: Origin, tmp_path: Path) -> None:
    whole = packed({"a.csv": BODY[:500], "in.zip": packed({"b.csv": BODY[:300]})})
    url, chance = f"{place.address}/a.zip", random.Random(7)
    data = data_set(
        data_file("a.csv", BODY[:500], url=url, inside=("a.csv",)), data_file("b.csv", BODY[:300], url=url, inside=("in.zip", "b.csv"))
    )
    for turn in range(150):
        damaged = bytearray(whole)
        for _ in range(1 + turn % 3):
            damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        place.bodies["/a.zip"] = bytes(damaged[: chance.randrange(len(whole))] if turn % 5 == 0 else damaged)
        to = tmp_path / str(turn)
        try:
            fetch(data, place, to)
        except Refusal as refusal:
            assert refusal.code in {"data.archive_wrong", "data.wrong_digest", "data.too_large"}
        assert all((to / name).read_bytes() in {BODY[:500], BODY[:300]} for name in names(to))


def test_a_member_that_is_missing_or_locked_is_refused(place: Origin, tmp_path: Path) -> None:
    place.bodies["/a.zip"] = packed({"other.csv": BODY})
    url = f"{place.address}/a.zip"
    told = refused("data.archive_wrong", data_set(data_file("a.csv", BODY, url=url, inside=("a.csv",))), place, tmp_path)
    assert told.parameters["member"] == "a.csv"


def test_a_full_disk_is_a_refusal_and_no_half_file(place: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.bodies["/a.csv"] = BODY

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    told = refused("data.not_written", data_set(data_file("a.csv", BODY, url=f"{place.address}/a.csv")), place, tmp_path)
    assert told.parameters["reason"] == "word.system.disk_full" and names(tmp_path) == []


def test_a_folder_that_is_a_file_is_a_refusal(place: Origin, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    place.bodies |= {"/a.csv": BODY, "/a.zip": packed({"a.csv": BODY})}
    refused("data.not_written", data_set(data_file("a.csv", BODY, url=f"{place.address}/a.csv")), place, tmp_path / "there")
    refused(
        "data.not_written", data_set(data_file("a.csv", BODY, url=f"{place.address}/a.zip", inside=("a.csv",))), place, tmp_path / "there"
    )
    assert (tmp_path / "there").read_text() == "mine"


def test_another_file_of_that_name_is_not_overwritten(place: Origin, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("mine")
    data = data_set(data_file("a.csv", BODY, url=f"{place.address}/a.csv"))
    refused("data.file_exists", data, place, tmp_path)
    assert (tmp_path / "a.csv").read_text() == "mine" and place.asked == []


def test_a_power_cut_in_the_middle_leaves_no_file_and_the_next_try_succeeds(place: Origin, tmp_path: Path) -> None:
    """The process is killed after the first half was written, where nothing can tidy up any more."""
    code = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent.parent.parent)!r})
from amana.client.data_fetch import _Shelf
from tests.unit.data_origin import data_file
import time
body = {BODY!r}
def chunks():
    for start in range(0, len(body), 1000):
        if start > len(body) // 2:
            print("half", flush=True)
            time.sleep(60)
        yield body[start : start + 1000]
_Shelf(Path({str(tmp_path)!r})).put(data_file("a.csv", body), chunks(), place="here")
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "half\n"
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    assert all(name.startswith(".") for name in names(tmp_path))
    place.bodies["/a.csv"] = BODY
    fetch(data_set(data_file("a.csv", BODY, url=f"{place.address}/a.csv")), place, tmp_path)
    assert (tmp_path / "a.csv").read_bytes() == BODY


@pytest.mark.parametrize("where", ["here/made_up/{}", "{}", "here/made_up/{}.zip", "{}.zip"])
def test_a_folder_may_hold_a_file_below_or_flat_itself_or_in_its_archive(where: str, tmp_path: Path) -> None:
    file = data_file("a.csv", BODY, url="https://origin.example/x/a.csv.zip", inside=("a.csv",))
    path = tmp_path / "mirror" / where.format("a.csv")
    path.parent.mkdir(parents=True)
    path.write_bytes(packed({"a.csv": BODY}) if path.suffix == ".zip" else BODY)
    got = get_from_folder(data_set(file), to=tmp_path / "to", mirror=tmp_path / "mirror")
    assert got.written == ((tmp_path / "to" / "a.csv", str(path)),)
    assert (tmp_path / "to" / "a.csv").read_bytes() == BODY


def test_a_folder_that_lacks_a_file_is_told_what_to_put_there(tmp_path: Path) -> None:
    file = data_file("a.csv", BODY, mirror="old/a.csv")
    with pytest.raises(Refusal) as caught:
        get_from_folder(data_set(file), to=tmp_path / "to", mirror=tmp_path / "nowhere")
    assert caught.value.code == "data.not_in_folder" and caught.value.parameters["path"] == "here/made_up/old/a.csv"
    assert not (tmp_path / "to").exists()


def test_what_only_folders_have_is_said_and_never_asked_for(place: Origin, tmp_path: Path) -> None:
    place.bodies["/a.csv"] = BODY
    only, both = data_file("a.parquet", b"p"), data_file("a.csv", BODY, url=f"{place.address}/a.csv")
    refused("data.only_from_folder", data_set(only), place, tmp_path)
    assert fetch(data_set(only, both), place, tmp_path).left == ("a.parquet",)


def test_https_is_checked_and_never_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate = self_signed(tmp_path)
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(certificate)
    with origin(secure=secure) as there, origin() as plain:
        there.bodies["/a.csv"] = plain.bodies["/a.csv"] = BODY
        there.moved["/moved.csv"] = f"{plain.address}/a.csv"
        file = data_file("a.csv", BODY, url=f"{there.address}/a.csv")

        def get(wanted: DataFile) -> data_fetch.Got:
            return get_from_origin(data_set(wanted), to=tmp_path / "to", open_url=open_https, tell=lambda url: None)

        with pytest.raises(Refusal) as caught:
            get(file)
        assert caught.value.parameters["reason"] == "word.certificate.unknown_issuer"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with pytest.raises(Refusal) as caught:
            get(replace(file, url=f"{there.address}/moved.csv"))
        assert caught.value.code == "data.not_reached" and plain.asked == []
        assert len(get(file).written) == 1


def self_signed(folder: Path) -> Path:
    """A certificate for this machine, which nobody trusts."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.fromtimestamp(time.time(), UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(1), now + timedelta(1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate = built.sign(key, hashes.SHA256())
    written = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(written + certificate.public_bytes(serialization.Encoding.PEM))
    return path
