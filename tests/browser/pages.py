"""A real browser with a device that holds passkeys, where this machine has one."""

import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

CHROMIUM = os.environ.get("AMANA_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: install it, or name it with AMANA_CHROMIUM")
WAIT_MS_MAX = 60_000
"""For what a page has to do: other tests run beside this one."""
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
REFUSED = re.compile(r"status of (40\d|422) ")
"""What a browser writes down of an answer that says no: no complaint about a page."""
_started: list[tuple[Playwright, Browser]] = []


def browser() -> Browser:
    """The one browser of a file of tests, started when it is needed first; `conftest.py` ends it with the file."""
    if not _started:
        playwright = sync_playwright().start()
        _started.append((playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])))
    return _started[0][1]


def end_browser() -> None:
    """End it, if it was started."""
    while _started:
        playwright, running = _started.pop()
        running.close()
        playwright.stop()


@contextmanager
def context_of(*, language: str = "en", width: int = 1280, scripts: bool = True, workers: bool = True) -> Generator[BrowserContext]:
    """What one reader's browser keeps: cookies, copies, storage. `scripts`: its pages run them; `workers`: and service workers."""
    context = browser().new_context(
        locale=language,
        viewport={"width": width, "height": 800},
        java_script_enabled=scripts,
        service_workers="allow" if workers else "block",
    )
    context.set_default_timeout(WAIT_MS_MAX)
    try:
        yield context
    finally:
        context.close()


@contextmanager
def plain_page(*, language: str = "en", width: int = 1280, scripts: bool = True) -> Generator[Page]:
    """A page whose complaints nobody listens to: what it fails to fetch is the test's own doing."""
    with context_of(language=language, width=width, scripts=scripts, workers=False) as context:
        yield context.new_page()


@contextmanager
def page_of(*, language: str = "en", width: int = 1280, scripts: bool = True) -> Generator[Page]:
    """A page of a new reader, whose device confirms whatever it is asked to; what the page complains of fails the test.

    Source: Chrome DevTools Protocol, domain WebAuthn.
    """
    complaints: list[str] = []
    with context_of(language=language, width=width, scripts=scripts) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" and not REFUSED.search(said.text) else None)
        yield page
    assert complaints == []
