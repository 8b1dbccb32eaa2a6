"""A real browser with a device that holds passkeys, where this machine has one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, sync_playwright

CHROMIUM = os.environ.get("AMANA_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here: install it, or name it with AMANA_CHROMIUM")
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@contextmanager
def page_of(*, language: str = "en", width: int = 1280, scripts: bool = True) -> Iterator[Page]:
    """A page of a new browser (`scripts`: that runs them), whose device confirms whatever it is asked to; what the page complains of fails the test.

    Source: Chrome DevTools Protocol, domain WebAuthn.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_context(locale=language, viewport={"width": width, "height": 800}, java_script_enabled=scripts).new_page()
        session = page.context.new_cdp_session(page)
        session.send("WebAuthn.enable")
        session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" and "status of 4" not in said.text else None)
        yield page
        browser.close()
        assert complaints == []
