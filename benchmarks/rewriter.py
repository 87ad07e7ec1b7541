"""A rule-based rewriter behind the Chat Completions protocol, on this machine. It is no language model.

It stands in for one where the whole way is to be shown or tested without a network: ``make demo-paraphrase`` asks it
over real HTTP, and its replies pass the same gates. A bank made by it says ``rule-based-rewriter`` and is not shipped.

    python benchmarks/rewriter.py 8899    # then: mmrs paraphrase --base-url http://127.0.0.1:8899/v1 --model …
"""

from __future__ import annotations

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "rule-based-rewriter"
RULES = (
    (r"^Segment (.+)\.$", r"Delineate \1."),
    (r"^Segment (.+)\.$", r"Please segment \1."),
    (r"^Outline (.+)\.$", r"Trace \1."),
    (r"^Mark (.+)\.$", r"Highlight \1."),
    (r"^Find (.+)\.$", r"Locate \1."),
    (r"^Does (.+) lie (.+)\?$", r"Is \1 located \2?"),
    (r"^Does (.+) lie (.+)\?$", r"Is \1 situated \2?"),
    (r"^Do (.+) lie (.+)\?$", r"Are \1 located \2?"),
    (r"^Is (.+) (visible|shown) in the (⟦S\d⟧)\?$", r"Can \1 be seen in the \3?"),
    (r"^Which (\w+) of the (⟦S\d⟧) holds (.+)\?$", r"In which \1 of the \2 is \3 located?"),
    (r"^In which (.+) does (.+) lie\?$", r"In which \1 is \2 situated?"),
    (r"^On which (.+) does (.+) lie\?$", r"On which \1 is \2 located?"),
    (r"^Where does (.+) lie (.+)\?$", r"Where is \1 located \2?"),
    (r"^How many (.+) are visible (.+)\?$", r"How many \1 can be seen \2?"),
    (r"^(⟦S\d⟧|The .+?) lies (.+)\.$", r"\1 is located \2."),
    (r"^(⟦S\d⟧|The .+?) lies (.+)\.$", r"\1 is found \2."),
    (r"^(⟦S\d⟧|The .+?) is ([^.]+)\.$", r"\1 is seen to be \2."),
    (r"^The mask (?:marks|outlines|shows) (.+)\.$", r"The mask highlights \1."),
    (r"^The mask (?:marks|outlines|shows) (.+)\.$", r"The mask delineates \1."),
    (r"^(.+) is outlined in the mask\.$", r"\1 is highlighted in the mask."),
    (r"^(.+) is outlined in the mask\.$", r"\1 is traced in the mask."),
    (r"^(Is|Are|Does|Do|Which|Where|How|What|In which|On which)\b(.+) in the (⟦S\d⟧)\?$", r"In the \3, \1\2?"),
    (r"^(Is|Are|Does|Do|Which|Where|How|What|In which|On which)\b(.+) in the (⟦S\d⟧)\?$", r"Looking at the \3, \1\2?"),
    (r"^(.+)\.$", r"It can be seen that \1."),  # often refused: it makes a request a statement
)


def rewordings(sentence: str, number: int) -> list[str]:
    """Up to ``number`` other wordings of a sentence, by rules; the sentence itself where no rule fits."""
    found = [re.sub(pattern, new, sentence) for pattern, new in RULES if re.search(pattern, sentence)]
    lowered = [
        re.sub(r"(?<=, )(Is|Are|Does|Do|Which|Where|How|What|In|On)\b", lambda m: m[0].lower(), it) for it in found
    ]
    return list(dict.fromkeys(lowered))[:number] or [sentence]


def read_back(sentence: str, programs: dict[str, dict[str, str]]) -> str:
    """The program whose own sentence is most like this one: the same marks in the same order, and common words."""

    def likeness(name: str) -> tuple[bool, float]:
        one, other = ({*re.findall(r"\w+", text.lower())} for text in (sentence, programs[name]["sentence"]))
        return _marks(sentence) == _marks(programs[name]["sentence"]), len(one & other) / len(one | other)

    return max(sorted(programs), key=likeness)


def _marks(sentence: str) -> list[str]:
    return re.findall(r"⟦([ABC])", sentence)


def completion(request: dict[str, Any]) -> dict[str, Any]:
    """The reply to a request, with the usage that the protocol wants: a token for four characters."""
    asked = json.loads(request["messages"][-1]["content"])
    if "programs" in asked:
        reply: dict[str, Any] = {"program": read_back(asked["sentence"], asked["programs"])}
    elif "variant" in asked:
        found = rewordings(asked["sentence"], len(RULES))
        reply = {"wordings": [found[asked["variant"] % len(found)]]}
    else:
        reply = {"wordings": rewordings(asked["sentence"], asked["number"])}
    text = json.dumps(reply, ensure_ascii=False)
    used = sum(len(message["content"]) for message in request["messages"]) // 4, len(text) // 4
    return {
        "id": "rewriter",
        "object": "chat.completion",
        "created": 0,
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": used[0], "completion_tokens": used[1], "total_tokens": sum(used)},
    }


class Answering(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = json.dumps(completion(body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    server = ThreadingHTTPServer(("127.0.0.1", port), Answering)
    print(f"http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
