"""A small build as a gallery, and a browser without a window that says what a page complains about and asks for."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mmrs_builder.verify.integrity import MANIFEST
from mmrs_builder.verify.reseal import write_manifest, write_shard
from mmrs_builder.verify.rows import project
from mmrs_builder.verify.shards import open_shards, rows_of
from tests.build.command import mmrs

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

PATIENCE = 60  # s

Row = dict[str, Any]


@pytest.fixture(scope="session")
def built(dozen: Path) -> Path:
    """What is looked at."""
    return dozen


@pytest.fixture(scope="session")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an audit prints, shortened."""
    path = tmp_path_factory.mktemp("audit") / "audit.json"
    pools = [
        {"name": name, "questions": 50, "verdict": verdict, "tested": [{"estimate": {"blind": blind, "chance": 0.5}}]}
        for name, verdict, blind in (("locate, yes/no", "PASS", 0.5), ("relate, choice", "FAIL", 0.75))
    ]
    path.write_text(json.dumps({"pools": pools}), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def gallery(built: Path, audit: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the small build, with the audit."""
    page = tmp_path_factory.mktemp("page") / "gallery.html"
    done = mmrs("view", built, "--out", page, "--audit", audit)
    assert done.code == 0, done.err
    return page


def blocks(page: Path) -> dict[str, Any]:
    """The data of a page by the id of their block."""
    found = re.findall(
        r'<script type="application/json" id="([^"]+)">(.*?)</script>', page.read_text("utf-8"), re.DOTALL
    )
    return {name: json.loads(text) for name, text in found}


@pytest.fixture
def changed(built: Path, tmp_path: Path) -> Callable[[Callable[[Row], Row]], Path]:
    """A copy of the build with one view, that with most questions, changed and sealed again."""

    def change(edit: Callable[[Row], Row]) -> Path:
        out = tmp_path / "changed"
        shards, _ = open_shards(built)
        views = [row for shard in shards if shard.config == "default" for row in rows_of(shard, [])]
        row = edit(max(views, key=lambda view: (len(view["qa"]), view["view_id"])))
        language = json.loads(shards[0].language)
        for config, folder, rows in (("default", "data", [row]), ("qa", "qa", project(row))):
            write_shard(out / folder / "train-00000-of-00001.parquet", config, language, rows)
        write_manifest(out, json.loads((built / MANIFEST).read_text()))
        return out

    return change


@dataclass(kw_only=True)
class Opened:
    """A page in a browser, what went wrong in it, and every address it asked."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, and wait for what is drawn."""
        for key in keys:
            self.page.keyboard.press(key)
        self.page.wait_for_timeout(60)

    def text(self, selector: str) -> str:
        return str(self.page.locator(selector).text_content())

    def drawn(self, question_id: str, step: object = "answer") -> None:
        """Wait until the masks of a question are on the screen."""
        self.until("name => document.body.dataset.drawn === name", f"{question_id} {step}")

    def until(self, condition: str, argument: object = None) -> None:
        """Ask until a condition holds. A browser that waits by itself evaluates text, which the page forbids."""
        end = time.monotonic() + PATIENCE
        while not self.page.evaluate(condition, argument):
            assert time.monotonic() < end, f"{condition} {argument or ''}"
            self.page.wait_for_timeout(20)


@pytest.fixture(scope="module")  # Playwright's loop must not outlive its tests: others run loops of their own
def chromium() -> Iterator[Any]:
    """Debian's Chromium, driven by Playwright, with a new empty profile."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs chromium: make browser")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra dev: playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any) -> Iterator[Callable[..., Opened]]:
    """Opens a file in a window of its own; options are those of Playwright's ``new_context``."""
    contexts = []

    def open_page(path: Path, fragment: str = "", **options: Any) -> Opened:
        still = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}  # colours do not fade in
        context = chromium.new_context(**{**still, **options})
        contexts.append(context)
        opened = Opened(page=context.new_page())
        opened.page.on("console", lambda message: opened.complaints.append(f"{message.type}: {message.text}"))
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        opened.page.on("dialog", lambda dialog: (opened.complaints.append(dialog.message), dialog.dismiss()))
        context.on("request", lambda request: opened.asked.append(request.url))
        opened.page.goto(path.as_uri() + fragment)
        opened.until("() => document.body.dataset.drawn")
        return opened

    yield open_page
    for context in contexts:
        context.close()
