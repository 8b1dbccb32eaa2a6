"""The search of public pages: how words are compared, and that what is remembered for it stays small, whatever strangers search for."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from amana.web.pages.search import CHARACTERS_MAX, FOLDED_CHARACTERS_MAX, FOLDED_MAX, fold, holds, remembered
from tests.doors.http_node import HttpNode, http_node

SEARCHES = 40
WIDEST = "\ufdfa"
"""The letter that is parted into the most: eighteen."""


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    remembered.cache_clear()
    yield
    remembered.cache_clear()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("search") / "node") as made:
        yield made


def search(client: TestClient, words: str) -> str:
    reply = client.get("/en/search", params={"q": words})
    assert reply.status_code == 200
    return reply.text


def test_words_are_found_whatever_the_case_the_accents_and_the_article() -> None:
    assert holds(("Énergie solaire",), fold("ENERGIE").split())
    assert holds(("الصِّحَّة العامّة",), fold("صحه").split()) and holds(("صحة",), fold("الصحه").split())
    assert not holds(("Énergie",), fold("energie eolienne").split()), "every word is asked for"


def test_what_strangers_search_for_is_not_remembered_and_pushes_nothing_out(node: HttpNode) -> None:
    assert "/en/datasets/test" in search(node.client, "visits")
    first = remembered.cache_info()
    for number in range(SEARCHES):
        search(node.client, f"zebra{number}")
    then = remembered.cache_info()
    assert (then.currsize, then.misses) == (first.currsize, first.misses), "each text of the node is folded once"
    assert then.hits > first.hits


def test_no_more_than_so_many_texts_of_such_a_length_are_remembered() -> None:
    for number in range(FOLDED_MAX + SEARCHES):
        holds((f"text {number}",), ("zebra",))
    assert remembered.cache_info().currsize == FOLDED_MAX
    remembered.cache_clear()
    long = "Énergie " * (FOLDED_CHARACTERS_MAX // len("Énergie ") + 1)
    assert holds((long,), ("energie",)) and remembered.cache_info().currsize == 0, "a longer one is found, and not kept"


def test_only_the_beginning_of_what_is_searched_for_is_read(node: HttpNode) -> None:
    assert len(fold(WIDEST * CHARACTERS_MAX)) <= 20 * CHARACTERS_MAX
    found = search(node.client, "visits " + "x" * CHARACTERS_MAX * 5)
    assert "x" * CHARACTERS_MAX not in found and "x" * (CHARACTERS_MAX - len("visits ")) in found
    assert "/en/datasets/test" in search(node.client, "visits" + " " * CHARACTERS_MAX + "zebra"), "what is beyond is not asked for"
