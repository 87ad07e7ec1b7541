"""All that could be asked, in columns of whole numbers: 10 bytes a candidate, where an object takes half a thousand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from mmrs_builder.questions import Candidate
from mmrs_builder.selected import Asked, Selected
from mmrs_builder.types import Kind

Codes: TypeAlias = npt.NDArray[np.int32]
Narrow: TypeAlias = npt.NDArray[np.int32 | np.uint16 | np.uint8]
Key = TypeVar("Key")


class Form(NamedTuple):
    """What is asked, of whatever view: all but the view tells one question from another."""

    family: str
    kind: Kind
    labels: tuple[str, ...]
    program: str


class Value(NamedTuple):
    """What a view says to it: see ``Candidate``."""

    token: str
    answer: str
    reason: str | None
    counterpart: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """A view, as far as choosing questions must know it.

    ``split`` is empty where the view was dropped. Of a twin, ``twin_of`` is the view it was made from and ``op`` the
    operation. ``group`` is the patient, lesion or study, ``size`` the picture's width and height.
    ``modality`` is empty where nobody asks for it; ``shown`` are plane and sequence.
    """

    view_id: str
    source: str
    split: str
    twin_of: str | None = None
    op: str | None = None
    group: str = ""
    size: tuple[int, int] = (0, 0)
    modality: str = ""
    shown: tuple[str, ...] = ()

    @property
    def origin(self) -> tuple[str, ...]:
        """What is known of a view by who does not look: source, modality, plane and sequence."""
        return (self.source, self.modality, *self.shown)


@dataclass(slots=True)
class Codebook(Generic[Key]):
    """Numbers for things, from 0 in the order in which they are met."""

    known: dict[Key, int] = field(default_factory=dict)

    def code(self, key: Key) -> int:
        """The number of a thing, a new one if it is met the first time."""
        return self.known.setdefault(key, len(self.known))

    def codes(self, keys: Iterable[Key]) -> Codes:
        """The numbers of many."""
        return np.fromiter((self.code(key) for key in keys), np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Candidates by number, each a code of its ``views``, ``forms``, ``values`` and ``targets``.

    There may be tens of millions: what has few values is held as ``narrow`` as they allow.
    """

    views: Sequence[Viewed]
    forms: Sequence[Form]
    values: Sequence[Value]
    targets: Sequence[tuple[int, ...] | None]
    view: Codes
    form: Narrow
    value: Narrow
    target: Narrow

    def identity(self, number: int) -> Asked:
        """What a candidate is told by, as of ``selected.identity``."""
        form = self.forms[self.form[number]]
        return self.views[self.view[number]].view_id, form.family, form.kind, form.program

    def item(self, number: int) -> Selected:
        """A candidate, without what choosing never reads: its margin, and the program of its target."""
        view, form = self.views[self.view[number]], self.forms[self.form[number]]
        value = self.values[self.value[number]]
        candidate = Candidate(
            view_id=view.view_id,
            family=form.family,
            kind=form.kind,
            labels=form.labels,
            program=form.program,
            token=value.token,
            answer=value.answer,
            margin=float("nan"),
            target_program=None,
            target=self.targets[self.target[number]],
            reason=value.reason,
            counterpart=value.counterpart,
        )
        return Selected(candidate=candidate, source=view.source, split=view.split, twin_of=view.twin_of, op=view.op)


def narrow(codes: npt.NDArray[np.integer[Any]], many: int) -> Narrow:
    """Codes below ``many`` in one or two bytes where they fit; else in int32, of which sums stay int32."""
    width = np.min_scalar_type(max(many - 1, 0))
    return codes.astype(np.int32 if width.itemsize > 2 else width, copy=False)


def pooled(items: Sequence[Selected], views: Mapping[str, Viewed]) -> Pool:
    """Candidates that are objects, as columns in the same order. ``views`` tells of some where they come from."""
    seen: Codebook[str] = Codebook()
    forms: Codebook[Form] = Codebook()
    values: Codebook[Value] = Codebook()
    targets: Codebook[tuple[int, ...] | None] = Codebook()
    first: dict[str, Viewed] = {}
    for item in items:
        name = item.candidate.view_id
        first.setdefault(
            name,
            views.get(
                name, Viewed(view_id=name, source=item.source, split=item.split, twin_of=item.twin_of, op=item.op)
            ),
        )
    asked = [item.candidate for item in items]
    return Pool(
        view=seen.codes(c.view_id for c in asked),
        form=narrow(forms.codes(Form(c.family, c.kind, c.labels, c.program) for c in asked), len(forms.known)),
        value=narrow(values.codes(Value(c.token, c.answer, c.reason, c.counterpart) for c in asked), len(values.known)),
        target=narrow(targets.codes(c.target for c in asked), len(targets.known)),
        views=[first[name] for name in seen.known],
        forms=tuple(forms.known),
        values=tuple(values.known),
        targets=tuple(targets.known),
    )
