"""Evaluate any vision-language model behind an OpenAI-compatible server on a split.

    python -m baselines.endpoint shards --model qwen2.5vl --base-url http://127.0.0.1:11434/v1 --out runs/qwen

Each question is put with its picture, and once more with a grey one, to see what the words alone give away; the
options of a choice are turned through all places. Replies are cached and never paid for twice; an endpoint that fails
costs its questions, not the run. Writes ``results.json``, ``results.md`` and ``predictions.jsonl``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from baselines.endpoint.asking import Requests, puts
from baselines.endpoint.run import ask, results, write
from baselines.endpoint.shards import items, language_of
from mmrs_builder import llm, metrics
from mmrs_builder.llm import BUDGET, USAGE, MmrsError
from mmrs_builder.llm.limits import price as priced


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m baselines.endpoint", description=__doc__.split("\n")[0])
    parser.add_argument("shards", type=Path, help="folder made by mmrs build")
    parser.add_argument("--model", required=True, help="name of the model, as its server knows it")
    parser.add_argument("--base-url", help="server that speaks Chat Completions (OpenAI's)")
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--limit", type=int, default=0, help="draw about N questions by key, pairs together (0: all)")
    parser.add_argument("--no-blank", action="store_true", help="do not put questions without their picture too")
    parser.add_argument("--no-circular", action="store_true", help="show the options of a choice in one order only")
    parser.add_argument("--price", help="PROMPT:COMPLETION in USD per million tokens, such as 0.25:2")
    parser.add_argument("--max-usd", type=float, help="never spend more; needs --price")
    parser.add_argument("--max-requests", type=int, help="never send more")
    parser.add_argument("--max-tokens", type=int, help="never use more")
    parser.add_argument("--budget", help="name under which spending is counted (the path of --out)")
    parser.add_argument("--concurrency", type=int, default=4, help="requests at a time")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for one reply")
    parser.add_argument("--deadline", type=float, default=24 * 3600, help="seconds for all of it")
    parser.add_argument("--max-failures", type=int, default=50, help="give up after so many in a row")
    parser.add_argument("--key-env", help="variable with the key (OPENAI_API_KEY; for others MMRS_LLM_KEY)")
    parser.add_argument("--cache-only", action="store_true", help="use replies that are there; send nothing")
    parser.add_argument("--dry-run", action="store_true", help="say what would be sent, at most; send nothing")
    return parser.parse_args(argv)


def run(args: argparse.Namespace) -> int:
    """Ask, score and write. Raises ``MmrsError`` and ``ValueError`` for what the user can mend."""
    caps = llm.Caps(requests=args.max_requests, tokens=args.max_tokens, usd=args.max_usd)
    cost = priced(args.price, caps)
    words = metrics.Words.of(language_of(args.shards))
    asked, left_out = items(args.shards, args.split, args.limit)
    put = puts(asked, circular=not args.no_circular, blank=not args.no_blank)
    if args.dry_run:
        prompt, most = map(sum, zip(*((it.prompt_tokens, it.max_tokens) for it in Requests(put)), strict=True))
        usd = f", at most {cost.usd(prompt, most):.2f} USD" if args.price else "; add --price for the cost"
        print(f"{len(asked)} questions, {len(put)} requests, {prompt} prompt and at most {most} completion tokens{usd}")
        return 0
    to = llm.endpoint(args.model, args.base_url, args.key_env)
    limits = llm.Limits(
        concurrency=args.concurrency, seconds=args.timeout, deadline=args.deadline, failures=args.max_failures
    )
    store = llm.Store(llm.state_file(), args.budget or str(args.out.resolve()))
    with tqdm(total=len(put), unit="request", desc=to.model, file=sys.stderr) as bar:
        told, stopped = ask(
            put, words, to, store, limits=limits, caps=caps, price=cost, cache_only=args.cache_only,
            progress=bar.update,
        )  # fmt: skip
    found = {"model": to.model, "endpoint": to.base_url, "split": args.split, **results(told, stopped, left_out)}
    text = write(args.out, found, told, f"{to.model} on {args.split}")
    print(text)
    if stopped:
        hint = (
            "Questions without a reply count as wrong. Mend the cause and run the same command again: replies are kept."
        )
        raise MmrsError(f"stopped: {stopped}", code=BUDGET, hint=hint)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point: turns errors into a message with a next step, and an exit code."""
    try:
        return run(arguments(argv))
    except MmrsError as error:
        print(f"{error}\n{error.hint or ''}".rstrip(), file=sys.stderr)
        return error.code
    except ValueError as error:
        print(error, file=sys.stderr)
        return USAGE


if __name__ == "__main__":
    sys.exit(main())
