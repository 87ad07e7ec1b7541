"""Everything that can be asked about one scene: families bound to labels, evaluated, or why they are not asked.

No pixels, no wording, no choice: what is asked in the end is decided over all scenes together, in ``select``.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, cast

from mmrs_builder import frames, programs
from mmrs_builder.bindings import MOST_BINDINGS, Names, bindings, known_from_names, looked_at, picture, unknown
from mmrs_builder.digests import sha256
from mmrs_builder.evaluate import UNSTEADY, Measured, NoValue, Outcome, evaluate, value_of
from mmrs_builder.jitter import SHIFTS
from mmrs_builder.templates import Family
from mmrs_builder.types import Kind, Label, Scene
from mmrs_builder.vocab import KINDS, VALUES

EXCLUDED: Final = "question:"
"""Begins a line of an exclusion list that names a question by its id."""


class Candidate(NamedTuple):
    """A question that the masks decide, before its wording.

    ``labels`` are those of the slots A, B, C in order. ``token`` is the program's value as stored text, ``answer`` what
    tells answers of a stratum apart (a label where the value is a structure chosen out of several labels).

    ``reason`` is that of ``vocab.REFUSALS`` for which the view cannot answer; then it is the token as well.
    ``counterpart`` is the family that states the same fact of this view in the viewer's frame.
    """

    view_id: str
    family: str
    kind: Kind
    labels: tuple[str, ...]
    program: str
    token: str
    answer: str
    margin: float
    target_program: str | None
    target: tuple[int, ...] | None
    reason: str | None = None
    counterpart: str | None = None


class Unasked(NamedTuple):
    """Bindings that were not asked, with a code of ``evaluate.REASONS``."""

    family: str
    reason: str
    times: int = 1


def candidates(
    on: Measured, families: tuple[Family, ...], labels: Mapping[str, Label], most: int = MOST_BINDINGS
) -> Iterator[Candidate | Unasked]:
    """All decided questions about a scene, in the order of families and bindings, of which ``most`` are looked at.

    What the grid cannot tell is not refused, it does not exist: the patient's sides where nothing says how the picture
    lies, and millimetres where the size of a pixel is not known.
    """
    here = picture({s.label for s in on.scene.structures}, on.scene.absent, labels)
    hidden = unknown(on.scene.grid)
    shown = on.scene.twin.of if on.scene.twin else on.scene.view_id  # a twin is asked about what its original is
    for family in families:
        if not hidden.isdisjoint(programs.words(family.program)):
            continue
        some, left_out = looked_at(bindings(family, here), shown, family.id, most)
        if left_out:
            yield Unasked(family=family.id, reason="not_looked_at", times=left_out)
        slots = programs.slots(family.program)
        telling = bool(programs.compared(family.program))
        for names in some:
            if telling and (reason := known_from_names(family, dict(zip(slots, names, strict=True)), labels)):
                yield Unasked(family=family.id, reason=reason)
            else:
                yield from _asked(family, names, on)


def value_text(outcome: Outcome) -> str:
    """A program's value as a shard stores it (``docs/language.md`` section 6)."""
    match outcome.value:
        case bool():
            return "true" if outcome.value else "false"
        case tuple():
            return ",".join(str(i) for i in sorted(outcome.value))
        case float():
            return f"{outcome.value:.1f}"
        case _:
            return str(outcome.value)


def indices(outcome: Outcome) -> tuple[int, ...]:
    """The structures that a program of type One or Set names."""
    if isinstance(outcome.value, tuple):
        return tuple(sorted(outcome.value))
    assert isinstance(outcome.value, int)
    return (outcome.value,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A family's program about certain labels, and that of its mask answer."""

    program: ast.expr
    text: str
    target: ast.expr | None
    target_text: str | None


@lru_cache(maxsize=programs.CLOSED)
def closed(program: str, target: str | None, names: Names) -> Closed:
    """The programs of a family with its slots, in order, replaced by labels; remembered, for many views ask the same.

    Raises ``ProgramError`` where the labels make one too long.
    """
    bound = dict(zip(programs.slots(program), names, strict=True))
    tree = programs.closed(program, bound)
    target_tree = programs.closed(target, bound) if target else None
    return Closed(
        program=tree,
        text=programs.text_of(tree),
        target=target_tree,
        target_text=programs.text_of(target_tree) if target_tree else None,
    )


def _asked(family: Family, names: Names, on: Measured) -> Iterator[Candidate | Unasked]:
    about = closed(family.program, family.target, names)
    program, target = about.program, about.target
    value_type = programs.value_type(family.program)
    try:
        outcome = evaluate(program, on)
        named = evaluate(target, on) if target else None
        _check_words(program, outcome, on)
        if outcome.margin < family.min_margin:
            raise NoValue("close_call")
        allowed = tolerated(family.tolerance, value_text(outcome)) if value_type == "Number" else None
        if value_type != "Number" or allowed:
            check_steady(program, outcome, on, allowed)
        if target and named:
            check_steady(target, named, on)
    except NoValue as refused:
        yield Unasked(family=family.id, reason=refused.reason)
        return
    token, shown = value_text(outcome), indices(named) if named else None
    answer = on.scene.structures[indices(outcome)[0]].label if value_type == "One" else token
    paired = bool(family.other_frame)
    for kind in cast(tuple[Kind, ...], family.kinds):
        beside = frames.counterpart(family, about.text, token, on) if paired and kind in frames.KINDS else None
        yield Candidate(
            view_id=on.scene.view_id,
            family=family.id,
            kind=kind,
            labels=names,
            program=about.text,
            token=token,
            answer=answer,
            margin=outcome.margin,
            target_program=about.target_text,
            target=shown,
            counterpart=beside,
        )


def check_steady(program: str | ast.expr, outcome: Outcome, on: Measured, tolerance: float | None = None) -> None:
    """Refuse a program whose value is another one on other hands' masks, margins aside; a number with a ``tolerance``:
    one further off than that.

    Where all masks are moved together, only words that place a structure in the picture can notice.
    """
    tree = programs.tree_of(program)
    placed = not programs.PLACED.isdisjoint(programs.words(tree))
    steady = _is_steady(tree, on, placed) if tolerance is None else _is_near(tree, outcome, on, tolerance, placed)
    if not steady:
        raise NoValue(_unsteady(programs.labels(tree), on.scene))


def _hands(on: Measured, placed: bool) -> list[Measured]:
    return [hand for way, hand in on.hands.items() if placed or way not in SHIFTS]


def _is_steady(node: ast.expr, on: Measured, placed: bool) -> bool:
    """Whether a part of a program has the same value by all hands: that which such parts alone decide has."""
    key = programs.text_of(node), placed
    steady = on.steady.get(key)
    if steady is None:
        parts = _decisive(node)
        steady = bool(parts) and all(_is_steady(part, on, placed) for part in parts)
        steady = on.steady[key] = steady or _is_same(node, on, placed)
    return steady


@lru_cache(maxsize=programs.CLOSED)
def _decisive(node: ast.expr) -> tuple[ast.expr, ...]:
    """Programs whose values alone decide that of this one, whatever the picture; none where there is more to it.

    What is said of halves of the picture is decided by the half in which each of the structures lies, if those are
    named one by one. Many programs share these parts, and they are compared by hand once.
    """
    if isinstance(node, ast.Compare):
        return (node.left,)
    assert isinstance(node, ast.Call)
    name = programs.call_name(node)
    if name in programs.JOINS:
        return tuple(node.args)
    if name not in ("every", "only", "within"):
        return ()
    *others, members, half = node.args
    if not isinstance(members, ast.Call) or programs.call_name(members) != "among":
        return ()
    relation = "side" if programs.constant(half) in VALUES["Side"] else "level"
    named = [f'the("{programs.constant(label)}")' for label in members.args]
    return (*others, *map(programs.parse, [*named, *(f"{relation}({one})" for one in named)]))


def _is_same(node: ast.expr, on: Measured, placed: bool) -> bool:
    value = value_of(node, on)
    return all(value_of(node, hand) == value for hand in _hands(on, placed))


def _is_near(node: ast.expr, outcome: Outcome, on: Measured, tolerance: float, placed: bool) -> bool:
    told = float(value_text(outcome))
    values = (value_of(node, hand) for hand in _hands(on, placed))
    return all(isinstance(value, float) and abs(value - told) <= tolerance for value in values)


def tolerated(tolerance: float | None, token: str) -> float | None:
    """How far a number may be off: a part of the value, at least the step of its last decimal."""
    return None if tolerance is None else max(0.1, round(tolerance * float(token), 1))


def _unsteady(labels: Collection[str], scene: Scene) -> str:
    """The reason, by the size of the smallest structure that the question is about."""
    whole = scene.grid.width * scene.grid.height
    smallest = min((s.area_px / whole for s in scene.structures if s.label in labels), default=1.0)
    return next(reason for bound, reason in UNSTEADY if smallest < bound)


def _check_words(program: ast.expr, outcome: Outcome, on: Measured) -> None:
    """A mask is asked for only where there is one, and words that choose only where they leave something out.

    Words that pick one of a set, and that speak of all of it, need two members to have a value. A count is asked for
    whatever is left: were it refused where all are, a single lesion would always be counted as none.
    """
    if outcome.value == ():
        raise NoValue("not_present")
    for call in programs.filters(program):
        kept, members = (indices(evaluate(part, on)) for part in (call, call.args[0]))
        seen_from = [i for word in call.keywords for i in indices(evaluate(word.value, on))]
        if {*kept} == {*members} - {*seen_from}:
            raise NoValue("degenerate")


def is_claim(kind: str, value_type: str) -> bool:
    """Whether a yes/no question states one token of a closed set and asks if it holds."""
    return kind == "yes_no" and value_type in VALUES and value_type != "Bool"


def question_id(view_id: str, kind: str, program: str) -> str:
    """Identity of a question, whatever its wording. The program of a claim holds the claim."""
    return sha256(f"{view_id}\n{kind}\n{program}".encode())[:16]


def same_fact(program: str, view_id: str) -> frozenset[str]:
    """Ids of all questions that a program can be asked as of a view: of every kind, and every claim of its value."""
    claims = [programs.claim(program, token) for token in VALUES.get(programs.value_type(program), ())]
    plain = {question_id(view_id, kind, program) for kind in KINDS}
    return frozenset(plain | {question_id(view_id, "yes_no", claim) for claim in claims})
