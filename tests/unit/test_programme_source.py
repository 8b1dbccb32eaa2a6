"""A source text: its bytes, its language, or a clear refusal."""

import hashlib
import io
import re
from pathlib import Path

import pytest

from amana.programme import pdf_process, source
from amana.programme.source import BYTES_MAX, CHARACTERS_MAX, PAGES_MAX, read_source
from amana.terms.refusal import Refusal
from tests.programme_sources import ours, pdf_of, real

ENGLISH, FRENCH = ours("en"), ours("fr")
OTHERS = {
    "spanish": "La reunión de los pueblos del norte se celebró en la ciudad con la ayuda de las familias y de los maestros, que hablaron de los"
    " caminos y del agua para el campo.",
    "german": "Die Versammlung der Dörfer im Norden fand in der Stadt statt und wurde von den Lehrern und den Familien getragen, die über das"
    " Wasser und die Wege sprachen.",
    "italian": "La riunione dei villaggi del nord si è tenuta nella città con l'aiuto delle famiglie e dei maestri, che hanno parlato della"
    " strada e dell'acqua per i campi di tutti.",
    "portuguese": "A reunião das aldeias do norte foi na cidade com a ajuda das famílias e dos professores, que falaram dos caminhos e da água"
    " para o campo e não se cansaram.",
    "russian": "Собрание северных деревень прошло в городе при помощи семей и учителей, которые говорили о дорогах и о воде для полей и о том,"
    " как жить дальше всем вместе.",
    "chinese": "北方的村庄在城里开会，家庭和老师都来了，他们谈论道路和田里的水。" * 8,
    "tifinagh": "ⴰⵎⵓⵏ ⵏ ⵉⴷⵓⵡⴰⵔⵏ ⵏ ⵉⵥⵍⵎⴹ ⵉⴳⴰ ⴳ ⵜⵎⴷⵉⵏⵜ ⵙ ⵜⵡⵉⵣⵉ ⵏ ⵜⵡⵊⵉⵡⵉⵏ ⴷ ⵉⵙⵍⵎⴰⴷⵏ " * 4,
    "persian": "نشست روستاهای شمال در شهر با کمک خانواده‌ها و آموزگاران برگزار شد که از راه‌ها و آب برای کشتزارها سخن گفتند و این را"
    " برای همه می خواهند که با هم باشند",
}


def refused(content: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_source(content)
    return caught.value


def test_the_digest_is_of_the_bytes_and_the_text_is_theirs() -> None:
    read = read_source(FRENCH)
    assert read.sha256 == hashlib.sha256(FRENCH).hexdigest() and read.text == FRENCH.decode() and read.media == "text"
    assert (read.language, read_source(ENGLISH).language) == ("fr", "en")


def test_the_real_communique_is_arabic() -> None:
    assert read_source(real()).language == "ar"


def test_a_byte_order_mark_is_a_character_of_the_text() -> None:
    read = read_source(b"\xef\xbb\xbf" + ENGLISH)
    assert read.text == "\ufeff" + ENGLISH.decode() and read.language == "en"


def test_a_place_is_told_as_a_line_and_a_column() -> None:
    read = read_source(ENGLISH)
    place = read.text.index("The Ministry")
    assert read.line_and_column(0) == (1, 1) and read.line_and_column(place) == (3, 1) and read.line_and_column(place + 4) == (3, 5)


@pytest.mark.parametrize("content", [b"", b" \n\t ", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    assert refused(content).number == 901


def test_a_file_that_is_too_large_is_refused_before_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_text_of", lambda content: pytest.fail("looked at"))
    monkeypatch.setattr(source, "_text_of_pdf", lambda content: pytest.fail("looked at"))
    assert refused(b"%PDF-1.4" + b" " * BYTES_MAX).number == 902
    assert refused(b"a" * (BYTES_MAX + 1)).parameters["megabytes"] == 4


def test_a_text_that_is_too_long_is_refused() -> None:
    assert refused((ENGLISH + b" ") * (CHARACTERS_MAX // len(ENGLISH) + 1)).number == 907


@pytest.mark.parametrize(("content", "byte"), [(ENGLISH.decode().encode("utf-16"), 1), (b"caf\xe9 " * 40, 4), (bytes(range(128, 256)), 1)])
def test_bytes_that_are_no_utf8_are_refused_at_their_place(content: bytes, byte: int) -> None:
    assert refused(content).number == 903 and refused(content).parameters["byte"] == byte


@pytest.mark.parametrize("language", OTHERS)
def test_a_text_in_another_language_is_refused(language: str) -> None:
    told = refused(OTHERS[language].encode())
    assert told.number == 908 and told.parameters["reason"] == "word.programme.other_language"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("123 456 7.890\n" * 40, "no_words"),
        ("\x00\x01\x02\x7f" * 90, "no_words"),
        ("The end of the day", "too_short"),
        ("the " * 19, "too_short"),
        (FRENCH.decode()[:900] + ENGLISH.decode()[:900], "mixed"),
        (FRENCH.decode()[:900] + OTHERS["spanish"] * 4, "other_language"),
        (ENGLISH.decode()[:600] + "في من على إلى أن التي عن مع هذا بين " * 14, "mixed"),
        ("lorem ipsum dolor sit amet consectetur adipiscing elit sed eiusmod tempor " * 4, "other_language"),
    ],
)
def test_what_is_in_no_one_of_the_three_languages_is_refused_with_the_reason(text: str, reason: str) -> None:
    told = refused(text.encode())
    assert told.number == 908 and told.parameters["reason"] == f"word.programme.{reason}"


def test_a_pdf_gives_the_text_that_it_shows() -> None:
    read = read_source(pdf_of(ENGLISH.decode()))
    assert read.media == "pdf" and read.language == "en" and read.sha256 == hashlib.sha256(pdf_of(ENGLISH.decode())).hexdigest()
    assert read.text.split() == ENGLISH.decode().split()


def test_a_sentence_goes_on_over_the_end_of_a_page() -> None:
    text = read_source(pdf_of(ENGLISH.decode(), lines_per_page=14)).text
    assert re.search(r"for data centres\n *that run", text)


def test_a_pdf_of_pictures_is_refused() -> None:
    assert refused(pdf_of(ENGLISH.decode(), drawn=False)).number == 904


@pytest.mark.parametrize("cut", [9, 200, -300])
def test_a_broken_pdf_is_refused(cut: int) -> None:
    whole = pdf_of(ENGLISH.decode())
    assert refused(whole[:cut]).number in {904, 905}
    assert refused(b"%PDF-1.7\n" + bytes(range(256)) * 40).number == 905


def test_an_encrypted_pdf_is_refused() -> None:
    from pypdf import PdfReader, PdfWriter

    locked = io.BytesIO()
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_of(ENGLISH.decode()))))
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(locked)
    assert refused(locked.getvalue()).number == 906


def test_a_pdf_with_too_many_pages_is_refused() -> None:
    assert refused(pdf_of("the\n" * (PAGES_MAX + 1), lines_per_page=1)).number == 907


def test_a_pdf_with_too_much_text_is_refused() -> None:
    # A small file that unpacks to more letters than a source may have.
    assert refused(pdf_of("\n".join(["the conference " * 60] * 1300), lines_per_page=20)).number == 907


def test_a_pdf_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_COMMAND", ("sleep", "60"))
    monkeypatch.setattr(source, "PDF_SECONDS_MAX", 0.2)
    assert refused(b"%PDF-1.4").number == 905


def test_the_process_that_reads_pdf_has_limits(tmp_path: Path) -> None:
    """In a child, for a limit cannot be taken back."""
    import subprocess
    import sys

    told = "from amana.programme import pdf_process; pdf_process.limit(); print(len(bytearray(2 * pdf_process.MEMORY_BYTES_MAX)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "MemoryError" in done.stderr
    assert pdf_process.MEMORY_BYTES_MAX == 1024**3


def test_without_the_library_a_pdf_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pypdf", None)
    assert pdf_process.extract(b"%PDF-1.4") == ("missing", "")
    monkeypatch.setattr(source, "_COMMAND", ("echo", "missing"))
    told = refused(b"%PDF-1.4")
    assert told.code == "client.library_missing" and told.parameters["extra"] == "programme"
