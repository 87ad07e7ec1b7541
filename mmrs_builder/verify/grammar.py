"""Parsing of programs that nobody vouches for: a white list over ``ast`` (``docs/language.md`` section 6)."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

MAX_LENGTH: Final = 512  # characters
MAX_DEPTH: Final = 12

RESULTS: Final[dict[str, str]] = {
    "quadrant": "Quadrant", "zone": "Zone", "side": "Side", "level": "Level",
    "near_centre": "Bool", "covers_centre": "Bool", "border": "Bool",
    "aspect": "Aspect", "extent": "Extent", "share": "Number", "clock": "Clock",
    "direction": "Direction", "horizontal": "Horizontal", "vertical": "Vertical",
    "main_direction": "Fourway", "aligned": "Alignment", "between": "Bool",
    "topology": "Topology", "larger": "Bool", "gap": "Number",
    "lateral": "Lateral", "anteroposterior": "Depth", "craniocaudal": "Height", "body_side": "Lateral",
    "laterality": "Laterality", "distance_mm": "Number", "gap_mm": "Number",
    "all": "Set", "among": "Set", "within": "Set", "toward": "Set", "the": "One",
    "largest": "One", "smallest": "One", "leftmost": "One", "rightmost": "One", "topmost": "One", "bottommost": "One",
    "second_largest": "One", "second_smallest": "One", "third_largest": "One",
    "second_leftmost": "One", "second_rightmost": "One", "second_topmost": "One", "second_bottommost": "One",
    "nearest": "One", "farthest": "One", "count": "Count", "exists": "Bool", "every": "Bool", "only": "Bool",
    "both": "Bool", "either": "Bool", "neither": "Bool", "no": "Bool",
}  # fmt: skip
"""Value type of every relation and expression."""

REFERENCES: Final = frozenset({"all", "the", "among"})
OF_LABELS: Final = REFERENCES | {"exists"}  # calls whose arguments are labels
JOINS: Final = frozenset({"both", "either", "neither", "no"})
NO_STEP: Final = REFERENCES | JOINS  # calls that do not count towards the difficulty

FRAMES: Final[dict[str, frozenset[str]]] = {
    "viewer": frozenset(
        {
            "quadrant", "zone", "side", "level", "clock", "direction", "main_direction", "horizontal", "vertical",
            "within", "toward", "every", "only", "leftmost", "rightmost", "topmost", "bottommost",
            "second_leftmost", "second_rightmost", "second_topmost", "second_bottommost",
        }
    ),
    "patient": frozenset({"lateral", "anteroposterior", "craniocaudal", "body_side", "laterality"}),
}  # fmt: skip
"""Calls whose words have a meaning in one frame only: left and right, above and below, front and back."""


class BadProgram(ValueError):
    """The text is not a program of the language."""


def _check(node: ast.expr, slots: bool, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadProgram(f"nested deeper than {MAX_DEPTH}")
    match node:
        case ast.Constant(value=value) if type(value) in (str, int, float):
            return
        case ast.Name(id=name) if slots and len(name) == 1 and name in "ABC":
            return
        case ast.Compare(
            left=ast.Call() | ast.Compare() as left, ops=[ast.Eq()], comparators=[ast.Constant() as right]
        ):
            children: list[ast.expr] = [left, right]
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords) if name in RESULTS:
            if any(keyword.arg != "to" for keyword in keywords) or len(keywords) > 1:
                raise BadProgram(f"{name} takes no such keyword")
            children = [*arguments, *(keyword.value for keyword in keywords)]
        case _:
            raise BadProgram(f"{type(node).__name__} is not part of the language")
    for child in children:
        _check(child, slots, depth + 1)


@lru_cache(maxsize=1 << 13)
def parse(program: str, *, slots: bool = False) -> ast.expr:
    """Syntax tree of a program, with slots A, B, C only if allowed; all get the same one. Raises ``BadProgram``."""
    return parsed_anew(program, slots=slots)


def parsed_anew(program: str, *, slots: bool = False) -> ast.expr:
    """The same as a tree of one's own, to be changed."""
    if len(program) > MAX_LENGTH:
        raise BadProgram(f"longer than {MAX_LENGTH} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            tree = ast.parse(program, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadProgram(f"does not parse: {type(error).__name__}") from error
    _check(tree, slots, 1)
    return tree


def result_type(tree: ast.expr) -> str:
    """Value type of a program."""
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        return RESULTS[tree.func.id]
    if isinstance(tree, ast.Compare):
        return "Bool"
    raise BadProgram("a program is a call or a comparison")


def calls_of(tree: ast.expr) -> list[tuple[str, ast.Call]]:
    """Every call with its name, the outermost first."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(call.func.id, call) for call in calls if isinstance(call.func, ast.Name)]


def labels_of(tree: ast.expr) -> frozenset[str]:
    """The labels that a closed program names."""
    items = [item for name, call in calls_of(tree) if name in OF_LABELS for item in call.args]
    return frozenset(item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str))


def counted_label(tree: ast.expr) -> str | None:
    """The label that a closed program counts the members of, where its value is a count of one label's."""
    match tree:
        case ast.Call(func=ast.Name(id="count"), args=[counted]):
            while isinstance(counted, ast.Call) and counted.args:
                counted = counted.args[0]
            return counted.value if isinstance(counted, ast.Constant) and isinstance(counted.value, str) else None
    return None


def steps(tree: ast.expr) -> int:
    """Difficulty: calls other than references and joins."""
    return sum(name not in NO_STEP for name, _ in calls_of(tree))


def frames_of(tree: ast.expr) -> frozenset[str]:
    """The frames that a program's words belong to; none where it speaks of no direction."""
    names = {name for name, _ in calls_of(tree)}
    return frozenset(frame for frame, words in FRAMES.items() if names & words)


def slots_of(tree: ast.expr) -> frozenset[str]:
    """The slots a family's program uses."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called)


def unify(pattern: ast.expr, closed: ast.expr) -> dict[str, str]:
    """Labels that turn a family's program into a closed one. Raises ``BadProgram`` when none do."""
    labels: dict[str, str] = {}
    for slot, label in _pairs(pattern, closed):
        if labels.setdefault(slot, label) != label:
            raise BadProgram(f"slot {slot} is filled with {labels[slot]} and {label}")
    return labels


def _pairs(pattern: ast.expr, closed: ast.expr) -> list[tuple[str, str]]:
    match pattern, closed:
        case ast.Name(id=slot), ast.Constant(value=str() as label):
            return [(slot, label)]
        case ast.Constant(value=one), ast.Constant(value=other) if one == other and type(one) is type(other):
            return []
        case ast.Compare(left=a, comparators=[b]), ast.Compare(left=c, comparators=[d]):
            return _pairs(a, c) + _pairs(b, d)
        case ast.Call(func=ast.Name(id=one), args=a, keywords=j), ast.Call(func=ast.Name(id=other), args=b, keywords=k):
            if one == other and len(a) == len(b) and len(j) == len(k):
                left, right = [*a, *(word.value for word in j)], [*b, *(word.value for word in k)]
                return [pair for c, d in zip(left, right, strict=True) for pair in _pairs(c, d)]
    raise BadProgram("differs from the program of its family")


class _Fill(ast.NodeTransformer):
    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = labels

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(self.labels[node.id]) if node.id in self.labels else node


def close(program: str, labels: Mapping[str, str]) -> str:
    """Closed text of a family's program: slots replaced by labels, as ``ast.unparse`` writes it, double quotes."""
    return _close(program, tuple(sorted(labels.items())))


@lru_cache(maxsize=1 << 13)
def _close(program: str, bound: tuple[tuple[str, str], ...]) -> str:
    tree, labels = parsed_anew(program, slots=True), dict(bound)
    missing = slots_of(tree) - labels.keys()
    if missing:
        raise BadProgram(f"no label for slot {min(missing)}")
    return text_of(_Fill(labels).visit(tree))


def text_of(tree: ast.expr) -> str:
    """A closed program as it is stored."""
    return ast.unparse(tree).replace("'", '"')
