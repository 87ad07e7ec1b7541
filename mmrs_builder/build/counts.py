"""What a build counted, as its manifest and its cards say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from mmrs_builder.build.ask import Asked
from mmrs_builder.build.measure import OVERLAY, SHOWN, Measured, source_of


def counts(measured: Sequence[Measured], asked: Asked) -> dict[str, Any]:
    """Cases by source, what was refused and why, what the masks showed and how, and what was asked."""
    cases, rejected = {}, {}
    for m in measured:
        name = source_of(m.indexed.choice).name
        reasons = Counter(drop.reason for drop in (*m.indexed.drops, *m.drops))
        cases[name] = {
            "found": len(m.indexed.refs) + len(m.indexed.drops),
            "used": m.counts["used"],
            "rejected": reasons.total(),
        }
        rejected[name] = dict(sorted(reasons.items()))
    masks = Counter[str]()
    shown: dict[str, dict[str, int]] = {}
    overlays: dict[str, dict[str, int]] = {}
    for m in measured:
        counted = {name: n for name, n in m.counts.items() if name not in ("used", "views", OVERLAY)}
        masks.update({name: n for name, n in counted.items() if not name.startswith(SHOWN)})
        ways = {name.removeprefix(SHOWN): n for name, n in sorted(counted.items()) if name.startswith(SHOWN)}
        source = source_of(m.indexed.choice)
        shown[source.name] = ways
        if not source.embedded:
            overlays[source.name] = {"views": m.counts["views"], "suspected": m.counts[OVERLAY]}
    kinds = {"masks": dict(sorted(masks.items())), "shown": shown, "overlays": overlays}
    return {"cases": cases, "rejected": rejected, **kinds, **asked.counts}
