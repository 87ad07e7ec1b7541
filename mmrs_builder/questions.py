"""Everything that can be asked about one scene: families bound to labels, evaluated, with a reason for each refusal.

No pixels, no wording, no choice: what is asked in the end is decided over all scenes together, in ``select``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import cast

from mmrs_builder import programs
from mmrs_builder.evaluate import Measured, NoValue, Outcome, evaluate
from mmrs_builder.structures import units
from mmrs_builder.templates import Family
from mmrs_builder.types import Kind, Label
from mmrs_builder.vocab import VALUES


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A question that the masks decide, before its wording.

    ``labels`` are those of the slots A, B, C in order. ``token`` is the program's value as stored text, ``answer`` what
    tells answers of a stratum apart (a label where the value is a structure chosen out of several labels).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A binding that was not asked, with a code of ``evaluate.REASONS``."""

    family: str
    reason: str


def candidates(
    on: Measured, families: tuple[Family, ...], labels: Mapping[str, Label]
) -> Iterator[Candidate | Refusal]:
    """All decided questions about a scene, in the order of families and bindings."""
    present = sorted({s.label for s in on.scene.structures} | set(on.scene.absent))
    for family in families:
        for bound in bindings(family, present, labels):
            yield from _asked(family, bound, on)


def bindings(family: Family, present: list[str], labels: Mapping[str, Label]) -> Iterator[dict[str, str]]:
    """Assignments of different labels to a family's slots that fit the roles it asks for."""
    slots = programs.slots(family.program)
    where = dict(family.where)
    for chosen in permutations(present, len(slots)):
        if family.symmetric and list(chosen) != sorted(chosen):
            continue
        if all(
            labels[label].role == where.get(slot, labels[label].role) for slot, label in zip(slots, chosen, strict=True)
        ):
            yield dict(zip(slots, chosen, strict=True))


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


def _asked(family: Family, bound: dict[str, str], on: Measured) -> Iterator[Candidate | Refusal]:
    program = programs.close(family.program, bound)
    value_type = programs.value_type(family.program)
    target_program = programs.close(family.target, bound) if family.target else None
    try:
        outcome = evaluate(program, on)
        target = indices(evaluate(target_program, on)) if target_program else None
        if value_type == "Set":
            _check_set(indices(outcome), program, on)
        if outcome.margin < family.min_margin:
            raise NoValue("close_call")
    except NoValue as refused:
        yield Refusal(family=family.id, reason=refused.reason)
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
            target=target,
        )


def _check_set(found: tuple[int, ...], program: str, on: Measured) -> None:
    """A mask is asked for only where there is one, and by a place only where the place leaves something out."""
    if not found:
        raise NoValue("not_present")
    if programs.hops(program) and found == units(on.scene.structures, programs.labels(program)[0]):
        raise NoValue("degenerate")


def is_claim(kind: str, value_type: str) -> bool:
    """Whether a yes/no question states one token of a closed set and asks if it holds."""
    return kind == "yes_no" and value_type in VALUES and value_type != "Bool"
