"""``mmrs audit`` for people: runs the audit, prints what it found, and keeps the gate."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from mmrs_builder.build.added import publish_audit
from mmrs_builder.build.publish import PLOT
from mmrs_builder.errors import INTEGRITY, USAGE, MmrsError
from mmrs_builder.io.extras import need
from mmrs_builder.report import bars
from mmrs_builder.withholding import require_whole


def run(out: Path, *, gate: bool, card: bool, as_json: bool) -> None:
    """Audit a folder and print the outcome; ``card`` adds it to the folder's card.

    Raises ``MmrsError`` where a library is missing, and, with ``gate``, for a folder that does not pass.
    """
    try:
        need("sklearn")
    except ValueError as error:
        raise MmrsError(str(error), code=USAGE) from None
    require_whole(out, "mmrs audit")
    from mmrs_builder.audit import audit, plot, report, section

    with bars(Console(stderr=True)) as stage:
        found = audit(out, started=lambda total: stage("audit", total))
    if as_json:
        print(report.to_json(found))
    else:
        report.show(found, Console())
    if card:
        publish_audit(out, section.TITLE, section.section(found, PLOT), plot.plot(found.families))
    if gate and not found.passed:
        raise MmrsError(
            f"{out} did not pass the audit",
            code=INTEGRITY,
            hint="FAIL can be guessed: balance it. UNDECIDED needs more questions: the table says how many.",
        )
