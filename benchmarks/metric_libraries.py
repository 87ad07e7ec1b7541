"""This project's mask metrics against MONAI, MedPy, surface-distance and torchmetrics on random masks.

``python -m benchmarks.metric_libraries`` prints, for every library that is installed, the largest difference in each
number over 300 pairs, then what each says of empty masks. ``docs/benchmark.md`` states the outcome. They are not
among the dependencies: ``pip install monai medpy surface-distance torchmetrics`` somewhere.
"""

from __future__ import annotations

import importlib
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from mmrs_builder.metrics import dice, hausdorff95, iou, surface_dice
from mmrs_builder.types import Mask
from tests.metrics.test_libraries import pairs

TOLERANCE = 2.05
Spacing = tuple[float, float]
Numbers = dict[str, float]
EMPTY, FULL = np.zeros((6, 6), np.bool_), np.ones((6, 6), np.bool_)
PLAIN: Spacing = (1.0, 1.0)


def ours(a: Mask, b: Mask, spacing: Spacing) -> Numbers:
    return {
        "dice": dice(a, b),
        "iou": iou(a, b),
        "hd95": hausdorff95(a, b, spacing),
        "surface dice": surface_dice(a, b, TOLERANCE, spacing),
    }


def monai(a: Mask, b: Mask, spacing: Spacing) -> Numbers:
    torch, metrics = importlib.import_module("torch"), importlib.import_module("monai.metrics")
    x, y = (torch.from_numpy(np.pad(it, 1))[None, None].float() for it in (a, b))
    known = {
        "dice": metrics.compute_dice(x, y, ignore_empty=False),
        "iou": metrics.compute_iou(x, y, ignore_empty=False),
        "hd95": metrics.compute_hausdorff_distance(x, y, percentile=95, include_background=True, spacing=spacing),
        "surface dice": metrics.compute_surface_dice(x, y, [TOLERANCE], include_background=True, spacing=spacing),
    }
    return {name: float(value) for name, value in known.items()}


def medpy(a: Mask, b: Mask, spacing: Spacing) -> Numbers:
    binary = importlib.import_module("medpy.metric.binary")
    x, y = np.pad(a, 1), np.pad(b, 1)
    return {"dice": binary.dc(x, y), "iou": binary.jc(x, y), "hd95": binary.hd95(x, y, voxelspacing=spacing)}


def surface_distance(a: Mask, b: Mask, spacing: Spacing) -> Numbers:
    library = importlib.import_module("surface_distance")
    found = library.compute_surface_distances(np.pad(b, 1), np.pad(a, 1), spacing)
    return {
        "dice": library.compute_dice_coefficient(b, a),
        "hd95": library.compute_robust_hausdorff(found, 95),
        "surface dice": library.compute_surface_dice_at_tolerance(found, TOLERANCE),
    }


def torchmetrics(a: Mask, b: Mask, _spacing: Spacing) -> Numbers:
    torch, library = importlib.import_module("torch"), importlib.import_module("torchmetrics.functional.classification")
    x, y = torch.from_numpy(a.ravel()).int(), torch.from_numpy(b.ravel()).int()
    return {"dice": float(library.binary_f1_score(x, y)), "iou": float(library.binary_jaccard_index(x, y))}


LIBRARIES: dict[str, Callable[[Mask, Mask, Spacing], Numbers]] = {
    "monai": monai,
    "medpy": medpy,
    "surface_distance": surface_distance,
    "torchmetrics": torchmetrics,
}


def differences(name: str) -> Iterator[tuple[str, float, float]]:
    """Name, the largest difference in size, and the largest with its sign, of every number that a library has."""
    found: dict[str, list[float]] = defaultdict(list)
    for a, b, spacing in pairs(300):
        mine = ours(a, b, spacing)
        for number, value in LIBRARIES[name](a, b, spacing).items():
            found[number].append(value - mine[number])
    for number, off in found.items():
        yield number, max(map(abs, off)), max(off, key=abs)


def said(name: str, a: Mask, b: Mask) -> str:
    try:
        return ", ".join(f"{number} {value:.3g}" for number, value in LIBRARIES[name](a, b, PLAIN).items())
    except (AttributeError, RuntimeError, ValueError, IndexError, ZeroDivisionError) as error:
        return f"{type(error).__name__}: {error}"


def main() -> None:
    warnings.simplefilter("ignore")
    for name in LIBRARIES:
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            print(f"{name}: not installed")
            continue
        print(f"{name} {getattr(module, '__version__', '')}")
        for number, size, signed in differences(name):
            print(f"  {number}: largest difference {size:.2g} ({signed:+.3g})")
        print(f"  both empty: {said(name, EMPTY, EMPTY)}")
        print(f"  one empty: {said(name, EMPTY, FULL)}")
    print(f"here\n  both empty: {ours(EMPTY, EMPTY, PLAIN)}\n  one empty: {ours(EMPTY, FULL, PLAIN)}")


if __name__ == "__main__":
    main()
