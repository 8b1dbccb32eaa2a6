"""Every learner of the house over the tiny table of the audits, as small as it gets: for each that people can have, of a class and of a
number, for they ask for other sums. Performance factors are of a class alone."""

from collections.abc import Callable, Mapping

from amana.learn.glass_box import GlassBox
from amana.learn.linear import Linear
from amana.learn.problem import ALIAS, problem_of
from amana.learn.sufficient_statistics import Statistics
from amana.learn.synthesis import synthesis_of
from amana.learn.synthetic import Synthesiser
from amana.learn.trees import Trees
from amana.privacy.rounds import Learner
from amana.terms.ids import NanoRho
from tests.noise.audits import SCHEMA
from tests.noise.meters import forecaster_of_meters
from tests.noise.pupils import factors_of_pupils

LOSS = NanoRho(2_000_000_000)
"""So large that few trainings tell the worlds apart, and half the noise is seen."""
UNITS = 1_000.0
_TABLE = SCHEMA.tables[0]
CLASS = problem_of(_TABLE, target="yes", units=UNITS)
NUMBER = problem_of(_TABLE, target="score", units=UNITS)
assert ALIAS == "t"


LEARNERS: Mapping[str, Callable[[], Learner]] = {
    "linear": lambda: Linear(problem=CLASS, nano_rho=LOSS, rounds=3),
    "linear of a number": lambda: Linear(problem=NUMBER, nano_rho=LOSS, rounds=3),
    "statistics": lambda: Statistics(problem=CLASS, nano_rho=LOSS, rounds=3),
    "statistics of a number": lambda: Statistics(problem=NUMBER, nano_rho=LOSS, rounds=3),
    "glass-box": lambda: GlassBox(problem=CLASS, nano_rho=LOSS, rounds=3),
    "glass-box of a number": lambda: GlassBox(problem=NUMBER, nano_rho=LOSS, rounds=3),
    "performance-factors": lambda: factors_of_pupils(LOSS),
    "trees": lambda: Trees(problem=CLASS, nano_rho=LOSS, rounds=2, trees=2),
    "trees of a number": lambda: Trees(problem=NUMBER, nano_rho=LOSS, rounds=2, trees=2),
    "synthetic": lambda: Synthesiser(synthesis=synthesis_of(_TABLE, target="yes", nano_rho=LOSS)),
    "forecast": lambda: forecaster_of_meters(LOSS),
}
