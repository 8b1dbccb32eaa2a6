"""`amana keys`: what keys a node has, and new ones."""

import argparse

from amana.cli.show import tell, working, write_table
from amana.client.figures import number
from amana.client.text import Catalogue
from amana.local.keys import Shown, list_keys, rotate_keys


def keys(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Show the keys, or rotate them and show them afterwards."""
    if options.action == "rotate":
        with working(catalogue.say("keyring.working")):
            done = rotate_keys(folder=options.folder, to=options.to, data="encrypt anew" if options.data else "keep")
        tell(catalogue.say("keyring.rotated", before=done.before, after=done.after, keys=str(done.keys_count), files=str(done.files_count)))
        tell(catalogue.say("keyring.back_up"))
    columns = tuple(catalogue.say(f"keyring.{name}") for name in ("key", "made", "days", "wrapped_by"))
    write_table(columns, [_row(shown) for shown in list_keys(folder=options.folder)], numbers=(False, False, True, False))


def _row(shown: Shown) -> tuple[str, ...]:
    return shown.name, shown.made_at.date().isoformat(), number(shown.age_days, 0), shown.wrapped_by
