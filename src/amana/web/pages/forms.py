"""What a form brings: fields of text, read with their limits."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from fractions import Fraction
from typing import final
from urllib.parse import parse_qs

from amana.terms.refusal import Refusal
from amana.web.bodies import read_share

FIELDS_MAX = 300
TEXT_CHARACTERS_MAX = 20_000
DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩٫٪", "0123456789.%")
TOKEN = "form"  # noqa: S105 - the name of a field


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The fields of a form as they were sent; every one may have been sent several times."""

    fields: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def text(self, name: str, *, most: int = TEXT_CHARACTERS_MAX, needed: bool = False) -> str:
        """A field without the spaces around it, empty where it was not sent. Errors: Refusal http.bad_request."""
        found = self.fields.get(name, [""])[0].strip().replace("\r\n", "\n")
        if len(found) > most:
            raise Refusal("http.bad_request", field=name, where=None, wanted="word.characters_at_most", number=most)
        if "\0" in found:
            raise Refusal("http.bad_request", field=name, where=None, wanted="word.text")
        if needed and not found:
            raise Refusal("http.bad_request", field=name, where=None, wanted="word.present")
        return found

    def all(self, name: str) -> tuple[str, ...]:
        """Everything that was sent under one name, such as of boxes to tick."""
        return tuple(each.strip() for each in self.fields.get(name, []) if each.strip())

    def day(self, name: str) -> datetime:
        """A day as a browser writes it, at its first moment (UTC). Errors: Refusal http.bad_request."""
        try:
            day = datetime.strptime(self.text(name, most=10, needed=True), "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            raise Refusal("http.bad_request", field=name, where=None, wanted="word.day") from None
        return datetime.combine(day, time(), UTC)


def read_percent(written: str) -> Fraction:
    """A share as people write one: 25, 25 %, 12,5 or 1/4, in the digits of any of the four languages. Errors: Refusal node.bad_value."""
    plain = "".join(written.translate(DIGITS).replace(",", ".").split())
    return read_share(plain if plain.endswith("%") or "/" in plain else f"{plain}%")


def read_form(body: bytes) -> Form:
    """`application/x-www-form-urlencoded`. Errors: Refusal http.bad_request."""
    try:
        found = parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Refusal("http.bad_request", field="body", where=None, wanted="word.text") from None
    return Form(fields=found)
