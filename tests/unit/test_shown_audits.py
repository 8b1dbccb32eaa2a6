"""What an audit found is said in words, and travels: one whose control was missed is no evidence, whatever it found (PRIVACY 21)."""

from dataclasses import replace

import pytest

from amana.cli.train import audit_told
from amana.client.text import load
from amana.client.trained import read_audit, write_audit
from amana.terms.refusal import Refusal
from amana.terms.training_facts import Audit

HELD = Audit(attack="canary", claimed=10.7, lower_bound=7.5, delta=1e-5, confidence=0.95, control_caught=True)


@pytest.mark.parametrize(
    ("audit", "said"),
    [
        (HELD, "at least ε = 7.50; at most 10.70 is promised"),
        (replace(HELD, lower_bound=11.0), "more than is promised"),
        (replace(HELD, control_caught=False), "No evidence."),
        (replace(HELD, control_caught=False, lower_bound=11.0), "No evidence."),
        (None, "No attack"),
    ],
)
def test_what_an_audit_found_is_said(audit: Audit | None, said: str) -> None:
    assert said in audit_told(audit, load("en"))


@pytest.mark.parametrize("audit", [None, HELD, replace(HELD, control_caught=False)])
def test_an_audit_travels(audit: Audit | None) -> None:
    assert read_audit(write_audit(audit)) == audit


@pytest.mark.parametrize("sent", ["held", {}, {**(write_audit(HELD) or {}), "lower_bound": "low"}])
def test_what_is_no_audit_is_refused(sent: object) -> None:
    with pytest.raises(Refusal, match="client.not_understood"):
        read_audit(sent)


def test_a_control_counts_as_caught_only_where_that_is_said() -> None:
    found = read_audit({**(write_audit(HELD) or {}), "control_caught": "yes"})
    assert found is not None and not found.control_caught
