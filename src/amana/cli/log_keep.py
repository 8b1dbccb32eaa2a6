"""`amana log open`, `erase`, `rotate-key`, `retire-key`, `second-key`: what the keeper of a log does by hand."""

import argparse

from amana.cli.show import tell
from amana.cli.words import needed
from amana.client.text import Catalogue
from amana.local.log import keeping
from amana.terms.refusal import Refusal

KEPT = frozenset({"open", "erase", "rotate-key", "retire-key", "second-key"})


def keep(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Do the action. Errors: Refusal log.*, receipt.no_entry, cli.word_missing."""
    with keeping(options.folder) as keeper:
        match options.action:
            case "open":
                field = needed(options.field, word="--field", example=f"amana log open {options.what or 0} --field sql")
                keeper.open(_index(options), field=field)
                tell(catalogue.say("log.opened", index=str(options.what), field=field))
            case "erase":
                count = keeper.erase(_index(options), field=options.field or "")
                tell(catalogue.say("log.erased", index=str(options.what), count=str(count)))
            case "rotate-key":
                print(keeper.rotate())
                tell(catalogue.say("log.rotated"))
            case "retire-key":
                keeper.retire()
                tell(catalogue.say("log.retired"))
            case _:
                print(keeper.strengthen())
                tell(catalogue.say("log.strengthened"))


def _index(options: argparse.Namespace) -> int:
    written = needed(options.what, word="INDEX", example=f"amana log {options.action} 0")
    if not (written.isascii() and written.isdigit()) or len(written) > 18:
        raise Refusal("cli.word_missing", word="INDEX", example=f"amana log {options.action} 0")
    return int(written)
