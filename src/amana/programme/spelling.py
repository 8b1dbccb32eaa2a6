"""Likely misspellings, found by the text itself and by a short list of words that such texts are full of. Told, never changed.

There is no dictionary: a word is told of only where another one, of the same text or of the list, is so near that a slip of the
keyboard explains the difference, and no ending or prefix of the language does.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from amana.programme.findings import FINDINGS_MAX, Finding, foreign_letters, words_of
from amana.programme.language import Language
from amana.programme.lexicon import matching
from amana.programme.normal import bare
from amana.programme.spans import Span

_LETTERS_MIN = {"ar": 5, "fr": 6, "en": 6}
"""Shorter words have too many neighbours that are words too."""
_ENDING = {"fr": 3, "en": 2}
"""Letters at the end of a word that no slip is looked for in, for there words are inflected."""
_OFTEN_MIN = 3
"""How often another word of the text is written before a rare one can be a slip of it."""
_SOUNDS = ("ظضذز", "ضد", "ذد", "صس", "طت", "قك", "ثس", "حه", "خح", "جح", "زر", "سش", "صض", "طظ", "عغ", "فق", "بتثنيـ", "شث")
"""Letters of Arabic that sound or look nearly the same: one is typed for another."""
_DEFINITE = re.compile(r"^(?:[وف]?[بك]?ال|[وف]?لل)")
_PREFIX = re.compile(r"(?:[وف]?(?:[بك]?ال|لل)|[وفبلك]?)")

_COMMON: dict[Language, str] = {
    "ar": (
        "مناظرة ذكاء اصطناعي وزارة انتقال رقمي رقمية إدارة إصلاح وطنية وطني حكومة حكومية استراتيجية جامعة اتفاقية اتفاقيات بروتوكول"
        " مذكرة شراكة شراكات"
        " توصية توصيات مؤتمر منتدى مشاركة مشاركين مشاركون تطوير تعزيز ابتكار بحث باحثين باحثون علمي تنمية مستدامة مؤسسة مؤسسات منظمة"
        " معهد برنامج برامج تعاون"
        " دولية دولي استثمار استثمارات بيانات منصة منصات بنية تحتية أمن سيبراني صحية تعليم تعليمية عالي موارد طبيعية طاقة تحديات خبرات"
        " شفافية خصوصية"
        " مسؤول مسؤولين مستقبل مجتمع مدني قطاع قطاعات مقاولات مقاولة ناشئة اقتصاد اقتصادية اجتماعية إفريقيا مغرب مملكة جلالة ملك مجال"
        " مجالات تكنولوجيا"
        " حماية مخاطر خدمات مناطق مواطنين مواطنات خطة طريق تنفيذ تمويل تدبير حكامة جهوية جماعات تكوين تدريب كفاءات قدرات بشرية أخلاقية"
        " تشغيل شباب"
    ),
    "fr": (
        "conférence conférences intelligence artificielle ministère ministères ministre ministres transition numérique numériques"
        " gouvernement"
        " administration réforme nationale national nationaux stratégie université universités convention conventions accord accords"
        " protocole"
        " partenariat partenariats recommandation recommandations participants participantes développement renforcement innovation"
        " innovations"
        " recherche recherches chercheurs scientifique durable durables établissement établissements organisation organisations"
        " institut programme"
        " programmes coopération international internationale internationales investissement investissements données plateforme plateformes"
        " infrastructure infrastructures sécurité cybersécurité sanitaire sanitaires enseignement éducation ressources naturelles"
        " énergie défis"
        " expérience expériences transparence confidentialité responsable responsables société économie économique économiques sociale"
        " sociales"
        " technologie technologies protection risques services régions citoyens citoyennes financement gouvernance formation compétences"
    ),
    "en": (
        "conference conferences intelligence artificial ministry ministries minister ministers transition digital government governments"
        " administration reform national strategy strategies university universities convention agreement agreements protocol partnership"
        " partnerships recommendation recommendations participant participants development strengthening innovation innovations research"
        " researchers scientific sustainable institution institutions organisation organisations institute programme programmes cooperation"
        " international investment investments platform platforms infrastructure security cybersecurity health education resources"
        " natural energy"
        " challenge challenges experience transparency privacy responsible society economy economic social technology technologies"
        " protection"
        " services regions citizens financing governance training skills"
    ),
}
_REAL: dict[Language, str] = {
    "ar": (
        "رقمنة جامعات جماعة جماعي تعلم معلم تدوين تلوين تمكين تكرير تعاونية منظومة منظومات مشتركة مشتركين باحثات معاهدة مباشرة إرادة"
        " طاقم ماجد محاولات مجالس نقطة صحيح قطاعي رقابة"
    ),
    "fr": "formations fondation national rationnelle relation relations ressource rencontre rencontres ministériel universitaire",
    "en": "foundation relation relations nation nations notional rational ministerial prevention intention contention treatment",
}
"""Words that are near one of the list and are meant."""


def likely_misspellings(text: str, *, language: Language) -> tuple[Finding, ...]:
    """Words that are probably a slip, each once with all its places, in the order of the text, and what may be meant."""
    damaged = {span for finding in foreign_letters(text) for span in finding.spans}
    found: dict[str, list[Span]] = {}
    for word, span in words_of(text):
        if span not in damaged:
            found.setdefault(bare(word) if language == "ar" else word, []).append(span)
    counted = {word: len(spans) for word, spans in found.items()}
    meant = _arabic(counted) if language == "ar" else _latin(counted, language)
    made = [
        Finding(kind="misspelling", word=word, spans=tuple(spans), suggestion=meant[word]) for word, spans in found.items() if word in meant
    ]
    return tuple(made[:FINDINGS_MAX])


def _arabic(counted: dict[str, int]) -> dict[str, str]:
    """What is meant by each word that looks like a slip."""
    meant: dict[str, str] = {}
    by_normal: dict[str, list[str]] = {}
    for word in counted:
        by_normal.setdefault(matching(word), []).append(word)
    feminine = {_stem(word) for word in counted if word.endswith("ة")} | {word for word in _COMMON["ar"].split() if word.endswith("ة")}
    often = {normal: sum(counted[word] for word in words) for normal, words in by_normal.items()}
    # A term of the text: with its article, so that no flexion is taken for a slip.
    frequent = _by_ends(normal for normal, count in often.items() if count >= _OFTEN_MIN and _DEFINITE.match(normal))
    for normal, words in by_normal.items():
        for word in words:
            suggestion = _other_ending(word, feminine) or _near_the_list(normal)
            if suggestion is None and often[normal] == 1 and not _is_known(normal):
                near = frequent.get((normal[0], normal[-1]), ())
                suggestion = next(
                    (by_normal[each][0] for each in near if _one_sound_apart(normal, each) and not _flexion(normal, each)), None
                )
            if suggestion is not None:
                meant[word] = suggestion
    return meant


def _other_ending(word: str, feminine: set[str]) -> str | None:
    """The same word with the ending that this one lost: a feminine with its article, which no "his" can end."""
    if not (word.endswith("ه") and len(word) > _LETTERS_MIN["ar"] and _DEFINITE.match(word)):
        return None
    meant = word[:-1] + "ة"
    return meant if _stem(meant) in feminine else None


def _stem(word: str) -> str:
    """Without an article and what stands before it."""
    return _DEFINITE.sub("", word, count=1)


def _near_the_list(normal: str) -> str | None:
    if _is_known(normal):
        return None
    for prefix, stem in _stems(normal):
        if len(stem) < _LETTERS_MIN["ar"]:
            continue
        for common in _common_by_ends("ar").get((stem[0], stem[-1]), ()):
            if _one_sound_apart(stem, common) or _swapped(stem, common) or _doubled(stem, common):
                return prefix + _common("ar")[common]
    return None


def _is_known(normal: str) -> bool:
    return any(stem in _common("ar") or stem in _real("ar") for _, stem in _stems(normal))


def _stems(normal: str) -> Iterator[tuple[str, str]]:
    """(prefix, the rest) in each way in which the word can begin."""
    longest = _PREFIX.match(normal)
    ends = {0, longest.end() if longest else 0, *(len(each) for each in ("و", "ال", "وال", "بال", "لل") if normal.startswith(each))}
    return ((normal[:end], normal[end:]) for end in sorted(ends))


def _one_sound_apart(one: str, other: str) -> bool:
    """Whether one letter inside differs, by one that sounds or looks nearly the same."""
    if len(one) != len(other) or len(one) < _LETTERS_MIN["ar"]:
        return False
    differing = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    if len(differing) != 1 or one[0] != other[0] or one[-1] != other[-1]:
        return False
    a, b = differing[0]
    return any(a in sounds and b in sounds for sounds in _SOUNDS)


def _swapped(one: str, other: str) -> bool:
    """Whether two letters inside changed places."""
    places = [place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    return (
        len(one) == len(other) >= _LETTERS_MIN["ar"] + 1
        and len(places) == 2
        and places[1] == places[0] + 1
        and places[0] > 0
        and places[1] < len(one) - 1
        and one[places[0]] == other[places[1]]
        and one[places[1]] == other[places[0]]
    )


def _doubled(one: str, other: str) -> bool:
    """Whether a letter inside is written twice, or once where it stands twice."""
    short, long = sorted((one, other), key=len)
    if len(long) != len(short) + 1 or len(short) < _LETTERS_MIN["ar"]:
        return False
    return any(long[place] == long[place - 1] and long[:place] + long[place + 1 :] == short for place in range(2, len(long) - 1))


def _flexion(one: str, other: str) -> bool:
    """Whether the letter that differs is where Arabic puts the sign of a person or a tense: first behind a prefix."""
    return any(stem[1:] == other_stem[1:] for _, stem in _stems(one) for _, other_stem in _stems(other))


def _latin(counted: dict[str, int], language: Language) -> dict[str, str]:
    low: Counter[str] = Counter()
    for word, count in counted.items():
        low[word.lower()] += count
    common, real = _common(language), _real(language)
    # Names of the text itself that are written often, and of which a rare one may be a slip.
    names = {word.lower() for word in counted if word[0].isupper() and not word.isupper()} - {word for word in counted if word.islower()}
    often = {matching(word): word for word in names if low[word] >= _OFTEN_MIN and len(word) >= _LETTERS_MIN[language]}
    near_names = _by_ends(often)
    meant: dict[str, str] = {}
    for word in counted:
        plain = matching(word)
        if len(plain) < _LETTERS_MIN[language] or word.isupper() or plain in real or low[word.lower()] >= _OFTEN_MIN:
            continue
        if plain in common:
            # The same letters without an accent that the word has. A text without any accents is written so on purpose.
            if word.lower() != common[plain] and word.isascii() and not word[0].isupper() and any(not each.isascii() for each in counted):
                meant[word] = common[plain]
            continue
        ends = plain[0], plain[-1]
        candidates = (*_common_by_ends(language).get(ends, ()), *near_names.get(ends, ()))
        slip = next((each for each in candidates if _slip(plain, each, ending=_ENDING[language])), None)
        if slip is not None:
            near = common.get(slip) or often[slip]
            meant[word] = near[0].upper() + near[1:] if word[0].isupper() else near
    return meant


def _slip(one: str, other: str, *, ending: int) -> bool:
    """Whether one letter inside was missed, doubled, put in, changed, or two changed places; not at the ends, where flexion is."""
    if one == other or one[:2] != other[:2] or one[-ending:] != other[-ending:] or abs(len(one) - len(other)) > 1:
        return False
    short, long = sorted((one, other), key=len)
    if len(long) != len(short):
        return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))
    places = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    swapped = len(places) == 2 and places[1] == places[0] + 1 and one[places[0]] + one[places[1]] == other[places[1]] + other[places[0]]
    changed = len(places) == 1 and {one[places[0]], other[places[0]]} != {"s", "z"}  # two ways of spelling English
    return changed or swapped


@cache
def _common(language: Language) -> dict[str, str]:
    return {matching(word): word for word in _COMMON[language].split()}


@cache
def _common_by_ends(language: Language) -> dict[tuple[str, str], tuple[str, ...]]:
    return _by_ends(_common(language))


def _by_ends(words: Iterable[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """The words by their first and last letters, which no slip that is looked for changes."""
    made: dict[tuple[str, str], list[str]] = {}
    for word in words:
        made.setdefault((word[0], word[-1]), []).append(word)
    return {ends: tuple(each) for ends, each in made.items()}


@cache
def _real(language: Language) -> frozenset[str]:
    return frozenset(matching(word) for word in _REAL[language].split())
