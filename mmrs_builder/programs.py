"""Relation programs: a small typed expression language (``docs/language.md`` section 6).

A program is parsed with ``ast`` and a white list; nothing of it is ever executed as Python. This module knows the
grammar and its types; ``evaluate`` knows what the words mean.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Final

from mmrs_builder.vocab import VALUES

MAX_LENGTH: Final = 512
MAX_DEPTH: Final = 12


class ProgramError(ValueError):
    """A program that does not parse or does not type-check; ``column`` counts from 0."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Argument types, type of ``to=``, result. ``Label+`` stands for two or more labels."""

    args: tuple[str, ...]
    result: str
    to: str | None = None


_ONE = {
    "quadrant": "Quadrant", "zone": "Zone", "side": "Side", "level": "Level", "clock": "Clock",
    "near_centre": "Bool", "covers_centre": "Bool", "border": "Bool", "aspect": "Aspect", "extent": "Extent",
    "share": "Number", "body_side": "Lateral",
}  # fmt: skip
_TWO = {
    "direction": "Direction", "main_direction": "Fourway", "aligned": "Alignment", "horizontal": "Horizontal",
    "vertical": "Vertical", "topology": "Topology", "larger": "Bool", "gap": "Number", "lateral": "Lateral",
    "anteroposterior": "Depth", "craniocaudal": "Height", "laterality": "Laterality", "distance_mm": "Number",
    "gap_mm": "Number",
}  # fmt: skip
_PICK = (
    "largest", "smallest", "leftmost", "rightmost", "topmost", "bottommost", "second_largest", "second_smallest",
    "third_largest", "second_leftmost", "second_rightmost", "second_topmost", "second_bottommost",
)  # fmt: skip

FUNCTIONS: Final[dict[str, Signature]] = {
    **{name: Signature(args=("One",), result=result) for name, result in _ONE.items()},
    **{name: Signature(args=("One", "One"), result=result) for name, result in _TWO.items()},
    **{name: Signature(args=("Set",), result="One") for name in _PICK},
    "nearest": Signature(args=("Set",), to="One", result="One"),
    "farthest": Signature(args=("Set",), to="One", result="One"),
    "between": Signature(args=("One", "One", "One"), result="Bool"),
    "within": Signature(args=("Set", "Half"), result="Set"),
    "toward": Signature(args=("Set", "Way"), to="One", result="Set"),
    "every": Signature(args=("Set", "Half"), result="Bool"),
    "only": Signature(args=("One", "Set", "Half"), result="Bool"),
    "both": Signature(args=("Bool", "Bool"), result="Bool"),
    "either": Signature(args=("Bool", "Bool"), result="Bool"),
    "neither": Signature(args=("Bool", "Bool"), result="Bool"),
    "no": Signature(args=("Bool",), result="Bool"),
    "all": Signature(args=("Label",), result="Set"),
    "the": Signature(args=("Label",), result="One"),
    "among": Signature(args=("Label+",), result="Set"),
    "exists": Signature(args=("Label",), result="Bool"),
    "count": Signature(args=("Set",), result="Count"),
}
"""Every word of the language."""

PATIENT: Final = frozenset({"lateral", "anteroposterior", "craniocaudal", "body_side", "laterality"})
"""Calls that need to know how the picture lies in the patient."""

VIEWER: Final = frozenset(
    {
        "quadrant", "zone", "side", "level", "clock", "direction", "main_direction", "horizontal", "vertical",
        "leftmost", "rightmost", "topmost", "bottommost", "second_leftmost", "second_rightmost", "second_topmost",
        "second_bottommost", "within", "toward", "every", "only",
    }
)  # fmt: skip
"""Calls whose left, right, up and down are the viewer's."""

PLACED: Final = frozenset(
    {
        "quadrant", "zone", "side", "level", "clock", "near_centre", "covers_centre", "border", "within", "every",
        "only", "body_side", "laterality",
    }
)  # fmt: skip
"""Calls whose value depends on where in the picture a structure lies, not only on how it lies to others."""

MILLIMETRES: Final = frozenset({"distance_mm", "gap_mm"})
"""Calls that need the spacing, and give a length in mm."""

REFERENCES: Final = frozenset({"all", "the", "among"})
"""Calls that only name structures; they do not count as hops."""

FILTERS: Final = frozenset({"within", "toward"})
"""Calls that leave members of a set out."""

PLACES: Final = {"Half": VALUES["Side"] + VALUES["Level"], "Way": VALUES["Fourway"]}
"""Literals that stand for a half of the picture, and for a way to go from a structure."""

JOINS: Final = frozenset({"both", "either", "neither", "no"})
"""Calls that join what relations say, and are none; they do not count as hops either."""


_TEXT: Final = "canonical_text"

CLOSED: Final = 1 << 14
"""Closed programs that are remembered."""


@lru_cache(maxsize=CLOSED)
def parse(text: str) -> ast.expr:
    """Syntax tree of a well-typed program, shared by all who ask: not to be changed. Raises ``ProgramError``."""
    if len(text) > MAX_LENGTH:
        raise ProgramError(f"longer than {MAX_LENGTH} characters")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ProgramError(f"not an expression: {error}", (getattr(error, "offset", 1) or 1) - 1) from None
    _depth(tree, 1)
    _typed(tree)
    _spell(tree)
    return tree


def tree_of(program: str | ast.expr) -> ast.expr:
    """A program given as its tree or as text."""
    return parse(program) if isinstance(program, str) else program


@lru_cache(maxsize=4096)
def value_type(text: str) -> str:
    """Type of a program's value: a key of ``vocab.VALUES``, or ``Count``, ``Number``, ``One``, ``Set``."""
    return _typed(parse(text))


@lru_cache(maxsize=4096)
def slots(text: str) -> tuple[str, ...]:
    """The capital letters a family's program uses, sorted."""
    return tuple(sorted({node.id for node in _walk(parse(text)) if isinstance(node, ast.Name)}))


@lru_cache(maxsize=4096)
def single(text: str) -> frozenset[str]:
    """The slots that stand for one certain structure, by ``the`` or ``among``."""
    calls = [n for n in _walk(parse(text)) if isinstance(n, ast.Call) and call_name(n) in ("the", "among")]
    return frozenset(arg.id for call in calls for arg in call.args if isinstance(arg, ast.Name))


def labels(program: str | ast.expr) -> tuple[str, ...]:
    """The labels a closed program names, in order of appearance."""
    named = {"all", "the", "among", "exists"}
    calls = [node for node in _walk(tree_of(program)) if isinstance(node, ast.Call) and call_name(node) in named]
    return tuple(dict.fromkeys(constant(arg) for call in calls for arg in call.args))


@lru_cache(maxsize=4096)
def hops(text: str) -> int:
    """Number of relation calls: the difficulty of a question."""
    return sum(isinstance(node, ast.Call) and call_name(node) not in REFERENCES | JOINS for node in _walk(parse(text)))


@lru_cache(maxsize=CLOSED)
def words(program: str | ast.expr) -> frozenset[str]:
    """The names of all functions that a program calls."""
    return frozenset(call_name(node) for node in _walk(tree_of(program)) if isinstance(node, ast.Call))


@lru_cache(maxsize=4096)
def compared(text: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Each call of the patient's frame, with the slot (or label) that every one of its arguments is of."""
    calls = [node for node in _walk(parse(text)) if isinstance(node, ast.Call) and call_name(node) in PATIENT]
    return tuple((call_name(call), tuple(_subject(arg) for arg in call.args)) for call in calls)


@lru_cache(maxsize=CLOSED)
def calls_of(program: str | ast.expr, words: frozenset[str]) -> tuple[ast.Call, ...]:
    """Each call of one of ``words`` in a program."""
    return tuple(n for n in _walk(tree_of(program)) if isinstance(n, ast.Call) and call_name(n) in words)


@lru_cache(maxsize=CLOSED)
def filters(program: str | ast.expr) -> tuple[ast.Call, ...]:
    """The calls by which a program leaves members out of a set, but for those whose result it counts."""
    calls = [node for node in _walk(tree_of(program)) if isinstance(node, ast.Call)]
    counted = {part for call in calls if call_name(call) == "count" for part in _made_of(call.args[0])}
    return tuple(call for call in calls if call_name(call) in FILTERS and call not in counted)


@lru_cache(maxsize=4096)
def counted(program: str | ast.expr) -> str | None:
    """The label (or slot) whose members a program counts, if its value is a count."""
    tree = tree_of(program)
    return _subject(source(tree.args[0])) if isinstance(tree, ast.Call) and call_name(tree) == "count" else None


def source(node: ast.expr) -> ast.Call:
    """The reference that a set is made of: its ``all`` or ``among``, with nothing left out."""
    return _made_of(node)[-1]


def _made_of(node: ast.expr) -> list[ast.Call]:
    """A set and the sets it is made of, outermost first: filters take theirs as the first argument."""
    assert isinstance(node, ast.Call)
    return [node, *(_made_of(node.args[0]) if call_name(node) in FILTERS else ())]


def _subject(node: ast.expr) -> str:
    """The slot or label that a reference picks from: the first one it names."""
    first = next(inner for inner in _walk(node) if isinstance(inner, ast.Name | ast.Constant))
    return first.id if isinstance(first, ast.Name) else constant(first)


def close(text: str, bound: Mapping[str, str]) -> str:
    """The program with its slots replaced by labels, in canonical spelling."""
    return text_of(closed(text, bound))


def closed(text: str, bound: Mapping[str, str]) -> ast.expr:
    """The tree of a program with its slots replaced by labels, as of ``parse`` but made from the tree of ``text``.

    Raises ``ProgramError`` where the labels make it too long.
    """
    return _closed(text, tuple(sorted(bound.items())))


@lru_cache(maxsize=CLOSED)
def _closed(text: str, bound: tuple[tuple[str, str], ...]) -> ast.expr:
    tree = _filled(parse(text), dict(bound))
    if len(_spell(tree)) > MAX_LENGTH:
        raise ProgramError(f"longer than {MAX_LENGTH} characters")
    return tree


def _filled(node: ast.expr, names: Mapping[str, str]) -> ast.expr:
    match node:
        case ast.Name() if node.id in names:
            return ast.Constant(names[node.id])
        case ast.Call():
            keywords = [ast.keyword(arg=word.arg, value=_filled(word.value, names)) for word in node.keywords]
            return ast.Call(func=node.func, args=[_filled(arg, names) for arg in node.args], keywords=keywords)
        case ast.Compare():
            return ast.Compare(left=_filled(node.left, names), ops=node.ops, comparators=node.comparators)
    return node


def claim(text: str, token: str) -> str:
    """The closed program that says ``text`` has the value ``token``."""
    return f'{text_of(parse(text))} == "{token}"'


def _spell(node: ast.expr) -> str:
    """Canonical text of a well-typed part, as of ``ast.unparse`` but with double quotes, kept in the tree."""
    match node:
        case ast.Call():
            args = [*map(_spell, node.args), *(f"{keyword.arg}={_spell(keyword.value)}" for keyword in node.keywords)]
            text = f"{call_name(node)}({', '.join(args)})"
        case ast.Compare():
            text = f"{_spell(node.left)} == {_spell(node.comparators[0])}"
        case ast.Name():
            return node.id
        case _:
            assert isinstance(node, ast.Constant)  # the grammar allows nothing else
            return f'"{node.value}"' if isinstance(node.value, str) else str(node.value)
    setattr(node, _TEXT, text)
    return text


text_of: Final[Callable[[ast.expr], str]] = attrgetter(_TEXT)
"""Canonical text of a call or comparison in what ``parse`` gave, at no cost: parts of one text mean the same."""


def call_name(node: ast.Call) -> str:
    """Name of the function a call names; calls of anything but a plain name do not parse."""
    if not isinstance(node.func, ast.Name):
        raise ProgramError("only functions of the relation vocabulary can be called", node.col_offset)
    return node.func.id


def constant(node: ast.expr) -> str:
    """Text of a string literal."""
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        raise ProgramError("expected a label or a literal", node.col_offset)
    return node.value


def _walk(node: ast.expr) -> Iterator[ast.expr]:
    """The expression nodes of a program, without the names of functions."""
    yield node
    children: list[ast.expr] = []
    if isinstance(node, ast.Call):
        children = [*node.args, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, ast.Compare):
        children = [node.left, *node.comparators]
    for child in children:
        yield from _walk(child)


def _depth(node: ast.AST, level: int) -> None:
    if level > MAX_DEPTH:
        raise ProgramError(f"nested deeper than {MAX_DEPTH} levels", getattr(node, "col_offset", 0))
    if isinstance(node, ast.Call):
        for inner in (node.func, *node.args, *node.keywords):
            _depth(inner, level + isinstance(inner, ast.expr))
    elif not isinstance(node, ast.Name | ast.Constant):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr | ast.keyword):
                _depth(child, level + isinstance(child, ast.expr))


def _typed(node: ast.expr) -> str:
    match node:
        case ast.Call():
            return _typed_call(node)
        case ast.Compare(ops=[ast.Eq()], comparators=[right]):
            return _typed_equality(node.left, right)
    raise ProgramError("only calls and one == are allowed", node.col_offset)


def _typed_call(node: ast.Call) -> str:
    name = call_name(node)
    if name not in FUNCTIONS:
        raise ProgramError(f"unknown function {name!r}; known: {', '.join(sorted(FUNCTIONS))}", node.col_offset)
    signature = FUNCTIONS[name]
    wanted = signature.args
    if wanted == ("Label+",):
        wanted = ("Label",) * max(2, len(node.args))
    if len(node.args) != len(wanted):
        raise ProgramError(f"{name} takes {len(wanted)} arguments, not {len(node.args)}", node.col_offset)
    for arg, kind in zip(node.args, wanted, strict=True):
        _expect(arg, kind, name)
    if [keyword.arg for keyword in node.keywords] != ([] if signature.to is None else ["to"]):
        raise ProgramError(f"{name} takes {'one keyword, to=' if signature.to else 'no keyword'}", node.col_offset)
    if name == "count" and call_name(source(node.args[0])) == "among":
        raise ProgramError("count takes a set of one label", node.col_offset)
    for keyword in node.keywords:
        _expect(keyword.value, str(signature.to), name)
    return signature.result


def _expect(node: ast.expr, kind: str, name: str) -> None:
    if kind == "Label":
        if not (isinstance(node, ast.Name) and len(node.id) == 1 and node.id.isupper() and node.id.isascii()):
            _identifier(constant(node), node)
        return
    if kind in PLACES:
        if constant(node) not in PLACES[kind]:
            raise ProgramError(f"{name} takes one of {', '.join(PLACES[kind])}", node.col_offset)
        return
    found = _typed(node)
    if found != kind:
        raise ProgramError(f"{name} takes a {kind}, not a {found}", node.col_offset)


def _identifier(text: str, node: ast.expr) -> None:
    if not (text.isascii() and text.isidentifier()):
        raise ProgramError(f"{text!r} is not a label", node.col_offset)


def _typed_equality(left: ast.expr, right: ast.expr) -> str:
    kind = _typed(left)
    if kind == "Count":
        if isinstance(right, ast.Constant) and type(right.value) is int:
            return "Bool"
        raise ProgramError("a count is compared with a whole number", right.col_offset)
    if kind not in VALUES or kind == "Bool":
        raise ProgramError(f"a {kind} cannot be compared", left.col_offset)
    if constant(right) not in VALUES[kind]:
        raise ProgramError(f"a {kind} is one of {', '.join(VALUES[kind])}", right.col_offset)
    return "Bool"
