"""Copies of pictures as corpora hold them: changed in one known way each, drawn from a seed."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from mmrs_builder.build.copies import Look, find
from mmrs_builder.duplicates import Copy, candidates, check
from mmrs_builder.executors import Processes
from mmrs_builder.likeness import Seen, descriptors, picture_sha256, thumbnail
from mmrs_builder.splits import Member, grouped

Pixels = npt.NDArray[np.uint8]  # (H, W) or (H, W, 3)
Change = Callable[["Pixels", np.random.Generator], "Pixels"]


def exact(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """The same pixels, a grey picture in colour."""
    return np.stack([pixels] * 3, axis=-1) if pixels.ndim == 2 else pixels.copy()


def reencoded(pixels: Pixels, draw: np.random.Generator) -> Pixels:
    """As JPEG of quality 40 to 90."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=int(draw.integers(40, 91)))
    return np.asarray(Image.open(file))


def resized(pixels: Pixels, draw: np.random.Generator) -> Pixels:
    """To 0.4 to 1.6 of its size."""
    height, width = pixels.shape[:2]
    factor = draw.uniform(0.4, 1.6)
    return np.asarray(Image.fromarray(pixels).resize((max(8, round(width * factor)), max(8, round(height * factor)))))


def brighter(pixels: Pixels, draw: np.random.Generator) -> Pixels:
    """Contrast x 0.7 to 1.3, brightness -30 to 30, gamma 0.8 to 1.25; what leaves the range is cut off."""
    gain, bias, gamma = draw.uniform(0.7, 1.3), draw.uniform(-30, 30), draw.uniform(0.8, 1.25)
    return np.clip(255 * (pixels / 255) ** gamma * gain + bias, 0, 255).astype(np.uint8)


def mirrored(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """Left and right exchanged."""
    return pixels[:, ::-1].copy()


def turned(pixels: Pixels, draw: np.random.Generator) -> Pixels:
    """By 90, 180 or 270 degrees."""
    return np.rot90(pixels, int(draw.integers(1, 4))).copy()


def cropped(pixels: Pixels, draw: np.random.Generator) -> Pixels:
    """Without 5 % of its width and height, cut off at any of the four sides."""
    height, width = pixels.shape[:2]
    less = max(1, round(height * 0.05)), max(1, round(width * 0.05))
    y, x = (int(draw.integers(0, n + 1)) for n in less)
    return pixels[y : y + height - less[0], x : x + width - less[1]].copy()


def framed(pixels: Pixels, _: np.random.Generator) -> Pixels:
    """Without 5 % at every side."""
    height, width = pixels.shape[:2]
    y, x = max(1, round(height * 0.05)), max(1, round(width * 0.05))
    return pixels[y : height - y, x : width - x].copy()


PLANTED: Final[Mapping[str, tuple[Change, float]]] = {
    "exact": (exact, 1.0),
    "re-encoded": (reencoded, 1.0),
    "resized": (resized, 0.99),
    "brightness": (brighter, 0.99),
    "mirrored": (mirrored, 0.99),
    "turned": (turned, 0.99),
    "cropped by 5 %": (cropped, 0.9),
    "cropped by 5 % at every side": (framed, 0.9),
}
"""How copies are made, and which part of them must be found."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a search made of ``planted`` copies: how many it joined to their originals, and to others' pictures."""

    planted: int
    found: int
    wrong: frozenset[str]  # names of pictures joined to one that they do not show
    largest: int  # views joined to one another


def looked(name: str, pixels: Pixels) -> Look:
    """A picture as a view of its own case."""
    member = Member(
        view_id=name, source="s", case_id=name, patient_id=None, group=None, split_official=None,
        picture=picture_sha256(pixels),
    )  # fmt: skip
    height, width = pixels.shape[:2]
    return Look(member=member, seen=Seen(thumbnail=thumbnail(pixels), size=(width, height)))


def found_among(looks: Sequence[Look], processes: int = 1) -> tuple[Copy, ...]:
    """The copies that a build finds."""
    with TemporaryDirectory() as folder, Processes(processes) as workers:
        return find(looks, workers, Path(folder))[0]


def searched(originals: Mapping[str, Pixels], change: Change, seed: int = 0) -> Outcome:
    """Plant a copy of every original, search all together, and say what was found.

    Names begin with a patient and a space: pictures of one patient belong together anyway.
    """
    draw = np.random.default_rng(seed)
    planted = [looked(f"{name} copy", change(pixels, draw)) for name, pixels in originals.items()]
    looks = [*(looked(name, pixels) for name, pixels in originals.items()), *planted]
    joined = [(copy.view_id, copy.other) for copy in found_among(looks)]
    pairs = [tuple(name.removesuffix(" copy") for name in pair) for pair in joined]
    clusters = Counter(grouped([look.member for look in looks], joined))
    return Outcome(
        planted=len(planted),
        found=len({one for one, other in pairs if one == other}),
        wrong=frozenset(name for pair in pairs if len({name.split()[0] for name in pair}) > 1 for name in pair),
        largest=max(clusters.values()),
    )


def recalled(originals: Mapping[str, Pixels], change: Change, seed: int = 0) -> float:
    """The part of planted copies that is found. Other pairs are not checked, which ``searched`` does at length."""
    draw = np.random.default_rng(seed)
    looks = [looked(name, pixels) for name, pixels in originals.items()]
    planted = [looked(name, change(pixels, draw)) for name, pixels in originals.items()]
    n = len(looks)
    places = descriptors([look.seen.thumbnail for look in (*looks, *planted)])
    near = {(int(i), int(j) - n) for i, j in candidates(places, ["original"] * n + ["copy"] * n)}
    exact = {i for i in range(n) if looks[i].member.picture == planted[i].member.picture}
    tried = [i for i in range(n) if (i, i) in near and i not in exact]
    return (len(exact) + sum(how is not None for how in check([(looks[i].seen, planted[i].seen) for i in tried]))) / n
