"""A diagnosis as lines of text; long lists are cut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mmrs_builder.inspect import Inspection, Layout
from mmrs_builder.inspect.dicom import CheckedDicom
from mmrs_builder.inspect.volumes import CheckedVolumes
from mmrs_builder.io.check import Checked, Counts, Refusal
from mmrs_builder.io.mirror import Mirrored
from mmrs_builder.io.pairing import natural
from mmrs_builder.vocab import REASONS

_Titled = tuple[str, Sequence[str]]


def lines(found: Inspection) -> Iterator[str]:
    """The diagnosis as text."""
    yield f"{found.path}: {some([f'{n} {suffix}' for suffix, n in found.extensions], 12)}"
    for fit in found.fits:
        yield f"layout of source {fit.source}: " + (fit.trouble or f"{fit.cases} cases, {fit.drops} dropped")
    yield from _layout("images", "folder", found.layout)
    if any(refusal.reason == "orientation_unclear" for refusal in found.checked.refused):
        yield "say mask_grid='stored' or mask_grid='upright': masks were drawn before or after the EXIF rotation"
    if found.checked.codes:
        yield f"masks hold several structures: say values={_values(found.checked.codes)!r}"
    yield from _titled(_pictures(found.checked))
    yield from _mirrored(found.checked.mirrored)
    yield from _layout("volumes", "nifti", found.volume_layout)
    yield from _titled(_volumes(found.checked_volumes))
    yield from _mirrored(found.checked_volumes.mirrored)
    yield from (f"names of label numbers in {path}: {some(_named(names), 8)}" for path, names in found.tables.items())
    if found.dicom is not None:
        yield from _dicom(found.dicom)
    yield from _titled(
        (
            ("links that lead out of the folder", found.outside),
            ("names that are not UTF-8 or hold control characters", found.misnamed),
            ("files left by an operating system", [str(found.junk)] * bool(found.junk)),
        )
    )


def some(items: Sequence[str], most: int = 5) -> str:
    """The first of several items, joined by commas."""
    return ", ".join(items[:most]) + (", ..." if len(items) > most else "")


def _titled(parts: Iterable[_Titled]) -> Iterator[str]:
    yield from (f"{title}: {len(items)}: {some(items)}" for title, items in parts if items)


def _layout(kind: str, source: str, layout: Layout) -> Iterator[str]:
    if layout.images:
        options = {key: getattr(layout, key) for key in ("images", "masks", "stem", "structure")}
        told = " ".join(f"{key}={value!r}" for key, value in options.items() if value)
        yield f"{layout.pairs} {kind} with masks, source {source}: {told}"
        yield f"options of source {source} to think of: ids='rank' (private data: no file name is stored)"
    yield from _titled(
        (
            (f"{kind} without a mask", layout.without_mask),
            (f"masks without one of the {kind}", layout.without_image),
            (f"{kind} without a partner", layout.unmatched),
            (f"{kind} of one name in several folders", [" = ".join(same) for same in layout.same_names]),
        )
    )


def _pictures(checked: Checked) -> Iterator[_Titled]:
    yield "image sizes", _counts(checked.sizes, "{n} of {key}")
    yield "kinds of masks", _counts(checked.kinds, "{n} {key}")
    yield "mask values", _counts(checked.values, "{key} ({n} px)")
    yield "masks with more than two values", _counts(checked.not_binary, "{key} ({n} values)")
    yield "masks with a palette", checked.palettes
    yield "masks with JPEG compression", checked.lossy
    yield "masks with doubtful pixels", _counts(checked.doubtful, "{key} ({n} px)")
    yield "empty masks", checked.empty
    yield "images that look like masks", checked.masklike
    yield "masks that look like photographs", checked.photographs
    yield "overlay suspected (text, calipers, boxes, coloured marks)", checked.overlays
    yield "refused", _refusals(checked.refused)
    yield "identical images", [" = ".join(same) for same in checked.duplicates]
    yield "sides", _counts(checked.sides, "{n} times {key}")


def _volumes(checked: CheckedVolumes) -> Iterator[_Titled]:
    yield "volumes cannot be opened", [checked.needed] * bool(checked.needed)
    yield "shapes", _counts(checked.shapes, "{n} of {key}")
    yield "spacings in mm", _counts(checked.spacings, "{n} of {key}")
    yield "axes lead to (Left, Right, Anterior, Posterior, Head, Feet)", _counts(checked.axes, "{n} {key}")
    yield "header codes", _counts(checked.codes, "{n} with {key}")
    yield "tilted against the body axes", _counts(checked.tilted, "{key} ({n} degrees)")
    yield "volumes without a place in the patient: no side, one plane", checked.unplaced
    yield "volumes in Hounsfield units: CT", [str(checked.hounsfield)] * bool(checked.hounsfield)
    yield "label numbers", _counts(checked.labels, "{key} (in {n} masks)")
    yield "empty masks", checked.empty
    yield "structures named left that lie on the right", checked.wrong_sides
    yield "structures named left and right on their sides", [str(checked.right_sides)] * bool(checked.right_sides)
    yield "refused", _refusals(checked.refused)
    yield "identical volumes", [" = ".join(same) for same in checked.duplicates]


def _dicom(checked: CheckedDicom) -> Iterator[str]:
    if checked.needed:
        yield f"DICOM files cannot be opened: {checked.needed}"
        return
    if checked.series:
        yield f"DICOM series of {checked.patients} patients: {some(_counts(checked.series, '{n} {key}'), 12)}"
    yield from _titled(
        (
            ("files with what was drawn on series", _counts(checked.drawn, "{n} {key}")),
            ("localisers", [str(checked.localisers)] * bool(checked.localisers)),
            ("series with text burnt in, as their headers say", checked.burned_in),
            ("columns, rows, slices lead to", _counts(checked.axes, "{n} {key}")),
            ("tilted against the body axes", _counts(checked.tilted, "{key} ({n} degrees)")),
            ("single pictures with PatientOrientation", [str(checked.oriented)] * bool(checked.oriented)),
            ("single pictures without PatientOrientation: no side", checked.unoriented),
            ("refused", _refusals(checked.refused)),
        )
    )


def _mirrored(suspicion: Mirrored | None) -> Iterator[str]:
    if suspicion:
        yield (
            f"suspicion: masks fit better {suspicion.turn}, in {suspicion.better} of {suspicion.decided} decided pairs "
            f"(fit {suspicion.gain:+.3f}); look at a preview"
        )


def _counts(counts: Counts, text: str) -> list[str]:
    return [text.format(key=key, n=n) for key, n in counts]


def _refusals(refusals: Sequence[Refusal]) -> list[str]:
    return [f"{r.what}: {REASONS[r.reason]}" + (f" ({r.detail})" if r.detail else "") for r in refusals]


def _values(codes: Counts) -> str:
    """An example of the option ``values``: what the background is called stays open."""
    told = sorted((code for code, _ in codes if code not in ("0", "#000000")), key=natural)
    return ",".join(f"{code}=?" for code in told[:4])


def _named(names: Mapping[str, str]) -> list[str]:
    return [f"{number}={name}" for number, name in names.items()]
