"""For generated plans and databases, taking any one unit away changes no sum by more than the kernel claims."""

from hypothesis import assume, given
from hypothesis import strategies as st

from amana.privacy.bound import bound
from amana.query.check import check
from amana.terms.refusal import Refusal
from tests.property.distance import assert_claims_hold, results, without
from tests.property.grow import SCHEMA, choices, databases, plans, published


@given(data=st.data())
def test_no_unit_changes_a_result_by_more_than_is_claimed(data: st.DataObject) -> None:
    try:
        plan = check(data.draw(plans()), SCHEMA)
        choice = data.draw(choices(plan))
        bounded = bound(plan, SCHEMA, choice=choice, groups_max=data.draw(st.sampled_from((4, 10_000))))
    except Refusal:
        assume(False)
    for _ in range(6):
        database = data.draw(databases())
        whole = results(bounded, published(database))
        for _, smaller in without(database):
            assert_claims_hold(bounded, whole, results(bounded, published(smaller)))
