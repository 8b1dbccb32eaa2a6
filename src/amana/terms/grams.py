"""Hashed grams: which of a public number of buckets a text is in, by the characters that stand beside each other in it.

One meaning for all: what an engine computes where the rows lie, what a model file says, and who predicts offline. So it is whole numbers
and a fixed table of characters: no hash function of a database, no `lower()`, no form of Unicode of some version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final
from unicodedata import normalize

SIZE_MAX, BUCKETS_MAX, MOST_MAX = 4, 65_536, 1_024
CHARACTERS_MAX = 1_000
"""Of a text, from its start: an engine holds what it reads of two thousand texts at once, about 140 bytes for each character."""
MODULUS = 2**31 - 1
FACTORS = (1_103_515, 690_697, 386_093, 747_796)
"""Of the characters of a gram, in their order: with code points below 2**21 the sum stays below 2**43."""


def _folded() -> dict[int, str]:
    """Latin letters as small ones without marks; alif, ya and ta marbuta as one letter each; Arabic digits as 0 to 9; marks, vowel signs
    and tatweel as nothing; every white space as a space. All else is itself."""
    table = dict.fromkeys((*range(0x300, 0x370), *range(0x64B, 0x660), 0x670, 0x640), "")
    for code in (*range(0x41, 0x250), *range(0x1E00, 0x1F00)):  # how characters decompose is fixed for all versions of Unicode
        base = normalize("NFD", chr(code))[0]
        if base.isascii() and base.isalpha() and base.lower() != chr(code):
            table[code] = base.lower()
    table |= dict.fromkeys(map(ord, "أإآٱ"), "ا") | {ord("ى"): "ي", ord("ئ"): "ي", ord("ة"): "ه", ord("ؤ"): "و"}
    table |= {start + digit: str(digit) for start in (0x660, 0x6F0) for digit in range(10)}
    return table | dict.fromkeys(map(ord, "\t\n\v\f\r\u00a0"), " ")


FOLD = _folded()
"""By code point: the character that is read instead, or nothing."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grams:
    """How a text is read: `size` characters beside each other are a gram, which is in one of the `buckets`; a text counts in bucket 0 and,
    of those that its grams are in, in the lowest: in `most` altogether.

    >>> Grams(size=2, buckets=100, most=3).of("Été") == Grams(size=2, buckets=100, most=3).of("ete")
    True
    """

    size: int
    buckets: int
    most: int

    def of(self, text: str | None) -> tuple[int, ...]:
        """The buckets of a text, in order; of none, or of one shorter than a gram, bucket 0 alone."""
        letters = (text or "")[:CHARACTERS_MAX].translate(FOLD)
        found = {self.bucket([ord(one) for one in letters[start : start + self.size]]) for start in range(len(letters) - self.size + 1)}
        return tuple(sorted({0, *found}))[: self.most]

    def bucket(self, codes: Sequence[int]) -> int:
        """The bucket of a gram, by its code points."""
        hashed = sum(code * factor for code, factor in zip(codes, FACTORS, strict=False)) % MODULUS
        return 1 + hashed % (self.buckets - 1)

    @property
    def possible(self) -> bool:
        """Whether it is within the limits."""
        return 1 <= self.size <= SIZE_MAX and 2 <= self.buckets <= BUCKETS_MAX and 1 <= self.most <= min(MOST_MAX, self.buckets)
