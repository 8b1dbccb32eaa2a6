"""The reference of the audits of learners, made from what they found."""

from amana.learn.attacks import SYNTHETIC
from amana.learn.audit import CONFIDENCE, FORECAST, OF_NUMBER, Verdict, published_audits
from amana.terms.training import SEQUENCES

SAID = {Verdict.HOLDS: "holds", Verdict.VIOLATED: "**broken**", Verdict.NO_EVIDENCE: "no evidence"}
NO_TASK = {SYNTHETIC: "rows of a table", FORECAST: "a number to come"}


def audits_page() -> str:
    """Every learner at every task that it can be trained for, and what was found of its mechanism."""
    found = published_audits()
    (delta,), (runs,) = {each.delta for each in found}, {each.runs for each in found}
    lines = [
        "# Audits of the learners",
        "",
        "Made by `make docs` from `learn/audits.json`, which `make attacks` writes. Every learner is attacked at its own mechanism, apart for",
        "each task, as it then asks for other sums. Cards of models show the line of their learner and task; synthetic tables and",
        "forecasts, which have no card, carry theirs in what the node sends and in the report beside a table.",
        "",
        "The attacker sees every noisy sum of a training on a tiny invented table, knows all but the noise, and adds up by how much each sum",
        "is likelier with one more person, who adds nearly as much to it as anybody can. From",
        f"{runs} trainings in each world, with and without that person, follows the ε that was surely lost: a bound with {100 * CONFIDENCE:.0f} % confidence",
        f"at δ = {delta:g}. It believes that what is added up is normal, as it is for Gaussian noise. The *control* is the same learner with",
        "half the noise: the same test must find more lost than is claimed, or the line says *no evidence* and shows nothing. Claims",
        "are those of the audited trainings, whose loss is large so that few of them tell the worlds apart; the claim of a",
        "model is on its card. That a claim holds is [proved](../explanation/architecture.md); an audit can only find that it does not.",
        "",
        "| learner | what it predicts | ε claimed | surely lost | control | verdict |",
        "|---|---|---|---|---|---|",
    ]
    for each in found:
        learner, number = each.learner.removesuffix(OF_NUMBER), each.learner.endswith(OF_NUMBER)
        what = NO_TASK.get(learner, "a number" if number else "a class")
        lines.append(f"| `{learner}` | {what} | {each.claim:.2f} | {each.lower:.2f} | {each.control:.2f} | {SAID[each.verdict]} |")
    return (
        "\n".join(
            [*lines, "", f"There is no audit of `{SEQUENCES}` for a number: an attempt is right or wrong, and another target is refused."]
        )
        + "\n"
    )
