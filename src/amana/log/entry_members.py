"""What entries of several kinds are made of: members that mean the same wherever they stand."""

from amana.log.entry_forms import Count, Seals, Several, Text, Written

_ASCII_BUT_LETTERS = r"\u0000-\u0040\u005b-\u005e\u0060\u007b-\u00a0\u2000-\u206f"
NAME = Text(
    pattern=rf"[^{_ASCII_BUT_LETTERS}][^\u0000-\u002f\u003a-\u0040\u005b-\u005e\u0060\u007b-\u00a0\u2000-\u206f]{{0,59}}",
    about="a name that SQL writes without quotes",
)
VERSION = Text(pattern="[0-9a-f]{1,64}", about="the random name of a version")
PROJECT_ID = Text(pattern="p-[0-9a-f]{1,32}", about="a project")
NO_PROJECT = Text(pattern=f"(?:{PROJECT_ID.pattern})?", about="a project; empty: the custodian on the node's own machine")
PERMIT_ID = Text(pattern="m-[0-9a-f]{1,32}", about="a permit")
ANY_PERMIT = Text(pattern=f"{PERMIT_ID.pattern}|custodian:{NAME.pattern}", about="a permit, or the custodian's own")
ORGANISATION = Written(length_max=500, about="the organisation that answers for the data")
PURPOSES = Several(
    of=Text(
        pattern="DS:[A-Z]{1,16}:[0-9]{1,12}|TS:[1-9][0-9]{0,2}|[A-Z]{2,10}|dpv:[A-Za-z]{1,60}",
        about="a term of permitted use, without a parameter that somebody could have written freely",
    ),
    about="what for",
)
CODE = Count(digits_max=3, about="the number of the refusal; 0: none")
VKEY = r"[!#-*,-\[\]-~]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{1,4000}={0,2}"
DECIDED, ASKED = Seals(names=("actor", "reasons")), Seals(names=("person", "sql"))
