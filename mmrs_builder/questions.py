"""Everything that can be asked about one scene: families bound to labels, evaluated, or why they are not asked.

No pixels, no wording, no choice: what is asked in the end is decided over all scenes together, in ``select``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Final, cast

from mmrs_builder import frames, programs
from mmrs_builder.digests import keyed, sha256
from mmrs_builder.evaluate import UNSTEADY, Measured, NoValue, Outcome, evaluate
from mmrs_builder.jitter import SHIFTS
from mmrs_builder.templates import Family
from mmrs_builder.types import Grid, Kind, Label, Scene
from mmrs_builder.vocab import KINDS, VALUES

MOST_BINDINGS: Final = 128
"""Bindings of one family that are looked at in one picture: 11 structures give 110 pairs, a whole body 5000."""

EXCLUDED: Final = "question:"
"""Begins a line of an exclusion list that names a question by its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Unasked:
    """Bindings that were not asked, with a code of ``evaluate.REASONS``."""

    family: str
    reason: str
    times: int = 1


def candidates(
    on: Measured, families: tuple[Family, ...], labels: Mapping[str, Label]
) -> Iterator[Candidate | Unasked]:
    """All decided questions about a scene, in the order of families and bindings.

    What the grid cannot tell is not refused, it does not exist: the patient's sides where nothing says how the picture
    lies, and millimetres where the size of a pixel is not known.
    """
    present = {s.label for s in on.scene.structures}
    for family in families:
        if not applies(family, on.scene.grid):
            continue
        every = bindings(family, present, on.scene.absent, labels)
        some = looked_at(every, on.scene.view_id, family.id)
        if len(every) > len(some):
            yield Unasked(family=family.id, reason="not_looked_at", times=len(every) - len(some))
        for bound in some:
            if reason := known_from_names(family, bound, labels):
                yield Unasked(family=family.id, reason=reason)
            else:
                yield from _asked(family, bound, on)


def applies(family: Family, grid: Grid) -> bool:
    """Whether a view's grid tells what the family's program needs to know."""
    used = programs.words(family.program)
    placed = grid.direction is not None or not used & programs.PATIENT
    return placed and (grid.spacing is not None or not used & programs.MILLIMETRES)


def known_from_names(family: Family, bound: Mapping[str, str], labels: Mapping[str, Label]) -> str | None:
    """Why a binding is no question about the picture, as a code of ``evaluate.REASONS``; None if it is one.

    The left kidney lies to the left of the right one whatever the picture shows. And a side is compared only with that
    of a structure which has one: nothing is ipsilateral to the spine.
    """
    for call, slots in programs.compared(family.program):
        named = [labels[bound[slot]] for slot in slots]
        told = [_told(call, label) for label in named]
        if None not in told and (call in ("body_side", "laterality") or len(set(told)) > 1):
            return "told"
        if call == "laterality" and named[1].partner is None:
            return "not_sided"
    return None


def _told(call: str, label: Label) -> str | None:
    """The place along the axis of ``call`` that a structure's name gives away."""
    if call in ("lateral", "body_side", "laterality"):
        return label.side
    tokens = VALUES[programs.FUNCTIONS[call].result]
    return next((word for word in label.id.split("_") if word in tokens), None)


def bindings(
    family: Family, present: Collection[str], absent: Collection[str], labels: Mapping[str, Label]
) -> list[dict[str, str]]:
    """Assignments of different labels to a family's slots that fit the roles it asks for.

    A slot that means one certain structure is bound to what the picture shows; only where all of a kind are meant, or
    whether there is one, may it be missing.
    """
    slots, where, shown = programs.slots(family.program), dict(family.where), programs.single(family.program)
    pools = [
        [
            label
            for label in sorted({*present} if slot in shown else {*present, *absent})
            if labels[label].role == where.get(slot, labels[label].role)
        ]
        for slot in slots
    ]
    if family.symmetric and all(pool == pools[0] for pool in pools):
        chosen: Iterable[tuple[str, ...]] = combinations(pools[0], len(slots))
    else:
        chosen = (c for c in product(*pools) if not family.symmetric or in_order(c))
    bound = [dict(zip(slots, names, strict=True)) for names in chosen if len({*names}) == len(names)]
    return [names for names in bound if in_order([names[slot] for slot in family.unordered])]


def in_order(names: Sequence[str]) -> bool:
    """Whether names of interchangeable slots stand in the one order in which they are asked about."""
    return list(names) == sorted(names)


def looked_at(found: list[dict[str, str]], view_id: str, family: str) -> list[dict[str, str]]:
    """At most ``MOST_BINDINGS`` of a family's bindings, in order, whichever their keyed hash takes."""
    if len(found) <= MOST_BINDINGS:
        return found
    drawn = sorted(range(len(found)), key=lambda i: keyed("binding", view_id, family, *found[i].values()))
    return [found[i] for i in sorted(drawn[:MOST_BINDINGS])]


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


def _asked(family: Family, bound: dict[str, str], on: Measured) -> Iterator[Candidate | Unasked]:
    program = programs.close(family.program, bound)
    value_type = programs.value_type(family.program)
    target_program = programs.close(family.target, bound) if family.target else None
    try:
        outcome = evaluate(program, on)
        named = evaluate(target_program, on) if target_program else None
        _check_words(program, outcome, on)
        if outcome.margin < family.min_margin:
            raise NoValue("close_call")
        if value_type != "Number":
            check_steady(program, outcome, on)
            if target_program and named:
                check_steady(target_program, named, on)
    except NoValue as refused:
        yield Unasked(family=family.id, reason=refused.reason)
        return
    token = value_text(outcome)
    answer = on.scene.structures[indices(outcome)[0]].label if value_type == "One" else token
    for kind in family.kinds:
        yield Candidate(
            view_id=on.scene.view_id,
            family=family.id,
            kind=cast(Kind, kind),
            labels=tuple(bound[slot] for slot in sorted(bound)),
            program=program,
            token=token,
            answer=answer,
            margin=outcome.margin,
            target_program=target_program,
            target=indices(named) if named else None,
            counterpart=frames.counterpart(family, program, token, on) if kind in frames.KINDS else None,
        )


def check_steady(program: str, outcome: Outcome, on: Measured) -> None:
    """Refuse a program whose value is another one on other hands' masks, margins aside.

    Numbers are no matter of yes or no: an answer is scored within a tolerance. Where all masks are moved together, only
    words that place a structure in the picture can notice.
    """
    placed = bool(programs.words(program) & programs.PLACED)
    for way, hand in on.hands.items():
        if (placed or way not in SHIFTS) and _value_of(program, hand) != outcome.value:
            raise NoValue(_unsteady(programs.labels(program), on.scene))


def _value_of(program: str, on: Measured) -> object:
    try:
        return evaluate(program, on).value
    except NoValue:
        return None


def _unsteady(labels: Collection[str], scene: Scene) -> str:
    """The reason, by the size of the smallest structure that the question is about."""
    whole = scene.grid.width * scene.grid.height
    smallest = min((s.area_px / whole for s in scene.structures if s.label in labels), default=1.0)
    return next(reason for bound, reason in UNSTEADY if smallest < bound)


def _check_words(program: str, outcome: Outcome, on: Measured) -> None:
    """A mask is asked for only where there is one, and words that choose only where they leave something out.

    Words that pick one of a set, and that speak of all of it, need two members to have a value. A count is asked for
    whatever is left: were it refused where all are, a single lesion would always be counted as none.
    """
    if outcome.value == ():
        raise NoValue("not_present")
    for call in programs.filters(program):
        kept, members = (indices(evaluate(programs.text_of(part), on)) for part in (call, call.args[0]))
        seen_from = [i for word in call.keywords for i in indices(evaluate(programs.text_of(word.value), on))]
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
