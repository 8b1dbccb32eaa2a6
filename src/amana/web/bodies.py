"""What requests bring and responses show, as closed models: a field that nobody declared is refused, never dropped."""

from datetime import datetime
from fractions import Fraction
from re import fullmatch
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from amana.terms.refusal import Refusal

Language = Literal["en", "fr", "ar", "zgh"]
PLAIN = r"^[^\x00]*$"
"""Everything but U+0000, which PostgreSQL cannot store."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_:.-]+$")]
Reasons = Annotated[str, StringConstraints(max_length=10_000, pattern=PLAIN)]
Texts = dict[Language, Annotated[str, StringConstraints(max_length=20_000, pattern=PLAIN)]]
YEAR_MAX = 9000


def _of_our_time(at: datetime) -> datetime:
    """A moment near the end of the calendar has no equal in every time zone."""
    if not 1 < at.year < YEAR_MAX:
        raise ValueError("a year that nobody plans for")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time), Field(examples=["2031-01-01T00:00:00+00:00"])]
Share = Annotated[
    str, StringConstraints(min_length=1, max_length=40), Field(description="part of the budget: 5%, 0.05 or 1/20", examples=["5%"])
]


class Closed(BaseModel):
    """Every model of the door is one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Word(Closed):
    """Why somebody decides so."""

    reasons: Reasons = ""


class Judgement(Closed):
    """What a reviewer or a voter thinks."""

    verdict: Literal["approve", "return", "reject"] = Field(examples=["approve"])
    reasons: Reasons = Field(default="", examples=["The question is clear and the data fit it."])


class Nothing(Closed):
    """A request that needs no words."""


def read_share(written: str) -> Fraction:
    """An exact share. Errors: Refusal node.bad_value.

    >>> read_share("5%")
    Fraction(1, 20)
    """
    plain = written.strip()
    if not fullmatch(r"[0-9]{1,4}(\.[0-9]{1,9})?%?|[0-9]{1,9}/[1-9][0-9]{0,9}", plain):
        raise Refusal("node.bad_value", field="share", wanted="word.share")
    return Fraction(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
