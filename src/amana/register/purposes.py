"""Terms of permitted use in words that other registers know: the Data Use Ontology and the Data Privacy Vocabulary."""

import re
from typing import Final

from amana.catalog.purposes import TERMS, read_term

DUO: Final = "http://purl.obolibrary.org/obo/DUO_"
OBO: Final = "http://purl.obolibrary.org/obo/"
DPV: Final = "https://w3id.org/dpv#"
_DUO_NUMBER = re.compile(r"\(DUO:([0-9]{7})\)")


def purpose_iri(written: str) -> str:
    """The name on the web of a term such as `GRU` or `dpv:AcademicResearch`; a parameter is not part of it.

    >>> purpose_iri("GRU")
    'http://purl.obolibrary.org/obo/DUO_0000042'
    """
    code = _code(written)
    found = _DUO_NUMBER.search(TERMS[code].about)
    assert found is not None or code.startswith("dpv:"), code
    return f"{DUO}{found[1]}" if found is not None else f"{DPV}{code.removeprefix('dpv:')}"


def purpose_about(written: str) -> str:
    """What the term says, in English, with its parameter.

    >>> purpose_about("DS:MONDO:0005148")
    'research on one disease (DUO:0000007): MONDO:0005148'
    """
    term, about = read_term(written), TERMS[_code(written)].about
    return about if term is None or term.parameter is None else f"{about}: {term.parameter}"


def disease_iri(written: str) -> str | None:
    """The name on the web of the disease of a term `DS`; None for other terms.

    >>> disease_iri("DS:MONDO:0005148")
    'http://purl.obolibrary.org/obo/MONDO_0005148'
    """
    term = read_term(written)
    if term is None or term.code != "DS" or term.parameter is None:
        return None
    return OBO + term.parameter.replace(":", "_")


def _code(written: str) -> str:
    """The code without its parameter; what the log leaves of a term whose parameter was written freely is the code alone."""
    if written in TERMS:
        return written
    term = read_term(written)
    assert term is not None, "terms are read where rules and projects come in"
    return term.code
