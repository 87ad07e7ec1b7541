"""A web server on this machine, for downloads: with ranges and tags, and with the faults that servers have."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext

Fault = Callable[["Answering"], None]


@dataclass(kw_only=True)
class Site:
    """What the server has, and what it was asked. ``faults`` answer the first requests in place of the files."""

    files: dict[str, bytes] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    ranges: bool = True
    tags: bool = True
    media: str = "application/octet-stream"
    url: str = ""
    asked: list[str | None] = field(default_factory=list)  # the Range header of each request


class Answering(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        self.site.asked.append(self.headers["Range"])
        if self.site.faults:
            self.site.faults.pop(0)(self)
        elif target := self.site.redirects.get(self.path):
            self.head(302, {"Location": target})
        else:
            self.file()

    def file(self, promised: int | None = None, sent: int | None = None) -> None:
        """The file, or the part that was asked for; ``promised`` and ``sent`` where these are not its length."""
        data = self.site.files[self.path]
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        headers = {"ETag": tag} if self.site.tags else {}
        start = self.start(tag)
        if start >= len(data):
            self.head(416, {"Content-Range": f"bytes */{len(data)}"})
            return
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        length = len(data) - start if promised is None else promised
        self.head(206 if start else 200, {**headers, "Content-Type": self.site.media}, length)
        self.wfile.write(data[start:] if sent is None else data[start : start + sent])
        self.close_connection = length != len(data) - start or sent is not None

    def start(self, tag: str) -> int:
        wanted, still = self.headers["Range"], self.headers["If-Range"] == tag
        return int(wanted[6:-1]) if wanted and still and self.site.ranges else 0

    def head(self, status: int, headers: dict[str, str], length: int = 0) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Takes it calmly when a client goes away."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def says(status: int) -> Fault:
    """An answer without the file."""
    return lambda answering: answering.head(status, {})


def cut(sent: int, then: Callable[[], None] = lambda: None) -> Fault:
    """A connection that ends after some bytes; ``then`` something happens on the server."""

    def fault(answering: Answering) -> None:
        answering.file(sent=sent)
        then()

    return fault


def overpromised(answering: Answering) -> None:
    """All bytes, but more were promised."""
    answering.file(promised=len(answering.site.files[answering.path]) + 1)


@contextmanager
def serving(site: Site, tls: SSLContext | None = None) -> Iterator[Site]:
    """Serve it, and tell it its address."""
    server = Server(("127.0.0.1", 0), type("Bound", (Answering,), {"site": site}))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    site.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
