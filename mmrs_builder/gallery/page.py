"""The page itself: its files and the data, put together so that nothing in the data can become code.

Data lie in blocks that a browser never runs, with every ``<``, ``>`` and ``&`` escaped; the script writes them as text
only. A policy in the page allows the one style sheet and the one script, by their digests, pictures in data URIs, and
nothing else: no address is ever asked.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from mmrs_builder.digests import keyed
from mmrs_builder.errors import ENVIRONMENT, MmrsError
from mmrs_builder.gallery import numbers
from mmrs_builder.gallery.sample import chosen, finite, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What a page is made of, by paths below the package."""

    page: str
    styles: tuple[str, ...]
    scripts: tuple[str, ...]


GALLERY: Final = Files(
    page="gallery/page.html", styles=("gallery/page.css",), scripts=("gallery/masks.js", "gallery/page.js")
)


def write_page(
    out: Path,
    page: Path,
    *,
    most: int,
    seed: int,
    view_ids: Sequence[str],
    audit: Path | None,
    started: Callable[[int], Callable[[int], None]],
) -> int:
    """Write the page of a published folder and say how many questions it shows.

    ``started`` is told the number of views and returns what advances the progress bar. Raises ``MmrsError`` for shards
    that cannot be read, an unknown view, an audit that is none, and a place that cannot be written.
    """
    wanted = chosen(out, most, seed, view_ids)
    advance = started(len(wanted))
    views = []
    for view in shown(out, wanted):
        views.append(view)
        advance(1)
    views.sort(key=lambda shown_view: keyed("gallery view", seed, shown_view.view["id"]))  # else split by split
    records: dict[str, Any] = {
        "build": out.resolve().name,
        "questions": [{**q, "view": n} for n, view in enumerate(views) for q in view.questions],
        "views": [view.view for view in views],
        "numbers": numbers.counted(out),
        "audit": None if audit is None else numbers.audited(audit),
    }
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text_of(GALLERY, records, [view.pictures for view in views]), encoding="utf-8")
    except OSError as error:
        raise MmrsError(f"cannot write {page}: {error.strerror}", code=ENVIRONMENT, hint="Name another file.") from None
    return len(records["questions"])


def text_of(parts: Files, records: dict[str, Any], pictures: Sequence[dict[str, Any]]) -> str:
    """A page: ``records`` are read when it opens, the ``pictures`` of a view when it is looked at."""
    style, script = ("".join(map(_file, names)) for names in (parts.styles, parts.scripts))
    blocks = [_block("records", records), *(_block(f"view-{n}", item) for n, item in enumerate(pictures))]
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    filled = {"POLICY": policy, "STYLE": style, "BLOCKS": "\n".join(blocks), "SCRIPT": script}
    before = _file(parts.page)
    pieces = []
    for name, text in filled.items():
        piece, before = before.split(f"@{name}@")
        pieces += [piece, text]
    return "".join([*pieces, before])


def _file(name: str) -> str:
    return files("mmrs_builder").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _block(name: str, value: Any) -> str:
    """A data block; ASCII, so that no line separator of Unicode is in it."""
    text = json.dumps(finite(value), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'<script type="application/json" id="{name}">{text}</script>'
