"""What a build is measured against: reading and writing the same bytes, and what one would write in an afternoon."""

from __future__ import annotations

import csv
import gzip
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from skimage.measure import label as components

ROW_GROUP = 100
TEMPLATES = ("Where is structure {}?", "In which quadrant does structure {} lie?", "Locate structure {}.")


def pairs(corpus: Path) -> list[tuple[Path, Path]]:
    """Pictures and their masks, by stem."""
    masks = {path.stem: path for path in sorted((corpus / "masks").iterdir())}
    return [(path, masks[path.stem]) for path in sorted((corpus / "images").iterdir())]


def copy(corpus: Path, out: Path) -> None:
    """All bytes into one file."""
    with (out / "bytes").open("wb") as to:
        for files in pairs(corpus):
            for path in files:
                with path.open("rb") as handle:
                    shutil.copyfileobj(handle, to)


def floor(corpus: Path, out: Path) -> None:
    """Read picture and mask, decode the mask, write the bytes of both as Parquet."""
    schema = pa.schema([("name", pa.string()), ("image", pa.binary()), ("mask", pa.binary()), ("area", pa.int64())])
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(out / "floor.parquet", schema, compression="none", use_dictionary=False) as writer:
        for picture, mask in pairs(corpus):
            data = mask.read_bytes()
            decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
            rows.append(
                {"name": picture.stem, "image": picture.read_bytes(), "mask": data, "area": int((decoded > 0).sum())}
            )
            if len(rows) == ROW_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema=schema))
                rows.clear()
        writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def volumes(corpus: Path, out: Path) -> None:
    """Read and decode volume and label map, write the bytes of both as Parquet."""
    import nibabel as nib

    schema = pa.schema([("name", pa.string()), ("image", pa.binary()), ("mask", pa.binary()), ("voxels", pa.int64())])
    with pq.ParquetWriter(out / "floor.parquet", schema, compression="none", use_dictionary=False) as writer:
        for files in pairs(corpus):
            coded = [path.read_bytes() for path in files]
            image, mask = (
                np.asarray(nib.Nifti1Image.from_bytes(gzip.decompress(data)).dataobj)  # type: ignore[no-untyped-call]
                for data in coded
            )
            assert image.shape == mask.shape
            row = {"name": files[0].name, "image": coded[0], "mask": coded[1], "voxels": int((mask > 0).sum())}
            writer.write_table(pa.Table.from_pylist([row], schema=schema))


def script(corpus: Path, out: Path) -> None:
    """A quadrant of every structure by its centroid, in words drawn at random, as lines of a table."""
    with (out / "qa.csv").open("w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle)
        for picture, mask in pairs(corpus):
            image = cv2.imread(str(picture))
            labels = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE)
            if mask.suffix == ".jpg":
                labels = (labels > 127).astype(np.uint8)
            for value in np.unique(labels):
                if value == 0:
                    continue
                number = int(components(labels == value).max())
                y, x = np.argwhere(labels == value).mean(axis=0)
                place = ("upper" if y < image.shape[0] / 2 else "lower") + (
                    "-left" if x < image.shape[1] / 2 else "-right"
                )
                table.writerow([picture.name, random.choice(TEMPLATES).format(value), place, number])


def pictures(corpus: Path, out: Path) -> None:
    """A ``datasets`` generator that yields decoded pictures."""
    from datasets import Dataset, Features, Image, Value
    from PIL import Image as Pillow

    def rows() -> Iterator[dict[str, Any]]:
        for picture, mask in pairs(corpus):
            yield {
                "name": picture.stem,
                "image": Pillow.open(picture).convert("RGB"),
                "mask": Pillow.open(mask).convert("L"),
            }

    features = Features({"name": Value("string"), "image": Image(), "mask": Image()})
    made = Dataset.from_generator(rows, features=features, cache_dir=str(out / "cache"))
    made.to_parquet(out / "pictures.parquet")
