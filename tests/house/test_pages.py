"""The pages of the portal as files: their words exist, nothing in them runs inline or comes from elsewhere, and they stay small."""

import hashlib
import re
from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from amana.client.text import load
from amana.web.app import build
from amana.web.pages.route import PersonalRoute
from tests.house.test_routes import empty_service
from tests.house.tree import SOURCE, sources

PAGES, STATIC, VENDOR = SOURCE / "web" / "pages", SOURCE / "web" / "static", SOURCE / "web" / "vendor"
TEMPLATES = {path.name: path.read_text("utf-8") for path in sorted((PAGES / "templates").rglob("*.html"))}
SPOKEN = re.compile(r"""\b(say|count|tell|word)\(\s*"([a-z0-9_.-]+)"\s*(~?)""")
CODES_IN_CONDITIONS = re.compile(r'"(page\.[a-z0-9_.-]+)"\s*(~?)')
INLINE = re.compile(r"\son[a-z]+\s*=|\sstyle\s*=|<style\b|javascript:", re.IGNORECASE)
SCRIPT = re.compile(r"<script\b[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
ELSEWHERE = re.compile(r"""(?:src|href|action|poster|data)\s*=\s*["']?(?:https?:)?//""", re.IGNORECASE)
BYTES_MAX = {"portal.css": 7_000, "portal.js": 1_200, "arabic.woff2": 12_500, "tifinagh.woff2": 4_000}


def messages_of(text: str) -> Iterator[tuple[str, bool]]:
    """Codes that a template names, and whether more is put behind them, as it is behind the kind of every word."""
    for kind, code, more in SPOKEN.findall(text):
        yield (f"word.{code}.", True) if kind == "word" else (code, bool(more))
    for code, more in CODES_IN_CONDITIONS.findall(text):
        yield code, bool(more)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_message_that_a_template_names_is_in_the_catalogues(name: str) -> None:
    known = load("en").messages
    missing = [
        code
        for code, begins in messages_of(TEMPLATES[name])
        if not (any(each.startswith(code) for each in known) if begins else code in known)
    ]
    assert missing == []


def test_every_message_of_a_page_is_said_by_some_page() -> None:
    """What nobody says is nobody's to translate."""
    text = " ".join([*TEMPLATES.values(), *(path.read_text("utf-8") for path in sorted((SOURCE / "web").rglob("*.py")))])
    whole = set(re.findall(r"page\.[a-z0-9_.-]+", text))
    parts = {found for found in whole if found.endswith((".", "_"))} | set(re.findall(r'f"(page\.[a-z0-9_.]+[._])\{', text))
    idle = [code for code in load("en").messages if code.startswith("page.") and code not in whole and not any(map(code.startswith, parts))]
    assert idle == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_nothing_in_a_template_runs_inline_or_comes_from_elsewhere(name: str) -> None:
    text = TEMPLATES[name]
    assert INLINE.findall(text) == []
    assert [inside for inside in SCRIPT.findall(text) if inside.strip()] == []
    assert ELSEWHERE.findall(text) == []
    assert "| safe" not in text and "|safe" not in text, "a value is escaped, always"


def test_the_walls_of_the_templates_see_what_they_forbid() -> None:
    assert all(INLINE.search(bad) for bad in ('<a onclick="x()">', '<p style="color:red">', "<style>", '<a href="javascript:x">'))
    assert all(ELSEWHERE.search(bad) for bad in ('<img src="https://x.example/i.png">', "<a href=//x.example>"))
    assert SCRIPT.findall("<script>x()</script>") == ["x()"]


def templates_of_desks() -> set[str]:
    """The templates that modules with personal pages write, and those that these take in."""
    named = {
        name
        for path in sources()
        if path.startswith("web/pages/")
        and "personal_pages()" in (text := (SOURCE / path).read_text("utf-8"))
        and "def personal_pages" not in text
        for name in re.findall(r'"([\w-]+\.html)"', text)
    }
    for name in tuple(named):
        named |= set(re.findall(r'{% (?:include|from|import) "([\w-]+\.html)"', TEMPLATES[name]))
    return named


@pytest.mark.parametrize("name", sorted(templates_of_desks()) or ["macros.html"])
def test_every_form_of_a_desk_that_changes_something_holds_its_token(name: str) -> None:
    forms = re.findall(r'<form\b[^>]*method="post"[^>]*>.*?</form>', TEMPLATES[name], re.DOTALL | re.IGNORECASE)
    assert [form[:120] for form in forms if "token()" not in form] == []


def test_what_stands_under_the_desk_is_personal_and_nothing_else_is() -> None:
    wrong = []
    for context in iter_route_contexts(build(empty_service()).routes):
        route = context.original_route
        if isinstance(route, APIRoute):
            under = re.match(r"/\{language:language\}/desk(/|$)", context.path) is not None
            if under != isinstance(route, PersonalRoute):
                wrong.append(context.path)
    assert wrong == []


@pytest.mark.parametrize("name", BYTES_MAX)
def test_what_every_page_needs_is_small(name: str) -> None:
    (file,) = (folder / name for folder in (STATIC, VENDOR) if (folder / name).exists())
    assert file.stat().st_size <= BYTES_MAX[name]


def test_styles_know_no_left_and_no_right() -> None:
    """But where something reads from left to right in every language: code."""
    text = (STATIC / "portal.css").read_text("utf-8")
    rules = [
        rule
        for rule in re.findall(r"[^{}]+\{[^{}]*\}", text)
        if re.search(r"[{;]\s*(?:margin|padding|border)?-?(?:left|right)\b\s*:|text-align:\s*(?:left|right)", rule)
    ]
    assert [rule.strip() for rule in rules if not rule.strip().startswith("pre")] == []


def test_every_file_of_others_is_listed_with_its_licence_and_its_digest() -> None:
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in (VENDOR / "README.md").read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    listed = {row[0]: row for row in rows}
    files = {
        path.relative_to(VENDOR).as_posix(): path
        for path in VENDOR.rglob("*")
        if path.is_file() and path.suffix not in {".md", ".txt", ".pyc"}
    }
    assert set(listed) == set(files)
    for name, path in files.items():
        _, what, version, licence, digest = listed[name]
        assert len(what) > 10 and any(character.isdigit() for character in version) and licence, name
        assert digest == hashlib.sha256(path.read_bytes()).hexdigest(), name
