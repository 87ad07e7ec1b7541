"""Sets and references (``docs/language.md`` section 5): value and margin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

from mmrs_builder.verify.board import Board
from mmrs_builder.verify.double import horizontal, part_x, part_y, vertical
from mmrs_builder.verify.single import cap, level, side
from mmrs_builder.verify.values import Many, NoValue, One, Result, Value


def everything(board: Board, label: str) -> Result:
    """``all``: the units of a label; empty when the label is absent."""
    members = board.units(label)
    if not members and label not in board.absent:
        raise NoValue(f"{label} is neither annotated nor absent")
    return Many(members, (label,)), 1.0


def the(board: Board, label: str) -> Result:
    """The one unit of a label."""
    members = board.units(label)
    if len(members) != 1:
        raise NoValue(f"{label} has {len(members)} units")
    return One(members[0]), 1.0


def among(board: Board, *labels: str) -> Result:
    """The set of the one units of several labels."""
    members = [board.units(label) for label in labels]
    if any(len(units) != 1 for units in members):
        raise NoValue("a label has not exactly one unit")
    return Many(tuple(dict.fromkeys(units[0] for units in members)), tuple(dict.fromkeys(labels))), 1.0


def within(board: Board, group: Many, place: str) -> Result:
    """The members that lie in one half of the picture."""
    if not group.members:
        raise NoValue("no member that could lie in a half")
    halves, margin = _halves(board, group, place)
    return Many(tuple(member for member, half in halves.items() if half == place), group.labels), margin


def _halves(board: Board, group: Many, place: str) -> tuple[dict[int, Value], float]:
    """Half of every member, of the two that ``place`` is one of, and the smallest margin."""
    decide = side if place in ("left", "right") else level
    results = {member: decide(board, member) for member in group.members}
    return {member: value for member, (value, _) in results.items()}, min(margin for _, margin in results.values())


def toward(board: Board, group: Many, way: str, to: int) -> Result:
    """The members that lie on one side of a structure, itself left out."""
    decide = horizontal if way in ("left", "right") else vertical
    results = {member: decide(board, member, to) for member in group.members if member != to}
    if not results:
        raise NoValue("no member that could lie on a side")
    kept = tuple(member for member, (value, _) in results.items() if value == way)
    return Many(kept, group.labels), min(margin for _, margin in results.values())


def every(board: Board, group: Many, place: str) -> Result:
    """Whether all members lie in one half of the picture."""
    _several(group.members)
    halves, margin = _halves(board, group, place)
    return set(halves.values()) == {place}, margin


def only(board: Board, s: int, group: Many, place: str) -> Result:
    """Whether one member lies in a half of the picture and all others in the other half."""
    _several(group.members)
    if s not in group.members:
        raise NoValue("the structure is none of the set")
    halves, margin = _halves(board, group, place)
    return [member for member, half in halves.items() if half == place] == [s], margin


def _several(members: Sequence[int], number: int = 2) -> None:
    if len(members) < number:
        raise NoValue(f"fewer than {number} to choose from")


def largest(board: Board, group: Many) -> Result:
    """The member with the largest area."""
    _several(group.members)
    ranked = sorted(group.members, key=lambda s: -board.shapes[s].area)
    best, next_best = board.shapes[ranked[0]].area, board.shapes[ranked[1]].area
    return One(ranked[0]), (best - next_best) / best


def smallest(board: Board, group: Many) -> Result:
    """The member with the smallest area."""
    _several(group.members)
    ranked = sorted(group.members, key=lambda s: board.shapes[s].area)
    best, next_best = board.shapes[ranked[0]].area, board.shapes[ranked[1]].area
    return One(ranked[0]), (next_best - best) / next_best


def _by_area(board: Board, group: Many, ordinal: int, sign: int) -> Result:
    """The member at a place by area, the largest first for a negative sign; its lead over those next in order."""
    _several(group.members, ordinal + 1)
    ranked = sorted(group.members, key=lambda s: sign * board.shapes[s].area)
    areas = [board.shapes[s].area for s in ranked[ordinal - 2 : ordinal + 1]]
    return One(ranked[ordinal - 1]), min(abs(a - b) / max(a, b) for a, b in pairwise(areas))


def second_largest(board: Board, group: Many) -> Result:
    """The member with the largest area but one."""
    return _by_area(board, group, 2, -1)


def second_smallest(board: Board, group: Many) -> Result:
    """The member with the smallest area but one."""
    return _by_area(board, group, 2, 1)


def third_largest(board: Board, group: Many) -> Result:
    """The member with the largest area but two."""
    return _by_area(board, group, 3, -1)


def _extreme(group: Many, place: Callable[[int], float], parting: Callable[[int, int], float]) -> Result:
    """The member with the smallest place; a tie has margin -1."""
    _several(group.members)
    first, *others = sorted(group.members, key=place)
    if place(others[0]) == place(first):
        return One(first), -1.0
    return One(first), min(cap(parting(first, other)) for other in others)


def leftmost(board: Board, group: Many) -> Result:
    """The member whose centroid lies furthest to the left."""
    return _extreme(group, lambda s: board.shapes[s].x, lambda a, b: part_x(board, a, b))


def rightmost(board: Board, group: Many) -> Result:
    """The member whose centroid lies furthest to the right."""
    return _extreme(group, lambda s: -board.shapes[s].x, lambda a, b: part_x(board, a, b))


def topmost(board: Board, group: Many) -> Result:
    """The member whose centroid lies highest."""
    return _extreme(group, lambda s: board.shapes[s].y, lambda a, b: part_y(board, a, b))


def bottommost(board: Board, group: Many) -> Result:
    """The member whose centroid lies lowest."""
    return _extreme(group, lambda s: -board.shapes[s].y, lambda a, b: part_y(board, a, b))


def _second(group: Many, place: Callable[[int], float], parting: Callable[[int, int], float]) -> Result:
    """The member with the smallest place but one; a tie with it has margin -1."""
    _several(group.members, 3)
    ranked = sorted(group.members, key=place)
    second = ranked.pop(1)
    if place(second) in map(place, ranked):
        return One(second), -1.0
    return One(second), min(cap(parting(second, other)) for other in ranked)


def second_leftmost(board: Board, group: Many) -> Result:
    """The member second from the left."""
    return _second(group, lambda s: board.shapes[s].x, lambda a, b: part_x(board, a, b))


def second_rightmost(board: Board, group: Many) -> Result:
    """The member second from the right."""
    return _second(group, lambda s: -board.shapes[s].x, lambda a, b: part_x(board, a, b))


def second_topmost(board: Board, group: Many) -> Result:
    """The member second from the top."""
    return _second(group, lambda s: board.shapes[s].y, lambda a, b: part_y(board, a, b))


def second_bottommost(board: Board, group: Many) -> Result:
    """The member second from the bottom."""
    return _second(group, lambda s: -board.shapes[s].y, lambda a, b: part_y(board, a, b))


def _distances(board: Board, others: list[int], to: int) -> tuple[list[tuple[float, int]], list[tuple[float, int]]]:
    """Sorted (distance, member) by centroid and by gap, in px."""
    goal = board.shapes[to]
    centroid = [(math.hypot(board.shapes[s].x - goal.x, board.shapes[s].y - goal.y), s) for s in others]
    return sorted(centroid), sorted((board.gap(s, to), s) for s in others)


def _by_distance(board: Board, group: Many, to: int, best: int, runner_up: int) -> Result:
    """Member at place ``best`` of both rankings; its lead over the one at ``runner_up`` is the margin."""
    others = [member for member in group.members if member != to]
    _several(tuple(others))
    rankings = _distances(board, others, to)
    if rankings[0][best][1] != rankings[1][best][1]:
        raise NoValue("centroid distance and gap name different structures")
    leads = []
    for ranking in rankings:
        longer = max(ranking[best][0], ranking[runner_up][0])
        leads.append(abs(ranking[best][0] - ranking[runner_up][0]) / longer if longer else 0.0)
    return One(rankings[0][best][1]), min(leads)


def nearest(board: Board, group: Many, to: int) -> Result:
    """The member nearest to a structure."""
    return _by_distance(board, group, to, 0, 1)


def farthest(board: Board, group: Many, to: int) -> Result:
    """The member farthest from a structure."""
    return _by_distance(board, group, to, -1, -2)


def count(board: Board, group: Many) -> Result:
    """Number of members; how sure it is depends on the label's full set of units."""
    if len(group.labels) != 1:
        raise NoValue("a count is of one label")
    full = board.units(group.labels[0])
    if len(full) < 2 or board.parts[full[0]] == "instance":
        return len(group.members), 1.0
    gap = min(board.gap(a, b) for a, b in combinations(full, 2))
    areas = [board.shapes[s].area for s in full]
    return len(group.members), min(cap((gap - 2) / (0.02 * board.diagonal)), cap(min(areas) / (0.1 * max(areas))))


def exists(board: Board, label: str) -> Result:
    """Whether the label has units; absent labels have none."""
    units = board.units(label)
    if units:
        fraction = sum(board.shapes[s].area for s in units) / (board.width * board.height)
        return True, cap(fraction / 0.001)
    if label not in board.absent:
        raise NoValue(f"{label} is neither annotated nor absent")
    return False, 1.0
