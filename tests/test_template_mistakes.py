"""What an author of templates gets to read after a slip: file, family, place, and what is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mmrs_builder import resources
from mmrs_builder.template_checks import check_folder
from mmrs_builder.templates import Problem, TemplateError, load

GOOD = """
[[family]]
id         = "probe.quadrant"
frame      = "viewer"
program    = "quadrant(the(A))"
target     = "the(A)"
kinds      = ["open", "choice", "yes_no"]
question   = ["Which quadrant of the image holds {A}?"]
claim      = ["Does {A} lie in the {value} quadrant of the image?"]
statement  = ["{A} lies in the {value} quadrant of the image."]

[[family]]
id         = "probe.segment"
frame      = "viewer"
program    = "the(A)"
target     = "the(A)"
kinds      = ["segment"]
question   = ["Segment {A}."]
statement  = ["The mask outlines {A}."]

[[family]]
id         = "probe.gap"
frame      = "viewer"
program    = "gap(the(A), the(B))"
kinds      = ["number"]
unit       = "percent"
symmetric  = true
question   = ["How wide is the gap between {A} and {B}?"]

[[family]]
id         = "probe.larger"
frame      = "viewer"
program    = "largest(among(A, B))"
kinds      = ["choice"]
question   = ["Which of the two structures is the larger one?"]

[[family]]
id         = "probe.lateral"
frame      = "patient"
program    = "lateral(the(A), the(B))"
kinds      = ["open"]
question   = ["On which side of the patient does {A} lie from {B}?"]
statement  = ["{A} lies to the patient's {value} of {B}."]

[[family]]
id         = "probe.beside"
frame      = "viewer"
program    = "horizontal(the(A), the(B))"
kinds      = ["open"]
question   = ["To which side of {B} does {A} lie in the {image}?"]
statement  = ["In the {image}, {A} lies {value} {B}."]

[[family]]
id         = "probe.below"
frame      = "viewer"
program    = "vertical(the(A), the(B))"
kinds      = ["open"]
question   = ["Does {A} lie higher or lower than {B}?"]
statement  = ["{A} lies {value} {B}."]

[[family]]
id         = "probe.depth"
frame      = "patient"
program    = "anteroposterior(the(A), largest(all(B)))"
kinds      = ["open"]
question   = ["How does {A} lie to the largest {B.name}, from front to back?"]
statement  = ["{A} lies {value} to the largest {B.name}."]
"""

QUADRANT, SEGMENT, GAP, LARGER = "probe.quadrant", "probe.segment", "probe.gap", "probe.larger"
LATERAL, DEPTH = "probe.lateral", "probe.depth"
ASKED = "Which quadrant of the image holds {A}?"
ASKING = f'question   = ["{ASKED}"]'
WIDTH = '"gap(the(A), the(B))"'
NUMBER = f'{WIDTH}\nkinds      = ["number"]\nunit       = "percent"\nsymmetric  = true\n'
NUMBER += 'question   = ["How wide is the gap between {A} and {B}?"]'
ABSENT = "absent = ["
SIDES = '"lateral(the(A), the(B))"'
BOOL = '"larger(the(A), the(B))"\nkinds = ["yes_no"]\nquestion = ["Yes or no: is {A} larger than {B}?"]'

# What is written, what stands there after the slip; the family, the place and the complaint that must be named.
MISTAKES = {
    "unknown key": ('target     = "the(A)"\nkinds      = ["open"', 'goal = "the(A)"\nkinds = ["open"',
                    QUADRANT, "goal", "unknown key"),
    "missing key": ('frame      = "viewer"\nprogram    = "quad', 'program    = "quad', QUADRANT, "frame", "missing"),
    "wrong type": ('question   = ["Segment {A}."]', 'question = "Segment {A}."', SEGMENT, "question", "list of texts"),
    "id of another theme": ("probe.segment", "segment.probe", "segment.probe", "id", "does not fit"),
    "id used twice": ('id         = "probe.gap"', 'id = "probe.larger"', LARGER, "id", "also used"),
    "unknown frame": ('frame      = "viewer"\nprogram    = "quad', 'frame = "room"\nprogram = "quad',
                      QUADRANT, "frame", "unknown frame"),
    "unknown relation": ("quadrant(the(A))", "octant(the(A))", QUADRANT, "program, column 1", "octant"),
    "ill-typed program": ("quadrant(the(A))", "quadrant(all(A))", QUADRANT, "program, column 10", "One, not a Set"),
    "unknown kind": ('["segment"]', '["segment", "essay"]', SEGMENT, "kinds", "essay"),
    "kind that does not fit": ('["number"]', '["number", "open"]', GAP, "kinds", "cannot answer open"),
    "segment of something else": ('"the(A)"\ntarget     = "the(A)"\nkinds      = ["segment"]',
                                  '"the(A)"\ntarget = "all(A)"\nkinds = ["segment"]', SEGMENT, "target", "not the"),
    "target without structures": ('target     = "the(A)"\nkinds      = ["open"',
                                  'target = "side(the(A))"\nkinds = ["open"', QUADRANT, "target", "does not name"),
    "missing wordings": ('statement  = ["The mask outlines {A}."]', "", SEGMENT, "statement", "need a statement"),
    "wordings without a kind": ('["open", "choice", "yes_no"]', '["open", "choice"]', QUADRANT, "claim", "no kind"),
    "unknown role": ("symmetric  = true", 'where = {A = "bone"}', GAP, "where", "unknown role"),
    "role of no slot": ("symmetric  = true", 'where = {C = "organ"}', GAP, "where", "no slot C"),
    "unknown unit": ('"percent"', '"furlong"', GAP, "unit", "unknown unit"),
    "slots not interchangeable": ('kinds      = ["segment"]', 'kinds = ["segment"]\nsymmetric = true',
                                  SEGMENT, "symmetric", "interchangeable"),
    "too many options": ('kinds      = ["choice"]', 'kinds = ["choice"]\nchoices = 3', LARGER, "choices", "2 to 2"),
    "unknown slot": ("Segment {A}.", "Segment {B}.", SEGMENT, "question 1, column 9", "no slot B"),
    "attribute trick": ("Segment {A}.", "Segment {A.__class__}.", SEGMENT, "question 1, column 9", "{A.__class__}"),
    "conversion": ("Segment {A}.", "Segment {A!r}.", SEGMENT, "question 1, column 9", "conversion"),
    "empty format": ("Segment {A}.", "Segment {A:}.", SEGMENT, "question 1, column 9", "format"),
    "positional field": ("Segment {A}.", "Segment {}.", SEGMENT, "question 1, column 9", "unknown placeholder"),
    "unbalanced brace": ("Segment {A}.", "Segment {A.", SEGMENT, "question 1, column 9", "unbalanced"),
    "escaped brace": ("Segment {A}.", "Segment {A} {{now}}.", SEGMENT, "question 1, column 13", "escaped"),
    "slot not mentioned": ("Segment {A}.", "Segment it in the image.", SEGMENT, "question 1", "not mentioned"),
    "question with the answer": (ASKED, "Is {A} in the {value} part of the image?", QUADRANT, "question 1, column 15",
                                 "no place"),
    "leaking answer": (ASKED, "Is {A} in the upper left of the image?", QUADRANT, "question 1, column 15", "'upper "),
    "choice that names its options": ("the two structures", "{A} and {B}", LARGER, "question 1, column 10", "options"),
    "claim without value": ("lie in the {value} quadrant", "lie in that quadrant", QUADRANT, "claim 1", "0 times"),
    "segment statement with value": ("outlines {A}", "outlines {A}: {value}", SEGMENT, "statement 1, column 24",
                                     "no place"),
    "question that states": ("Segment {A}.", "{A} is segmented.", SEGMENT, "question 1, column 1", "states"),
    "no question mark": ("of the image?\"]\nstatement", "of the image\"]\nstatement", QUADRANT, "claim 1, column 49",
                         "punctuation"),
    "double spaces": ("Segment {A}.", "Segment  {A}.", SEGMENT, "question 1", "stray spaces"),
    "too long": ("Segment {A}.", "Segment {A}" + ", please" * 20 + ".", SEGMENT, "question 1, column 161", "too long"),
    "two articles": ("Segment {A}.", "Segment the {A}.", SEGMENT, "question 1, column 13", "two articles"),
    "article before a name": ("Segment {A}.", "Segment a {A.name}.", SEGMENT, "question 1, column 11", "cannot fit"),
    "article before a value": ("in the {value} quadrant of the image.", "in a {value} quadrant of the image.", QUADRANT,
                               "statement 1, column 15", "'a' before 'upper left'"),
    "wrong article": ("Segment {A}.", "Segment {A} with a outline.", SEGMENT, "question 1, column 18", "'outline'"),
    "the patient": ("holds {A}?", "holds the patient's {A.name}?", QUADRANT, "question 1, column 39", "patient"),
    "whose left": ("Segment {A}.", "Segment {A} on the left.", SEGMENT, "question 1, column 20", "left and right"),
    "anatomy in the image": ("Segment {A}.", "Segment the anterior part of {A}.", SEGMENT, "question 1, column 13",
                             "'anterior' in a family of the viewer frame"),
    "frame of another program": ('frame      = "patient"\nprogram    = "lat', 'frame = "viewer"\nprogram = "lat',
                                 LATERAL, "frame", 'write frame = "patient"'),
    "patient without a side": ('frame      = "viewer"\nprogram    = "gap', 'frame = "patient"\nprogram = "gap',
                               GAP, "frame", 'write frame = "viewer"'),
    "two frames in one program": ("largest(all(B))", "leftmost(all(B))", DEPTH, "program", "leftmost beside the"),
    "left of nobody": ("to the patient's {value} of {B}", "to the {value} of {B}", LATERAL, "statement 1",
                       "taken for the viewer's"),
    "side of nobody": ("On which side of the patient does", "On which side does", LATERAL, "question 1",
                       "taken for the viewer's"),
    "left of nobody in words": ("{A} lies {value} to", "Left or right, {A} lies {value} to", DEPTH,
                                "statement 1, column 1", "taken for the viewer's"),
    "the patient's left in the image": ("patient's {value} of {B}.", "patient's {value} of {B} in the image.", LATERAL,
                                        "statement 1, column 49", "speak of the patient only"),
    "leaking side": ("On which side of the patient does {A} lie from {B}?", "Is {A} on the patient's left of {B}?",
                     LATERAL, "question 1, column 25", "'left'"),
    "percent of millimetres": ('"gap(the(A), the(B))"', '"gap_mm(the(A), the(B))"', GAP, "unit", 'unit = "mm"'),
    "millimetres of a part": ('"percent"', '"mm"', GAP, "unit", 'write unit = "percent"'),
    "lateral either way": ('"lateral(the(A), the(B))"', '"lateral(the(A), the(B))"\nsymmetric = true', LATERAL,
                           "symmetric", "interchangeable"),
    "join of unlike statements": (WIDTH, '"both(border(the(A)), near_centre(the(B)))"', GAP, "symmetric", "interchang"),
    "one between the other two": (WIDTH, '"between(the(A), the(B), the(C))"', GAP, "symmetric", "interchangeable"),
    "side seen either way": (WIDTH, '"main_direction(the(A), the(B))"', GAP, "symmetric", "interchangeable"),
    "each on its own side": (WIDTH, """'both(side(the(A)) == "left", side(the(B)) == "right")'""", GAP, "symmetric",
                             "interchangeable"),
    "hour of nobody": (f'quadrant(the(A))"\ntarget     = "the(A)"\nkinds      = ["open", "choice", "yes_no"]\n{ASKING}',
                       'clock(the(A))"\nkinds = ["open", "choice", "yes_no"]\nquestion = ["At which hour is {A}?"]',
                       QUADRANT, "question 1", "could be taken for the patient's"),
    "answer that the program does not say": (NUMBER, BOOL, GAP, "question 1, column 8", "the possible answer 'no'"),
    "same wording twice": ('["Segment {A}."]', '["Segment {A}.", "SEGMENT  {A}"]', SEGMENT, "question 2, column 1",
                           "the same wording as probe.segment, question 1"),
    "same question in two families": ('program    = "largest(among(A, B))"\nkinds      = ["choice"]',
                                      'program = "gap(the(B), the(A))"\nunit = "percent"\nkinds = ["number"]',
                                      LARGER, "program", "probe.gap asks the same"),
    "form that is not there": ("Segment {A}.", "Segment {A.of}.", SEGMENT, "question 1, column 9", "no form {A.of}"),
    "article before a picture": (ASKED, "Which quadrant of an {image} holds {A}?", QUADRANT, "question 1, column 22",
                                 "'an' cannot fit every name of a picture"),
    "picture that is called twice": ('["Segment {A}."]', '["Segment {A} in the image.", "Segment {A} in the {image}."]',
                                     SEGMENT, "question 2, column 1", "the same wording as probe.segment, question 1"),
    "too long with the longest name of a picture": (
        "Segment {A}.", "Segment {A} in the {image}" + ", please" * 15 + ".", SEGMENT, "question 1, column 161",
        "too long"),
    "counterpart that is not there": (SIDES, f'{SIDES}\nother_frame = ["probe.nowhere", "probe.below"]', LATERAL,
                                      "other_frame", "no family 'probe.nowhere'"),
    "counterpart that asks something else": (SIDES, f'{SIDES}\nother_frame = ["probe.beside", "probe.gap"]', LATERAL,
                                             "other_frame", "name the one that asks vertical(the(A), the(B))"),
    "one counterpart only": (SIDES, f'{SIDES}\nother_frame = ["probe.beside"]', LATERAL, "other_frame",
                             "name two families"),
    "counterparts of a viewer's word": (WIDTH, f'{WIDTH}\nother_frame = ["probe.beside", "probe.below"]', GAP,
                                        "other_frame", "call one of lateral, "),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A template folder of its own with the project's labels and terms, and the good families."""
    (tmp_path / "en").mkdir()
    for name in ("labels.toml", "en/terms.toml"):
        shutil.copy(resources.path("templates") / name, tmp_path / name)
    (tmp_path / "en" / "probe.toml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def slip(folder: Path, file: str, old: str, new: str) -> tuple[Problem, ...]:
    """The problems after one replacement, which must find its place."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return check_folder(folder)


def test_good_families_have_no_problem(folder: Path):
    assert check_folder(folder) == ()


@pytest.mark.parametrize(("old", "new", "family", "place", "complaint"), MISTAKES.values(), ids=MISTAKES)
def test_a_slip_in_a_family_is_named(folder: Path, old: str, new: str, family: str, place: str, complaint: str):
    lines = [str(problem) for problem in slip(folder, "en/probe.toml", old, new)]
    beginning = f"en/probe.toml: {family}, {place}: "
    assert [line for line in lines if line.startswith(beginning) and complaint in line], lines


@pytest.mark.parametrize(
    ("file", "old", "new", "beginning"),
    [
        ("labels.toml", 'role = "lesion"', 'role = "blemish"', "labels.toml: polyp, role: unknown role"),
        ("labels.toml", 'partner = "lung_right"', 'partner = "heart"', "labels.toml: lung_left, partner: 'heart'"),
        ("labels.toml", "SCT:39607008", "39607008", "labels.toml: lung, codes: '39607008' is not a code"),
        ("labels.toml", 'id = "skin_lesion"', 'id = "polyp"', "labels.toml: polyp, id: a label of this id"),
        ("labels.toml", 'id = "polyp"', 'id = "wart"', "en/terms.toml: wart, label: the label has no term"),
        ("en/terms.toml", '"skin lesion"', '"lesion"', "en/terms.toml: skin_lesion, name: another label"),
        ("en/terms.toml", '"polyp"', '" polyp"', "en/terms.toml: polyp, name: ' polyp' is not a plain name"),
        ("en/terms.toml", 'article = "an"', 'article = "a"', "en/terms.toml: infection_region, article: 'a'"),
        ("en/terms.toml", 'upper_left = "upper left"\n', "", "en/terms.toml: value.Quadrant, upper_left: "),
        ("en/terms.toml", 'wider = "wider than tall"', 'wider = "taller than wide"', "en/terms.toml: value.Aspect, "),
        ("en/terms.toml", 'anterior = "anterior"', "", "en/terms.toml: value.Depth, anterior: the value has no term"),
        ("en/terms.toml", "[value.Height]", "[value.Hight]", "en/terms.toml: value.Height, value: the type"),
        ("en/terms.toml", "[value.Side]", "[value.Slide]", "en/terms.toml: value.Side, value: the type has no terms"),
        ("en/terms.toml", 'no = "No"', "", "en/terms.toml: word, no: the value has no term"),
        ("en/terms.toml", "[word]", "[words]", "en/terms.toml: words: unknown key"),
        ("en/terms.toml", 'yes = "Yes"', "yes = Yes", "en/terms.toml: file: not TOML"),
    ],
)  # fmt: skip
def test_a_slip_in_labels_or_terms_is_named(folder: Path, file: str, old: str, new: str, beginning: str):
    lines = [str(problem) for problem in slip(folder, file, old, new)]
    assert [line for line in lines if line.startswith(beginning)], lines


NAMES = {
    "name of another label": ('"windpipe"', '"gullet"', "trachea, also 1, name: another label is called"),
    "name given twice": ('"windpipe"', '"trachea"', "trachea, also: 'trachea' stands 2 times"),
    "name with a space at its end": ('"windpipes"', '"windpipes "', "trachea, also 1, plural: 'windpipes '"),
    "article without forms": ('article = "a"', 'article = "la"', "polyp, article: 'la' has no forms"),
    "unknown register": ('register = "clinical"', 'register = "posh"', "skin_lesion, also 1, register: unknown"),
    "unknown key of a name": ('register = "clinical"', 'accent = "posh"', "skin_lesion, accent: unknown key"),
    "name that is no table": ("also = [\n", 'also = ["growth",\n', "skin_lesion, also: "),
    "form that one article lacks": ('a = "an {name}"\n', "", "form.an, a: the form is missing"),
    "form that one article has": ('a = "an {name}"', 'a = "an {name}"\nof = "of an {name}"', "form.a, of: the form is"),
    "form that stands for itself": (
        'a = "an {name}"', 'a = "an {name}"\nplural = "{name}s"', "form.an, plural: no name"),
    "pattern of something else": ('a = "an {name}"', 'a = "an {nom}"', "form.an, a: 'an {nom}' is no pattern"),
    "pattern with two names": ('a = "an {name}"', 'a = "an {name} {name}"', "form.an, a: 'an {name} {name}'"),
    "pictures without a name": ('any = ["image"]', "", "image, any: pictures have no name"),
    "pictures with an empty list": ('any = ["image"]', "any = []", "image, any: pictures have no name"),
    "modality with an empty list": ('["CT image", "computed tomography image"]', "[]", "image, ct: the list is empty"),
    "pictures with one text": ('any = ["image"]', 'any = "image"', "image, any: 'image' is not a list of texts"),
    "unknown modality": ("ct = [", "pet = [", "image, pet: unknown modality 'pet'"),
    "two pictures of one name": ('"MR image"', '"CT image"', "image, mri: 'CT image' stands twice"),
    "picture that may be of a patient's side": (
        '"CT image"', '"CT scan"', "image, ct: 'CT scan' is not called an image"),
    "picture that holds an answer": ('"CT image"', '"posterior image"', "image, ct: 'posterior image' holds the"),
    "reason without a wording": ("no_scale = [", "no_ruler = [", "refusal, no_scale: the reason has no wording"),
    "unknown reason": ("no_scale = [", "no_ruler = [", "refusal, no_ruler: unknown reason"),
    "refusal that does not say what is absent": (
        ABSENT, f'{ABSENT}"There is none.",', "refusal, absent 1: slot A is not"),
    "refusal of another slot": (
        ABSENT, f'{ABSENT}"No {{A.name}} for {{B}}.",', "refusal, absent 1, column 17: the refusal has no slot B"),
    "refusal with a value": (
        ABSENT, f'{ABSENT}"No {{value}} {{A.name}}.",', "refusal, absent 1, column 4: {value} has"),
    "refusal of an unknown form": (
        ABSENT, f'{ABSENT}"No {{A.of}}.",', "refusal, absent 1, column 4: the language has no"),
    "refusal of a label without need": (
        "no_scale = [", 'no_scale = ["{A} has no scale.",', "refusal, no_scale 1, column 1: the refusal has no slot A"),
    "refusal without an end": (ABSENT, f'{ABSENT}"No {{A.name}}",', "refusal, absent 1, column 11: wrong final"),
    "refusal that is too long": (
        ABSENT, f'{ABSENT}"No {{A.name}}{" at all" * 22}.",', "refusal, absent 1, column 161: too long"),
    "refusal that stands twice": (ABSENT, f'{ABSENT}"No {{A.name}} in the image.", "No {{A.name}} in the {{image}}.",',
                                  "refusal, absent 2, column 1: the same wording as refusal, absent 1"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "complaint"), NAMES.values(), ids=NAMES)
def test_a_slip_in_names_forms_pictures_or_refusals_is_named(folder: Path, old: str, new: str, complaint: str):
    lines = [str(problem) for problem in slip(folder, "en/terms.toml", old, new)]
    assert [line for line in lines if line.startswith(f"en/terms.toml: {complaint}")], lines


def test_a_language_may_have_further_forms(folder: Path):
    terms = folder / "en" / "terms.toml"
    text = terms.read_text(encoding="utf-8")
    for article in ("a", "an"):
        text = text.replace(f'a = "{article} {{name}}"', f'a = "{article} {{name}}"\nof = "of the {{name}}"')
    terms.write_text(text, encoding="utf-8")
    assert slip(folder, "en/probe.toml", "Segment {A}.", "Give the outline {A.of}.") == ()


def test_loading_names_every_problem_of_form_at_once(folder: Path):
    slip(folder, "en/probe.toml", "[[family]]", "[[family]]\ncolour = 1")
    slip(folder, "en/probe.toml", 'kinds      = ["number"]', "")
    with pytest.raises(TemplateError) as caught:
        load(folder)
    assert {(problem.family, problem.field) for problem in caught.value.problems} == {
        (QUADRANT, "colour"),
        (GAP, "kinds"),
    }


def test_a_missing_language_is_named(folder: Path):
    with pytest.raises(TemplateError, match=r"de/terms\.toml: file: not found"):
        load(folder, "de")
