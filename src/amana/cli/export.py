"""`amana export`: records for the regulator and the public, of a folder or of a node."""

import argparse
import sys
from pathlib import Path

from amana.cli.reach import node_of, open_node
from amana.cli.show import tell
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal


def export(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Write the record to stdout, or to a file."""
    node = node_of(options)
    if node is None:
        from amana.local.records import export_record

        written = export_record(options.record, folder=options.folder, shape=options.shape)
    else:
        with open_node(node, catalogue) as connection:
            written = connection.export(options.record, shape=options.shape)
    put(written, catalogue, output=options.output)


def put(written: str, catalogue: Catalogue, *, output: str | None) -> None:
    """To stdout, or to a file. Errors: Refusal cli.file_unreadable."""
    if output is None:
        sys.stdout.write(written)
        return
    try:
        Path(output).write_bytes(written.encode())
    except OSError:
        raise Refusal("cli.file_unreadable", file=output[:200]) from None
    tell(catalogue.say("export.written", file=output))
