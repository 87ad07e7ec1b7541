"""From shards to batches: rows that ``load_dataset`` gives, decoded once, as pictures, packed questions and masks.

Nothing here is random but by key: which questions of a view are taken, and in which order the views come, depends on
the seed and the epoch alone, never on processes or workers.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import torch
from datasets import Dataset, Image, IterableDataset, List, load_dataset
from PIL import Image as Pictures
from torch import Tensor

from baselines.prs_med.config import Condition, Refused
from baselines.prs_med.packing import Packed, Words, pack
from mmrs_builder.schema import RECIPE, SCHEMA_VERSION

COLUMNS = (
    "view_id", "group_id", "source", "modality", "image", "spacing_mm", "direction", "absent", "structures", "masks",
    "qa",
)  # fmt: skip

FACTS = ("sequence", "plane", "width", "height")
"""Columns that only some read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A view and some of its questions. ``masks[k]``: the union of the question's targets (H, W), empty for [], or
    None when the question has no mask target."""

    row: Mapping[str, Any]
    image: Pictures.Image
    questions: tuple[Mapping[str, Any], ...]
    masks: tuple[npt.NDArray[np.bool_] | None, ...]
    structures: Mapping[str, npt.NDArray[np.bool_]] | None = None  # label -> union, where all were decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one forward pass needs. Shapes: B pictures, K questions at most, S px a side."""

    views: tuple[str, ...]  # their ids; "" of a picture that is in no build
    pixels: Tensor  # (B, 3, S, S), for the image encoder
    vision: dict[str, Tensor]  # what the language model's own processor made of the pictures
    text: Packed
    masks: Tensor  # (B, K, S, S) bool
    known: Tensor  # (B, K) bool: the question exists and has a mask target
    structures: Tensor | None = None  # (B, labels, S, S) bool
    shown: Tensor | None = None  # (B, labels) bool

    def to(self, device: torch.device) -> Batch:
        """The same on another device."""
        tensors = {name: getattr(self, name) for name in ("pixels", "text", "masks", "known", "structures", "shown")}
        moved = {name: value if value is None else value.to(device) for name, value in tensors.items()}
        return replace(self, vision={name: value.to(device) for name, value in self.vision.items()}, **moved)


def files_of(folder: Path) -> list[Path]:
    """The shards of a folder made by ``mmrs build``.

    Raises ``Refused`` if there are none, for an unknown schema, and for a recipe, which lacks pictures.
    """
    files = sorted((folder / "data").glob("*.parquet"))
    if not files:
        raise Refused(f"no shards in {folder / 'data'}: make some with mmrs build --out {folder}")
    for file in files:
        try:
            told = pq.read_schema(file).metadata or {}
            version = told.get(b"mmrs.schema_version", b"none").decode()
        except (OSError, ValueError) as error:
            raise Refused(f"{file} cannot be read: {error}; build the shards again") from error
        if version != str(SCHEMA_VERSION):
            raise Refused(f"{file}: schema version {version}, known is {SCHEMA_VERSION}: build the shards again")
        if RECIPE.encode() in told:
            raise Refused(f"{folder} is a recipe without pictures: mmrs rehydrate {folder} --data DIR --out FULL")
    return files


def language_of(folder: Path) -> dict[str, Any]:
    """Families, terms and words that the shards use."""
    return dict(json.loads(pq.read_schema(files_of(folder)[0]).metadata[b"mmrs.language"]))


def digests_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every shard."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files_of(folder)}


def views(folder: Path, split: str, *, streaming: bool = False, facts: bool = False) -> Dataset | IterableDataset:
    """Rows of a split with pictures still coded, ``facts``: also ``FACTS``. Raises ``Refused`` for an absent split."""
    files: dict[str, list[str]] = {}
    for file in files_of(folder):
        files.setdefault(file.name.split("-")[0], []).append(str(file.resolve()))
    if split not in files:
        raise Refused(f"{folder} has no split {split!r}; it has {', '.join(sorted(files))}")
    # Files by name: for a folder with a card, datasets looks its cache up by the card alone, and a folder of that name
    # built anew would be read as it was before.
    loaded = load_dataset("parquet", data_files={split: files[split]}, split=split, streaming=streaming)
    loaded = loaded.select_columns([*COLUMNS, *(FACTS if facts else ())])
    return loaded.cast_column("image", Image(decode=False)).cast_column("masks", List(Image(decode=False)))


def sample(row: Mapping[str, Any], chosen: Sequence[int], *, all_structures: bool = False) -> Sample:
    """Decode a row's picture and the masks that the chosen questions need, or every mask."""
    questions = tuple(row["qa"][i] for i in chosen)
    image = _opened(row["image"]["bytes"], "RGB")
    wanted = {i for q in questions for i in q["target"] or ()}
    wanted |= set(range(len(row["masks"]))) if all_structures else set()
    masks = {i: mask_of(row["masks"][i]) for i in sorted(wanted)}
    shape = (image.height, image.width)
    return Sample(
        row=row,
        image=image,
        questions=questions,
        masks=tuple(None if q["target"] is None else _union(masks, q["target"], shape) for q in questions),
        structures=_by_label(row, masks, shape) if all_structures else None,
    )


def mask_of(stored: Mapping[str, Any]) -> npt.NDArray[np.bool_]:
    """A mask as it lies in a row, (H, W)."""
    return np.asarray(_opened(stored["bytes"], "1"), dtype=bool)


def _opened(data: bytes, mode: str) -> Pictures.Image:
    return Pictures.open(io.BytesIO(data)).convert(mode)


def _union(
    masks: Mapping[int, npt.NDArray[np.bool_]], indices: Sequence[int], shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    return np.logical_or.reduce([masks[i] for i in indices]) if len(indices) else np.zeros(shape, dtype=bool)


def _by_label(
    row: Mapping[str, Any], masks: Mapping[int, npt.NDArray[np.bool_]], shape: tuple[int, int]
) -> dict[str, npt.NDArray[np.bool_]]:
    labels = [structure["label"] for structure in row["structures"]]
    return {
        label: _union(masks, [i for i, other in enumerate(labels) if other == label], shape)
        for label in dict.fromkeys(labels)
    }


def chosen(row: Mapping[str, Any], limit: int, *key: int) -> list[int]:
    """Up to ``limit`` questions of a view by key: over the epochs all of them in turn."""
    *seed, epoch = key
    name = int.from_bytes(hashlib.blake2b(row["view_id"].encode(), digest_size=8).digest(), "big")
    order = np.random.default_rng([*seed, name]).permutation(len(row["qa"]))
    start = epoch * limit
    return [int(order[(start + i) % len(order)]) for i in range(min(limit, len(order)))]


def plan(count: int, views_per_step: int, seed: int, step: int) -> tuple[int, list[int]]:
    """Epoch and row numbers of a step. No step crosses from one epoch into the next: a last part is not used."""
    per_epoch = count // views_per_step
    if per_epoch == 0:
        raise Refused(f"{count} views are fewer than train.views={views_per_step}: lower it or build more")
    epoch, part = divmod(step, per_epoch)
    order = np.random.default_rng([seed, epoch]).permutation(count)
    return epoch, [int(i) for i in order[part * views_per_step : (part + 1) * views_per_step]]


def stream(folder: Path, views_per_step: int, seed: int, buffer: int, start: int) -> Iterator[tuple[int, list[Any]]]:
    """Epoch and rows of every step from ``start`` on, without random access: shuffled ``buffer`` views at a time."""
    rows, step, epoch = views(folder, "train", streaming=True), 0, 0
    while True:
        part: list[Any] = []
        first = step
        for row in rows.shuffle(seed=seed + epoch, buffer_size=buffer):
            if not row["qa"]:
                continue
            part.append(row)
            if len(part) == views_per_step:
                if step >= start:
                    yield epoch, part
                part, step = [], step + 1
        if step == first:
            raise Refused(f"the train split has fewer than train.views={views_per_step} views with questions")
        epoch += 1


def asked(question: Mapping[str, Any]) -> str:
    """What a model is asked: the question, and the options of a choice, which the question itself never contains."""
    return question["question"] + ("" if not question["choices"] else f" Options: {'; '.join(question['choices'])}.")


class Reader:
    """Turns samples into batches with a processor and its chat template; the same for training and prediction."""

    def __init__(
        self, processor: Any, *, image_size: int, condition: Condition, own_pixels: bool, labels: Sequence[str] = ()
    ) -> None:
        self.processor, self.tokenizer = processor, processor.tokenizer
        self.image_size, self.condition, self.own_pixels = image_size, condition, own_pixels
        self.labels = {label: i for i, label in enumerate(labels)}
        # all_special_ids lacks special tokens that have no name of their own, such as Gemma's end of turn
        added = self.tokenizer.added_tokens_decoder
        self._marks = {i for i, token in added.items() if token.special} - {self.tokenizer.unk_token_id}
        self._before, self._after = self._rendered().split("\ue000")
        whole = self._rendered("\ue001")
        prompt = self._before + "\ue000" + self._after
        if not whole.startswith(prompt):
            raise Refused("the chat template renders a question differently once it is answered: it cannot be trained")
        self._lead, self._tail = whole[len(prompt) :].split("\ue001")
        self._question = lru_cache(maxsize=1 << 16)(self._tokens)
        self._answer = lru_cache(maxsize=1 << 16)(self._answered)

    def _rendered(self, answer: str | None = None) -> str:
        user = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "\ue000"}]}
        said = [] if answer is None else [{"role": "assistant", "content": [{"type": "text", "text": answer}]}]
        return str(self.processor.apply_chat_template([user, *said], add_generation_prompt=answer is None))

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text + self._after, add_special_tokens=False).input_ids)

    def _answered(self, text: str) -> tuple[int, ...]:
        """Token ids of an answer up to its end token."""
        ids = self.tokenizer(self._lead + text + self._tail, add_special_tokens=False).input_ids
        stop = next((i for i, token in enumerate(ids) if token in self._marks), len(ids))
        return (*ids[:stop], ids[stop] if stop < len(ids) else self.tokenizer.eos_token_id)

    @property
    def end(self) -> int:
        """The token that ends an answer."""
        return self._answer("a")[-1]

    def said(self, ids: Sequence[int]) -> str:
        """Text of a generated answer, without what follows its end."""
        ids = list(ids)
        return str(self.tokenizer.decode(ids[: ids.index(self.end)] if self.end in ids else ids)).strip()

    def batch(self, samples: Sequence[Sample], *, answers: bool) -> Batch:
        """Pack samples; with ``answers`` to be learnt, without to be found."""
        images = [item.image for item in samples]
        start = self.tokenizer.bos_token  # some templates write it themselves
        read = self.processor(
            text=[self._before] * len(samples), images=[[image] for image in images], padding=True, return_tensors="pt",
            add_special_tokens=not (start and self._before.startswith(start)),
        )  # fmt: skip
        words = [
            [
                Words(prompt=self._question(asked(q)), answer=self._answer(q["answer"]) if answers else ())
                for q in item.questions
            ]
            for item in samples
        ]
        shared = [ids[kept.bool()].tolist() for ids, kept in zip(read.input_ids, read.attention_mask, strict=True)]
        vision = {k: v for k, v in read.items() if k not in ("input_ids", "attention_mask", "token_type_ids")}
        masks, known = self._masks(samples)
        structures, shown = self._structures(samples)
        return Batch(
            views=tuple(item.row.get("view_id", "") for item in samples),
            pixels=torch.stack([self._pixels(image) for image in images])
            if self.own_pixels
            else vision["pixel_values"],
            vision=vision,
            text=pack(shared, words, self.condition),
            masks=masks,
            known=known,
            structures=structures,
            shown=shown,
        )

    def _pixels(self, image: Pictures.Image) -> Tensor:
        """(3, S, S), ImageNet statistics, aspect ratio not kept: as TinySAM and SAM in the paper."""
        resized = image.resize((self.image_size, self.image_size), Pictures.Resampling.BILINEAR)
        array = torch.from_numpy(np.asarray(resized, dtype=np.float32)).permute(2, 0, 1)
        mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
        return (array - mean[:, None, None]) / std[:, None, None]

    def _resized(self, mask: npt.NDArray[np.bool_]) -> Tensor:
        """(S, S) bool, nearest."""
        side = self.image_size
        if mask.shape == (side, side):
            return torch.from_numpy(mask)
        return torch.from_numpy(np.array(Pictures.fromarray(mask).resize((side, side), Pictures.Resampling.NEAREST)))

    def _masks(self, samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
        k = max(len(item.questions) for item in samples)
        masks = torch.zeros(len(samples), k, self.image_size, self.image_size, dtype=torch.bool)
        known = torch.zeros(len(samples), k, dtype=torch.bool)
        for i, item in enumerate(samples):
            for j, mask in enumerate(item.masks):
                if mask is not None:
                    masks[i, j], known[i, j] = self._resized(mask), True
        return masks, known

    def _structures(self, samples: Sequence[Sample]) -> tuple[Tensor | None, Tensor | None]:
        if not self.labels or any(item.structures is None for item in samples):
            return None, None
        masks = torch.zeros(len(samples), len(self.labels), self.image_size, self.image_size, dtype=torch.bool)
        shown = torch.zeros(len(samples), len(self.labels), dtype=torch.bool)
        for i, item in enumerate(samples):
            for label, mask in (item.structures or {}).items():
                if label in self.labels:
                    masks[i, self.labels[label]], shown[i, self.labels[label]] = self._resized(mask), True
        return masks, shown
