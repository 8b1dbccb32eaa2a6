"""`amana train` and `amana synthesise`: from a dataset that nobody sees to a model file, or a table of invented rows."""

import argparse
from typing import TYPE_CHECKING

from amana.cli.reach import reach
from amana.cli.show import tell, tell_cost, working, write_table
from amana.client.figures import digits_after, number, percent
from amana.client.odds import epsilon_of, odds, odds_percent
from amana.client.text import Catalogue
from amana.local.door import open_folder
from amana.terms.training import Specification, Synthesis

if TYPE_CHECKING:
    from amana.client.trained import Foreseen, TrainedModel
    from amana.terms.training_facts import Attack, Audit, Metric


def train(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """The qualities of the model on stdout; the model in a file."""
    wanted = Specification(
        dataset=options.name,
        target=options.target,
        table=options.table or "",
        positive=options.positive or "",
        features=_listed(options.features),
        learner=options.learner,
        groups=_listed(options.groups),
        rows_per_unit=options.rows_per_unit,
        seed=options.seed,
        sql=options.sql,
        within=options.within or "",
        skill=options.skill,
        order=options.order,
    )
    with reach(options, catalogue, open_folder=open_folder) as door:
        if options.preview:
            tell_foreseen(door.foresee(wanted, share=options.share), catalogue)
            return
        with working(catalogue.say("train.working")):
            trained = door.train(wanted, share=options.share, permit=options.permit)
    target = trained.save(options.output or f"{options.name}-{options.target}.model.json")
    tell_trained(trained, catalogue)
    print(target)


def synthesise(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """The invented rows in a file; its name on stdout."""
    wanted = Synthesis(
        dataset=options.name,
        table=options.table or "",
        columns=_listed(options.columns),
        target=options.target or "",
        rows=options.rows,
        rows_per_unit=options.rows_per_unit,
        seed=options.seed,
        sql=options.sql,
    )
    with reach(options, catalogue, open_folder=open_folder) as door:
        if options.preview:
            tell_foreseen(door.foresee(wanted, share=options.share), catalogue)
            return
        with working(catalogue.say("synthesise.working")):
            made = door.synthesise(wanted, share=options.share, permit=options.permit)
    target = made.save(options.output or f"{options.name}-synthetic.{options.form or 'csv'}", form=options.form)
    heads = tuple(catalogue.say(f"synthesise.{name}") for name in ("columns", "error"))
    rows = [(" × ".join(names), f"{100 * error:.2f} %") for names, error in made.report]
    write_table(heads, rows, numbers=(False, True))
    for each in made.attacks:
        tell(_attack(each, catalogue))
    tell(audit_told(made.audit, catalogue))
    tell_cost(made.cost, catalogue)
    tell(catalogue.say("synthesise.read"))
    print(target)


def tell_trained(trained: "TrainedModel", catalogue: Catalogue) -> None:
    """How good it is, for whom, and what it cost."""
    heads = tuple(catalogue.say(f"train.{name}") for name in ("quality", "people", "value", "interval"))
    write_table(heads, [_row(metric, catalogue) for metric in trained.metrics], numbers=(False, False, True, True))
    tell(catalogue.say("train.learner", learner=catalogue.word("learner", trained.model.learner), rounds=trained.training.rounds))
    tell(catalogue.say("train.rows_kept", unit=trained.training.unit, rows=trained.training.rows_per_unit))
    tell(catalogue.say("train.measured_on"))
    tell_cost(trained.cost, catalogue)
    tell(catalogue.say("train.entry", entry=trained.training.use.entry))


def _row(metric: "Metric", catalogue: Catalogue) -> tuple[str, ...]:
    digits = digits_after((metric.high - metric.low) / 2)
    people = metric.whom or catalogue.say("train.everybody")
    ends = (number(metric.low, digits), number(metric.high, digits))
    return catalogue.word("metric", metric.name), people, number(metric.value, digits), " … ".join(ends)


def _attack(found: "Attack", catalogue: Catalogue) -> str:
    """What an attack on such tables found; one that a copy of the data withstood is no evidence."""
    name = catalogue.word("attack", found.attack)
    if not found.control_caught:
        return catalogue.say("attack.no_evidence", attack=name)
    points = (number(100 * each, 1) for each in (found.excess, found.excess_low, found.excess_high))
    told = dict(zip(("excess", "low", "high"), points, strict=True))
    return catalogue.say("attack.leaks" if found.leaked else "attack.holds", attack=name, **told)


def audit_told(audit: "Audit | None", catalogue: Catalogue) -> str:
    """What an attack on how it is made found; one whose control was missed is no evidence, whatever it found."""
    if audit is None or not audit.control_caught:
        return catalogue.say("audit.none" if audit is None else "audit.missed")
    code = "audit.held" if audit.lower_bound <= audit.claimed else "audit.broken"
    return catalogue.say(code, bound=number(audit.lower_bound, 2), claimed=number(audit.claimed, 2))


def tell_foreseen(foreseen: "Foreseen", catalogue: Catalogue) -> None:
    """What it would cost, and when it would be there."""
    tell(
        catalogue.say(
            "train.foreseen", learner=catalogue.word("learner", foreseen.learner), rounds=foreseen.rounds, seconds=f"{foreseen.seconds:.0f}"
        )
    )
    if foreseen.half is not None:
        tell(catalogue.say("train.foreseen_half", half=f"{foreseen.half:.3f}"))
    tell(catalogue.say("preview.cost", share=percent(foreseen.cost.share)))
    tell(catalogue.say("ask.odds", **odds(odds_percent(epsilon_of(foreseen.cost.loss_nrho)))))


def _listed(text: str | None) -> tuple[str, ...]:
    """Names separated by commas."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
