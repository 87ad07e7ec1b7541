"""Damaged files of every format that is read: accepted, or refused with a reason, and nothing else.

A key is ``HOST/NUMBER`` for a mutant and ``HOST%PERCENT`` for a file cut there.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from mmrs_builder.digests import keyed
from mmrs_builder.vocab import REASONS
from tests.faults.cage import LOST, verdict
from tests.faults.fault import Fault, Verdict
from tests.faults.hosts import HOSTS, Host
from tests.faults.measuring import Outcome, measured
from tests.faults.mutations import mutated

ACCEPTED: Final = "accepted"
SHORTER: Final = "accepted: a shorter table"
"""What a cut leaves of a table in a text file: it has no end that could be missing. Counted apart from other cuts."""


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A corpus in its place, what is in the victim, and what a build makes of it undamaged."""

    host: Host
    root: Path
    stage: Path
    options: dict[str, str]
    data: bytes
    sound: Outcome

    def after(self, data: bytes) -> Outcome:
        """What a build makes of it with other bytes in the victim."""
        victim = self.root / self.host.victim
        victim.write_bytes(data)
        try:
            return measured(self.host.source, self.options, self.root, self.stage)
        finally:
            victim.write_bytes(self.data)


@cache
def _home() -> tempfile.TemporaryDirectory[str]:
    shared = Path("/dev/shm")
    return tempfile.TemporaryDirectory(prefix="mmrs-garbage-", dir=shared if shared.is_dir() else None)


@cache
def ready(name: str) -> Ready:
    """The corpus of a host, which must be sound."""
    host = HOSTS[name]
    place = Path(_home().name) / name
    root = place / "corpus"
    root.mkdir(parents=True, exist_ok=True)
    told = host.write(root)
    options = dict(host.options) or dict(told or {})
    sound = measured(host.source, options, root, place / "stage")
    if sound.refusal or not sound.used:
        raise AssertionError(f"{name} is no sound corpus: {sound.refusal} {sorted(sound.drops)}")
    return Ready(
        host=host,
        root=root,
        stage=place / "stage",
        options=options,
        data=(root / host.victim).read_bytes(),
        sound=sound,
    )


def trial(key: str) -> str:
    """A mutant, or a cut file."""
    if "%" in key:
        name, _, percent = key.partition("%")
        corpus = ready(name)
        return _cut(corpus, len(corpus.data) * int(percent) // 100)
    name, _, number = key.rpartition("/")
    corpus = ready(name)
    rng = np.random.default_rng([keyed("mutant", name), int(number)])
    return judge(corpus, corpus.after(mutated(corpus.data, rng)))


def _cut(corpus: Ready, size: int) -> str:
    """Cut files are never accepted in silence: what is then read is all that the whole file says, or less and named."""
    outcome = corpus.after(corpus.data[:size])
    said = judge(corpus, outcome)
    if said != ACCEPTED or outcome.views == corpus.sound.views:
        return said
    if corpus.host.form == "CSV":
        return SHORTER
    return f"{LOST}a file cut at byte {size} of {len(corpus.data)} is read as another one"


def judge(corpus: Ready, outcome: Outcome) -> str:
    """``accepted``, ``rejected: REASON``, ``refused`` for a corpus as a whole; or what is wrong."""
    if outcome.refusal:
        return _refusal(corpus, outcome)
    for what, reason, _ in outcome.drops:
        if reason not in REASONS or not what:
            return f"{LOST}a drop without a reason or a name: {what!r} {reason!r}"
    new = sorted(outcome.drops - corpus.sound.drops)
    gone = corpus.sound.used - outcome.used
    if gone and not new:
        return f"{LOST}no word of {', '.join(sorted(gone))}"
    if corpus.host.alone and len(gone) > 1:
        return f"{LOST}other cases are gone too: {', '.join(sorted(gone))}"
    named = [reason for what, reason, _ in outcome.drops if what == corpus.host.victim]
    return f"rejected: {(named or [new[0][1]])[0]}" if new or named else ACCEPTED


def _refusal(corpus: Ready, outcome: Outcome) -> str:
    name = Path(corpus.host.victim).name
    if corpus.host.alone:
        return f"{LOST}one file costs the corpus: {outcome.refusal}"
    if outcome.cause not in ("ValueError", "MmrsError"):
        return f"{LOST}{outcome.cause} told as advice: {outcome.refusal}"
    if name not in outcome.refusal and str(corpus.root) not in outcome.refusal:
        return f"{LOST}refused without the name of the file: {outcome.refusal}"
    return "refused"


HERE: Final = "tests.faults.garbage:trial"

TURNS: Final = tuple(
    name for name, host in HOSTS.items() for _ in range(4 if host.source in ("folder", "nifti") else 2)
)
"""Whose turn it is: small corpora come more often than those that take long to read."""


def mutant(seed: int, _place: Path) -> Verdict:
    """A file with damaged bytes."""
    return verdict(HERE, f"{TURNS[seed % len(TURNS)]}/{seed}")


def cut_file(seed: int, _place: Path) -> Verdict:
    """A file cut at a percent of its length: all percents of one file, then of the next."""
    return verdict(HERE, f"{list(HOSTS)[seed // 100 % len(HOSTS)]}%{seed % 100}")


FAULTS: Final = (
    Fault(
        id="I1", what="file with damaged bytes, of 14 formats", survives="used or named with a reason; 30 s, 2 GB",
        trial=mutant, trials=10_000, few=12,
    ),
    Fault(
        id="I2", what="file cut at every percent of its length", survives="named, or read as the whole one",
        trial=cut_file, trials=100 * len(HOSTS), few=12,
    ),
)  # fmt: skip
