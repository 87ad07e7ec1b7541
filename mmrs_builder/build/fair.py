"""Asking again without what can be guessed: the audit of a build, before it is published."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mmrs_builder.build.ask import Asked
from mmrs_builder.build.stage import read_json, write_json
from mmrs_builder.errors import INTEGRITY, USAGE, MmrsError
from mmrs_builder.io.extras import need
from mmrs_builder.templates import Language

if TYPE_CHECKING:
    from mmrs_builder.audit.run import Unit

Started = Callable[[int], Callable[[int], None]]

STEP: Final = 4
"""One of so many undecided pools is left out in each round at least."""

REFUSAL = " refusal"
"""Ends the names of pools and families that ask whether there is an answer: no family of their own to leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """``guessed``: families to leave out. ``unmended``: units that fail though none can be left out for it.
    ``beyond``: pools that are UNDECIDED and out of reach. ``pools``: how many pools have which verdict."""

    guessed: tuple[str, ...]
    unmended: tuple[str, ...]
    beyond: tuple[str, ...]
    pools: dict[str, int]

    @property
    def unproven(self) -> tuple[str, ...]:
        """Pools to leave out where only what passes is wanted: all that are kept from it by no family to leave out."""
        failing = {f"{re.split('[. ]', name)[0]} {name.split()[-1]}" for name in self.unmended}
        return tuple(sorted(failing | {*self.beyond}))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """What is not to be asked: families that were ``guessed``, and pools that are ``unproven``."""

    guessed: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()

    def and_what(self, judged: Judged | None, *, gate: bool) -> LeftOut:
        """The same and what an audit found, with a ``gate`` what it could not prove as well."""
        if judged is None:
            return self
        unproven = judged.unproven if gate else ()
        return LeftOut(guessed=(*self.guessed, *judged.guessed), unproven=tuple(sorted({*self.unproven, *unproven})))


def check_possible() -> None:
    """Raise ``MmrsError`` where the library of the solvers is missing."""
    try:
        need("sklearn")
    except ValueError as error:
        raise MmrsError(str(error), code=USAGE) from None


def judge(asked: Asked, key: str, written: Path, started: Started) -> Judged:
    """What the audit says of the shards in ``written``, or said of those with the same write key before."""
    known = verdict_of(asked, key)
    said: dict[str, Any] | None = read_json(known)
    if said is None:
        from mmrs_builder.audit.read import language, questions, read
        from mmrs_builder.audit.run import judged, tried_out

        table = questions(read(written), language(written))
        said = asdict(sentence(*judged(table, tried_out(table, started=started))))
        write_json(known, said)
    named = {name: tuple(said[name]) for name in ("guessed", "unmended", "beyond")}
    return Judged(**named, pools=dict(said["pools"]))


def verdict_of(asked: Asked, key: str) -> Path:
    """The file that keeps what was said of these questions, in the words of that write key."""
    return asked.table.with_name(f"audit-{key[:12]}.json")


def sentence(pools: Sequence[Unit], families: Sequence[Unit]) -> Judged:
    """Families that fail are left out; of a pool that fails by none of them, the one that is guessed best."""
    failing = {unit.name for unit in families if unit.verdict == "FAIL"}
    guessed = {name for name in failing if not name.endswith(REFUSAL)}
    unmended = failing - guessed
    for pool in pools:
        theme, _, kind = pool.name.partition(" ")
        if pool.verdict != "FAIL" or any(name.startswith(f"{theme}.") for name in guessed):
            continue
        members = [unit for unit in families if unit.name.startswith(f"{theme}.") and not unit.name.endswith(REFUSAL)]
        if kind == REFUSAL.strip() or not members:
            unmended.add(pool.name)
        else:
            guessed.add(max(members, key=lambda unit: (unit.worst.estimate.low, unit.name)).name)
    verdicts = Counter(unit.verdict for unit in pools)
    return Judged(
        guessed=tuple(sorted(guessed)),
        unmended=tuple(sorted(unmended)),
        beyond=tuple(sorted(unit.name for unit in beyond(pools))),
        pools=dict(sorted(verdicts.items())),
    )


def beyond(pools: Sequence[Unit]) -> list[Unit]:
    """Undecided pools that have to make room, neediest first: the others need no more questions than there are.

    At least every ``STEP``-th of them goes, since to have room is not to be asked as often as is needed.
    """
    undecided = [unit for unit in pools if unit.verdict == "UNDECIDED"]
    ranked = sorted(undecided, key=lambda unit: ((unit.needed or math.inf) / unit.questions, unit.name))
    room = sum(unit.questions for unit in pools) - sum(unit.questions for unit in pools if unit.verdict == "PASS")
    reach = [total <= room for total in accumulate(unit.needed or math.inf for unit in ranked)]
    kept = min(sum(reach), len(ranked) - math.ceil(len(ranked) / STEP))
    return ranked[kept:][::-1]


def leaving_out(language: Language, guessed: Collection[str]) -> Language:
    """A language without these families."""
    return replace(language, families=tuple(family for family in language.families if family.id not in guessed))


def check_left(asked: Asked, left_out: LeftOut, judged: Judged | None = None) -> None:
    """Raise ``MmrsError`` where a gate leaves nothing to ask, or nothing that can be ``judged``."""
    if not asked.counts["candidates"]["asked"] or (judged is not None and not judged.pools):
        names = (*left_out.guessed, *left_out.unproven)
        raise MmrsError(
            f"nothing can be proven to need the pictures of so few: {', '.join(names) or 'no question is left to ask'}",
            code=INTEGRITY,
            hint="Add views, or build without --gate: `mmrs audit` says how many questions are needed.",
        )


def check_held(out: Path, found: Judged | None) -> None:
    """Raise ``MmrsError`` where an audit found that something published can be guessed all the same."""
    if found and found.unmended:
        raise MmrsError(
            f"{out} is published, but the audit fails for {', '.join(found.unmended)}",
            code=INTEGRITY,
            hint=f"Build with --gate to leave them out; `mmrs audit {out}` shows how they are guessed.",
        )
