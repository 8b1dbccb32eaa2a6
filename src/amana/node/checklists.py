"""The custodians' checklists: what an applicant must answer for each dataset that she asks for, kept with her project."""

from collections.abc import Mapping

from amana.catalog.schema import Dataset
from amana.node.project_rows import written
from amana.policy.projects import Project
from amana.terms.database import Transaction, Value
from amana.terms.ids import ProjectId
from amana.terms.refusal import Refusal

FORGET = "DELETE FROM checklist_answer WHERE project = :project"
KEEP = """INSERT INTO checklist_answer (project, dataset, place, question, answer)
VALUES (:project, :dataset, :place, :question, :answer)"""
ANSWER_CHARACTERS_MAX = 4_000


def check_answers(given: Mapping[str, tuple[str, ...]], *, datasets: Mapping[str, Dataset]) -> None:
    """Errors: Refusal node.unknown_dataset, node.bad_value for more answers than questions, or one that is too long."""
    for name, texts in given.items():
        if name not in datasets:
            raise Refusal("node.unknown_dataset", name=name[:80], names=", ".join(datasets))
        if len(texts) > len(datasets[name].checklist):
            raise Refusal("node.bad_value", field="answers", wanted="word.items_at_most", number=len(datasets[name].checklist))
        if any(len(each) > ANSWER_CHARACTERS_MAX for each in texts):
            raise Refusal("node.bad_value", field="answers", wanted="word.characters_at_most", number=ANSWER_CHARACTERS_MAX)


def keep_answers(
    run: Transaction, project: ProjectId, *, given: Mapping[str, tuple[str, ...]], chosen: tuple[str, ...], datasets: Mapping[str, Dataset]
) -> None:
    """The answers of a project from now on: to the questions of the datasets that it asks for, in their order."""
    run.change(FORGET, {"project": project})
    for name in dict.fromkeys(chosen):
        for place, (question, answer) in enumerate(zip(datasets[name].checklist, given.get(name, ()), strict=False), start=1):
            if answer.strip():
                values: dict[str, Value] = {"project": project, "dataset": name, "place": place}
                run.change(KEEP, {**values, "question": written(question), "answer": answer.strip()})


def check_answered(project: Project, *, datasets: Mapping[str, Dataset]) -> None:
    """Every question of its datasets is answered as it is asked now. Errors: Refusal project.unanswered, which says which are not."""
    for name in project.datasets:
        missing = [str(place) for place, answer in enumerate(answers_to(project, datasets.get(name)), start=1) if not answer]
        if missing:
            raise Refusal("project.unanswered", project=project.id, dataset=name, questions=", ".join(missing))


def answers_to(project: Project, dataset: Dataset | None) -> tuple[str, ...]:
    """The answer to each question of the dataset as it asks now, empty where there is none: nobody answered a question that was changed."""
    if dataset is None:
        return ()
    known = {each.question: each.text for each in project.answers if each.dataset == dataset.name}
    return tuple(known.get(question, "") for question in dataset.checklist)
