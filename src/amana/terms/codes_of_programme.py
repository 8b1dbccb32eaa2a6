"""The refusals of the national programme; see `codes.py`."""

from amana.terms.code import Code, Exit

CODES_OF_PROGRAMME: dict[str, Code] = {
    "programme.topology_large": Code(910, Exit.SETTINGS),
    "programme.topology_not_json": Code(911, Exit.SETTINGS),
    "programme.topology_wrong": Code(912, Exit.SETTINGS),
    "programme.topology_names": Code(913, Exit.SETTINGS),
}
