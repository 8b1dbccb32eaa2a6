"""An application while it is written: what the form shows, what it brings, and what is made of it."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import final

from amana.catalog.purposes import TERMS, TermKind, read_term
from amana.catalog.schema import Dataset
from amana.node.checklists import ANSWER_CHARACTERS_MAX, answers_to
from amana.node.projects import Application
from amana.policy.projects import Project
from amana.policy.purposes import ACCEPTABLE
from amana.web.pages.forms import Form
from amana.web.pages.reader import NAMES
from amana.web.pages.words import day_of

TITLE_CHARACTERS_MAX = 300
SUMMARY_CHARACTERS_MAX = 5_000
ETHICS_CHARACTERS_MAX = 500
YEAR = timedelta(days=365)
DISEASE = "DS"
PURPOSES = tuple(term.code for term in TERMS.values() if term.kind is TermKind.PERMISSION and term.code != DISEASE)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The fields as they are typed. `key`: of this form, for one project only. Shapes: `title`, `lay_summary` by language; `answers` by
    dataset, one text for each question as it is asked now."""

    title: Mapping[str, str]
    lay_summary: Mapping[str, str]
    purposes: tuple[str, ...]
    disease: str
    datasets: tuple[str, ...]
    ends_on: str
    ethics_reference: str
    answers: Mapping[str, tuple[str, ...]]
    key: str


def new_draft(serving: Iterable[Dataset], *, dataset: str, now: datetime) -> Draft:
    """An empty form. `dataset`: the one that she came from, if any."""
    chosen = tuple(each.name for each in serving if each.name == dataset)
    return Draft(
        title={}, lay_summary={}, purposes=(), disease="", datasets=chosen, ends_on=day_of(now + YEAR), ethics_reference="", answers={},
        key=secrets.token_hex(16),
    )  # fmt: skip


def draft_of(project: Project, serving: Iterable[Dataset]) -> Draft:
    """The form of a project that is there already. A question that was changed since is not answered."""
    terms = tuple(project.purposes)
    return Draft(
        title=dict(project.title), lay_summary=dict(project.lay_summary),
        purposes=tuple(str(term) for term in terms if term.code != DISEASE),
        disease=", ".join(term.parameter or "" for term in terms if term.code == DISEASE), datasets=project.datasets,
        ends_on=day_of(project.ends_on), ethics_reference=project.ethics_reference,
        answers={each.name: answers_to(project, each) for each in serving}, key="",
    )  # fmt: skip


def typed(form: Form, serving: Iterable[Dataset]) -> Draft:
    """What a form brought. Errors: Refusal http.bad_request for a text that is too long."""
    answers = {
        each.name: tuple(
            form.text(f"answer_{each.name}_{place}", most=ANSWER_CHARACTERS_MAX) for place in range(1, len(each.checklist) + 1)
        )
        for each in serving
    }
    return Draft(
        title={each: form.text(f"title_{each}", most=TITLE_CHARACTERS_MAX) for each in NAMES},
        lay_summary={each: form.text(f"lay_summary_{each}", most=SUMMARY_CHARACTERS_MAX) for each in NAMES},
        purposes=form.all("purpose"),
        disease=form.text("disease", most=200),
        datasets=form.all("dataset"),
        ends_on=form.text("ends_on", most=10),
        ethics_reference=form.text("ethics_reference", most=ETHICS_CHARACTERS_MAX),
        answers=answers,
        key=form.text("key", most=64),
    )


def application_of(draft: Draft, form: Form) -> Application:
    """What is written. Errors: Refusal http.bad_request for a day that is none."""
    diseases = tuple(f"{DISEASE}:{each.strip()}" for each in draft.disease.split(",") if each.strip())
    return Application(
        title=tuple((language, text) for language, text in draft.title.items() if text),
        lay_summary=tuple((language, text) for language, text in draft.lay_summary.items() if text),
        purposes=(*draft.purposes, *diseases),
        datasets=tuple(dict.fromkeys(draft.datasets)),
        ends_on=form.day("ends_on"),
        ethics_reference=draft.ethics_reference,
        answers=tuple((name, texts) for name, texts in draft.answers.items() if name in draft.datasets and any(texts)),
    )


def conditions(serving: Iterable[Dataset], draft: Draft) -> tuple[str, ...]:
    """The conditions of these datasets that an applicant can accept by a tick, and what the draft names besides."""
    named = [term for each in serving for term in each.purposes if (read := read_term(term)) is not None and read.code in ACCEPTABLE]
    return tuple(dict.fromkeys((*named, *(each for each in draft.purposes if each not in PURPOSES))))
