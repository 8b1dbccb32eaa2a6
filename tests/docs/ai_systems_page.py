"""The reference of the register of AI systems, made from its fields and from how they are named by three standards."""

from amana.register.ai_systems import FIELDS, FORMAT
from amana.register.standards import STANDARDS, Mapped
from amana.terms.model_card import NEEDED

TITLES = {
    "algoritmeregister": "Dutch Algorithm Register, publication standard 1.0",
    "atrs": "United Kingdom, Algorithmic Transparency Recording Standard 3",
    "ai-act": "European Union, Regulation 2024/1689, annex VIII, section A",
}


def ai_systems_page() -> str:
    """Every member of a system, and each standard's fields with the members that they are made of."""
    lines = [
        "# The register of AI systems",
        "",
        "Made by `make docs` from `register/ai_systems.py` and `register/standards.py`. The register lists the models and forecasters that were",
        f"registered, with the format `{FORMAT}`; its members are these and no others. Those that are *said* come from the",
        "team, in one language at least; the node fills the rest from the training and from the public log. Every measure is private and has",
        "its 95 % interval.",
        "",
        "| member | what it holds | said |",
        "|---|---|---|",
    ]
    lines += [f"| `{field.name}` | {field.about} | {_said(field.name) if field.said else ''} |" for field in FIELDS]
    lines += [
        "",
        "As a table (CSV), what is said in several languages has a column for each, such as `name_ar`. As a CycloneDX bill of materials and",
        "as a model card for hubs, the same is told under the names of those forms.",
    ]
    for standard, mapped in STANDARDS.items():
        lines += ["", f"## {TITLES[standard]}", "", f"Form `{standard}`.", "", "| field | made of |", "|---|---|"]
        lines += [f"| `{each.name}` | {_members(each)} |" for each in mapped]
    return "\n".join(lines) + "\n"


def _said(name: str) -> str:
    return "yes, always" if name in NEEDED else "yes"


def _members(mapped: Mapped) -> str:
    return ", ".join(f"`{name}`" for name in mapped.members) or "always the same"
