"""The page as a researcher meets it, in a real browser."""

from __future__ import annotations

import base64
import io
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmrs_builder.verify.reseal import encode_mask, measurements
from tests.build.command import mmrs
from tests.gallery.conftest import Opened, blocks
from tests.gallery.hostile import TEXTS

Row = dict[str, Any]
Browse = Callable[..., Opened]
Change = Callable[[Callable[[Row], Row]], Path]

PART = 60  # items of a list that are made at a time


@pytest.fixture
def records(gallery: Path) -> Row:
    found: Row = blocks(gallery)["records"]
    return found


@pytest.fixture
def opened(browse: Browse, gallery: Path) -> Opened:
    found: Opened = browse(gallery)
    return found


def test_keys_lead_through_the_questions(opened: Opened, records: Row):
    questions = records["questions"]
    for keys, n in ((("j",), 1), (("ArrowRight",), 2), (("k", "ArrowLeft"), 0), (("k",), 0), (("j",) * 7, 7)):
        opened.press(*keys)
        opened.drawn(questions[n]["question_id"])
        assert opened.text("#question") == questions[n]["question"]
        assert opened.page.locator('#list [aria-current="true"]').get_attribute("data-question") == str(n)
    for _ in questions:
        opened.page.keyboard.press("j")
    opened.drawn(questions[-1]["question_id"])
    assert opened.page.locator("#list button").count() == len(questions)


def test_keys_show_the_steps_the_masks_and_the_lines(opened: Opened, records: Row):
    first = records["questions"][0]
    opened.press("ArrowDown")
    opened.drawn(first["question_id"], 0)
    assert opened.page.locator('#steps [aria-current="true"] code').text_content() == first["steps"][0]["program"]
    for _ in first["steps"]:
        opened.press("ArrowDown")
    opened.drawn(first["question_id"])  # after the last step the answer is shown again
    assert opened.page.locator('#steps [aria-current="true"]').count() == 0
    opened.press("o")
    assert not opened.page.locator("#masks").is_visible()
    opened.press("o")
    assert opened.page.locator("#masks").is_visible()
    before = float(opened.page.locator("#masks").evaluate("canvas => canvas.style.opacity"))
    opened.press("[", "[")
    assert float(opened.page.locator("#masks").evaluate("canvas => canvas.style.opacity")) == pytest.approx(
        before - 0.2
    )
    opened.press("c")
    assert opened.page.locator("#marks circle").count() == 0
    opened.press("z", "z")
    assert opened.page.locator("#zones").input_value() == "halves"
    assert opened.page.locator("#marks .line").count() == 2


def test_keys_reach_search_help_theme_and_statistics_and_leave_fields_alone(opened: Opened, records: Row):
    first = records["questions"][0]["question"]
    opened.press("/")
    opened.page.keyboard.type("jjj")
    assert opened.page.locator("#f-words").input_value() == "jjj"
    opened.press("Escape")
    assert opened.page.evaluate("document.activeElement === document.body")
    opened.page.locator("#clear").click()
    assert opened.text("#question") == first
    opened.press("?")
    assert opened.page.locator("#keys").is_visible()
    opened.press("j", "Escape")
    assert not opened.page.locator("#keys").is_visible()
    assert opened.text("#question") == first
    theme = opened.page.locator("html").get_attribute("data-theme")
    opened.press("t")
    assert opened.page.locator("html").get_attribute("data-theme") != theme
    opened.press("s")
    assert opened.page.locator("#numbers").is_visible()
    opened.press("s")
    assert opened.page.locator("#shown").is_visible()


@pytest.mark.parametrize("name", ["source", "modality", "split", "kind", "family"])
def test_a_filter_leaves_what_it_says(opened: Opened, records: Row, name: str):
    views = records["views"]
    values = [(q if name in q else views[q["view"]])[name] for q in records["questions"]]
    value, n = Counter(values).most_common()[-1]
    opened.page.select_option(f"#f-{name}", f"={value}")
    assert opened.page.locator("#list button").count() == min(n, PART)
    assert f"{value.replace('_', ' ')} ({n})" in opened.text(f"#f-{name} option:checked")
    expected = "" if n == len(values) else f"{n} of "
    assert opened.text("#count").startswith(f"{expected}{len(values)} questions shown")


def test_filters_join_and_are_taken_back(opened: Opened, records: Row):
    questions = records["questions"]
    opened.page.select_option("#f-kind", "=yes_no")
    opened.page.select_option("#f-answer", "=Yes")
    opened.page.fill("#f-least", "0.5")
    fits = [q for q in questions if q["kind"] == "yes_no" and q["answer"] == "Yes" and q["margin"] >= 0.5]
    shown = opened.page.locator("#list button b").all_text_contents()
    assert sorted(shown) == sorted(q["question"] for q in fits)
    assert 0 < len(fits) < len(questions)
    opened.page.fill("#f-words", "no question says this")
    assert opened.page.locator("#nothing").is_visible()
    assert not opened.page.locator("#shown").is_visible()
    opened.press("Escape", "j", "ArrowDown", "o")
    opened.page.locator("#clear").click()
    assert opened.text("#count").startswith(f"{len(questions)} questions shown")
    assert opened.complaints == []


def test_a_link_opens_its_question(browse: Browse, gallery: Path, records: Row):
    question = records["questions"][20]
    opened = browse(gallery, f"#q={question['question_id']}")
    opened.drawn(question["question_id"])
    assert opened.text("#question") == question["question"]


def test_a_page_opens_with_a_part_of_its_list_and_of_its_pictures(opened: Opened, records: Row):
    assert len(records["questions"]) > 80
    assert opened.page.locator("#list button").count() == PART
    assert 0 < opened.page.locator("#list img[src]").count() < 30
    opened.page.locator("#list").evaluate("list => list.scrollTo(0, 1e6)")
    opened.until("all => document.querySelectorAll('#list button').length === all", len(records["questions"]))


def flat(row: Row) -> Row:
    """The view as an even grey picture of odd size with a ragged mask, asked where that mask is."""
    width, height = 61, 47
    mask = np.random.default_rng(5).random((height, width)) < 0.3
    mask[:2] = mask[:, -1] = mask[30:40, 10:20] = True
    stream = io.BytesIO()
    Image.fromarray(np.full((height, width), 96, np.uint8)).save(stream, format="PNG")
    structure = {**row["structures"][0], "part": "whole", "parent": None, **measurements(mask)}
    bindings = [{**row["qa"][0]["bindings"][0], "structures": [0]}]
    question = {**row["qa"][0], "target": [0], "bindings": bindings, "program": f'the("{structure["label"]}")'}
    return {
        **row, "width": width, "height": height, "image": {"bytes": stream.getvalue(), "path": None},
        "structures": [structure], "masks": [{"bytes": encode_mask(mask), "path": None}], "qa": [question],
    }  # fmt: skip


def stored_mask(page: Path) -> np.ndarray[Any, Any]:
    data = blocks(page)["view-0"]["masks"][0].split(",", 1)[1]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_masks_lie_on_the_picture_to_the_pixel(browse: Browse, changed: Change, tmp_path: Path):
    """At 1:1, each pixel of the screen is tinted where the mask is, and the picture's own grey elsewhere."""
    assert mmrs("view", changed(flat), "--out", tmp_path / "page.html").code == 0
    opened = browse(tmp_path / "page.html")
    mask = stored_mask(tmp_path / "page.html")
    opened.press("1", "c")
    opened.page.select_option("#zones", "none")
    shot = Image.open(io.BytesIO(opened.page.locator("#stage").screenshot())).convert("RGB")
    assert shot.size == (61, 47)
    tinted = (np.asarray(shot) != 96).any(axis=2)
    assert np.array_equal(tinted, mask)


@pytest.mark.parametrize("viewport", [(1280, 800), (390, 844), (1017, 593)])
def test_masks_and_marks_fill_the_place_of_the_picture_at_any_size(
    browse: Browse, gallery: Path, records: Row, viewport: tuple[int, int]
):
    opened = browse(gallery, viewport=dict(zip(("width", "height"), viewport, strict=True)))
    box = opened.page.locator("#picture").bounding_box()
    assert opened.page.locator("#masks").bounding_box() == opened.page.locator("#marks").bounding_box() == box
    question = records["questions"][0]
    view = records["views"][question["view"]]
    assert box["width"] / box["height"] == pytest.approx(view["width"] / view["height"], rel=1e-3)
    assert opened.page.locator("#picture").evaluate("p => p.naturalWidth") > 0
    places = {
        (box["x"] + box["width"] * (x + 0.5) / view["width"], box["y"] + box["height"] * (y + 0.5) / view["height"])
        for x, y in (s["centroid"] for s in view["structures"])
    }
    for circle in opened.page.locator("#marks circle").all():
        found = circle.bounding_box()
        centre = (found["x"] + found["width"] / 2, found["y"] + found["height"] / 2)
        assert min(np.hypot(centre[0] - x, centre[1] - y) for x, y in places) < 1
    assert opened.page.locator("#marks circle").count() > 0


def test_the_pointer_tells_its_pixel(opened: Opened, records: Row):
    view = records["views"][records["questions"][0]["view"]]
    box = opened.page.locator("#stage").bounding_box()
    x, y = view["width"] // 3, view["height"] // 4
    step = box["width"] / view["width"]
    opened.page.mouse.move(box["x"] + (x + 0.5) * step, box["y"] + (y + 0.5) * step)
    assert opened.text("#place").startswith(f"x {x}, y {y}")


def test_the_statistics_say_what_was_counted(opened: Opened, records: Row, browse: Browse, built: Path, tmp_path: Path):
    opened.press("s")
    text = opened.text("#numbers")
    for said in (
        f"{records['numbers']['views']}views",
        f"{records['numbers']['questions']}questions",
        "Blind gap",
        "25.0",
    ):
        assert said in text
    assert opened.page.locator("#numbers .maps svg").count() == len(records["numbers"]["places"])
    assert opened.page.locator("#numbers rect.FAIL").count() == 1
    mmrs("view", built, "--out", tmp_path / "plain.html", "--most", 2)
    plain = browse(tmp_path / "plain.html")
    plain.press("s")
    assert "Blind gap" not in plain.text("#numbers")


def test_nothing_is_asked_of_any_address_and_nothing_complains(opened: Opened, gallery: Path, records: Row):
    for question in records["questions"][:25]:
        opened.drawn(question["question_id"])
        for n, _ in enumerate(question["steps"]):
            opened.press("ArrowDown")
            opened.drawn(question["question_id"], n)
        opened.press("ArrowDown", "j")
    opened.press("a", "z", "z", "z", "z", "s", "t", "?")
    assert opened.complaints == []
    assert {url for url in opened.asked if not url.startswith("data:")} == {gallery.as_uri()}


def test_the_policy_stops_code_and_addresses_that_are_not_of_the_page(opened: Opened):
    hits: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)

    server = HTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    opened.page.evaluate(
        """async (port) => {
          const tries = [
            () => { document.body.innerHTML = "<img src=x onerror='window.ran = 1'>"; },
            () => {
              const made = document.createElement("script");
              made.textContent = "window.ran = 2";
              document.body.append(made);
            },
            () => { new Image().src = `http://127.0.0.1:${port}/picture`; },
            () => fetch(`http://127.0.0.1:${port}/data`),
          ];
          for (const attempt of tries) { try { await attempt(); } catch {} }
          await new Promise((done) => setTimeout(done, 300));
        }""",
        server.server_port,
    )
    server.shutdown()
    assert opened.page.evaluate("window.ran") is None
    assert hits == []


def hostile(row: Row) -> Row:
    """The view with hostile texts wherever a text can stand."""
    structures = [{**s, "label": text, "role": text} for s, text in zip(row["structures"], TEXTS, strict=False)]
    asked = (row["qa"] * len(TEXTS))[: len(TEXTS)]
    qa = [
        {
            **item, "question_id": f"{n} {text}", "question": text, "answer": text, "family": text, "value": text,
            "program": text if n % 2 else item["program"], "kind": ("open", "choice", text)[n % 3], "frame": text,
            "choices": [text, text[::-1]], "answer_index": 0, "unit": text, "pair_kind": text, "text_source": text,
            "bindings": [{"slot": text, "text": text, "structures": [0, 99]}], "target": [0, 77],
        }
        for n, (item, text) in enumerate(zip(asked, TEXTS, strict=True))
    ]  # fmt: skip
    names = ("view_id", "source", "license", "modality", "sequence", "plane")
    return {**row, "structures": structures, "masks": row["masks"][: len(structures)], "qa": qa} | {
        name: TEXTS[n] for n, name in enumerate(names)
    }


def test_hostile_shards_are_shown_as_text(browse: Browse, changed: Change, tmp_path: Path):
    page = tmp_path / "page.html"
    done = mmrs("view", changed(hostile), "--out", page)
    assert done.code == 0, done.err
    opened = browse(page)
    questions = blocks(page)["records"]["questions"]
    assert len(questions) == len(TEXTS)
    for question in questions:
        opened.drawn(question["question_id"])
        assert opened.text("#question") == opened.text("#answer") == question["question"]
        assert opened.page.locator("#choices li").first.text_content() == question["question"]
        assert question["family"] in opened.text("#facts")
        opened.press("ArrowDown", "ArrowUp", "j")
    opened.press("a", "s")
    assert TEXTS[3].replace("_", " ") in opened.text("#numbers")
    assert opened.page.locator("iframe, object, embed, a, #shown script, body > img, #numbers script").count() == 0
    assert opened.page.locator("[onerror], [onload]").count() == 0
    assert opened.complaints == []
    assert {url for url in opened.asked if not url.startswith("data:")} == {page.as_uri()}


def contrast(opened: Opened, selector: str) -> float:
    """Contrast of a text with what lies behind it (WCAG 2.2, relative luminance)."""
    colours = opened.page.locator(selector).first.evaluate(
        """(element) => {
          const clear = (colour) => colour === "rgba(0, 0, 0, 0)";
          let behind = element;
          while (clear(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
          return [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
            .map((colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number));
        }"""
    )
    light = []
    for colour in colours:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(light) + 0.05) / (min(light) + 0.05)


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_both_themes_can_be_read(browse: Browse, gallery: Path, scheme: str):
    opened = browse(gallery, color_scheme=scheme)
    assert opened.page.locator("html").get_attribute("data-theme") == scheme
    seen = ("#question", "#facts span", "#list span", "#count", "#steps code", ".function", "#more dt", "#terms")
    assert {name: round(contrast(opened, name), 1) for name in seen if contrast(opened, name) < 4.5} == {}
    opened.press("t")
    assert {name for name in seen if contrast(opened, name) < 4.5} == set()


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_small_screen_needs_no_scrolling_to_the_side(browse: Browse, gallery: Path, records: Row, width: int):
    opened = browse(gallery, viewport={"width": width, "height": 740}, is_mobile=width < 700, has_touch=True)
    wide = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth"
    assert opened.page.evaluate(wide) <= 0
    if width < 700:
        opened.page.locator("#next").tap()
        opened.drawn(records["questions"][1]["question_id"])
        assert opened.page.evaluate(wide) <= 0
    opened.page.locator("#to-numbers").tap()
    assert opened.page.evaluate(wide) <= 0
