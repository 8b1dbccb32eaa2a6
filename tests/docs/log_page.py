"""The reference of the log's entries, and a JSON Schema for each kind, made from their declaration."""

import json

from amana.log.entries import REASONS, SCHEMA_VERSION, SIZES_BYTES, json_schema
from amana.log.entry_forms import Count, Form, Seals, Several, schema_of
from amana.log.entry_kinds import KINDS, Kind


def schema_page(kind: str) -> str:
    """The JSON Schema of one kind."""
    return json.dumps(json_schema(kind), indent=2, ensure_ascii=False, default=dict) + "\n"


def log_page() -> str:
    """Every kind of entry with its members."""
    lines = [
        "# Entries of the public log",
        "",
        "Made by `make docs` from `log/entry_kinds.py`. An entry is a JSON object in its canonical form",
    ]
    lines += [
        f"(RFC 8785), schema version {SCHEMA_VERSION}, one JSON Schema (draft 2020-12) for each kind. It holds public facts and commitments,",
        "no free text but what an `open` entry discloses, and nothing that the data decided. Every entry has `amana` (the schema version),",
        "`kind`, `hour` (UTC) and `pad`: zeros up to the size class, the smallest that holds it, of",
        f"{', '.join(f'{size:,}' for size in SIZES_BYTES)} bytes. Amounts are decimal texts: nano-rho, and delta in units of 2⁻⁶⁴.",
        "",
        "A member of `sealed` is base64 of HMAC-SHA256 over the canonical JSON of a text, under a salt of 32 random bytes that the",
        "custodian keeps. Whoever is given text and salt can check it; once the salt is erased, it says nothing for ever.",
        "",
        f"A reader refuses bytes that are no entry for one of these reasons: {', '.join(f'`{reason}`' for reason in sorted(REASONS))}.",
    ]
    for kind in KINDS.values():
        lines += ["", *_kind(kind)]
    return "\n".join(lines) + "\n"


def _kind(kind: Kind) -> list[str]:
    lines = [
        f"## {kind.name}",
        "",
        kind.about,
        "",
        f"Schema: [{kind.name}.schema.json](log/{kind.name}.schema.json)",
        "",
        "| member | what | form |",
        "|---|---|---|",
    ]
    return lines + [f"| `{name}` | {_about(form)} | {_form(form)} |" for name, form in kind.members]


def _about(form: Form) -> str:
    return f"{form.about}: {', '.join(f'`{name}`' for name in form.names)}" if isinstance(form, Seals) else form.about


def _form(form: Form) -> str:
    match form:
        case Several():
            return f"list of {_form(form.of)}"
        case Count():
            return f"number of at most {form.digits_max} digits"
        case Seals():
            return "object"
        case _:
            pattern = schema_of(form).get("pattern")
            if not isinstance(pattern, str):
                return "text"
            shown = pattern.removeprefix("^(?:").removesuffix(")$(?!\\n)").replace("|", "\\|")
            return f"`{shown}`" if len(shown) < 100 else "text"
