"""What a column may hold, and what a promise means, in words: for whoever reads a policy before it is published."""

from typing import assert_never

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.schema import Population
from amana.client.odds import DELTA_SHOWN, odds, odds_percent
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


def promise_in_words(population: Population, catalogue: Catalogue) -> str:
    """What the caps mean for one person, as `amana budget` says it of a published dataset."""
    from amana.privacy.loss import epsilon_of  # it is slow to load

    epsilon = epsilon_of(nano_rho=population.cap_nrho, delta_units=population.cap_delta, delta=DELTA_SHOWN)
    period = catalogue.say(f"public.period.{'life' if population.period is None else population.period.value}")
    shown = {"epsilon": f"{epsilon:.2f}", "delta": f"{DELTA_SHOWN:g}", "period": period}
    return catalogue.say("public.odds", **shown, **odds(odds_percent(epsilon)))
