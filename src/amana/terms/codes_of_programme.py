"""The refusals of the national programme; see `codes.py`."""

from amana.terms.code import Code, Exit

CODES_OF_PROGRAMME: dict[str, Code] = {
    "programme.source_not_read": Code(900, Exit.USAGE),
    "programme.source_empty": Code(901, Exit.USAGE),
    "programme.source_too_large": Code(902, Exit.USAGE),
    "programme.source_not_utf8": Code(903, Exit.USAGE),
    "programme.source_without_text": Code(904, Exit.USAGE),
    "programme.source_broken_pdf": Code(905, Exit.USAGE),
    "programme.source_locked_pdf": Code(906, Exit.USAGE),
    "programme.source_too_long": Code(907, Exit.USAGE),
    "programme.source_language": Code(908, Exit.USAGE),
    "programme.source_draft_not_written": Code(909, Exit.USAGE),
}
