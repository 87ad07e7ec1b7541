"""The ask stage: one pass over all scenes decides splits and questions. It reads no pixels and no source file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mmrs_builder import executors, leaks
from mmrs_builder.build import copies, keepout
from mmrs_builder.build.copies import Look
from mmrs_builder.build.measure import Progress
from mmrs_builder.build.settings import Settings
from mmrs_builder.build.stage import ASKED, read_json, scene_from_json, write_json, write_table
from mmrs_builder.build.versions import versions
from mmrs_builder.digests import digest
from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.evaluate import measured
from mmrs_builder.likeness import SIDE, Seen
from mmrs_builder.questions import EXCLUDED, Candidate, Unasked, candidates, same_fact
from mmrs_builder.refusals import refusals
from mmrs_builder.select import Selected, select
from mmrs_builder.splits import Member, Placement, place
from mmrs_builder.templates import Family, Language
from mmrs_builder.twin_questions import twin_candidates
from mmrs_builder.types import Label, Twin
from mmrs_builder.vocab import TWINS


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A measured view: where its row lies, what it shows, and what grouping needs to know.

    A ``twin`` goes where its original goes, so that nobody looks at its picture.
    """

    part: str
    row: int
    member: Member
    labels: tuple[str, ...]
    seen: Seen
    twin: Twin | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateJob:
    """The scenes of one measured part, and all that could be asked about them."""

    part: str
    state: str
    families: tuple[Family, ...]
    labels: tuple[tuple[str, Label], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What a part holds, what its masks decide or the view cannot answer, and how often neither, by reason."""

    found: tuple[Found, ...]
    decided: tuple[Candidate, ...]
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


def ask(
    parts: Sequence[Path],
    keys: Sequence[str],
    language: Language,
    labels: dict[str, Label],
    settings: Settings,
    stage: Path,
    workers: int,
    started: Callable[[int], Progress],
) -> Asked:
    """Decide splits and questions, or read the decision made under the same key.

    ``started`` is told the number of parts and returns what advances the progress bar.
    """
    key = digest([versions(), list(keys), settings.public(), asdict(language)])
    table, sidecar = stage / key[:12] / "asked.parquet", stage / key[:12] / "asked.json"
    jobs = [
        EvaluateJob(
            part=part.relative_to(stage.parent).as_posix(),
            state=str(stage.parent),
            families=language.families,
            labels=tuple(sorted(labels.items())),
        )
        for part in parts
    ]
    progress = started(len(jobs))
    if (read_json(sidecar) or {}).get("key") == key and table.exists():
        progress(len(jobs))
    else:
        _decide(_evaluated(jobs, workers, progress), language.families, settings, table, sidecar, key, workers)
    done = json.loads(sidecar.read_text(encoding="utf-8"))
    return Asked(
        table=table,
        key=key,
        counts=done["counts"],
        families=tuple(done["families"]),
        labels=tuple(done["labels"]),
        leaks=done["leaks"],
    )


def _evaluated(jobs: Sequence[EvaluateJob], workers: int, progress: Progress) -> list[Evaluated]:
    done = []
    for result in executors.run(evaluate_part, jobs, workers):
        if isinstance(result, executors.Crashed):
            raise MmrsError(
                f"asking about {result.job.part} took its process down",
                code=ENVIRONMENT,
                hint="Free memory or use fewer --workers, then run the same command again.",
            )
        done.append(result)
        progress(1)
    return done


def evaluate_part(job: EvaluateJob) -> Evaluated:
    """Evaluate every family on every scene of a part."""
    known = ["source", "modality", "case_id", "view_id", "patient_id", "group", "split_official", "picture"]
    found: list[Found] = []
    decided: list[Candidate] = []
    refused: Counter[str] = Counter()
    labels = dict(job.labels)
    for number, row in enumerate(
        pq.read_table(Path(job.state) / job.part, columns=["scene", "thumbnail", *known]).to_pylist()
    ):
        scene = scene_from_json(row.pop("scene"))
        named = tuple(sorted({*scene.absent, *(s.label for s in scene.structures)}))
        picture = np.frombuffer(row.pop("thumbnail"), np.uint8).reshape(SIDE, SIDE)
        seen = Seen(thumbnail=picture, size=(scene.grid.width, scene.grid.height))
        member = Member(**row, labels=tuple(sorted({s.label for s in scene.structures})))
        found.append(Found(part=job.part, row=number, member=member, labels=named, seen=seen, twin=scene.twin))
        on = measured(scene, labels)
        ask_about = candidates if scene.twin is None else twin_candidates
        for item in ask_about(on, job.families, labels):
            if isinstance(item, Unasked):
                refused[item.reason] += item.times
            else:
                decided.append(item)
        decided += refusals(on, job.families, labels) if scene.twin is None else ()
    return Evaluated(found=tuple(found), decided=tuple(decided), refused=refused)


def _decide(
    parts: Sequence[Evaluated],
    families: Sequence[Family],
    settings: Settings,
    table: Path,
    sidecar: Path,
    key: str,
    workers: int,
) -> None:
    found = [view for part in parts for view in part.found]
    places, leaking = _placed(found, settings, workers)
    refused = sum((part.refused for part in parts), Counter[str]())
    views = {view.member.view_id: view for view in found}
    every = [_placed_question(c, views[c.view_id], places[c.view_id]) for part in parts for c in part.decided]
    placed = _not_excluded(every, settings.exclude)
    asked, dropped = select(
        [item for item in placed if item.split],
        families,
        seed=settings.seed,
        per_view=settings.questions_per_view,
        max_rows=settings.max_rows,
        keep_unbalanced=settings.keep_unbalanced,
    )
    dropped["split_dropped"] = sum(not item.split for item in placed)
    dropped["excluded"] = len(every) - len(placed)
    by_view: dict[str, list[Selected]] = {}
    for item in asked:
        by_view.setdefault(item.candidate.view_id, []).append(item)
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
        **({"twins": _twins([view.twin for view in found], kept, views)} if settings.twins else {}),
        "candidates": {
            "evaluated": len(every) + refused.total(),
            "decided": sum(not item.candidate.reason for item in every),
            "unanswerable": sum(bool(item.candidate.reason) for item in every),
            "asked": len(asked),
        },
        "refused": dict(sorted(refused.items())),
        "dropped": {reason: n for reason, n in sorted(dropped.items()) if n},
        "duplicates": leaks.summary(leaking),
    }
    used = {
        "families": sorted({item.candidate.family for item in asked}),
        "labels": sorted({label for view in found for label in view.labels}),
    }
    write_json(sidecar, {"key": key, "counts": counts, "leaks": leaking, **used})


def _placed(found: Sequence[Found], settings: Settings, workers: int) -> tuple[dict[str, Placement], dict[str, Any]]:
    """Where each view goes, and the report of what would have leaked."""
    originals = [Look(member=view.member, seen=view.seen) for view in found if view.twin is None]
    looks = originals + keepout.looks(settings.keep_out, workers)
    found_copies, plain = copies.find(looks, workers)
    members = [look.member for look in looks]
    linked = [(copy.view_id, copy.other) for copy in found_copies]
    places = place(members, seed=settings.seed, policy=settings.splits, copies=linked)
    by_view = {p.view_id: p for p in places}
    by_view |= {
        view.member.view_id: replace(by_view[view.twin.of], view_id=view.member.view_id) for view in found if view.twin
    }
    return by_view, leaks.report(members, found_copies, places, plain)


def _placed_question(candidate: Candidate, view: Found, place: Placement) -> Selected:
    twin_of, op = (view.twin.of, view.twin.op) if view.twin else (None, None)
    return Selected(candidate=candidate, source=view.member.source, split=place.split or "", twin_of=twin_of, op=op)


def _not_excluded(found: Sequence[Selected], exclude: Sequence[str]) -> list[Selected]:
    """Those that state no fact of a question named in the exclusion list, in whatever words and as whatever kind."""
    named = {line.removeprefix(EXCLUDED) for line in exclude if line.startswith(EXCLUDED)}
    if not named:
        return [*found]
    facts = sorted({(item.candidate.program, item.candidate.view_id) for item in found})  # a program is read once
    out = {fact for fact in facts if not named.isdisjoint(same_fact(*fact))}
    return [item for item in found if (item.candidate.program, item.candidate.view_id) not in out]


def _twins(
    made: Sequence[Twin | None], kept: Sequence[Mapping[str, object]], views: Mapping[str, Found]
) -> dict[str, dict[str, int]]:
    """How many twins were made and are asked about, by operation."""
    asked = [views[str(row["view_id"])].twin for row in kept]
    counts = [Counter(twin.op for twin in some if twin) for some in (made, asked)]
    return {op: {"made": counts[0][op], "asked": counts[1][op]} for op in TWINS if counts[0][op]}


def _row(view: Found, where: Placement, selected: list[Selected]) -> dict[str, object]:
    return {
        "view_id": view.member.view_id,
        "source": view.member.source,
        "part": view.part,
        "row": view.row,
        "split": where.split,
        "group_id": where.group_id,
        "questions": len(selected),
        "selected": json.dumps([asdict(item) for item in selected]),
    }


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
