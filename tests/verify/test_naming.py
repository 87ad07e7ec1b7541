"""A question keeps to one name of each label, in the forms of its article, and calls the picture what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mmrs_builder.verify.language import Language, Name, read_language
from mmrs_builder.verify.render import NoTerm, fill
from mmrs_builder.verify.views import check_view

Row = dict[str, Any]


@pytest.fixture
def language(language_json: Row) -> Language:
    return read_language(json.dumps(language_json))


def codes(row: Row, language: Language) -> set[str]:
    return {fault.code for fault in check_view(row, language).faults}


def asking(row: Row, family: str, **changes: Any) -> Row:
    """The view with its one question of a family, changed."""
    (item,) = [item for item in row["qa"] if item["family"] == family]
    return {**row, "qa": [{**item, **changes}]}


def picture(text: str = "CT image", structures: tuple[int, ...] = ()) -> Row:
    return {"slot": "image", "text": text, "structures": list(structures)}


def slot(text: str) -> Row:
    return {"slot": "A", "text": text, "structures": [2]}


SPANISH = {
    "un": {"the": "el {name}", "a": "un {name}", "of": "del {name}"},
    "una": {"the": "la {name}", "a": "una {name}", "of": "de la {name}"},
}


@pytest.mark.parametrize(
    ("wording", "text"),
    [
        ("¿Dónde está {A}?", "¿Dónde está el bazo?"),
        ("¿{A} está a la izquierda {B.of}?", "¿El bazo está a la izquierda de la vejiga?"),
        ("¡{A.a} y {B.a}!", "¡Un bazo y una vejiga!"),
        ("{B.plural}: {B.name}", "Vejigas: vejiga"),
        ("{A} en la {image}", "El bazo en la TC de ¿{A}?"),  # what is put in is not looked at again
        ("¿¡{A}!?", "¿¡el bazo!?"),  # one opening mark is passed over
        ("{value} {D} {A", "{B} {D} {A"),
    ],
)
def test_a_wording_is_filled_in_one_pass_with_the_forms_of_each_article(
    wording: str, text: str, language_json: Row
) -> None:
    language = read_language(json.dumps({**language_json, "forms": SPANISH}))
    slots = {
        "A": Name(name="bazo", plural="bazos", article="un"),
        "B": Name(name="vejiga", plural="vejigas", article="una"),
    }
    assert fill(wording, language=language, slots=slots, image="TC de ¿{A}?", value="{B}") == text


@pytest.mark.parametrize("wording", ["{A.of}", "{C}", "{image}", "{value}"])
def test_a_placeholder_that_nothing_stands_for_is_no_text(wording: str, language: Language) -> None:
    slots = {"A": language.labels["liver"].names[0]}
    with pytest.raises(NoTerm):
        fill(wording, language=language, slots=slots, image=None, value=None)


def test_questions_in_other_names_and_of_the_picture_are_sound(refused: list[Row], language: Language) -> None:
    for row in refused:
        assert codes(row, language) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"bindings": [slot("the polyp"), picture()]}, {"question", "answer"}),
        ({"bindings": [slot("the spleen"), picture()]}, {"bindings", "question", "answer"}),
        ({"bindings": [slot("an outgrowth"), picture()]}, {"bindings", "question", "answer"}),
        ({"bindings": [slot("the outgrowth"), picture("image")]}, {"question", "answer"}),
        ({"bindings": [slot("the outgrowth"), picture("MR image")]}, {"bindings", "question", "answer"}),
        ({"bindings": [slot("the outgrowth"), picture(structures=(0,))]}, {"bindings"}),
        ({"bindings": [picture(), slot("the outgrowth")]}, {"bindings"}),
        ({"bindings": [slot("the outgrowth"), picture(), picture()]}, {"bindings"}),
        ({"bindings": [slot("the outgrowth")]}, {"bindings", "terms"}),
        ({"question": "In which quadrant of the CT image lies the polyp?"}, {"question"}),
        ({"answer": "The polyp lies lower right in the CT image."}, {"answer"}),
        ({"answer": "The outgrowth lies lower right in the image."}, {"answer"}),
    ],
)
def test_names_that_do_not_agree_are_told(
    changes: Row, expected: set[str], refused: list[Row], language: Language
) -> None:
    assert codes(asking(refused[0], "ward.where", **changes), language) == expected


def test_a_question_that_does_not_speak_of_the_picture_does_not_bind_it(refused: list[Row], language: Language) -> None:
    row = asking(refused[0], "ward.all", bindings=[slot("the polyp"), picture()])
    assert codes(row, language) == {"bindings"}


def test_any_picture_may_be_called_what_fits_all(refused: list[Row], language: Language) -> None:
    row = asking(
        refused[0], "ward.where", bindings=[slot("the outgrowth"), picture("image")],
        question="In which quadrant of the image lies the outgrowth?",
        answer="The outgrowth lies lower right in the image.",
    )  # fmt: skip
    assert codes(row, language) == set()
    assert codes({**row, "modality": None}, language) == set()
    assert codes({**asking(refused[0], "ward.where"), "modality": "mri"}, language) == {"bindings"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"choices": ["the spleen", "the liver"], "answer": "the liver"}, {"choices", "answer"}),
        ({"answer": "the liver"}, {"answer"}),
        ({"choices": ["the milt", "the hepar"]}, {"choices"}),
    ],
)
def test_options_keep_to_the_names_of_the_question(
    changes: Row, expected: set[str], refused: list[Row], language: Language
) -> None:
    assert codes(asking(refused[0], "compare.largest", **changes), language) == expected
