"""What the pixels of image and mask pairs say, before anything is built from them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from mmrs_builder.digests import pixels_sha256
from mmrs_builder.io.decode import Decoded, decode
from mmrs_builder.io.maskfile import look, masklike
from mmrs_builder.io.mirror import Mirrored, fits, mirrored
from mmrs_builder.io.overlay import overlay_suspected
from mmrs_builder.io.paths import read_bytes
from mmrs_builder.io.raster import read_opened, read_pair
from mmrs_builder.types import Mask, Pixels
from mmrs_builder.vocab import Rejected

Counts: TypeAlias = tuple[tuple[str, int], ...]

SIDES: Final = ("left structures at the viewer's right", "left structures at the viewer's left")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A file that cannot be used as it is. ``reason`` is a code of ``vocab.REASONS``."""

    what: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the pixels of the pairs that were read say. Counts are sorted, most frequent first."""

    read: int = 0
    sizes: Counts = ()  # width x height of the images
    values: Counts = ()  # grey values of the masks and their pixels
    kinds: Counts = ()  # kinds of mask files, see ``maskfile.MaskKind``
    codes: Counts = ()  # numbers or colours of masks that hold several structures, and their pixels
    palettes: tuple[str, ...] = ()  # masks that are palette files
    not_binary: Counts = ()  # masks with more than two values or colours, and how many
    lossy: tuple[str, ...] = ()  # masks stored with JPEG compression
    doubtful: Counts = ()  # masks with pixels that the threshold had to decide
    empty: tuple[str, ...] = ()  # masks
    refused: tuple[Refusal, ...] = ()
    duplicates: tuple[tuple[str, ...], ...] = ()  # images with identical pixels
    masklike: tuple[str, ...] = ()  # images that are really masks
    photographs: tuple[str, ...] = ()  # masks that are really photographs
    overlays: tuple[str, ...] = ()  # images with marks burnt in, see ``overlay``
    mirrored: Mirrored | None = None
    sides: Counts = ()  # where masks named left lie, beside masks named right


@dataclass(slots=True)
class _Tally:
    """What has been found so far."""

    sizes: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    not_binary: Counter[str] = field(default_factory=Counter)
    doubtful: Counter[str] = field(default_factory=Counter)
    sides: Counter[str] = field(default_factory=Counter)
    palettes: list[str] = field(default_factory=list)
    lossy: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    masklike: list[str] = field(default_factory=list)
    photographs: list[str] = field(default_factory=list)
    overlays: list[str] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    twins: dict[str, list[str]] = field(default_factory=dict)
    fits: list[Mapping[str, float]] = field(default_factory=list)


def check(
    root: Path, paired: Mapping[str, tuple[str, ...]], advance: Callable[[int], None] = lambda _: None
) -> Checked:
    """Read pairs (image: masks) of a folder; what cannot be used is in ``refused``. ``advance`` is told each pair."""
    tally = _Tally()
    for image, masks in paired.items():
        _look_at_image(root, image, tally)
        foregrounds = {mask: _look_at_mask(root, mask, tally) for mask in masks}
        _look_at_pair(root, image, masks, foregrounds, tally)
        advance(1)
    return Checked(
        read=len(paired),
        sizes=counted(tally.sizes),
        values=counted(tally.values),
        kinds=counted(tally.kinds),
        codes=counted(tally.codes),
        palettes=tuple(tally.palettes),
        not_binary=counted(tally.not_binary),
        lossy=tuple(tally.lossy),
        doubtful=counted(tally.doubtful),
        empty=tuple(tally.empty),
        refused=tuple(tally.refused),
        duplicates=tuple(tuple(same) for same in tally.twins.values() if len(same) > 1),
        masklike=tuple(tally.masklike),
        photographs=tuple(tally.photographs),
        overlays=tuple(tally.overlays),
        mirrored=mirrored(tally.fits),
        sides=counted(tally.sides),
    )


def usable(root: Path, image: str, masks: Iterable[str]) -> bool:
    """Whether masks read as masks, of any kind, whichever way up, and their image as an image of their size."""
    try:
        opened = read_opened(root, image)
        found = {mask: _decoded(root, mask) for mask in masks}
    except Rejected:
        return False
    size = sorted(opened.picture.pixels.shape[:2])
    kinds = {look(decoded, mask)[0].kind for mask, decoded in found.items()}
    return (
        not masklike(opened.picture.pixels)
        and kinds.isdisjoint({"photograph", "unclear"})
        and all(sorted(decoded.raw_size) == size for decoded in found.values())
    )


def counted(counter: Counter[str]) -> Counts:
    """Most frequent first, then by name."""
    return tuple(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


def _decoded(root: Path, path: str) -> Decoded:
    return decode(read_bytes(root, path), path)


def _look_at_image(root: Path, image: str, tally: _Tally) -> None:
    try:
        opened = read_opened(root, image)
    except Rejected:
        return  # said when the pair is read
    pixels = opened.picture.pixels
    height, width = pixels.shape[:2]
    tally.sizes[f"{width} x {height}"] += 1
    tally.twins.setdefault(pixels_sha256(_in_colour(pixels)), []).append(image)
    tally.masklike += [image] * masklike(pixels)
    tally.overlays += [image] * overlay_suspected(pixels)


def _look_at_mask(root: Path, mask: str, tally: _Tally) -> Mask | None:
    """The mask's foreground, as its file is turned, if it has any."""
    try:
        decoded = _decoded(root, mask)
    except Rejected:
        return None  # said when the pair is read
    found, foreground = look(decoded, mask)
    grey = np.asarray(decoded.image.convert("L"))
    tally.values.update({str(v): int(n) for v, n in zip(*np.unique(grey, return_counts=True), strict=True)})
    tally.kinds[found.kind] += 1
    tally.codes.update(dict(found.codes))
    tally.palettes += [mask] * found.palette
    tally.lossy += [mask] * decoded.lossy
    tally.photographs += [mask] * (found.kind == "photograph")
    if found.values > 2:
        tally.not_binary[mask] = found.values
    return foreground


def _look_at_pair(
    root: Path, image: str, masks: tuple[str, ...], foregrounds: Mapping[str, Mask | None], tally: _Tally
) -> None:
    try:
        picture, readings = read_pair(root, image, masks)
    except Rejected as refusal:
        tally.refused.append(Refusal(what=refusal.what, reason=refusal.reason, detail=refusal.detail))
        found = [mask for mask in foregrounds.values() if mask is not None]
        if refusal.reason in ("mask_not_binary", "mask_coloured") and found:
            _fit(root, image, found, tally)
        return
    by_name = {mask: reading.mask for mask, reading in zip(masks, readings, strict=True)}
    tally.doubtful.update({m: r.doubtful_px for m, r in zip(masks, readings, strict=True) if r.doubtful_px})
    tally.empty += [mask for mask, pixels in by_name.items() if not pixels.any()]
    tally.sides.update(_sides(by_name))
    tally.fits += _fits(picture.pixels, list(by_name.values()))


def _fit(root: Path, image: str, masks: list[Mask], tally: _Tally) -> None:
    """The fit of masks that hold several structures."""
    try:
        opened = read_opened(root, image)
    except Rejected:
        return
    pixels = opened.picture.pixels
    if opened.orientation in (None, 1) and all(mask.shape == pixels.shape[:2] for mask in masks):
        tally.fits += _fits(pixels, masks)


def _fits(pixels: Pixels, masks: list[Mask]) -> list[Mapping[str, float]]:
    united = np.logical_or.reduce(masks)
    return [found] if (found := fits(pixels, united)) else []


def _in_colour(pixels: Pixels) -> Pixels:
    """The picture (H, W, 3), so that a grey picture and its colour copy are the same picture."""
    return np.stack([pixels] * 3, axis=-1) if pixels.ndim == 2 else pixels


def _sides(masks: Mapping[str, Mask]) -> Counter[str]:
    """For masks whose paths differ in the words left and right alone: at which side of the picture the left one is."""
    found = Counter[str]()
    for path, mask in masks.items():
        other = re.sub("(?i)left", lambda word: "RIGHT" if word[0].isupper() else "right", path)
        partner = next((name for name in masks if name != path and name.casefold() == other.casefold()), None)
        if partner and mask.any() and masks[partner].any():
            gap = float(np.nonzero(mask)[1].mean() - np.nonzero(masks[partner])[1].mean())
            found[SIDES[gap < 0]] += 1
    return found
