"""Entries of the log for tests: any of each kind, from the forms of its members."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from amana.log.entry_forms import ITEMS_MAX, Amount, Count, Day, Form, Hour, Seals, Several, Text, Written
from amana.log.entry_kinds import KINDS, Entry
from amana.log.seal import write_salt

DIGEST = st.binary(min_size=32, max_size=32).map(write_salt)


def values(form: Form) -> st.SearchStrategy[object]:
    """Any value of a form."""
    match form:
        case Text():
            return st.from_regex(form.pattern, fullmatch=True)
        case Written():
            lowest = 0 if form.lines else 32
            return st.text(
                st.characters(min_codepoint=lowest, exclude_categories=("Cs",)), min_size=1 - form.lines, max_size=min(form.length_max, 300)
            )
        case Hour():
            hours = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))
            return hours.map(lambda at: at.replace(minute=0, second=0, microsecond=0))
        case Day():
            return st.dates(min_value=datetime(1000, 1, 1).date())
        case Amount():
            return st.integers(0, 10**19 - 1)
        case Count():
            return st.integers(0, 10**form.digits_max - 1)
        case Several():
            return st.lists(values(form.of), max_size=min(ITEMS_MAX, 8)).map(tuple)
        case Seals():
            return st.tuples(*(st.tuples(st.just(name), DIGEST) for name in form.names))


def entries(kind: str) -> st.SearchStrategy[Entry]:
    """Any entry of that kind."""
    return st.builds(KINDS[kind].make, **{name: values(form) for name, form in KINDS[kind].forms})


any_entry: st.SearchStrategy[Entry] = st.sampled_from(sorted(KINDS)).flatmap(entries)
