"""The server: one process, or several that share one listening socket and one folder, until they are told to stop.

Running questions may finish for as long as the settings say; what still runs then is cut off, and the next start closes its charge.
"""

import errno
import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, final

import uvicorn

from amana.node.journal import LibraryWords, noted
from amana.node.service import Service, open_service
from amana.terms.refusal import Refusal
from amana.web.app import build
from amana.web.connections import patient_for
from amana.web.limits import Limits

if TYPE_CHECKING:
    from types import FrameType

BACKLOG = 1024
PORT_MAX = 65_535
CUT_OFF = 1
"""The exit status of a process whose questions did not finish in time."""
GRACE_S = 2.0
LISTEN_WAIT_S = 2.0
"""For the processes of a server that was killed to leave its port."""
POLL_S = 0.1
STOPS = (signal.SIGINT, signal.SIGTERM)


def serve(folder: Path, *, host: str, port: int, workers: int, ready: Callable[[str], None]) -> None:
    """Serve the folder until SIGTERM or Ctrl-C. `ready`: told the address once requests are answered.

    Errors: Refusal http.cannot_listen; those of `open_service`.
    """
    listening = _listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{listening.getsockname()[1]}"
    try:
        if workers == 1:
            _work(folder, listening, lambda: ready(address))
        else:
            _supervise(folder, listening, workers=workers, ready=lambda: ready(address))
    finally:
        listening.close()


@final
class _Server(uvicorn.Server):
    """A server that tells when it is ready, ends quietly when it is told to, and always ends."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None], stop: Callable[[], None], stop_s: float) -> None:
        super().__init__(config)
        self._ready, self._stop, self._stop_s = ready, stop, stop_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A thread that runs a question cannot be stopped from outside; what it charged stands, and the next start closes it.
        last = threading.Timer(self._stop_s + GRACE_S, os._exit, args=(CUT_OFF,))
        last.daemon = True
        last.start()
        self._stop()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        before = {each: signal.signal(each, self.handle_exit) for each in STOPS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _listen(host: str, port: int) -> socket.socket:
    until = time.monotonic() + LISTEN_WAIT_S
    while True:
        try:
            if not 0 <= port <= PORT_MAX:
                raise OSError
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            made = socket.socket(family, kind, protocol)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(address)
            made.listen(BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= until:
                raise Refusal("http.cannot_listen", address=f"{host}:{port}") from None
            time.sleep(POLL_S)
        else:
            made.set_inheritable(True)
            return made


def _work(folder: Path, listening: socket.socket, ready: Callable[[], None]) -> None:
    """One process: its own service, its own threads, the shared socket."""
    service = open_service(folder, absent="make")
    logging.getLogger().addHandler(LibraryWords())
    threading.excepthook = noted
    try:
        service.work()
        _server(service, ready=ready).run(sockets=[listening])
    finally:
        service.close()


def _server(service: Service, *, ready: Callable[[], None]) -> _Server:
    settings = service.settings
    believed = settings.http_proxies != "none"
    app = build(service)
    limits: Limits = app.state.limits
    config = uvicorn.Config(
        app,
        http=patient_for(settings.http_head_ms_max / 1e3),
        ws="none",
        log_config=None,  # addresses and paths of readers are kept by nobody
        access_log=False,
        server_header=False,
        lifespan="on",
        proxy_headers=believed,
        forwarded_allow_ips=settings.http_proxies if believed else "",
        timeout_graceful_shutdown=max(1, settings.http_stop_ms_max // 1000),
    )
    return _Server(config, ready=ready, stop=limits.streams.close, stop_s=settings.http_stop_ms_max / 1e3)


def _supervise(folder: Path, listening: socket.socket, *, workers: int, ready: Callable[[], None]) -> None:
    """Start the processes, start anew those that die, and stop them all when this one is told to or dies itself."""
    open_service(folder, absent="make").close()  # what cannot be opened is refused here, once
    context = multiprocessing.get_context("fork")
    stopping = threading.Event()
    started = context.Semaphore(0)
    reading, writing = os.pipe()  # nobody writes: it ends when this process does

    def stop(_number: int, _frame: "FrameType | None") -> None:
        stopping.set()

    def work() -> None:
        os.close(writing)
        for each in STOPS:
            signal.signal(each, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        threading.Thread(target=_stop_after, args=(reading,), name="orphan", daemon=True).start()
        _work(folder, listening, started.release)

    def start() -> BaseProcess:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)  # or a process told to stop right now would take it for its parent's word
        made = context.Process(target=work)
        made.start()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        return made

    for each in STOPS:
        signal.signal(each, stop)
    running = [start() for _ in range(workers)]
    told = 0
    while not stopping.wait(POLL_S):
        while told < workers and started.acquire(block=False):
            told += 1
            if told == workers:
                ready()
        running = [each if each.is_alive() else start() for each in running]
    for process in running:
        process.terminate()
    for process in running:
        process.join()
    os.close(reading)
    os.close(writing)


def _stop_after(reading: int) -> None:
    """Stop this process, as if it were told to, once the one that started it is no more."""
    os.read(reading, 1)
    os.kill(os.getpid(), signal.SIGTERM)
