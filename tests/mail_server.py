"""A stand-in for a mail server: it takes letters over SMTP on this machine, and fails where a test wants it to."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import cast


@dataclass
class MailServer:
    """`letters`: that it took. `refuse`: replies instead of its own, by command, each once or for as long as it stands there. `silent_after`:
    the command after whose end it hangs up without a word."""

    port: int = 0
    letters: list[EmailMessage] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    silent_after: str = ""


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        told = cast("_Server", self.server).told
        self._say("220 stand-in")
        while line := self.rfile.readline():
            command = line.decode().strip().split(" ")[0].split(":")[0].upper()
            if told.silent_after == command:
                return
            if command in told.refuse:
                self._say(told.refuse[command])
            elif command == "EHLO":
                self._say("250 stand-in")
            elif command == "DATA":
                self._say("354 go on")
                text = b""
                while not text.endswith(b"\r\n.\r\n"):
                    text += self.rfile.readline()
                told.letters.append(cast("EmailMessage", message_from_bytes(text[:-3], policy=SMTP)))  # type: ignore[arg-type]
                if told.silent_after == "TEXT":
                    return
                self._say("250 taken")
            elif command == "QUIT":
                self._say("221 bye")
                return
            else:
                if command == "RCPT":
                    told.to.append(line.decode().strip().split("<")[1].split(">")[0])
                self._say("250 fine")

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    told: MailServer


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A running one."""
    server = _Server(("127.0.0.1", 0), _Session)
    server.told = MailServer(port=server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
