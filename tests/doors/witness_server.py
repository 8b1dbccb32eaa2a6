"""A node as a witness, in a process of its own: `python -m tests.doors.witness_server FOLDER NAME [kill]`; says where it listens.

`kill`: it dies between remembering a checkpoint and answering with its signature.
"""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn, cast

import uvicorn

from amana.log import witness as witness_module
from amana.node.service import Service
from amana.node.settings import read_settings
from amana.node.witnessing import open_witness
from amana.web.app import build


def die(*_: object, **__: object) -> NoReturn:
    os._exit(9)


def main(folder: Path, name: str, *, dying: bool) -> None:
    """Serve until killed."""
    if dying:
        witness_module.cosign = die
    policy = {"AMANA_WITNESS_POLICY_FILE": str(folder / "logs"), "AMANA_PUBLIC_URL": f"https://{name}.example"}
    settings = read_settings(folder, policy)
    witness = open_witness(folder, settings, now=lambda: datetime.now(UTC))
    idle = SimpleNamespace(tend=lambda: None)
    service = cast("Service", SimpleNamespace(settings=settings, witness=witness, datasets=tuple, tend=idle.tend, verification=idle))
    server = uvicorn.Server(uvicorn.Config(build(service), host="127.0.0.1", port=0, log_level="error", lifespan="on"))

    class Told(uvicorn.Server):
        async def startup(self, sockets: object = None) -> None:
            await super().startup()
            print(self.servers[0].sockets[0].getsockname()[1], flush=True)

    server.__class__ = Told
    server.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], dying="kill" in sys.argv[3:])
