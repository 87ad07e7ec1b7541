"""Question families shown on generated pictures: one, worked out step by step, or all of them on a page."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import asdict
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw
from rich.console import Console

from mmrs_builder.draw import WIDTH, below, overlay, wrapped
from mmrs_builder.errors import ENVIRONMENT, USAGE, MmrsError
from mmrs_builder.examples import Example, example
from mmrs_builder.language import Family, Language
from mmrs_builder.report import bars
from mmrs_builder.sheets import family_named
from mmrs_builder.templates import shipped
from mmrs_builder.vocab import COLOURS

_HEAD: Final = """<!doctype html>
<html lang="LANGUAGE">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>MMRS question families</title>
<style>
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
body { max-width: 68rem; margin: 0 auto; padding: 1rem; }
article { display: grid; grid-template-columns: minmax(16rem, 24rem) 1fr; gap: 1.5rem; padding: 1.5rem 0;
  border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
@media (max-width: 40rem) { article { grid-template-columns: 1fr; } }
img { width: 100%; border-radius: 4px; }
h2 { margin: 0; font-size: 1.1rem; }
code { font-size: .9em; overflow-wrap: anywhere; }
nav { columns: 14rem; font-size: .85rem; }
ul { padding-left: 1.2rem; }
</style>
"""


def pictured(name: str | None, draw: Path | None, page: Path | None, language_name: str) -> Iterator[Path]:
    """Write a picture of one family's example, and a page with those of all; yields what was written.

    Raises ``MmrsError`` for an unknown language or family, one without an example, and a place that cannot be written.
    """
    language = shipped(language_name)
    if draw:
        try:
            family = family_named(language, name or "")
        except ValueError as error:
            raise MmrsError(str(error), code=USAGE, hint="mmrs families ID --draw FILE.png") from None
        found = example(family, language)
        if found is None:
            raise MmrsError(f"no generated picture can be asked {name}", code=USAGE, hint="Draw another family.")
        stream = io.BytesIO()
        worked(found).save(stream, format="PNG")
        yield _written(draw, stream.getvalue())
    if page:
        with bars(Console(stderr=True)) as stage:
            text = page_of(language, stage("families", len(language.families)))
        yield _written(page, text.encode())


def _written(path: Path, data: bytes) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise MmrsError(f"cannot write {path}: {error.strerror}", code=ENVIRONMENT, hint="Name another file.") from None
    return path


def worked(example: Example) -> Image.Image:
    """A family's example: the numbered structures that its program names, those of the answer filled, and the steps."""
    named = sorted({i for step in example.steps for i in step.structures})
    colour = {i: COLOURS[n % len(COLOURS)] for n, i in enumerate(named)}
    pixels = overlay(example.pixels, [(example.masks[i], colour[i]) for i in named])
    for i in example.shown:
        pixels[example.masks[i]] = (0.5 * pixels[example.masks[i]] + 127).astype(np.uint8)
    scale = WIDTH / pixels.shape[1]
    drawn = Image.fromarray(pixels).resize((WIDTH, round(scale * pixels.shape[0])), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(drawn)
    for i in named:
        y, x = (scale * float(axis.mean()) for axis in np.nonzero(example.masks[i]))
        pen.text((x, y), str(i + 1), fill=(255, 255, 255), stroke_fill=(0, 0, 0), stroke_width=2, anchor="mm")
    legend = [(example.family, (110, 110, 110))]
    legend += [(f"{i + 1} {example.names[i].replace('_', ' ')}", colour[i]) for i in named]
    steps = [f"{step.program} = {step.value}" for step in example.steps]
    said = [*wrapped(asdict(example.question)), *(line for step in steps for line in _hanging(step))]
    return below(drawn, legend, [(line, (0, 0, 0)) for line in said])


def _hanging(text: str) -> list[str]:
    return textwrap.wrap(text, 62, subsequent_indent="    ")


def page_of(language: Language, progress: Callable[[int], None]) -> str:
    """A page without any outside reference. Families that no generated picture can be asked are listed without one."""
    links = "".join(f'<a href="#{f.id}">{f.id}</a><br>\n' for f in language.families)
    wordings = sum(len(f.question) + len(f.claim) + len(f.statement) for f in language.families)
    intro = f"<p>{len(language.families)} families, {wordings} wordings. Research only, not for clinical use.</p>"
    parts = [_HEAD.replace("LANGUAGE", language.language), "<h1>Question families</h1>", intro, f"<nav>{links}</nav>"]
    for family in language.families:
        parts.append(_article(family, language))
        progress(1)
    return "\n".join([*parts, "</html>", ""])


def _article(family: Family, language: Language) -> str:
    found = example(family, language)
    picture = f'<img alt="An example of {family.id}" src="{_data(worked(found))}">' if found else "<p>No example.</p>"
    lists = "".join(
        f"<p>{name}</p><ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
        for name, texts in (("Asks", family.question), ("Claims", family.claim), ("Answers", family.statement))
        if texts
    )
    facts = f"<p><code>{escape(family.program)}</code><br>{', '.join(family.kinds)}; frame: {family.frame}</p>"
    return f'<article id="{family.id}"><div>{picture}</div><div><h2>{family.id}</h2>{facts}{lists}</div></article>'


def _data(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, format="WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(stream.getvalue()).decode()}"
