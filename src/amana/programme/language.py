"""Which of three languages a text is written in, by its script and by its commonest words; nothing is learned, nothing is fetched.

A short closed table for each language, and for the neighbours that it is taken for: a text is in the language whose words it has most
of, and in none of the three where that is a neighbour's, or where two have nearly as many.
"""

import re
from collections import Counter
from typing import Literal, TypeAlias, cast

from amana.programme.normal import folded, normalise
from amana.terms.refusal import Refusal

Language: TypeAlias = Literal["ar", "fr", "en"]

WORDS_MIN = 20
SCRIPT_SHARE_MIN = 0.75
"""Of the letters of a text in the script of its language."""
SHARE_MIN = 0.08
"""Of its words in the table of its language."""
RIVAL_MAX = 0.5
"""What another language may have of the words that the first has."""

_LATIN = {
    "en": "the of and to that for with by from this are was were which have has be its their they not will would should between at",
    "fr": "les des du et dans pour une est au aux avec qui ce cette ces sont leur leurs plus ont ete par sur entre il elle ou mais pas",
    "es": "los las el del y para con por una su sus como mas este esta estos entre lo se fue son pero muy tambien al",
    "pt": "os as do da dos das e para com uma ao aos foi sao mais pelo pela nos nas um em que nao seu sua o",
    "it": "il lo gli della dei delle di e per con una nel nella sono che dal alla ai sui piu anche questo questa ed",
    "de": "der die das und ist mit den dem des von zu im fur auf ein eine einer nicht sich auch als wird wurden werden bei",
    "nl": "de het een van en voor met op dat zijn niet te aan ook door naar bij wordt werd tussen",
    "ca": "els les amb per una dels i del la que al als son mes aquest aquesta entre ha el",
    "tr": "ve bir bu icin ile olarak olan da de en daha gibi cok sonra kadar",
    "id": "yang dan di untuk dengan dari pada ini itu dalam tidak akan oleh sebagai",
    "ro": "si de la in pe cu care este sunt din pentru nu mai un o al ale",
    "sv": "och att det som en av for med den till ar inte om ett har",
    "pl": "i w na z do sie nie ze to jest o przez po dla oraz",
}
_ARABIC = {
    "ar": "في من على الى ان التي الذي عن مع هذا هذه ذلك بين حول كما وقد تم لا ما او كل عدد خلال قد كان بعد وفي ومن وعلى",
    "fa": "و در به از که این را با است برای آن یک تا می شد خود های بر",
    "ur": "کے کی میں ہے اور سے کا کو اس نے پر ہیں کہ یہ ایک",
    "ku": "و لە بۆ کە بە ئەو لەگەڵ ئەم",
}
_WORD = re.compile(r"[^\W\d_]+")
_ARABIC_LETTER = re.compile(r"[\u0621-\u064a\u066e-\u06d3]")
_LATIN_LETTER = re.compile(r"[A-Za-z\u00c0-\u024f]")


def language_of(text: str) -> Language:
    """The language of a text. Errors: Refusal programme.source_language with the word of why."""
    words = _WORD.findall(text)
    if not words:
        raise Refusal("programme.source_language", reason="word.programme.no_words")
    letters = [letter for word in words for letter in word]
    shares = {
        name: sum(1 for letter in letters if script.match(letter)) / len(letters)
        for name, script in (("arabic", _ARABIC_LETTER), ("latin", _LATIN_LETTER))
    }
    script, share = max(shares.items(), key=lambda item: item[1])
    if share < SCRIPT_SHARE_MIN:
        mixed = sum(shares.values()) >= SCRIPT_SHARE_MIN and min(shares.values()) > 1 - SCRIPT_SHARE_MIN
        raise Refusal("programme.source_language", reason="word.programme.mixed" if mixed else "word.programme.other_language")
    if len(words) < WORDS_MIN:
        raise Refusal("programme.source_language", reason="word.programme.too_short")
    return _by_words(words, _ARABIC if script == "arabic" else _LATIN)


def _by_words(words: list[str], tables: dict[str, str]) -> Language:
    found = Counter(_key(word) for word in words)
    known = {language: {_key(word) for word in table.split()} for language, table in tables.items()}
    counted = {language: sum(found[word] for word in table) for language, table in known.items()}
    first = max(counted, key=lambda language: counted[language])
    # Words that two languages share speak for neither of them against the other.
    own = {language: sum(found[word] for word in table - known[first]) for language, table in known.items()}
    if first not in {"ar", "fr", "en"} or counted[first] < SHARE_MIN * len(words):
        raise Refusal("programme.source_language", reason="word.programme.other_language")
    alone = {language: sum(found[word] for word in known[first] - table) for language, table in known.items()}
    for rival in known.keys() - {first}:
        if own[rival] > RIVAL_MAX * alone[rival]:
            reason = "word.programme.mixed" if rival in {"ar", "fr", "en"} else "word.programme.other_language"
            raise Refusal("programme.source_language", reason=reason)
    return cast("Language", first)


def _key(word: str) -> str:
    return folded(normalise(word).text)
