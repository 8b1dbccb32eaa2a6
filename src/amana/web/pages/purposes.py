"""Terms of permitted use as words: each term of the closed list has its own in every language."""

from markupsafe import Markup, escape

from amana.catalog.purposes import UseTerm, read_term
from amana.web.pages.reader import Reader
from amana.web.pages.render import ltr


def purpose(reader: Reader, written: str) -> Markup:
    """A term such as `HMB` or `DS:MONDO:0005148` in the reader's language, with its parameter; one that no list knows as it is."""
    term = read_term(written) or UseTerm(code=written)  # the log tells some terms without the parameter that they need
    words = escape(reader.catalogue.word("purpose", term.code))
    return words if term.parameter is None else words + ": " + ltr(term.parameter)
