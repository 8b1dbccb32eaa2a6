"""`amana register`: the public registers, of a folder or of a node."""

import argparse
from collections.abc import Mapping
from types import MappingProxyType

from amana.cli.export import put
from amana.cli.reach import node_of, open_node
from amana.cli.words import needed
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

SHAPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"dcat": ("json", "turtle"), "croissant": ("json",), "uses": ("json", "csv"), "privacy": ("json",), "ai": ("json", "csv")}
)
"""In what each register can be written."""
OF_DATASET = frozenset({"croissant", "privacy"})


def register(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Write the register to stdout, or to a file. Errors: Refusal cli.register_shape, cli.word_missing."""
    which, shape = str(options.register), str(options.shape)
    if shape not in SHAPES[which] or (options.each and which != "uses"):
        raise Refusal("cli.register_shape", register=which, shapes=", ".join(f"--{each}" for each in SHAPES[which]))
    name = (
        needed(options.name, word=catalogue.say("word.metavar.name"), example=f"amana register {which} clinic")
        if which in OF_DATASET
        else ""
    )
    node, part = node_of(options), "uses" if options.each else "projects"
    if node is None:
        from amana.local.registers import write_register

        written = write_register(which, folder=options.folder, name=name, shape=shape, part=part)
    else:
        with open_node(node, catalogue) as connection:
            written = connection.register(which, name=name, shape=shape, part=part)
    put(written, catalogue, output=options.output)
