"""Open this folder in FiftyOne: ``python load.py`` starts the app; ``from load import load`` gives the dataset."""

import json
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
from PIL import Image

HERE = Path(__file__).parent


def load(name: str = "mmrs") -> fo.Dataset:
    """A dataset with a sample for each view: structures with their masks, the questions, splits as tags.

    Raises ``ValueError`` if FiftyOne has a dataset of that name.
    """
    dataset = fo.Dataset(name)
    with (HERE / "samples.jsonl").open(encoding="utf-8") as lines:
        dataset.add_samples(sample(json.loads(line)) for line in lines)
    return dataset


def sample(row: dict[str, Any]) -> fo.Sample:
    """The sample of a line of ``samples.jsonl``."""
    return fo.Sample(
        filepath=str(HERE / row["image"]),
        tags=[row["split"]],
        structures=fo.Detections(detections=[_detection(structure) for structure in row["structures"]]),
        questions=row["questions"],
        **{key: value for key, value in row["facts"].items() if value is not None},
    )


def _detection(structure: dict[str, Any]) -> fo.Detection:
    x0, y0, x1, y1 = structure["box"]
    with Image.open(HERE / structure["mask"]) as image:
        mask = np.asarray(image).astype(bool)[y0:y1, x0:x1]
    kept = {key: structure[key] for key in ("part", "side", "structure") if structure[key] is not None}
    return fo.Detection(label=structure["label"], bounding_box=structure["bounding_box"], mask=mask, **kept)


if __name__ == "__main__":
    fo.launch_app(load()).wait()
