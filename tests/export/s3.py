"""An S3 server in a process of its own: moto, which answers as S3 does, behind a door that can be shut.

Run as a module it serves one bucket, prints its port, and ends with its standard input.
"""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.build.command import ROOT

BUCKET = "shelf"
DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where it answers."""

    address: str

    @property
    def environment(self) -> dict[str, str]:
        """What the driver of a client reads; the keys open nothing."""
        keys = {"AWS_ACCESS_KEY_ID": "standin", "AWS_SECRET_ACCESS_KEY": "standin", "AWS_DEFAULT_REGION": "us-east-1"}
        return {"AWS_ENDPOINT_URL": self.address, "NO_PROXY": "127.0.0.1", **keys}

    def room(self, objects: int) -> None:
        """From now on take so many objects and deny the others; -1: take all."""
        self._call(f"/door/{objects}")

    def changes(self) -> list[str]:
        """What was put and deleted since the last look, in that order."""
        return self._call("/changes").splitlines()

    def _call(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path) as answer:
            return str(answer.read().decode())


@contextmanager
def running() -> Iterator[Server]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.export.s3"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Server(address=f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.stdin.close()
        process.wait(30)


class Door:
    """Lets requests through to S3, and notes what they change."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self.application, self.room, self.changes = application, -1, list[str]()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if path == "/changes":
            told, self.changes = "\n".join(self.changes), []
            return _answer(start_response, "200 OK", told.encode())
        if path.startswith("/door/"):
            self.room = int(path.rpartition("/")[2])
            return _answer(start_response, "200 OK", b"")
        if method == "PUT":
            if self.room == 0:
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                return _answer(start_response, "403 Forbidden", DENIED)
            self.room -= self.room > 0
        if method in ("PUT", "DELETE"):
            self.changes.append(f"{method} {path.removeprefix(f'/{BUCKET}/')}")
        return self.application(environ, start_response)


def _answer(start_response: Callable[..., Any], status: str, body: bytes) -> list[bytes]:
    start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
    return [body]


def _serve() -> None:
    import logging
    import threading

    import boto3
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, Door(DomainDispatcherApplication(create_backend_app)), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = Server(address=f"http://127.0.0.1:{server.server_port}")
    os.environ.update(here.environment)
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    here.changes()
    print(server.server_port, flush=True)  # noqa: T201
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    _serve()
