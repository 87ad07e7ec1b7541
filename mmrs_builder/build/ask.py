"""The ask stage: one pass over all scenes decides splits and questions. It reads no pixels and no source file."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from mmrs_builder import leaks
from mmrs_builder.bindings import most_bindings
from mmrs_builder.build import copies, decided, keepout
from mmrs_builder.build.copies import Look
from mmrs_builder.build.guard import end_kept
from mmrs_builder.build.measure import Progress
from mmrs_builder.build.settings import Settings
from mmrs_builder.build.stage import ASKED, read_json, scene_from_json, write_json, write_table
from mmrs_builder.build.versions import versions
from mmrs_builder.digests import digest
from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.evaluate import measured
from mmrs_builder.executors import Crashed, Workers
from mmrs_builder.likeness import SIDE, Seen
from mmrs_builder.pool import Codebook, Pool, Viewed
from mmrs_builder.questions import EXCLUDED, Candidate, Unasked, candidates, same_fact
from mmrs_builder.refusals import refusals
from mmrs_builder.select import Selected, choose
from mmrs_builder.splits import Member, Placement, place
from mmrs_builder.templates import Family, Language
from mmrs_builder.twin_questions import twin_candidates
from mmrs_builder.types import Label, Twin
from mmrs_builder.vocab import TWINS

DECIDED: Final = "decided"
"""The folder that holds all candidates until it is decided which of them are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A measured view: where its row lies, what it shows, and what grouping needs to know; ``shown`` are its plane and
    sequence.

    A ``twin`` goes where its original goes, so that nobody looks at its picture.
    """

    part: str
    row: int
    member: Member
    labels: tuple[str, ...]
    seen: Seen
    shown: tuple[str, str]
    twin: Twin | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateJob:
    """The scenes of one measured part, and all that could be asked about them, which is written to ``decided``."""

    part: str
    state: str
    decided: str
    families: tuple[Family, ...]
    labels: tuple[tuple[str, Label], ...]
    most: int  # bindings of a family to be looked at in one view


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What a part holds, how much its masks decide or the view cannot answer, and how often neither, by reason."""

    found: tuple[Found, ...]
    decided: int
    refused: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The outcome of the ask stage: the table of views to publish, and what was counted on the way."""

    table: Path
    key: str
    counts: dict[str, dict[str, Any]]
    families: tuple[str, ...]
    labels: tuple[str, ...]
    leaks: dict[str, Any]  # what ``leak-report.json`` says


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """All that could be asked by ``families``, in ``files``, one for each of the ``parts``; where views go, and what
    would leak."""

    families: tuple[Family, ...]
    files: tuple[Path, ...]
    parts: tuple[Evaluated, ...]
    places: dict[str, Placement]
    leaking: dict[str, Any]


def gather(
    parts: Sequence[Path],
    language: Language,
    labels: dict[str, Label],
    settings: Settings,
    stage: Path,
    workers: Workers,
    progress: Progress,
) -> Gathered:
    """What could be asked of all parts; its files, below ``stage``, are not needed longer than what is gathered."""
    most = most_bindings(sum(pq.read_metadata(part).num_rows for part in parts))
    jobs = [
        EvaluateJob(
            part=part.relative_to(stage.parent).as_posix(),
            state=str(stage.parent),
            decided=str(stage / DECIDED / f"{number:06d}.parquet"),
            families=language.families,
            labels=tuple(sorted(labels.items())),
            most=most,
        )
        for number, part in enumerate(parts)
    ]
    evaluated = tuple(_evaluated(jobs, workers, progress))
    places, leaking = _placed([view for part in evaluated for view in part.found], settings, workers, stage)
    files = tuple(Path(job.decided) for job in jobs)
    return Gathered(families=language.families, files=files, parts=evaluated, places=places, leaking=leaking)


def ask(
    keys: Sequence[str],
    language: Language,
    settings: Settings,
    stage: Path,
    gathered: Callable[[], Gathered],
    withheld: Sequence[str] = (),
) -> Asked:
    """Decide splits and questions out of what is ``gathered``, or read the decision made under the same key.

    ``withheld`` names families, and pools of questions (each a theme and a kind), that are not to be asked.
    """
    key = ask_key(keys, language, settings, withheld)
    done = known(key, stage)
    if done is None:
        _decide(gathered(), settings, _table(stage, key), key, withheld)
        done = known(key, stage)
    assert done is not None
    return done


def known(key: str, stage: Path) -> Asked | None:
    """The decision that was made under this ``ask_key``, if there is one."""
    table = _table(stage, key)
    done: dict[str, Any] | None = read_json(table.with_suffix(".json"))
    if done is None or done.get("key") != key or not table.exists():
        return None
    return Asked(
        table=table,
        key=key,
        counts=done["counts"],
        families=tuple(done["families"]),
        labels=tuple(done["labels"]),
        leaks=done["leaks"],
    )


def ask_key(keys: Sequence[str], language: Language, settings: Settings, withheld: Sequence[str] = ()) -> str:
    """Digest of all that can change what is asked; ``keys`` are those of what was measured."""
    return digest(
        [versions(), list(keys), settings.public(), asdict(language), *([list(withheld)] if withheld else [])]
    )


def _table(stage: Path, key: str) -> Path:
    return stage / key[:12] / "asked.parquet"


def _evaluated(jobs: Sequence[EvaluateJob], workers: Workers, progress: Progress) -> list[Evaluated]:
    done = []
    for result in workers.run(evaluate_part, jobs):
        if isinstance(result, Crashed):
            raise MmrsError(
                f"asking about {result.job.part} took its process down",
                code=ENVIRONMENT,
                hint="Free memory or use fewer --workers, then run the same command again.",
            )
        done.append(result)
        progress(1)
    return done


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for what only refers to itself: nothing made meanwhile does, and there is much to search through."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_uncollected()
def evaluate_part(job: EvaluateJob) -> Evaluated:
    """Evaluate every family on every scene of a part."""
    end_kept()  # this process measures no more
    known = ["source", "modality", "sequence", "case_id", "view_id", "patient_id", "group", "split_official", "picture"]
    found: list[Found] = []
    found_out: list[Candidate] = []
    refused: Counter[str] = Counter()
    labels = dict(job.labels)
    for number, row in enumerate(
        pq.read_table(Path(job.state) / job.part, columns=["scene", "thumbnail", *known]).to_pylist()
    ):
        scene = scene_from_json(row.pop("scene"))
        named = tuple(sorted({*scene.absent, *(s.label for s in scene.structures)}))
        picture = np.frombuffer(row.pop("thumbnail"), np.uint8).reshape(SIDE, SIDE)
        shown = (scene.grid.plane or "", row.pop("sequence") or "")
        seen = Seen(thumbnail=picture, size=(scene.grid.width, scene.grid.height))
        member = Member(**row, labels=tuple(sorted({s.label for s in scene.structures})))
        found.append(
            Found(part=job.part, row=number, member=member, labels=named, seen=seen, shown=shown, twin=scene.twin)
        )
        on = measured(scene, labels)
        ask_about = candidates if scene.twin is None else twin_candidates
        for item in ask_about(on, job.families, labels, job.most):
            if isinstance(item, Unasked):
                refused[item.reason] += item.times
            else:
                found_out.append(item)
        found_out += refusals(on, job.families, labels) if scene.twin is None else ()
    decided.write(Path(job.decided), found_out)
    return Evaluated(found=tuple(found), decided=len(found_out), refused=refused)


@_uncollected()
def _decide(
    gathered: Gathered,
    settings: Settings,
    table: Path,
    key: str,
    withheld: Sequence[str],
) -> None:
    parts, files, places, leaking = gathered.parts, gathered.files, gathered.places, gathered.leaking
    found = [view for part in parts for view in part.found]
    refused = sum((part.refused for part in parts), Counter[str]())
    sizes = [part.decided for part in parts]
    views = {view.member.view_id: _viewed(view, places[view.member.view_id]) for view in found}
    pool = decided.pool(files, sizes, views)
    unanswerable = np.array([value.reason is not None for value in pool.values], np.bool_)[pool.value].sum()
    chosen, dropped = choose(
        pool,
        gathered.families,
        seed=settings.seed,
        per_view=settings.questions_per_view,
        max_rows=settings.max_rows,
        keep_unbalanced=settings.keep_unbalanced,
        excluded=_excluded(pool, settings.exclude) | _withheld(pool, withheld),
    )
    del pool  # far larger than what is asked
    by_view: dict[str, list[str]] = {}
    used_families = set()
    for item in decided.asked(files, sizes, chosen, views):
        used_families.add(item.candidate.family)
        by_view.setdefault(item.candidate.view_id, []).append(_to_json(item))
    rows = [
        _row(f, places[f.member.view_id], by_view.get(f.member.view_id, []))
        for f in found
        if f.twin is None or f.member.view_id in by_view
    ]
    kept = sorted((row for row in rows if row["split"]), key=lambda row: (str(row["split"]), str(row["view_id"])))
    write_table(table, kept, ASKED)
    counts = {
        "views": {
            "measured": sum(view.twin is None for view in found),
            "published": len(kept),
            **leaking["dropped"],
            "without_questions": sum(not row["questions"] for row in kept),
        },
        **({"twins": _twins(found, kept)} if settings.twins else {}),
        "candidates": {
            "evaluated": sum(sizes) + refused.total(),
            "decided": sum(sizes) - int(unanswerable),
            "unanswerable": int(unanswerable),
            "asked": len(chosen),
        },
        "refused": dict(sorted(refused.items())),
        "dropped": {reason: n for reason, n in sorted(dropped.items()) if n},
        "duplicates": leaks.summary(leaking),
    }
    used = {
        "families": sorted(used_families),
        "labels": sorted({label for view in found for label in view.labels}),
    }
    write_json(table.with_suffix(".json"), {"key": key, "counts": counts, "leaks": leaking, **used})


def _placed(
    found: Sequence[Found], settings: Settings, workers: Workers, folder: Path
) -> tuple[dict[str, Placement], dict[str, Any]]:
    """Where each view goes, and the report of what would have leaked."""
    originals = [Look(member=view.member, seen=view.seen) for view in found if view.twin is None]
    looks = originals + keepout.looks(settings.keep_out, workers)
    found_copies, plain = copies.find(looks, workers, folder)
    members = [look.member for look in looks]
    linked = [(copy.view_id, copy.other) for copy in found_copies]
    places = place(members, seed=settings.seed, policy=settings.splits, copies=linked)
    by_view = {p.view_id: p for p in places}
    by_view |= {
        view.member.view_id: replace(by_view[view.twin.of], view_id=view.member.view_id) for view in found if view.twin
    }
    return by_view, leaks.report(members, found_copies, places, plain)


def _viewed(view: Found, place: Placement) -> Viewed:
    return Viewed(
        view_id=view.member.view_id,
        source=view.member.source,
        split=place.split or "",
        twin_of=view.twin.of if view.twin else None,
        op=view.twin.op if view.twin else None,
        group=place.group_id,
        size=view.seen.size,
        modality=view.member.modality,
        shown=view.shown,
    )


def _excluded(pool: Pool, exclude: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which candidates state a fact of a question in the exclusion list, in whatever words and as whatever kind."""
    named = {line.removeprefix(EXCLUDED) for line in exclude if line.startswith(EXCLUDED)}
    if not named:
        return np.zeros(len(pool.view), np.bool_)
    programs: Codebook[str] = Codebook()
    program = programs.codes(form.program for form in pool.forms)
    texts = tuple(programs.known)
    facts, of = np.unique(pool.view * np.int64(len(texts)) + program[pool.form], return_inverse=True)
    out = [
        not named.isdisjoint(same_fact(texts[fact % len(texts)], pool.views[fact // len(texts)].view_id))
        for fact in facts.tolist()
    ]
    return np.array(out, np.bool_)[of]


def _withheld(pool: Pool, withheld: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which candidates belong to these families or pools, in the audit's names: a theme and a kind, or ``refusal``."""
    named = [(form.family, form.family.partition(".")[0], form.kind) for form in pool.forms]
    plain = np.array([not {family, f"{theme} {kind}"}.isdisjoint(withheld) for family, theme, kind in named], bool)
    refused = np.array([not {family, f"{theme} refusal"}.isdisjoint(withheld) for family, theme, _ in named], bool)
    is_refusal = np.array([value.reason is not None for value in pool.values], bool)[pool.value]
    return np.where(is_refusal, refused[pool.form], plain[pool.form])


def _twins(found: Sequence[Found], kept: Sequence[Mapping[str, object]]) -> dict[str, dict[str, int]]:
    """How many twins were made and are asked about, by operation."""
    ops = {view.member.view_id: view.twin.op for view in found if view.twin}
    made, asked = Counter(ops.values()), Counter(ops.get(str(row["view_id"])) for row in kept)
    return {op: {"made": made[op], "asked": asked[op]} for op in TWINS if made[op]}


def _row(view: Found, where: Placement, selected: Sequence[str]) -> dict[str, object]:
    return {
        "view_id": view.member.view_id,
        "source": view.member.source,
        "part": view.part,
        "row": view.row,
        "split": where.split,
        "group_id": where.group_id,
        "questions": len(selected),
        "selected": f"[{', '.join(selected)}]",
    }


def _to_json(item: Selected) -> str:
    return json.dumps({**item._asdict(), "candidate": item.candidate._asdict()})


def selected_from_json(text: str) -> tuple[Selected, ...]:
    """The questions chosen for a view, as ``ASKED.selected`` holds them."""
    return tuple(_selected(item) for item in json.loads(text))


def _selected(raw: dict[str, object]) -> Selected:
    candidate = raw.pop("candidate")
    assert isinstance(candidate, dict)
    for name in ("labels", "target"):
        if candidate[name] is not None:
            candidate[name] = tuple(candidate[name])
    if isinstance(raw["choices"], list):
        raw["choices"] = tuple(raw["choices"])
    return Selected(candidate=Candidate(**candidate), **raw)  # type: ignore[arg-type]
