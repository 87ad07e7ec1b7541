"""A stand-in for the Hub on this machine: as much of its API as a dataset repository needs.

Requests and answers have the shapes that ``huggingface_hub`` 2.4 sends and expects; large files go the LFS way.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_standin"  # opens nothing


@dataclass(kw_only=True)
class Hub:
    """What was sent. ``room``: uploads that are taken before the line breaks."""

    address: str = ""
    visibility: str = ""
    files: dict[str, str] = field(default_factory=dict)  # SHA-256 by path
    stored: dict[str, bytes] = field(default_factory=dict)  # by SHA-256
    commits: int = 0
    uploads: list[str] = field(default_factory=list)
    room: int | None = None


@contextmanager
def running() -> Iterator[Hub]:
    hub = Hub()

    class Handler(_Handler):
        state = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    state: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self._refused():
            return
        assert "/api/datasets/me/set/tree/main" in self.path
        self._answer([{"type": "file", "path": path, "size": 1, "oid": "0" * 40} for path in self.state.files])

    def do_PUT(self) -> None:
        data, hub = self._body(), self.state
        name = self.path.rpartition("/")[2]
        if hub.room is not None and len(hub.uploads) >= hub.room:
            self._answer({"error": "no room"}, status=400)
            return
        assert hashlib.sha256(data).hexdigest() == name
        hub.stored[name] = data
        hub.uploads.append(name)
        self._answer({})

    def do_POST(self) -> None:
        body, hub = self._body(), self.state
        if self._refused():
            return
        if self.path == "/api/repos/create":
            told = json.loads(body)
            assert told["type"] == "dataset"
            hub.visibility = hub.visibility or told["visibility"]
            self._answer({"url": f"{hub.address}/datasets/me/set", "name": "me/set"})
        elif "/preupload/" in self.path:
            paths = [file["path"] for file in json.loads(body)["files"]]
            self._answer({"files": [self._mode(path) for path in paths]})
        elif self.path.endswith("/info/lfs/objects/batch"):
            self._answer({"objects": [self._place(item) for item in json.loads(body)["objects"]]})
        elif self.path == "/api/validate-yaml":
            self._answer({})
        else:
            assert "/api/datasets/me/set/commit/main" in self.path
            self._commit([json.loads(line) for line in body.splitlines()])

    def _refused(self) -> bool:
        known = self.headers.get("authorization") == f"Bearer {TOKEN}"
        if not known:
            self._answer({"error": "Invalid credentials"}, status=401)
        return not known

    def _mode(self, path: str) -> dict[str, object]:
        large = path.endswith((".parquet", ".png"))
        return {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}

    def _place(self, item: dict[str, object]) -> dict[str, object]:
        """Where to send a file; no action for one that is there already."""
        if item["oid"] in self.state.stored:
            return item
        return {**item, "actions": {"upload": {"href": f"{self.state.address}/upload/{item['oid']}"}}}

    def _commit(self, lines: list[dict[str, dict[str, str]]]) -> None:
        files = dict(self.state.files)
        for line in lines:
            told = line["value"]
            if line["key"] == "lfsFile":
                assert told["oid"] in self.state.stored
                files[told["path"]] = told["oid"]
            elif line["key"] == "file":
                data = base64.b64decode(told["content"])
                files[told["path"]] = hashlib.sha256(data).hexdigest()
            elif line["key"] == "deletedFile":
                del files[told["path"]]
        self.state.files = files
        self.state.commits += 1
        self._answer({"commitUrl": f"{self.state.address}/datasets/me/set/commit/1", "commitOid": "1" * 40})

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _answer(self, value: object, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
