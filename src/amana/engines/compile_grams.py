"""Hashed grams as DuckDB SQL, equal to `terms.grams` (proved by `tests/engines`): each step is over one row and bounded by its text."""

from amana.engines.compile_typed import text_literal
from amana.terms.grams import CHARACTERS_MAX, FACTORS, FOLD, MODULUS, Grams

_KEPT = {chr(code): letter for code, letter in FOLD.items() if letter}
_GONE = "".join(chr(code) for code, letter in FOLD.items() if not letter)
_FROM, _TO = text_literal("".join(_KEPT) + _GONE), text_literal("".join(_KEPT.values()))


def folded_sql(text: str) -> str:
    """The start of a text, its letters folded; no text is an empty one."""
    return f"translate(left(coalesce({text}, ''), {CHARACTERS_MAX}), {_FROM}, {_TO})"


def codes_sql(text: str) -> str:
    """The list of its code points. (An empty text splits into one letter that is none.)"""
    codes = f"list_transform(string_split({text}, ''), lambda letter: CAST(unicode(letter) AS BIGINT))"
    return f"CASE WHEN {text} = '' THEN CAST([] AS BIGINT[]) ELSE {codes} END"


def buckets_sql(codes: str, grams: Grams) -> str:
    """The list of the buckets that a text of these code points is in."""
    hashed = " + ".join(f"{codes}[place + {at}] * {factor}" for at, factor in enumerate(FACTORS[: grams.size]))
    bucket = f"1 + ({hashed}) % {MODULUS} % {grams.buckets - 1}"
    found = f"list_transform(range(1, len({codes}) - {grams.size - 2}), lambda place: CAST({bucket} AS INTEGER))"
    return f"list_slice(list_sort(list_distinct(list_append({found}, 0))), 1, {grams.most})"
