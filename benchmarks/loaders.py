"""Ways to read a build for training, and what is done with its views: see ``loading.py``.

A way gives rows, ``BATCH`` at a time, to a torch ``DataLoader``; a level is what becomes of them in its workers, by the
code with which the bundled baseline trains.
"""

from __future__ import annotations

import gc
import itertools
import json
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import transformers as hf
import webdataset
from torch.utils.data import DataLoader

from baselines.prs_med import data, tokens
from baselines.prs_med.config import TrainConfig, prs_med_7b, tiny
from baselines.prs_med.data import Reader
from baselines.prs_med.train import batches, reader_of

BATCH = 4  # pictures of a training step in benchmarks/README.md
BUFFER = 64  # views shuffled at a time where there is no random access
WAYS = ("map", "map, shuffled", "streaming, shuffled", "webdataset", "webdataset, shuffled")
WORKERS = (0, 1, 2)
LEVELS = {"bytes": (200, 1000), "decoded": (40, 160), "tiny": (40, 160), "paper": (8, 40)}
"""How many views are read, first and again: what a view costs is the difference."""

SPARE = 200
"""Views that are never read, so that no stream ends: workers read ahead, and ``datasets`` sleeps where one ends."""

Level = Callable[[Sequence[Any]], Any]


def rows_of(way: str, place: Path) -> dict[str, Any]:
    """What a ``DataLoader`` is given for a way: the rows and, for random access, their order.

    ``place`` holds ``shards``, as ``mmrs build`` makes them, and ``tars``, as ``mmrs export --to webdataset`` does.
    """
    if way.startswith("map"):
        rows = data.views(place / "shards", "train")
        order = np.random.default_rng(0).permutation(len(rows)) if "shuffled" in way else np.arange(len(rows))
        return {"dataset": rows, "sampler": order.tolist()}
    if way.startswith("streaming"):
        return {"dataset": data.views(place / "shards", "train", streaming=True).shuffle(seed=0, buffer_size=BUFFER)}
    files = [str(path) for path in sorted((place / "tars").glob("train-*.tar"))]
    shuffled = "shuffled" in way
    read = webdataset.WebDataset(files, shardshuffle=len(files) if shuffled else False, empty_check=False, seed=0)
    return {"dataset": (read.shuffle(BUFFER) if shuffled else read).map(from_tar)}


def from_tar(sample: dict[str, Any]) -> dict[str, Any]:
    """A sample of a tar file as a row of a shard: the picture and the masks coded, the rest read from its JSON."""
    told = json.loads(sample["json"])
    image = next(value for name, value in sample.items() if name in ("jpg", "png"))
    masks = [{"bytes": sample[name]} for name in sorted(name for name in sample if name.startswith("mask"))]
    return {**told, "image": {"bytes": image}, "masks": masks}


def kept(rows: Sequence[Any]) -> list[Any]:
    """Nothing is done: coded pictures and masks, questions as they were read."""
    return list(rows)


def decoded(rows: Sequence[Any]) -> list[data.Sample]:
    """The picture and every mask decoded."""
    return [data.sample(row, (), all_structures=True) for row in rows]


def trained(config: TrainConfig, reader: Reader, rows: Sequence[Any]) -> list[data.Batch]:
    """What one step of the baseline's training is given."""
    return batches(rows, 0, config, reader)


def levels(folder: Path) -> dict[str, Level]:
    """Every level. The tokenizer is learnt from the shards' own words, in place of a checkpoint's.

    ``paper`` has the sizes of ``prs_med_7b``: 336 px for the language model, cut and resized as LLaVA-Med is converted,
    and 1024 px for the image encoder and the masks.
    """
    texts = [text for row in data.views(folder, "train") for q in row["qa"] for text in (data.asked(q), q["answer"])]
    learnt, small, large = tokens.learn(texts), tiny(), prs_med_7b()
    images = hf.CLIPImageProcessorPil(size=336, crop_size=336)
    processor = hf.LlavaProcessor(
        images, learnt, patch_size=14, vision_feature_select_strategy="default", num_additional_image_tokens=1,
        chat_template=tokens.TEMPLATE,
    )  # fmt: skip
    labels = sorted(data.language_of(folder)["labels"])
    side = small.model.image_size
    return {
        "bytes": kept,
        "decoded": decoded,
        "tiny": partial(trained, small.train, reader_of(tokens.processor(learnt, side, 16), small, labels)),
        "paper": partial(trained, replace(large.train, views_per_pass=BATCH), reader_of(processor, large)),
    }


def read(way: str, place: Path, level: Level, workers: int, views: int) -> None:
    """Read so many views and let go of them; ends when the workers have ended."""
    loader: Iterable[Any] = DataLoader(**rows_of(way, place), batch_size=BATCH, num_workers=workers, collate_fn=level)
    batches = iter(loader)
    found = sum(1 for _ in itertools.islice(batches, views // BATCH))
    assert found == views // BATCH, f"{place} has fewer than {views} views"
    del batches
    gc.collect()
    for (
        worker
    ) in multiprocessing.active_children():  # torch waits five seconds; the time of one that lives on is unknown
        worker.join()
