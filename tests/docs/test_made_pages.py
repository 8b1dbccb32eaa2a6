"""The pages made from the code are up to date."""

import pytest

from tests.docs.generate import ROOT, pages


@pytest.mark.parametrize("page", [str(path.relative_to(ROOT)) for path in pages()])
def test_a_made_page_says_what_the_code_says(page: str) -> None:
    assert (ROOT / page).read_text(encoding="utf-8") == pages()[ROOT / page], "run `make docs`"
