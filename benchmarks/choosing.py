"""Memory and time of choosing questions among very many candidates.

The candidates of generated pictures are repeated under other view ids until there are as many as asked for, put into
columns as a build does, and chosen from. Prints one JSON object; the peak is that of the whole process.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np

from mmrs_builder.examples import phantoms
from mmrs_builder.pool import Pool, pooled
from mmrs_builder.questions import Candidate, candidates
from mmrs_builder.refusals import refusals
from mmrs_builder.select import Selected, choose
from mmrs_builder.templates import shipped
from mmrs_builder.vocab import SPLITS

PATTERNS = 200
"""Different pictures; with fewer, too many views would have the same answers."""


def patterns() -> Pool:
    """The candidates of ``PATTERNS`` pictures."""
    language = shipped("en")
    labels = {name: label for name, (label, _) in language.terms.labels.items()}
    found: list[Selected] = []
    for _, phantom in zip(range(PATTERNS), phantoms(), strict=False):
        asked = [it for it in candidates(phantom.on, language.families, labels) if isinstance(it, Candidate)]
        asked += refusals(phantom.on, language.families, labels)
        found += [Selected(candidate=it, source="phantom", split="train") for it in asked]
    return pooled(found, {})


def pool(least: int) -> Pool:
    """At least so many candidates. Their patterns are made in another process: a build has no such objects."""
    with ProcessPoolExecutor(1, get_context("spawn")) as other:
        few = other.submit(patterns).result()
    times = -(-least // len(few.view))
    views = [
        replace(
            view, view_id=f"{view.view_id}/{turn}", split=SPLITS[(turn + code) % len(SPLITS)], group=f"p{code}/{turn}"
        )
        for turn in range(times)
        for code, view in enumerate(few.views)
    ]
    turn = np.repeat(np.arange(times, dtype=np.int32), len(few.view))
    return replace(
        few,
        views=views,
        view=np.tile(few.view, times) + turn * np.int32(len(few.views)),
        form=np.tile(few.form, times),
        value=np.tile(few.value, times),
        target=np.tile(few.target, times),
    )


def main() -> None:
    """Choose among ``--candidates`` and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--max-rows", type=int, default=None)
    given = parser.parse_args()
    language = shipped("en")
    found = pool(given.candidates)
    before, started, used = peak(), time.perf_counter(), time.process_time()
    asked, left_out = choose(
        found, language.families, seed=0, per_view=10, max_rows=given.max_rows, keep_unbalanced=False
    )
    print(
        json.dumps(
            {
                "candidates": len(found.view),
                "views": len(found.views),
                "asked": len(asked),
                "left_out": dict(left_out),
                "seconds": round(time.perf_counter() - started, 1),
                "processor_seconds": round(time.process_time() - used, 1),
                "peak_mb": {"candidates": before, "choosing": peak()},
            },
            indent=1,
        )
    )


def peak() -> int:
    """The most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000


if __name__ == "__main__":
    main()
