"""A folder of Parquet files as the ``datasets`` library writes them: pictures and lists of masks in the rows."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from datasets import Dataset, Features, Image, List, Value
from PIL import Image as Pillow

from tests.corpora import Corpus, picture

OPTIONS = {"mask": "masks", "label": "polyp", "instances": "yes", "exhaustive": "yes", "patient": "who"}
FEATURES = Features({"image": Image(), "masks": List(Image()), "who": Value("string")})
SIZE = (64, 48)


def shot(seed: int) -> dict[str, object]:
    """A noisy picture as the library stores it."""
    return _cell(np.random.default_rng(seed).integers(40, 200, (SIZE[1], SIZE[0], 3), dtype=np.uint8))


def box(x0: int, y0: int, x1: int, y1: int, size: tuple[int, int] = SIZE) -> dict[str, object]:
    """A mask with one white box."""
    pixels = np.zeros((size[1], size[0]), np.uint8)
    pixels[y0:y1, x0:x1] = 255
    return _cell(pixels)


def _cell(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> dict[str, object]:
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, "PNG")
    return {"bytes": stream.getvalue(), "path": None}


def dataset(masks: Sequence[list[dict[str, object]] | None], who: Sequence[str | None]) -> Dataset:
    columns = {"image": [shot(i) for i in range(len(who))], "masks": list(masks), "who": list(who)}
    return Dataset.from_dict(columns, features=FEATURES)


def write(root: Path) -> Corpus:
    """Write it below ``root``."""
    (root / "data").mkdir()
    two = [box(0, 0, 8, 8), box(20, 20, 30, 24)]
    train = dataset([two, [], None, [box(0, 0, 8, 8, (32, 48))], two], ["10", "2", "2", "10", None])
    train.to_parquet(root / "data" / "train-00000-of-00002.parquet")
    dataset([[box(4, 4, 14, 14)]], ["10"]).to_parquet(root / "data" / "train-00001-of-00002.parquet")
    dataset([[box(4, 4, 12, 12)]], ["7"]).to_parquet(root / "data" / "test-00000-of-00001.parquet")
    (root / "data" / "broken.parquet").write_bytes(b"PAR1 and nothing more")
    picture(root / "teaser.png", 30)
    return Corpus(
        options=OPTIONS,
        areas={"train/000000": (64, 40), "train/000001": (), "train/000005": (100,), "test/000000": (64,)},
        drops={"train/000004": "bad_metadata", "data/broken.parquet": "truncated", "teaser.png": "not_matched"},
        rejected={"train/000002": "no_mask", "train/000003": "size_mismatch"},
    )
