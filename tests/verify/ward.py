"""Two slices drawn with rectangles, 40 x 20 pixels, that are asked the same: one can answer, the other must refuse.

The first is axial: a pixel to the right leads 0.5 mm to the patient's left, one down 2 mm to the back. The second is
sagittal and a little turned: a pixel to the right leads to the back, and a tenth of it to the left; its pixels have no
known size, and it shows no polyp.
"""

from __future__ import annotations

import numpy as np

from tests.verify.drawn import Box, Row, asked, bind, draw, rectangle, view

SIZE = (40, 20)
BOXES: dict[str, Box] = {
    "liver": (4, 2, 14, 8),  # centroid (8.5, 4.5)
    "spleen": (30, 3, 34, 7),  # (31.5, 4.5)
    "polyp": (24, 12, 28, 16),  # (25.5, 13.5)
}
AXIAL = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
TURNED = [[0.0, 0.0, -1.0], [0.1, 0.99**0.5, 0.0]]

WARD_FAMILIES: list[Row] = [
    {
        "id": "relate.vertical", "program": "vertical(the(A), the(B))", "target": "the(A)", "kinds": ["open"],
        "question": ["Is {A} above or below {B}?"], "statement": ["{A} is {value} {B}."],
    },
    {
        "id": "ward.where", "program": "quadrant(the(A))", "target": "the(A)", "kinds": ["open"],
        "question": ["In which quadrant of the {image} lies {A}?"], "statement": ["{A} lies {value} in the {image}."],
    },
    {
        "id": "ward.all", "program": "all(A)", "target": "all(A)", "kinds": ["segment"],
        "question": ["Outline all {A.plural}."], "statement": ["These are all {A.plural}."],
    },
]  # fmt: skip


def _pair(label: str) -> Row:
    return {"pair_id": label, "pair_kind": "negative"}


def _answering() -> list[Row]:
    """What the axial slice is asked."""
    name, patient = "axial", {"frame": "patient"}
    frames = {"pair_id": "frames", "pair_kind": "other_frame"}
    picture = {"slot": "image", "text": "CT image", "structures": []}
    liver, spleen = ("the liver", [0]), ("the spleen", [1])
    return [
        # 23 columns of 0.5 mm
        asked(name, "patient.lateral", "open", 'lateral(the("liver"), the("spleen"))', "right",
            "On which side of {B} does {A} lie in the patient?", "{A} lies to the patient's {value} of {B}.",
            "On which side of the spleen does the hepar lie in the patient?",
            "The hepar lies to the patient's right of the spleen.", bindings=bind(A=("the hepar", [0]), B=spleen),
            target_program='the("liver")', target=[0], **patient, **_pair("side")),
        asked(name, "distance.centres", "number", 'distance_mm(the("liver"), the("spleen"))', "11.5",
            "How far apart are {A} and {B}?", "", "How far apart are the liver and the spleen?", "11.5 mm", unit="mm",
            tolerance=2.3, bindings=bind(A=liver, B=spleen), **_pair("length")),
        # at 26/40 of the width
        asked(name, "ward.where", "open", 'quadrant(the("polyp"))', "lower_right",
            "In which quadrant of the {image} lies {A}?", "{A} lies {value} in the {image}.",
            "In which quadrant of the CT image lies the outgrowth?", "The outgrowth lies lower right in the CT image.",
            margin=0.3, bindings=[*bind(A=("the outgrowth", [2])), picture], target_program='the("polyp")', target=[2],
            **_pair("place")),
        asked(name, "ward.all", "segment", 'all("polyp")', "2", "Outline all {A.plural}.", "These are all {A.plural}.",
            "Outline all polyps.", "These are all polyps.", bindings=bind(A=("the polyp", [2])), difficulty=0,
            target_program='all("polyp")', target=[2], **_pair("outline")),
        asked(name, "relate.horizontal", "open", 'horizontal(the("liver"), the("polyp"))', "left",
            "On which side of {B} is {A}?", "{A} is {value} {B}.", "On which side of the polyp is the liver?",
            "The liver is to the left of the polyp.", bindings=bind(A=liver, B=("the polyp", [2])),
            target_program='the("liver")', target=[0], **_pair("order")),
        asked(name, "patient.lateral", "open", 'lateral(the("spleen"), the("liver"))', "left",
            "On which side of {B} does {A} lie in the patient?", "{A} lies to the patient's {value} of {B}.",
            "On which side of the liver does the spleen lie in the patient?",
            "The spleen lies to the patient's left of the liver.", bindings=bind(A=spleen, B=liver),
            target_program='the("spleen")', target=[1], **patient, **frames),
        asked(name, "relate.horizontal", "open", 'horizontal(the("spleen"), the("liver"))', "right",
            "On which side of {B} is {A}?", "{A} is {value} {B}.", "On which side of the hepar is the spleen?",
            "The spleen is to the right of the hepar.", bindings=bind(A=spleen, B=("the hepar", [0])),
            target_program='the("spleen")', target=[1], **frames),
        # the areas are 60 and 16 px
        asked(name, "compare.largest", "choice", 'largest(among("liver", "spleen"))', "0",
            "Which of {A} and {B} is the largest?", "", "Which of the hepar and the spleen is the largest?",
            "the hepar", margin=44 / 60, choices=["the spleen", "the hepar"], answer_index=1,
            bindings=bind(A=("the hepar", [0]), B=spleen)),
    ]  # fmt: skip


def _refusing() -> list[Row]:
    """What the sagittal slice is asked."""
    name, patient = "sagittal", {"frame": "patient"}
    picture = {"slot": "image", "text": "CT image", "structures": []}
    liver, spleen = ("the liver", [0]), ("the spleen", [1])
    no_left_right, no_scale = (
        "The {image} does not show the patient's left and right.",
        "Nothing tells the size of a pixel.",
    )
    there_is_none, not_there = "There is no {A.name} in the {image}.", "{A.a} is not there."
    return [
        # a tenth of the axis lies in the plane, of two tenths
        asked(name, "patient.lateral", "open", 'lateral(the("liver"), the("spleen"))', "no_left_right",
            "On which side of {B} does {A} lie in the patient?", no_left_right,
            "On which side of the spleen does the hepar lie in the patient?",
            "The CT image does not show the patient's left and right.", margin=0.5,
            bindings=[*bind(A=("the hepar", [0]), B=spleen), picture], target_program='the("liver")', target=[0],
            **patient, **_pair("side")),
        asked(name, "distance.centres", "number", 'distance_mm(the("liver"), the("spleen"))', "no_scale",
            "How far apart are {A} and {B}?", no_scale, "How far apart are the liver and the spleen?", no_scale,
            bindings=bind(A=liver, B=spleen), **_pair("length")),
        asked(name, "ward.where", "open", 'quadrant(the("polyp"))', "absent",
            "In which quadrant of the {image} lies {A}?", there_is_none,
            "In which quadrant of the CT image lies the outgrowth?", "There is no outgrowth in the CT image.",
            bindings=[*bind(A=("the outgrowth", [])), picture], target_program='the("polyp")', target=[],
            **_pair("place")),
        asked(name, "ward.all", "segment", 'all("polyp")', "absent", "Outline all {A.plural}.", not_there,
            "Outline all polyps.", "A polyp is not there.", bindings=bind(A=("the polyp", [])), difficulty=0,
            target_program='all("polyp")', target=[], **_pair("outline")),
        # the absent label fills the second slot
        asked(name, "relate.horizontal", "open", 'horizontal(the("liver"), the("polyp"))', "absent",
            "On which side of {B} is {A}?", there_is_none, "On which side of the polyp is the liver?",
            "There is no polyp in the CT image.", bindings=[*bind(A=liver, B=("the polyp", [])), picture],
            target_program='the("liver")', target=[0], **_pair("order")),
    ]  # fmt: skip


def ward() -> list[Row]:
    """The slice that answers and the slice that refuses."""
    grey = np.arange(800, dtype=np.uint32).reshape(20, 40).astype(np.uint8)

    def slice_of(name: str, labels: list[str], **other: object) -> Row:
        return view(
            name, "train", grey, masks=[draw(SIZE, BOXES[label]) for label in labels],
            structures=[rectangle(label, "whole", BOXES[label], SIZE, None) for label in labels],
            laterality_evidence="header", **other,
        )  # fmt: skip

    return [
        slice_of("axial", list(BOXES), plane="axial", direction=AXIAL, spacing_mm=[2.0, 0.5], qa=_answering()),
        slice_of("sagittal", ["liver", "spleen"], plane="sagittal", direction=TURNED, absent=["polyp"], qa=_refusing()),
    ]
