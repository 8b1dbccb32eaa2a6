"""`amana data`: public data sets for trials and benchmarks, listed, or fetched and checked."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from amana.cli.show import tell, working, write_table
from amana.cli.words import needed
from amana.client.figures import number
from amana.client.text import Catalogue

if TYPE_CHECKING:
    from amana.client.data import DataSet
    from amana.client.data_fetch import Got


def data(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Do the action that was asked for."""
    from amana.client.data import find

    if options.action == "get":
        name = needed(options.name, word="word.metavar.name", example="amana data get adult")
        _get(find(name), options, catalogue)
    elif options.name:
        for line in _facts(find(str(options.name)), catalogue):
            print(line)
    else:
        _list(catalogue)


def _list(catalogue: Catalogue) -> None:
    from amana.client.data import registry

    columns = tuple(catalogue.say(f"data.column.{name}") for name in ("name", "title", "rows", "size", "licence"))
    rows = [(each.name, each.title, number(each.rows_count, 0), _size(each.bytes_count), each.licence) for each in registry().values()]
    write_table(columns, rows, numbers=(False, False, True, True, False))


def _get(wanted: "DataSet", options: argparse.Namespace, catalogue: Catalogue) -> None:
    """The paths on stdout, for the next program; what a person must know of them on stderr."""
    from amana.client.data_fetch import get_from_folder, get_from_origin

    to = Path(options.to or wanted.name)
    with working(catalogue.say("data.getting", title=wanted.title)):
        if options.mirror is None:
            got = get_from_origin(wanted, to=to, tell=lambda url: tell(catalogue.say("data.asking", url=url)))
        else:
            got = get_from_folder(wanted, to=to, mirror=Path(options.mirror))
    for path in (*(path for path, _ in got.written), *got.there):
        print(path)
    for line in (*_facts(wanted, catalogue), *_remarks(got, catalogue)):
        tell(line)


def _facts(wanted: "DataSet", catalogue: Catalogue) -> list[str]:
    """What whoever uses the data must know: in English, as their origins tell it, under words of the reader's language."""
    facts = {"title": wanted.title, "page": wanted.page, "licence": wanted.licence, "cite": wanted.citation, "row": wanted.row}
    lines = [catalogue.say(f"data.fact.{name}", text=text) for name, text in {**facts, "unit": wanted.unit}.items()]
    return [*lines, *(catalogue.say("data.fact.quirk", text=quirk) for quirk in wanted.quirks)]


def _remarks(got: "Got", catalogue: Catalogue) -> list[str]:
    lines = [catalogue.say("data.differs", file=name, differs=differs) for name, differs in got.differing]
    lines += [catalogue.say("data.left", files=", ".join(got.left))] if got.left else []
    counts = {"written": len(got.written), "there": len(got.there)}
    return [*lines, *(catalogue.count(f"data.{name}", number) for name, number in counts.items() if number)]


def _size(bytes_count: int) -> str:
    return f"{bytes_count / 1e6:.1f} MB" if bytes_count >= 100_000 else f"{bytes_count / 1e3:.0f} kB"
