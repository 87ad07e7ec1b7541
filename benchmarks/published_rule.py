"""Published positions of PosMed against the published rule and against this project's relations, row by row.

``python benchmarks/published_rule.py OUT.png POSMED_FOLDER``: prints the counts of ``docs/posmed.md`` and draws the
first row of each kind of difference. The folder holds the authors' sets and their ``annotations``. Without it the
picture is that page's: masks made up to show each kind, since pictures of patients stay with those who have them.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mmrs_builder import sources
from mmrs_builder.draw import overlay
from mmrs_builder.io.csvfile import read_csv
from mmrs_builder.naming import vocabulary
from mmrs_builder.relations import position
from mmrs_builder.relations.published import published_near, published_zone
from mmrs_builder.structures import scene
from mmrs_builder.types import Annotation, CaseRef, Grid, Picture, Pixels, Scene, Structure, View
from mmrs_builder.views import flat_case
from mmrs_builder.vocab import COLOURS

ZONES = {"top left": "upper_left", "top right": "upper_right", "bottom left": "lower_left",
         "bottom right": "lower_right", "center": "centre"}  # fmt: skip
SAID = re.compile(r"(?i)\b(?:position|positioned in) (top left|top right|bottom left|bottom right|center)\b")
FAR = re.compile(r"(?i)\b(?:not near|far from|away from) the center")
CLEAR = 0.1  # margin from which the project asks for a quadrant
SIDE = 300  # px of a drawn picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A published row and the scene of its mask, specks and all."""

    case_id: str
    said: str  # the published zone
    near: bool
    scene: Scene
    pixels: Pixels
    masks: tuple[np.ndarray, ...]

    @property
    def wholes(self) -> list[Structure]:
        return [s for s in self.scene.structures if s.part != "component"]


def rows(root: Path) -> Iterator[Row]:
    """Every published row whose picture and mask are there. Raises ``Rejected`` for a table that cannot be read."""
    refs = {ref.masks[0].path: ref for ref in sources.find("posmed").index(root) if isinstance(ref, CaseRef)}
    load = partial(flat_case, minimum_area=0, exhaustive=False, labels=())
    for table in sorted((root / "annotations").glob("*.csv")):
        for line in read_csv(root, f"annotations/{table.name}", ("image_path", "position")):
            said = SAID.search(line["position"])
            if line["image_path"] in refs and said:
                ref = refs[line["image_path"]]
                view = load(ref).views[0]
                found, masks = scene(view, "posmed", ref.modality, dict(vocabulary()), exhaustive=False)
                yield Row(
                    case_id=ref.case_id,
                    said=ZONES[said[1].lower()],
                    near=not FAR.search(line["position"]),
                    scene=found,
                    pixels=view.picture.pixels,
                    masks=tuple(masks),
                )


def differences(row: Row) -> list[str]:
    """What the published position says that the mask does not, or leaves out; none where both agree."""
    (whole, *_), grid = row.wholes, row.scene.grid
    several = [s for s in row.scene.structures if s.part == "component"]
    quadrant, covers = position.quadrant(whole, grid), position.covers_centre(whole, grid)
    near = position.near_centre(whole, grid)
    found = []
    if row.said == "centre" and covers is not None and not covers.value:
        found.append("centre without a pixel there")
    if row.said == "centre" and quadrant.margin >= CLEAR and position.zone(whole, grid).value != "centre":
        found.append("centre for a clear quadrant")
    if row.said != "centre" and quadrant.margin > 0 and quadrant.value != row.said:
        found.append("another quadrant")
    if row.near != near.value and near.margin >= CLEAR:
        found.append("near the centre by the box alone" if row.near else "far by the box, near by the mask")
    if len({position.quadrant(s, grid).value for s in several if position.quadrant(s, grid).margin > 0}) > 1:
        found.append("one position for lesions in several quadrants")
    return found


def made_up() -> Iterator[Row]:
    """Masks of our own that show each kind of difference, labelled as the published rule labels them."""
    down, right = np.mgrid[:240, :320]

    def disc(x: int, y: int, across: int, high: int) -> np.ndarray:
        return ((right - x) / across) ** 2 + ((down - y) / high) ** 2 <= 1

    corner = (right > 40) & (right < 200) & (down > 20) & (down < 160)
    for name, mask in {
        "a polyp in the upper left": disc(110, 75, 70, 62),
        "a crescent around the centre": corner & ~disc(200, 160, 110, 100),
        "two polyps": disc(70, 60, 40, 30) | disc(262, 180, 34, 30),
        "far to the side": disc(215, 110, 20, 40),
    }.items():
        pixels = np.full((240, 320, 3), 60, np.uint8)
        view = View(
            view_id=name,
            case_id=name,
            picture=Picture(data=b"", pixels=pixels, source_sha256=""),
            grid=Grid(width=320, height=240),
            annotations=(Annotation(label="polyp", mask=mask),),
        )
        found, masks = scene(view, "made_up", "endoscopy", dict(vocabulary()), exhaustive=False)
        whole, grid = found.structures[:1], found.grid
        yield Row(
            case_id=name,
            said=str(published_zone(whole, grid).value),
            near=bool(published_near(whole, grid).value),
            scene=found,
            pixels=pixels,
            masks=tuple(masks),
        )


def drawn(row: Row, kinds: Sequence[str]) -> Image.Image:
    """The picture with mask, published box, lines through the centre, and both answers."""
    whole = row.scene.structures[0]
    made = Image.fromarray(overlay(row.pixels, [(mask, COLOURS[0]) for mask in row.masks[:1]]))
    pen = ImageDraw.Draw(made)
    pen.rectangle((*whole.box[:2], whole.box[2] - 1, whole.box[3] - 1), outline=COLOURS[1], width=made.width // 200 + 1)
    pen.line((made.width // 2, 0, made.width // 2, made.height), fill=COLOURS[6])
    pen.line((0, made.height // 2, made.width, made.height // 2), fill=COLOURS[6])
    made.thumbnail((SIDE, SIDE))
    sheet = Image.new("RGB", (SIDE + 8, made.height + 80), "white")
    sheet.paste(made, ((SIDE - made.width) // 2, 0))
    text = f"published: {row.said}, {'near' if row.near else 'far from'} the centre\n{here(row)}\n{chr(10).join(kinds)}"
    ImageDraw.Draw(sheet).text((4, made.height + 4), text, fill="black")
    return sheet


def here(row: Row) -> str:
    """What this project says of the same mask."""
    grid = row.scene.grid
    shown = [s for s in row.scene.structures if s.part == "component"] or row.scene.structures[:1]
    said = [position.quadrant(s, grid) for s in shown]
    near = ["near" if position.near_centre(s, grid).value else "far" for s in shown]
    places = [str(j.value) if j.margin >= CLEAR else "not asked" for j in said]
    return "here: " + "; ".join(f"{place}, {distance}" for place, distance in zip(places, near, strict=True))


def counted(everything: Sequence[Row]) -> None:
    """Print how far the rule explains the published rows, and how many differ in which way."""
    kept: Counter[str] = Counter()
    kinds: Counter[tuple[str, str]] = Counter()
    for row in everything:
        kept["zone"] += published_zone(row.wholes, row.scene.grid).value == row.said
        kept["near"] += published_near(row.wholes, row.scene.grid).value == row.near
        kinds.update((kind, row.case_id.split("/")[0]) for kind in differences(row))
    print(f"{len(everything)} rows; the rule gives the published zone of {kept['zone']}, near or far of {kept['near']}")
    for (kind, folder), n in sorted(kinds.items()):
        print(f"{kind} | {folder} | {n}")


def main(out: str, folder: str = "") -> None:
    everything = list(rows(Path(folder)) if folder else made_up())
    counted(everything)
    first: dict[str, Row] = {}
    for row in everything:
        for kind in differences(row):
            first.setdefault(kind, row)
    examples = list({row.case_id: row for row in first.values()}.values())
    tiles = [drawn(row, differences(row)) for row in examples]
    sheet = Image.new("RGB", (sum(tile.width for tile in tiles), max(tile.height for tile in tiles)), "white")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (sum(before.width for before in tiles[:number]), 0))
    sheet.save(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
