"""What a rules file says for the record of processing and nothing else holds: every field is optional, and absence is never a "no"."""

from typing import Final

from amana.catalog.rules_fields import Fields
from amana.catalog.schema import Processing

SENSITIVE: Final = (
    "racial_or_ethnic_origin", "political_opinions", "religious_or_philosophical_beliefs", "trade_union_membership", "genetic",
    "biometric", "health", "sex_life_or_orientation", "criminal_offences",
)  # fmt: skip
"""The special categories of GDPR article 9(1), and the data of article 10. Law 09-08, article 12, asks authorisation for most of them."""
TEXT_LENGTH_MAX: Final = 1_000


def read_processing(fields: Fields | None) -> Processing:
    """The fields of [dataset.processing]; those that are not written, or wrong, are None."""
    if fields is None:
        return Processing()
    written = fields

    def text(key: str) -> str | None:
        return written.text(key, required=False, length_max=TEXT_LENGTH_MAX)

    def texts(key: str) -> tuple[str, ...] | None:
        if not written.has(key):
            return None
        found = written.texts(key, length_max=TEXT_LENGTH_MAX)
        if not all(each.strip() for each in found):
            written.bad(key, "word.rules.texts", number=TEXT_LENGTH_MAX)
        return found

    read = Processing(
        joint_controllers=texts("joint_controllers"),
        representative=text("representative"),
        data_protection_officer=text("data_protection_officer"),
        processors=texts("processors"),
        recipients_abroad=texts("recipients_abroad"),
        data_categories=texts("data_categories"),
        sensitive=texts("sensitive"),
        necessity=text("necessity"),
        rights_contact=text("rights_contact"),
        authorisation=text("authorisation"),
    )
    if not set(read.sensitive or ()) <= set(SENSITIVE):
        fields.bad("sensitive", "word.one_of", known=", ".join(f'"{word}"' for word in SENSITIVE))
    fields.close()
    return read
