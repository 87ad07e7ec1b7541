"""One page that shows every question family: its program, its wordings, and an example on a generated picture."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from html import escape
from typing import Final

from PIL import Image

from mmrs_builder.draw import worked
from mmrs_builder.examples import example
from mmrs_builder.language import Family, Language

_HEAD: Final = """<!doctype html>
<html lang="en">
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


def page(language: Language, progress: Callable[[int], None]) -> str:
    """A page without any outside reference. Families that no generated picture can be asked are listed without one."""
    links = "".join(f'<a href="#{f.id}">{f.id}</a><br>\n' for f in language.families)
    wordings = sum(len(f.question) + len(f.claim) + len(f.statement) for f in language.families)
    intro = f"<p>{len(language.families)} families, {wordings} wordings. Research only, not for clinical use.</p>"
    parts = [_HEAD, "<h1>Question families</h1>", intro, f"<nav>{links}</nav>"]
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
