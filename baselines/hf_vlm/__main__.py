"""Ask any local ``AutoModelForImageTextToText`` the questions of a split, as it is: zero-shot.

    python -m baselines.hf_vlm shards --model Qwen/Qwen2.5-VL-3B-Instruct --out runs/qwen

The same words, pictures, turned options and grey pictures as ``baselines.endpoint`` sends to a server, through the
chat template of the model; replies are generated greedily. Writes ``results.json``, ``results.md`` and
``predictions.jsonl``.
"""

from __future__ import annotations

import argparse
import base64
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from PIL import Image
from tqdm import tqdm

from baselines.endpoint.asking import Put, puts, request
from baselines.endpoint.run import Told, judged, results, write
from baselines.endpoint.shards import items, language_of
from mmrs_builder import metrics

EMPTY = "empty"
"""The fault of a reply without a word."""


class Model:
    """A model, its processor, and how long a reply may be."""

    def __init__(self, model: Any, processor: Any, *, device: str = "cpu", tokens: int = 64) -> None:
        self.model, self.processor, self.device, self.tokens = model.to(device).eval(), processor, device, tokens
        processor.tokenizer.padding_side = "left"  # replies are generated at the right

    @torch.inference_mode()
    def replies(self, asked: Sequence[Put]) -> list[str]:
        """What is said to each."""
        read = self.processor.apply_chat_template(
            [_conversation(put) for put in asked], add_generation_prompt=True, tokenize=True, return_dict=True,
            return_tensors="pt", padding=True,
        )  # fmt: skip
        inputs = {name: self._moved(value) for name, value in read.items()}
        found = self.model.generate(**inputs, max_new_tokens=self.tokens, do_sample=False)
        said = found[:, inputs["input_ids"].shape[1] :]
        return [text.strip() for text in self.processor.batch_decode(said, skip_special_tokens=True)]

    def _moved(self, value: torch.Tensor) -> torch.Tensor:
        floating = value.is_floating_point()
        return value.to(self.device, self.model.dtype) if floating else value.to(self.device)


def _conversation(put: Put) -> list[dict[str, Any]]:
    """One turn of the user: some templates know no system message."""
    sent = request(put)
    picture = {"type": "image", "image": _opened(sent.picture or "")}
    return [{"role": "user", "content": [picture, {"type": "text", "text": f"{sent.system}\n\n{sent.user}"}]}]


def _opened(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")


def tell(model: Model, put: Sequence[Put], words: metrics.Words, batch: int) -> Iterator[Told]:
    """Put every question, ``batch`` at a time. A reply without a word costs its question."""
    with tqdm(total=len(put), unit="question", desc="ask", file=sys.stderr) as bar:
        for start in range(0, len(put), batch):
            part = put[start : start + batch]
            for one, text in zip(part, model.replies(part), strict=True):
                yield judged(one, text or None, () if text else (EMPTY,), words)
            bar.update(len(part))


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m baselines.hf_vlm", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("shards", type=Path, help="folder made by mmrs build")
    parser.add_argument("--model", required=True, help="a checkpoint of transformers: a folder or a name on the Hub")
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--limit", type=int, default=0, help="draw about N questions by key, pairs together (0: all)")
    parser.add_argument("--no-blank", action="store_true", help="do not put questions without their picture too")
    parser.add_argument("--no-circular", action="store_true", help="show the options of a choice in one order only")
    parser.add_argument("--batch", type=int, default=4, help="questions at a time")
    parser.add_argument("--tokens", type=int, default=64, help="the longest reply")
    parser.add_argument("--dtype", default="auto", help="of the weights: auto, bfloat16, float32")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(argv)
    try:
        asked, left_out = items(args.shards, args.split, args.limit)
        words = metrics.Words.of(language_of(args.shards))
        found = hf.AutoModelForImageTextToText.from_pretrained(args.model, dtype=args.dtype)
        processor = hf.AutoProcessor.from_pretrained(args.model)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    put = puts(asked, circular=not args.no_circular, blank=not args.no_blank)
    model = Model(found, processor, device=args.device, tokens=args.tokens)
    told = list(tell(model, put, words, args.batch))
    about = {"model": args.model, "split": args.split, **results(told, None, left_out)}
    print(write(args.out, about, told, f"{args.model} on {args.split}"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
