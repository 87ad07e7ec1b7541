"""From a view's annotations to its scene: structures in a fixed order, and the pair table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

from mmrs_builder import geometry, jitter
from mmrs_builder.geometry import Patch
from mmrs_builder.types import Annotation, Jitter, Label, Mask, Pair, Part, Scene, Structure, View
from mmrs_builder.vocab import Rejected

MAX_UNITS: Final = 64
"""More separate structures than this in one picture cannot be told apart in words; the case is rejected."""


def units(structures: Sequence[Structure], label: str) -> tuple[int, ...]:
    """Indices of what counts as one of ``label``: its instances, else its components, else its whole."""
    by_part = {
        part: tuple(i for i, s in enumerate(structures) if s.label == label and s.part == part)
        for part in ("instance", "component", "whole")
    }
    return by_part["instance"] or by_part["component"] or by_part["whole"]


def measure(mask: Patch, label: Label, part: Part, parent: int | None = None) -> Structure:
    """Measure one mask."""
    inside, distance = geometry.centre(mask)
    spread = geometry.spread(mask)
    return Structure(
        label=label.id,
        role=label.role,
        side=label.side,
        part=part,
        parent=parent,
        box=mask.box,
        centroid=spread.centroid,
        area_px=spread.area,
        quarters=spread.quarters,  # type: ignore[arg-type]
        ninths=spread.ninths,  # type: ignore[arg-type]
        border_px=geometry.border_px(mask),
        centre_inside=inside,
        centre_distance=distance,
    )


def scene(
    view: View, source: str, modality: str, labels: Mapping[str, Label], *, exhaustive: bool = True
) -> tuple[Scene, tuple[Mask, ...]]:
    """Measure a view. Returns the scene and one full-size mask per structure.

    ``exhaustive`` says that the corpus annotates every visible structure of its labels.
    Raises ``Rejected`` when the picture holds more separate structures than ``MAX_UNITS``.
    """
    structures: list[Structure] = []
    masks: list[Mask] = []
    patches: list[Patch] = []
    for label_id in sorted({a.label for a in view.annotations}):
        annotations = [a for a in view.annotations if a.label == label_id and a.mask.any()]
        for structure, patch, mask in _of_label(labels[label_id], annotations, len(structures)):
            structures.append(structure)
            patches.append(patch)
            masks.append(mask)
    singles = [i for label_id in {s.label for s in structures} for i in units(structures, label_id)]
    if len(singles) > MAX_UNITS:
        raise Rejected("too_many_structures", view.view_id, f"{len(singles)}, the limit is {MAX_UNITS}")
    plain = Scene(
        view_id=view.view_id,
        case_id=view.case_id,
        source=source,
        modality=modality,
        grid=view.grid,
        structures=tuple(structures),
        pairs=_pairs(structures, patches, singles, view.grid.spacing),
        absent=view.absent,
        incomplete=() if exhaustive else tuple(sorted({s.label for s in structures})),
        twin=view.twin,
    )
    hands = tuple(_by_another_hand(way, plain, patches, singles, labels) for way in jitter.WAYS)
    return replace(plain, jitter=hands), tuple(masks)


def _by_another_hand(
    way: str, plain: Scene, masks: Sequence[Patch], singles: Sequence[int], labels: Mapping[str, Label]
) -> Jitter:
    changed = [jitter.jittered(mask, way) for mask in masks]
    again = tuple(
        measure(mask, labels[s.label], s.part, s.parent) for s, mask in zip(plain.structures, changed, strict=True)
    )
    moved = way in jitter.SHIFTS  # together: no two of them have come closer
    pairs = plain.pairs if moved else _pairs(again, changed, singles, plain.grid.spacing)
    return Jitter(way=way, structures=again, pairs=pairs)


def _pairs(
    structures: Sequence[Structure],
    masks: Sequence[Patch],
    singles: Sequence[int],
    spacing: tuple[float, float] | None,
) -> tuple[Pair, ...]:
    """Every two of ``singles``, in order."""
    if len(singles) < 2:
        return ()
    ordered = sorted(singles)
    outlines = [geometry.outline(masks[i]) for i in ordered]
    gaps = geometry.gaps(outlines)
    return tuple(
        _pair(structures, masks, (ordered[i], ordered[j]), (outlines[i], outlines[j]), float(gaps[i, j]), spacing)
        for i, j in combinations(range(len(ordered)), 2)
    )


def _of_label(label: Label, annotations: list[Annotation], before: int) -> list[tuple[Structure, Patch, Mask]]:
    """A label's structures: its instances, or its whole and the components of that, after ``before`` other ones."""
    instances = [a.mask for a in annotations if a.instance]
    wholes = [a.mask for a in annotations if not a.instance]
    if (instances and wholes) or len(wholes) > 1:
        raise ValueError(f"{label.id}: one whole mask or instances, not both")
    if not wholes:
        return sorted((_measured(m, label, "instance") for m in instances), key=lambda item: _order(item[0]))
    pieces = geometry.components(wholes[0])
    parts = [_measured(m, label, "component", before) for m in pieces] if len(pieces) > 1 else []
    return [_measured(wholes[0], label, "whole"), *parts]


def _measured(mask: Mask, label: Label, part: Part, parent: int | None = None) -> tuple[Structure, Patch, Mask]:
    cut = geometry.patch(mask)
    return measure(cut, label, part, parent), cut, mask


def _order(s: Structure) -> tuple[int, int, int]:
    return -s.area_px, s.box[1], s.box[0]


def _pair(
    structures: Sequence[Structure],
    masks: Sequence[Patch],
    both: tuple[int, int],
    outlines: tuple[geometry.Ints, geometry.Ints],
    gap: float,
    spacing: tuple[float, float] | None,
) -> Pair:
    """A pair and the ``gap`` between its outlines in px, which counts unless the two share pixels."""
    a, b = both
    shared = geometry.shared_px(masks[a], masks[b])
    if shared:
        return Pair(a=a, b=b, shared_px=shared, gap_px=0.0, contact_px=0, gap_mm=0.0 if spacing else None)
    contact = _contact(structures[a], structures[b], masks[a], masks[b]) if gap < 2 else 0
    return Pair(a=a, b=b, shared_px=0, gap_px=gap, contact_px=contact, gap_mm=_gap_mm(*outlines, gap, spacing))


def _gap_mm(a: geometry.Ints, b: geometry.Ints, gap_px: float, spacing: tuple[float, float] | None) -> float | None:
    if spacing is None:
        return None
    if spacing[0] == spacing[1]:
        return gap_px * spacing[0]
    return geometry.gap_mm(a, b, spacing, gap_px * max(spacing))


def _contact(a: Structure, b: Structure, mask_a: Patch, mask_b: Patch) -> int:
    """Pixels of the smaller structure next to the other; of equal ones the smaller number, whichever is named first."""
    counts = []
    if a.area_px <= b.area_px:
        counts.append(geometry.contact_px(mask_a, mask_b))
    if b.area_px <= a.area_px:
        counts.append(geometry.contact_px(mask_b, mask_a))
    return min(counts)
