"""One browser for each file of tests."""

from collections.abc import Iterator

import pytest

from tests.browser.pages import end_browser


@pytest.fixture(scope="module", autouse=True)
def one_browser() -> Iterator[None]:
    """Ended with the file, so that nothing of it runs beside the next."""
    yield
    end_browser()
