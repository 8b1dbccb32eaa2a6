"""What a column may hold, in words: for whoever reads a policy before and after it is published."""

from typing import assert_never

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.client.text import Catalogue

MEMBERS_SHOWN = 12


def holds(domain: Domain, catalogue: Catalogue) -> str:
    """What a column may hold, in words."""
    match domain:
        case NumberDomain():
            low, high = (f"{bound / 10**domain.scale:.{domain.scale}f}" for bound in (domain.low, domain.high))
            kind = catalogue.say("holds.number", low=low, high=high)
        case DateDomain():
            kind = catalogue.say("holds.date", low=domain.low, high=domain.high)
        case MomentDomain():
            kind = catalogue.say("holds.moment", low=domain.low, high=domain.high)
        case ChoiceDomain() if domain.members:
            more = f", … ({len(domain.members)})" if len(domain.members) > MEMBERS_SHOWN else ""
            kind = catalogue.say("holds.choice", members=", ".join(domain.members[:MEMBERS_SHOWN]) + more)
        case ChoiceDomain():
            kind = catalogue.say("holds.choice_unread")
        case BooleanDomain():
            kind = catalogue.say("holds.boolean")
        case TextDomain():
            kind = catalogue.count("holds.text", domain.length_max)
        case KeyDomain():
            kind = catalogue.say("holds.key")
        case _:
            assert_never(domain)
    return catalogue.say("holds.nullable", kind=kind) if domain.nullable else kind
