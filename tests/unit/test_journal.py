"""The node's own journal: what libraries and threads fail at stands there by its kind, never in their words."""

import logging
import threading
from collections.abc import Iterator, MutableMapping
from typing import Any

import pytest
import structlog

from amana.node.journal import AGAIN_S, LibraryWords, noted

Lines = list[MutableMapping[str, Any]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    with structlog.testing.capture_logs() as held:
        yield held


def test_a_library_that_fails_is_written_down_without_its_words(lines: Lines) -> None:
    logger, words = logging.getLogger("tests.library"), LibraryWords()
    logger.addHandler(words)
    logger.propagate = False
    try:
        raise OSError("host db.example, password x")
    except OSError:
        logger.exception("cannot reach %s", "db.example")
    logger.warning("a stranger sent nonsense")
    assert [(line["event"], line["name"], line["kind"]) for line in lines] == [("library", "tests.library", "OSError")]
    assert "example" not in str(lines)


def test_a_failure_that_comes_again_and_again_fills_no_disk(lines: Lines) -> None:
    logger, now = logging.getLogger("tests.library.again"), [0.0]
    logger.addHandler(LibraryWords(elapsed=lambda: now[0]))
    logger.propagate = False
    for again in range(1000):
        now[0] = again * AGAIN_S / 500  # for twice as long as it is kept quiet
        logger.error("no more files")
    logger.error("another failure")
    assert len(lines) == 3


def test_a_thread_that_fails_is_written_down_without_its_words(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> None:
        raise ValueError("row 17 is Ann's")

    monkeypatch.setattr(threading, "excepthook", noted)
    thread = threading.Thread(target=fails, name="tests")
    thread.start()
    thread.join()
    assert [(line["event"], line["name"], line["kind"]) for line in lines] == [("thread", "tests", "ValueError")]
    assert "Ann" not in str(lines)
