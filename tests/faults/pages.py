"""Texts that would run, ask an address or break a card: pages and cards are what they are without them."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml

from mmrs_builder.digests import keyed
from mmrs_builder.verify.integrity import MANIFEST
from mmrs_builder.verify.reseal import write_manifest, write_shard
from mmrs_builder.verify.rows import project
from mmrs_builder.verify.shards import open_shards, rows_of
from tests.build import corpus as frames
from tests.build.command import mmrs
from tests.faults.fault import Fault, Verdict
from tests.faults.hostile_shards import sound
from tests.gallery.hostile import TEXTS

SCRIPTS: Final = (
    *TEXTS, "<math><mi xlink:href='javascript:alert(1)'>", "<details open ontoggle=alert(1)>", "<base href=//x.y/>",
    "<meta http-equiv=refresh content='0;url=//127.0.0.1'>", "<template><script>1</script></template>", "\x00<script>",
    "<object data=//127.0.0.1>", "<video><source onerror=alert(1)>", "&lt;script&gt;", "%3Cscript%3E",
    "\\u003cscript\\u003e",
    "--><script>alert(1)</script>", "<form action=//127.0.0.1><input autofocus onfocus=alert(1)>", "${7*7}", "{{7*7}}",
)  # fmt: skip

INJECTIONS: Final = (
    "x\nlicense: mit", "x: y", "- x", "'x", '"x', "x # y", "!!python/object:os.system", "&a *a", "*a", "%TAG", "---",
    "...",
    "~", "null", "yes", "1e3", "0x10", "2020-01-01", "@x", "`x`", "| x", "> x", "x\n---\ny: 1", "\\x", "${x}", "{{x}}",
    "# x", "[x](javascript:alert(1))", "![x](http://127.0.0.1/x.png)", "<img src=x>", "=HYPERLINK(1)", "+1", "-1",
    "\u202ex", "x\u2028y", "\ufeffx", "x" * 60, "x" * 200, "<!-- x", "[[x]]", "_x_", "**x**", "\tx", " x ",
)  # fmt: skip

SPARED: Final = frozenset({"part", "split"})
"""Fields of a row that are looked at before anything is shown: with another word in them the shards are refused."""


class Skeleton(HTMLParser):
    """The tags of a page with the names of their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[f"{tag} {' '.join(sorted(name for name, _ in attrs))}"] += 1


def skeleton(page: Path) -> Counter[str]:
    found = Skeleton()
    found.feed(page.read_text("utf-8"))
    return found.tags


def page_of_shards(seed: int, place: Path) -> Verdict:
    """A gallery of shards whose texts are scripts: it has the very tags of a sound one."""
    rng = np.random.default_rng([keyed("pages"), seed])
    out = place / "out"
    shutil.copytree(sound(), out)
    _rewrite(out, rng)
    done = [mmrs("view", where, "--out", place / f"{name}.html") for name, where in (("it", out), ("sound", sound()))]
    if done[0].code:
        told = "Traceback" not in done[0].err and done[0].code != 1
        return Verdict(lost=None if told else f"view ended with {done[0].code}: {done[0].err[-200:]}", where="refused")
    extra = skeleton(place / "it.html") - skeleton(place / "sound.html")
    if extra:
        return Verdict(lost=f"the page has other tags: {dict(extra)}")
    text = (place / "it.html").read_text("utf-8")
    blocks = re.findall(r'<script type="application/json" id="[^"]+">(.*?)</script>', text, re.DOTALL)
    if not blocks or any(re.search("[<>&\u2028\u2029]", block) for block in blocks):
        return Verdict(lost="a text could leave its block")
    for block in blocks:
        json.loads(block)
    return Verdict(where="shown as text")


def _rewrite(out: Path, rng: np.random.Generator) -> None:
    """Put a script in place of about every fifth text of the rows, and of names in the language."""
    shards, _ = open_shards(out)
    manifest, language = json.loads((out / MANIFEST).read_text("utf-8")), json.loads(shards[0].language)
    language = _scripted(language, rng, 0.001)  # a language that is broken is not shown
    for shard in shards:
        if shard.config == "default":
            rows = [{**_scripted(row, rng, 0.2), "split": row["split"]} for row in rows_of(shard, [])]
            write_shard(shard.path, "default", language, rows)
            write_shard(out / "qa" / shard.path.name, "qa", language, [line for row in rows for line in project(row)])
    write_manifest(out, manifest)


def _scripted(tree: Any, rng: np.random.Generator, share: float) -> Any:
    if isinstance(tree, dict):
        return {key: value if key in SPARED else _scripted(value, rng, share) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_scripted(value, rng, share) for value in tree]
    if isinstance(tree, str) and rng.random() < share:
        return SCRIPTS[int(rng.integers(len(SCRIPTS)))]
    return tree


def card_of_texts(seed: int, place: Path) -> Verdict:
    """A corpus described in words that mean something to YAML, Markdown or a spreadsheet."""
    text = INJECTIONS[seed % len(INJECTIONS)]
    option = ("license", "name", "label", "noun")[seed // len(INJECTIONS) % 4]
    out, root = place / "out", frames.write(place / "corpus", 2)
    told = {"label": "polyp", option: text}
    words = [word for key, value in told.items() for word in ("--set", f"folder.{key}={value}")]
    done = mmrs("build", "--source", "folder", "--data", root, *words, "--out", out, "--workers", 1)
    if done.code:
        refused = done.code == 2 and "Traceback" not in done.err and option in done.err
        return Verdict(lost=None if refused else f"{option}={text!r}: {done.err[-200:]}", where="refused")
    return Verdict(lost=_card_faults(out, option, text), where="published")


def _card_faults(out: Path, option: str, text: str) -> str | None:
    """What is wrong with a card that has to say a text."""
    card = (out / "README.md").read_text("utf-8")
    _, head, prose = card.split("---\n", maxsplit=2)
    facts = yaml.safe_load(head)
    if not {"license", "configs", "language", "pretty_name"} <= facts.keys() or facts["language"] != ["en"]:
        return f"{option}={text!r}: the head of the card has other keys: {sorted(facts)}"
    if option == "license" and (facts["license"] != "other" or text not in prose):
        return f"{option}={text!r}: the card says {facts['license']!r}"
    if re.search(r"<(?!!--|br|sub|sup|details|summary|/)[a-z]", prose):
        return f"{option}={text!r}: the card has a tag"
    rows = [line for line in prose.splitlines() if line.startswith("|")]
    if any(line.count("|") - line.count(r"\|") < 3 for line in rows):
        return f"{option}={text!r}: a table has lost a cell"
    json.loads((out / "croissant.json").read_text("utf-8"))
    return None if mmrs("verify", out).code == 0 else f"{option}={text!r}: the build does not verify"


def spreadsheets(seed: int, place: Path) -> Verdict:
    """No export writes a file that a spreadsheet would open: there is no cell that a formula could stand in."""
    formats = ("llava", "messages", "ms-swift", "llama-factory", "coco", "nnunet", "monai", "webdataset", "fiftyone",
               "label-studio")  # fmt: skip
    to = formats[seed % len(formats)]
    done = mmrs("export", sound(), "--to", to, "--out", place / "export")
    if done.code == 1:
        return Verdict(lost=f"{to}: {done.err[-200:]}")
    found = [path.name for path in place.rglob("*") if path.suffix in (".csv", ".tsv", ".xls", ".xlsx", ".ods")]
    return Verdict(
        lost=f"{to} writes {', '.join(found)}" if found else None, where="exported" if done.code == 0 else to
    )


FAULTS: Final = (
    Fault(id="X1", what="scripts in the texts of shards", survives="the page has the tags of a sound one",
          trial=page_of_shards, trials=150, few=2),
    Fault(id="X2", what="YAML, Markdown, formulas in one's own words", survives="refused, or the card says the same",
          trial=card_of_texts, trials=4 * len(INJECTIONS), few=2),
    Fault(id="X2b", what="formulas", survives="nothing is written that a spreadsheet opens",
          trial=spreadsheets, trials=10, few=1),
)  # fmt: skip
