"""An axial slice drawn with rectangles, 40 x 20 pixels of 0.5 x 2.0 mm, and questions in the patient's frame.

One pixel to the right leads 0.5 mm to the patient's left, one pixel down 2.0 mm to the back.
"""

from __future__ import annotations

import numpy as np

from tests.verify.drawn import Box, Row, asked, bind, draw, rectangle, view

SIZE = (40, 20)
BOXES: dict[str, Box] = {
    "liver": (4, 2, 14, 8),  # centroid (8.5, 4.5): L 4.25 mm, P 9 mm
    "spleen": (32, 1, 36, 5),  # (33.5, 2.5): L 16.75, P 5
    "right_kidney": (6, 12, 10, 16),  # (7.5, 13.5): L 3.75, P 27
    "left_kidney": (30, 12, 34, 16),  # (31.5, 13.5): L 15.75, P 27; the midline at 9.75, half the distance 6
}

PATIENT_FAMILIES: list[Row] = [
    {
        "id": "patient.lateral", "frame": "patient", "program": "lateral(the(A), the(B))", "target": "the(A)",
        "other_frame": ["relate.horizontal", "relate.vertical"], "kinds": ["open", "yes_no"],
        "question": ["On which side of {B} does {A} lie in the patient?"],
        "claim": ["Does {A} lie to the patient's {value} of {B}?"],
        "statement": ["{A} lies to the patient's {value} of {B}."],
    },
    {
        "id": "patient.depth", "frame": "patient", "program": "anteroposterior(the(A), the(B))", "kinds": ["yes_no"],
        "claim": ["Is {A} {value} to {B}?"],
    },
    {
        "id": "patient.side", "frame": "patient", "program": "body_side(the(A))", "kinds": ["choice"],
        "question": ["Which half of the patient's body holds {A}?"],
    },
    {
        "id": "patient.laterality", "frame": "patient", "program": "laterality(the(A), the(B))", "kinds": ["open"],
        "question": ["How does the side of {A} relate to that of {B}?"], "statement": ["{A} is {value} to {B}."],
    },
    {
        "id": "distance.centres", "program": "distance_mm(the(A), the(B))", "kinds": ["number"], "unit": "mm",
        "tolerance": 0.2, "symmetric": True, "question": ["How far apart are {A} and {B}?"],
    },
    {
        "id": "distance.gap", "program": "gap_mm(the(A), the(B))", "kinds": ["number"], "unit": "mm",
        "tolerance": 0.2, "symmetric": True, "question": ["How wide is the gap between {A} and {B}?"],
    },
]  # fmt: skip


def torso() -> Row:
    """Liver and right kidney on the picture's left, spleen and left kidney on its right."""
    name, index = "torso", {label: n for n, label in enumerate(BOXES)}

    def on(*labels: str) -> list[Row]:
        texts = {label: f"the {label.replace('_', ' ')}" for label in labels}
        return bind(**{"AB"[n]: (texts[label], [index[label]]) for n, label in enumerate(labels)})

    patient = {"frame": "patient"}
    qa = [
        # 12.5 mm apart, mean extent (5 + 2) / 2
        asked(name, "patient.lateral", "open", 'lateral(the("liver"), the("spleen"))', "right",
            "On which side of {B} does {A} lie in the patient?", "{A} lies to the patient's {value} of {B}.",
            "On which side of the spleen does the liver lie in the patient?",
            "The liver lies to the patient's right of the spleen.",
            bindings=on("liver", "spleen"), target_program='the("liver")', target=[0], **patient),
        asked(name, "patient.lateral", "yes_no", 'lateral(the("spleen"), the("liver")) == "right"', "false",
            "Does {A} lie to the patient's {value} of {B}?", "",
            "Does the spleen lie to the patient's right of the liver?", "No",
            bindings=on("spleen", "liver"), target_program='the("spleen")', target=[1], **patient),
        # 18 mm apart, mean extent (12 + 8) / 2
        asked(name, "patient.depth", "yes_no", 'anteroposterior(the("liver"), the("left_kidney")) == "anterior"',
            "true", "Is {A} {value} to {B}?", "", "Is the liver anterior to the left kidney?", "Yes",
            bindings=on("liver", "left_kidney"), **patient),
        # 5.5 mm from the midline, of 6 mm; half the extent is 2.5 mm
        asked(name, "patient.side", "choice", 'body_side(the("liver"))', "right",
            "Which half of the patient's body holds {A}?", "", "Which half of the patient's body holds the liver?",
            "right", choices=["left", "right"], answer_index=1, margin=5.5 / 6, bindings=on("liver"), **patient),
        asked(name, "patient.laterality", "open", 'laterality(the("liver"), the("left_kidney"))', "contralateral",
            "How does the side of {A} relate to that of {B}?", "{A} is {value} to {B}.",
            "How does the side of the liver relate to that of the left kidney?",
            "The liver is contralateral to the left kidney.", margin=5.5 / 6, bindings=on("liver", "left_kidney"),
            **patient),
        # 25 columns of 0.5 mm and 2 rows of 2 mm: 13.124
        asked(name, "distance.centres", "number", 'distance_mm(the("liver"), the("spleen"))', "13.1",
            "How far apart are {A} and {B}?", "", "How far apart are the liver and the spleen?", "13.1 mm", unit="mm",
            tolerance=2.6, bindings=on("liver", "spleen")),
        # 5 rows of 2 mm, from row 7 to row 12
        asked(name, "distance.gap", "number", 'gap_mm(the("liver"), the("right_kidney"))', "10.0",
            "How wide is the gap between {A} and {B}?", "",
            "How wide is the gap between the liver and the right kidney?", "10.0 mm", unit="mm", tolerance=2.0,
            bindings=on("liver", "right_kidney")),
    ]  # fmt: skip
    grey = np.arange(800, dtype=np.uint32).reshape(20, 40).astype(np.uint8)
    return view(
        name, "train", grey, qa=qa, masks=[draw(SIZE, box) for box in BOXES.values()],
        structures=[rectangle(label, "whole", box, SIZE, None) for label, box in BOXES.items()],
        plane="axial", laterality_evidence="header", spacing_mm=[2.0, 0.5], origin_mm=[-10.0, 0.0, 120.0],
        direction=[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]],
    )  # fmt: skip
