"""Choosing from a set of structures, and counting it. Members are indices into a scene's structures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, pairwise

from mmrs_builder.relations.between import part_x, part_y
from mmrs_builder.relations.judged import Judged, cap
from mmrs_builder.types import Grid, Pair, Structure

Pairs = Mapping[tuple[int, int], Pair]


def by_area(
    structures: Sequence[Structure], members: Sequence[int], pairs: Pairs, *, largest: bool, place: int = 1
) -> Judged | None:
    """The member at a place in the order of areas, which ends with one after it: None for fewer members."""
    if len(members) <= place:
        return None
    order = sorted(members, key=lambda i: structures[i].area_px, reverse=largest)
    areas = [structures[i].area_px for i in order[max(0, place - 2) : place + 1]]
    margin = min(abs(one - next_) / max(one, next_) for one, next_ in pairwise(areas))
    return Judged(value=order[place - 1], margin=margin)


def by_place(
    structures: Sequence[Structure], members: Sequence[int], pairs: Pairs, *, axis: int, last: bool, place: int = 1
) -> Judged | None:
    """The member at a place in the order of centroids along ``axis`` (0: x, 1: y), counted from one end.

    It must stand apart from every other, and one must come after it: None for fewer members.
    """
    if len(members) <= place:
        return None
    order = sorted(members, key=lambda i: structures[i].centroid[axis], reverse=last)
    best, part = order.pop(place - 1), (part_x, part_y)[axis]
    margins = [part(structures[best], structures[i], pairs[min(best, i), max(best, i)]) for i in order]
    return Judged(value=best, margin=cap(min(margins)))


def by_distance(
    structures: Sequence[Structure], members: Sequence[int], to: int, pairs: Pairs, *, farthest: bool
) -> Judged | None:
    """The member nearest to (or farthest from) ``to``; centroid distance and gap must name the same one."""
    others = [i for i in members if i != to]
    if len(others) < 2:
        return None
    here = structures[to].centroid
    by_centroid = _extreme(others, lambda i: math.dist(structures[i].centroid, here), farthest)
    by_gap = _extreme(others, lambda i: pairs[min(i, to), max(i, to)].gap_px, farthest)
    if by_centroid.value != by_gap.value:
        return None
    return Judged(value=by_gap.value, margin=min(by_centroid.margin, by_gap.margin))


def _extreme(members: Sequence[int], distance: Callable[[int], float], farthest: bool) -> Judged:
    order = sorted(members, key=distance, reverse=farthest)
    far = max(distance(order[0]), distance(order[1]))
    return Judged(value=order[0], margin=abs(distance(order[0]) - distance(order[1])) / far if far else 0.0)


def count_margin(structures: Sequence[Structure], members: Sequence[int], pairs: Pairs, grid: Grid) -> float:
    """How sure the number of a label's units is: annotated instances are certain, components must be apart and alike.

    ``members`` is the label's full unit set.
    """
    if len(members) < 2 or structures[members[0]].part == "instance":
        return 1.0
    room = min(pairs[pair].gap_px for pair in combinations(sorted(members), 2)) - 2
    areas = [structures[i].area_px for i in members]
    return min(cap(room / (0.02 * math.hypot(grid.width, grid.height))), cap(min(areas) / (0.1 * max(areas))))
