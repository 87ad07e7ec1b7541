"""A server on this machine that speaks Chat Completions over real HTTP, well or in one of many bad ways."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from benchmarks import rewriter

KEY = "sk-canary-7f3a9b2c4d"
Fault = Callable[["Answering", dict[str, Any]], None]


@dataclass(kw_only=True)
class Batches:
    """A Batch API: ``turns`` is how often it says that it is not done yet."""

    turns: int = 2
    ends: str = "completed"
    spoil: Callable[[list[dict[str, Any]]], bytes] | None = None
    refusal: Fault | None = None
    made: int = 0
    output: bytes = b""
    requests: list[dict[str, Any]] = field(default_factory=list)

    def taken(self, lines: list[dict[str, Any]]) -> None:
        self.requests += lines
        replies = [
            {
                "custom_id": line["custom_id"],
                "response": {"status_code": 200, "body": rewriter.completion(line["body"])},
            }
            for line in reversed(lines)  # in any order
        ]
        good = "\n".join(json.dumps(reply) for reply in replies).encode()
        self.output = self.spoil(replies) if self.spoil else good

    def described(self) -> dict[str, Any]:
        ended = self.turns <= 0
        status = self.ends if ended else "in_progress"
        output = "file-out" if ended and self.ends == "completed" else None
        return {"id": "batch-1", "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "file-in",
                "completion_window": "24h", "created_at": 0, "status": status, "output_file_id": output}  # fmt: skip


@dataclass(kw_only=True)
class Server:
    """What it was asked, and how it answers: ``faults`` once each, then ``always``, else well."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    always: Fault | None = None
    delay: float = 0
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    headers: set[str] = field(default_factory=set)
    asked: Callable[[int], None] = lambda _: None
    lock: threading.Lock = field(default_factory=threading.Lock)
    open: bool = True
    batches: Batches | None = None

    def prompts(self) -> list[str]:
        """The sentences that it was shown, as they came."""
        return [body["messages"][-1]["content"] for body in self.bodies]


class Answering(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_state: Server

    def do_POST(self) -> None:
        state = self.server_state
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        if state.batches is not None and not self.path.endswith("/chat/completions"):
            self.batch(sent)
            return
        body = json.loads(sent)
        with state.lock:
            state.bodies.append(body)
            state.paths.append(self.path)
            state.keys.add(self.headers["Authorization"])
            state.headers |= {name.casefold() for name in self.headers}
            fault = state.faults.pop(0) if state.faults else state.always
            count = len(state.bodies)
        state.asked(count)
        time.sleep(state.delay)
        if fault is None:
            self.says(200, rewriter.completion(body))
        else:
            fault(self, body)

    def do_GET(self) -> None:
        state = self.server_state
        state.paths.append(self.path)
        if state.batches is None:
            self.says(404, {})
        elif self.path.endswith("/content"):
            self.says(200, state.batches.output)
        else:
            state.batches.turns -= 1
            self.says(200, state.batches.described())

    def batch(self, sent: bytes) -> None:
        """A file comes, or a batch is made of it."""
        batches = self.server_state.batches
        assert batches is not None
        self.server_state.paths.append(self.path)
        if batches.refusal is not None:
            batches.refusal(self, {})
        elif self.path.endswith("/files"):
            lines = [json.loads(line) for line in sent.splitlines() if line.startswith(b'{"custom_id"')]
            batches.taken(lines)
            self.says(200, {"id": "file-in", "object": "file", "bytes": 1, "created_at": 0, "filename": "x",
                            "purpose": "batch", "status": "processed"})  # fmt: skip
        else:
            batches.made += 1
            self.says(200, batches.described())

    def says(self, status: int, content: object, headers: dict[str, str] | None = None) -> None:
        """A whole answer; ``content`` is bytes or becomes JSON."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.head(status, len(data), headers)
        self.wfile.write(data)

    def head(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        given = {"Content-Type": "application/json", "Content-Length": str(length), **(headers or {})}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()

    def waits(self, seconds: float) -> None:
        """Do nothing, unless the test has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.server_state.open:
            time.sleep(0.02)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serving(state: Server | None = None) -> Iterator[Server]:
    """Serve, and say where."""
    state = state or Server()
    server = _Server(("127.0.0.1", 0), type("Bound", (Answering,), {"server_state": state}))
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        state.open = False
        server.shutdown()
        server.server_close()
        thread.join()


def status(number: int, headers: dict[str, str] | None = None, **error: str) -> Fault:
    """A refusal in OpenAI's form."""
    return lambda to, _: to.says(number, {"error": {"message": f"no: {number}", **error}}, headers)


def text(content: object, kind: str = "application/json") -> Fault:
    """A 200 with any body."""
    return lambda to, _: to.says(200, content, {"Content-Type": kind})


def completing(content: object, finish: str = "stop", **message: object) -> Fault:
    """A chat completion with any content."""

    def fault(to: Answering, _: dict[str, Any]) -> None:
        choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        usage = {"prompt_tokens": 300, "completion_tokens": 50, "total_tokens": 350}
        to.says(200, {"object": "chat.completion", "choices": [choice], "usage": usage})

    return fault


def wordings(*texts: str) -> Fault:
    """A well-formed reply with these rewordings."""
    return completing(json.dumps({"wordings": list(texts)}, ensure_ascii=False))


def changed(**fields: object) -> Fault:
    """A good reply with some fields of its body changed."""
    return lambda to, body: to.says(200, {**rewriter.completion(body), **fields})


def hang(to: Answering, _: dict[str, Any]) -> None:
    to.waits(30)


def drip(to: Answering, body: dict[str, Any]) -> None:
    data = json.dumps(rewriter.completion(body)).encode()
    to.head(200, len(data))
    for byte in data:
        if not to.server_state.open:
            break
        to.wfile.write(bytes([byte]))
        to.wfile.flush()
        to.waits(0.05)


def reset(to: Answering, _: dict[str, Any]) -> None:
    to.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    to.close_connection = True
    to.connection.close()
    to.wfile = to.rfile = _Nowhere()  # type: ignore[assignment]


class _Nowhere:
    closed = True

    def close(self) -> None:
        pass

    def flush(self) -> None:
        pass


def cut(to: Answering, body: dict[str, Any]) -> None:
    data = json.dumps(rewriter.completion(body)).encode()
    to.head(200, len(data) + 50)
    to.wfile.write(data)
    to.close_connection = True


def half_json(to: Answering, body: dict[str, Any]) -> None:
    data = json.dumps(rewriter.completion(body)).encode()
    to.says(200, data[: len(data) // 2])


def huge(to: Answering, _: dict[str, Any]) -> None:
    to.head(200, 1 << 30)
    with suppress(OSError):
        while to.server_state.open:
            to.wfile.write(b" " * 65536)


def huge_error(to: Answering, _: dict[str, Any]) -> None:
    to.head(500, 1 << 30)
    with suppress(OSError):
        while to.server_state.open:
            to.wfile.write(b"x" * 65536)


def bomb(to: Answering, _: dict[str, Any]) -> None:
    to.says(200, gzip.compress(b" " * (1 << 22)), {"Content-Encoding": "gzip"})


def fenced(to: Answering, body: dict[str, Any]) -> None:
    good = rewriter.completion(body)
    message = good["choices"][0]["message"]
    message["content"] = f"```json\n{message['content']}\n```"
    to.says(200, good)


def only_plain(to: Answering, body: dict[str, Any]) -> None:
    """An older server: knows neither ``response_format`` nor ``max_completion_tokens``."""
    if "response_format" in body or "max_completion_tokens" in body:
        to.says(400, {"error": {"message": "unknown field", "code": "unsupported"}})
    else:
        to.says(200, rewriter.completion(body))


def echo(to: Answering, _: dict[str, Any]) -> None:
    to.says(401, {"error": {"message": f"bad key {to.headers['Authorization']}", "code": "invalid_api_key"}})


def echo_in_500(to: Answering, _: dict[str, Any]) -> None:
    to.says(500, f"<html>{to.headers['Authorization']}".encode(), {"Content-Type": "text/html"})


def echo_in_reply(to: Answering, _: dict[str, Any]) -> None:
    wordings(f"Outline it with {to.headers['Authorization']}.")(to, {})
