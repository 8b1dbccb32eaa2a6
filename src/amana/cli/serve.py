"""`amana serve`: the node over HTTP until Ctrl-C or SIGTERM."""

import argparse

from amana.cli.show import tell
from amana.client.text import Catalogue
from amana.local.door import find_folder
from amana.terms.refusal import Refusal


def serve(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Serve the folder; tells the address when requests are answered."""
    try:
        from amana.web import server
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("amana"):
            raise
        raise Refusal("client.library_missing", library=missing.name or "?", extra="node") from None
    folder = find_folder(options.folder)

    def ready(address: str) -> None:
        tell(catalogue.say("serve.ready", folder=str(folder), address=address))

    server.serve(folder, host=options.host, port=options.port, workers=max(1, options.workers), ready=ready)
    tell(catalogue.say("serve.stopped"))
