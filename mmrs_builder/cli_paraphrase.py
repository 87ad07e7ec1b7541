"""The command ``mmrs paraphrase``, and the options of ``mmrs build`` that use what it makes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmrs_builder.errors import BUDGET, USAGE, MmrsError

if TYPE_CHECKING:
    from mmrs_builder.paraphrase.run import Made

Phrasing = Annotated[
    str | None,
    typer.Option(
        "--paraphrase", help="off; bank: wordings of --bank too; rows: ask a model for each (--llm). [default: off]"
    ),
]
Bank = Annotated[
    Path | None, typer.Option("--bank", help="Paraphrases made by mmrs paraphrase. [default: paraphrases.toml]")
]
Asking = Annotated[
    list[str] | None,
    typer.Option(
        "--llm",
        metavar="KEY=VALUE",
        help="For --paraphrase rows, an option of mmrs paraphrase: model=M, base-url=URL, max-usd=2, cache-only=yes, …",
    ),
]
GO_ON_ROWS = (
    "Everything is published, partly in templates. Mend the cause, run the same command again: replies are kept."
)
GO_ON = "What passed so far is in the bank. Mend the cause and run the same command again: replies are kept."

Model = Annotated[str, typer.Option("--model", help="Name of the model, as its server knows it.")]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Server that speaks Chat Completions. [default: OpenAI's]")
]
PerTemplate = Annotated[int, typer.Option("--per-template", min=1, max=20, help="Rewordings to ask for.")]
Judge = Annotated[
    str | None, typer.Option("--judge", help="A model there that must agree that a wording says the same.")
]
Families = Annotated[str, typer.Option("--families", help="Only ids that match, such as 'relate.*'.")]
Tongue = Annotated[str, typer.Option("--language", help="Of the templates.")]
Prices = Annotated[
    str | None, typer.Option("--price", help="PROMPT:COMPLETION in USD per million tokens, such as 0.25:2.")
]
MaxUsd = Annotated[float | None, typer.Option("--max-usd", min=0, help="Never spend more; needs --price.")]
MaxRequests = Annotated[int | None, typer.Option("--max-requests", min=0, help="Never send more.")]
MaxTokens = Annotated[int | None, typer.Option("--max-tokens", min=0, help="Never use more.")]
Budget = Annotated[
    str | None, typer.Option("--budget", help="Name under which spending is counted. [default: the bank's path]")
]
Concurrency = Annotated[int, typer.Option("--concurrency", min=1, max=64, help="Requests at a time.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for one reply.")]
Deadline = Annotated[float, typer.Option("--deadline", min=0.1, help="Seconds for all of it.")]
MaxWait = Annotated[float, typer.Option("--max-wait", min=0, help="Longest pause a server may ask for, in s.")]
MaxFailures = Annotated[int, typer.Option("--max-failures", min=1, help="Give up after so many in a row.")]
KeyEnv = Annotated[
    str | None,
    typer.Option("--key-env", help="Variable with the key. [default: OPENAI_API_KEY; others: MMRS_LLM_KEY]"),
]
Rejects = Annotated[Path | None, typer.Option("--rejects", help="JSONL file for what was refused, and why.")]
CacheOnly = Annotated[bool, typer.Option("--cache-only", help="Use replies that are there; send nothing.")]
Batch = Annotated[bool, typer.Option("--batch", help="Use the Batch API: slower, often cheaper.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would cost; send nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]


def paraphrase(
    model: Model,
    base_url: BaseUrl = None,
    per_template: PerTemplate = 4,
    judge: Judge = None,
    bank: Bank = None,
    families: Families = "*",
    language: Tongue = "en",
    price: Prices = None,
    max_usd: MaxUsd = None,
    max_requests: MaxRequests = None,
    max_tokens: MaxTokens = None,
    budget: Budget = None,
    concurrency: Concurrency = 4,
    timeout: Timeout = 60,
    deadline: Deadline = 3600,
    max_wait: MaxWait = 60,
    max_failures: MaxFailures = 20,
    key_env: KeyEnv = None,
    rejects: Rejects = None,
    cache_only: CacheOnly = False,
    batch: Batch = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Have a language model reword the question templates, and keep what passes every gate.

    It sees templates with opaque marks only: no picture, path, label or answer leaves the machine.

    Example: mmrs paraphrase --model gpt-5-mini --price 0.25:2 --max-usd 2
    """
    from rich.console import Console

    from mmrs_builder import llm
    from mmrs_builder import report as reporting
    from mmrs_builder.llm.limits import price as priced
    from mmrs_builder.paraphrase import bank as banks
    from mmrs_builder.paraphrase import run
    from mmrs_builder.templates import shipped

    caps = llm.Caps(requests=max_requests, tokens=max_tokens, usd=max_usd)
    cost, words, file = priced(price, caps), shipped(language), bank or Path(banks.DEFAULT)
    asked = run.plan(words, per_template, families)
    if not asked:
        raise MmrsError(f"--families {families}: none", code=USAGE, hint="`mmrs families` lists their ids.")
    if dry_run:
        _print_estimate(asdict(run.estimate(asked, cost)), priced=price is not None, as_json=as_json)
        return
    to = llm.endpoint(model, base_url, key_env, needs_key=not cache_only)
    typer.echo(f"asking {to.model} at {to.base_url} about {len(asked)} templates", err=True)
    limits = llm.Limits(
        concurrency=concurrency, seconds=timeout, deadline=deadline, longest_wait=max_wait, failures=max_failures
    )
    store = llm.Store(llm.state_file(), budget or str(file.resolve()))
    with reporting.bars(Console(stderr=True)) as stage:
        made = run.paraphrase(
            words, to, store, count=per_template, pattern=families, caps=caps, price=cost, cache_only=cache_only,
            batch=batch, judge=judge,
            limits=limits, known=banks.read(file) if file.exists() else None, progress=stage("ask", len(asked)),
        )  # fmt: skip
    banks.write(file, banks.text_of(made.bank))
    if rejects:
        banks.write(rejects, "".join(f"{json.dumps(reject)}\n" for reject in made.rejects))
    _print_made(made, file, asdict(store.spent()), as_json=as_json)
    if made.stopped:
        raise MmrsError(f"stopped: {made.stopped}", code=BUDGET, hint=GO_ON)


def _print_estimate(found: dict[str, Any], *, priced: bool, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({**found, "usd": found["usd"] if priced else None}, indent=1))
        return
    cost = f"at most {found['usd']:.2f} USD" if priced else "price unknown, add --price PROMPT:COMPLETION"
    tokens = f"{found['prompt_tokens']} prompt and at most {found['completion_tokens']} completion tokens"
    typer.echo(f"{found['requests']} requests, {tokens}: {cost}")
    typer.echo("Estimated at 3 bytes a token; replies of no use are asked for once more.")


def _print_made(made: Made, file: Path, spent: dict[str, Any], *, as_json: bool) -> None:
    found = {
        "bank": str(file),
        "wordings": len(made.bank.entries),
        "refused": dict(made.bank.refused),
        "without_reply": made.unanswered,
        "spent": spent,
        "stopped": made.stopped,
    }
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    typer.echo(f"{file}: {found['wordings']} wordings")
    for title in ("refused", "without_reply"):
        reasons = ", ".join(f"{reason} {n}" for reason, n in dict(found[title]).items())  # type: ignore[call-overload]
        typer.echo(f"{title.replace('_', ' ')}: {reasons or 'none'}")
    typer.echo(
        f"spent under this budget: {spent['requests']} requests, {spent['tokens']} tokens, {spent['usd']:.4f} USD"
    )
