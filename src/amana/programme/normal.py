"""One spelling for each letter, with the place in the original of every character.

Words are looked for in the normal text; what is kept of a find is its place in the original, which nobody changes. Source: Unicode
Standard Annex 15 (normalisation forms); the Arabic letters that writers and keyboards use for one another.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import final

_LETTERS = {
    **dict.fromkeys("آأإٱٲٳٵ", "ا"),
    **dict.fromkeys("ىیېےۍ", "ي"),
    **dict.fromkeys("کڪګ", "ك"),
    **dict.fromkeys("ةہھەۃ", "ه"),
}
_SPACES = dict.fromkeys("\u00a0\u202f\u2007\u2009\u2008\u200a\u2002\u2003\u3000", " ")
_DIGITS = {chr(zero + value): str(value) for zero in (0x0660, 0x06F0) for value in range(10)}
_SIGNS = {"٫": ".", "٬": ",", "٪": "%"}
_MAP = {**_LETTERS, **_SPACES, **_DIGITS, **_SIGNS}
_ORDER = {*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A), 0x061C, 0x00AD, 0xFEFF}
"""Direction marks, characters without width, the soft hyphen."""
_VOWELS = {
    *range(0x0610, 0x061B), *range(0x064B, 0x0653), *range(0x0656, 0x0660), 0x0670, *range(0x06D6, 0x06DD), *range(0x06DF, 0x06E5),
    0x06E7, 0x06E8, *range(0x06EA, 0x06EE), 0x0640,
}  # fmt: skip
"""Vowel signs of Arabic, and the kashida. Hamza and madda signs are not here: they first join the letter before them."""
_LEFT = {0x0653, 0x0654, 0x0655}
"""Signs that go when they joined no letter."""
_GONE = frozenset(_ORDER | _VOWELS)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """A text in normal spelling. Shapes: `places[i]` is where in the original the i-th character comes from; its length ends them."""

    text: str
    places: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The piece of the original that the characters from `start` to `end` come from. Units: code points, the end not included."""
        assert 0 <= start <= end <= len(self.text)
        if start == end:
            return self.places[start], self.places[start]
        # A character of the original can make several: it is taken whole.
        while self.places[end] == self.places[end - 1] and end < len(self.text):
            end += 1
        return self.places[start], self.places[end]


def normalise(text: str) -> Normal:
    """The text in Unicode NFC, each letter in one form, digits as 0 to 9, without signs that are not read, and where all stood.

    >>> normalise("الأُولـى ٢٠").text
    'الاولي 20'
    """
    letters: list[str] = []
    places: list[int] = []
    for cluster, place in _clusters(text):
        made = cluster if len(cluster) == 1 and cluster.isascii() else _settled(cluster)
        letters.append(made)
        places.extend([place] * len(made))
    return Normal(text="".join(letters), places=(*places, len(text)))


def folded(text: str) -> str:
    """The same text for comparing: small letters without accents, one apostrophe. Shapes: as long as `text`."""
    return "".join(map(_folded, text))


def bare(text: str) -> str:
    """The text as it is written, without vowel signs, kashida and marks of direction."""
    return "".join(letter for letter in text if ord(letter) not in _GONE)


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """Each letter with the signs that may join it, and the place of the first."""
    cluster, begun = "", 0
    for place, original in enumerate(text):
        for letter in _expanded(original):
            if ord(letter) in _GONE:
                continue
            if cluster and _begins(letter):
                yield cluster, begun
                cluster = ""
            if not cluster:
                begun = place
            cluster += letter
    if cluster:
        yield cluster, begun


def _expanded(letter: str) -> str:
    """The letters of a presentation form of Arabic, such as a ligature; any other letter as it is."""
    code = ord(letter)
    return unicodedata.normalize("NFKC", letter) if 0xFB50 <= code <= 0xFDFF or 0xFE70 <= code <= 0xFEFC else letter


@cache
def _begins(letter: str) -> bool:
    """Whether no letter before it can join it (jamo of Hangul and vowels of Kirat Rai can)."""
    code = ord(letter)
    if code < 0x300:
        return True
    joins = 0x1160 <= code <= 0x11FF or 0x16D63 <= code <= 0x16D6A
    return unicodedata.combining(letter) == 0 and unicodedata.category(letter) not in {"Mn", "Mc"} and not joins


@cache
def _settled(cluster: str) -> str:
    """Composed and mapped until nothing changes, so that a normal text is its own normal text."""
    while True:
        composed = unicodedata.normalize("NFC", cluster)
        mapped = "".join(_MAP.get(letter, letter) for letter in composed if ord(letter) not in _LEFT)
        if mapped == cluster:
            return mapped
        cluster = mapped


@cache
def _folded(letter: str) -> str:
    if letter in "’‘ʼ`´":
        return "'"
    if letter in "‐‑":
        return "-"
    low = letter.lower()
    plain = unicodedata.normalize("NFD", low)[0] if "LATIN" in unicodedata.name(letter, "") else low
    return plain if len(plain) == 1 else letter
