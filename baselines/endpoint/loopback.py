"""A server on this machine that speaks Chat Completions and sees nothing: always the first option, yes, 1, upper left.

It stands in for a model where the whole way is to be shown without a network or a key, and says what such answers are
worth. ``python -m baselines.endpoint.loopback`` prints its address and serves until it is stopped.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from baselines.endpoint.asking import FORMS

REPLIES = {"choice": "A", "yes_no": "Yes", "number": "1", "open": "It lies in the upper left."}


def reply(body: dict[str, Any]) -> str:
    """What is answered to a request, by the form that it asks for alone."""
    system = body["messages"][0]["content"]
    kind = next(kind for kind, form in FORMS.items() if form in system)
    return json.dumps({"answer": REPLIES[kind], "cannot_answer": ""})


def completion(body: dict[str, Any]) -> dict[str, Any]:
    """The reply with the usage that the protocol wants: a token for four characters."""
    text = reply(body)
    used = sum(len(message["content"]) for message in body["messages"]) // 4, len(text) // 4
    return {
        "id": "loopback",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": used[0], "completion_tokens": used[1], "total_tokens": sum(used)},
    }


class Answering(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer a request."""
        data = json.dumps(completion(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve on a free port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
