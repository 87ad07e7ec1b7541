"""Pictures with marks burnt in are counted for each source, and the card says how many there are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmrs_builder.sources.phantom import configure
from tests.build.command import mmrs
from tests.corpora import save


def write(root: Path) -> None:
    """Ten X-ray phantoms as a folder corpus; three of them carry a caption."""
    source = configure(count="60")
    refs = [ref for ref in source.index(Path()) if ref.modality == "xray"]
    for number, ref in enumerate(refs):
        (view,) = source.load(ref).views
        picture = Image.fromarray(view.picture.pixels).convert("RGB")
        if number < 3:
            ImageDraw.Draw(picture).text((8, 8), "SUPINE 12:30", fill="white", font=ImageFont.load_default(16))
        save(root / "images" / f"{number}.png", np.asarray(picture))
        save(root / "masks" / f"{number}.png", view.annotations[0].mask.astype(np.uint8) * 255)


def test_the_card_says_how_many_pictures_seem_marked(tmp_path: Path):
    write(tmp_path / "corpus")
    options = [word for option in ("label=lung", "modality=xray") for word in ("--set", f"folder.{option}")]
    out = tmp_path / "out"
    done = mmrs("build", "--source", "folder", "--data", tmp_path / "corpus", *options, "--out", out, "--workers", 1)
    assert done.code == 0, done.err
    assert "| folder | 10 | 3 |" in (out / "README.md").read_text(encoding="utf-8")
    assert "views in which burnt-in marks are suspected" in done.out


def test_what_the_project_draws_itself_is_not_searched(phantoms: Path):
    card = (phantoms / "README.md").read_text(encoding="utf-8")
    assert "How pictures are shown" in card
    assert "Marks in the pictures" not in card
