"""Checks of question families: does the program fit the kinds, the kinds the wordings, and no two ask the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, get_args

from mmrs_builder import programs
from mmrs_builder.language import Family, Language, Problem, TemplateError
from mmrs_builder.refusal_checks import refusal_problems, refusal_wordings
from mmrs_builder.templates import load
from mmrs_builder.term_checks import form_problems, image_problems, value_problems, vocabulary_problems
from mmrs_builder.types import Frame
from mmrs_builder.vocab import KINDS, ROLES, VALUES
from mmrs_builder.wording_checks import Wording, normalised, wording_problems

_OPEN_TYPES: Final = {"Bool": ("yes_no",), "Count": ("number",), "Number": ("number",), "Set": ("segment",)}
_UNORDERED: Final = frozenset(
    {"among", "both", "either", "neither", "aligned", "gap", "distance_mm", "gap_mm", "laterality"}
)
_COUNTERPARTS: Final = ("lateral", "anteroposterior", "craniocaudal")
_ALONG: Final = ("horizontal", "vertical")
_MUTUAL: Final = ("overlaps", "touches", "apart")
_PARTS: Final = ("question", "claim", "statement")

_Report = Callable[[str, str, str], Problem]  # field, message, advice


def check_folder(folder: Path, language: str = "en") -> tuple[Problem, ...]:
    """All problems of a template folder, whether they keep it from loading or not."""
    try:
        return check(load(folder, language))
    except TemplateError as error:
        return error.problems


def check(language: Language) -> tuple[Problem, ...]:
    """All problems of a language's families, wordings and terms; empty when it can be used."""
    problems = [
        *vocabulary_problems(language),
        *form_problems(language),
        *image_problems(language),
        *value_problems(language),
        *refusal_problems(language),
    ]
    sound = []
    for family in language.families:
        found = list(_program_problems(family, language))
        if not found:
            sound.append(family)
            found = list(_family_problems(family, language))
        problems += found
    return (*problems, *_repeated_ids(language), *_repeated_wordings(language), *_repeated_programs(sound, language))


def _report(family: Family, language: Language, column: int | None = None) -> _Report:
    def report(field: str, message: str, advice: str) -> Problem:
        file = f"{language.language}/{family.theme}.toml"
        return Problem(file=file, family=family.id, field=field, column=column, message=message, advice=advice)

    return report


def _program_problems(family: Family, language: Language) -> Iterator[Problem]:
    for field, text in (("program", family.program), ("target", family.target)):
        if text is None:
            continue
        try:
            programs.parse(text)
        except programs.ProgramError as error:
            report = _report(family, language, error.column + 1)
            yield report(field, str(error), "see docs/language.md, sections 3 to 6")


def _family_problems(family: Family, language: Language) -> Iterator[Problem]:
    report = _report(family, language)
    value_type = programs.value_type(family.program)
    if not re.fullmatch(rf"{re.escape(family.theme)}\.[a-z][a-z0-9_]*", family.id):
        yield report("id", "the id does not fit the file", f"begin it with {family.theme}. and use lower case")
    if family.frame not in get_args(Frame):
        yield report("frame", f"unknown frame {family.frame!r}", f"use one of {', '.join(get_args(Frame))}")
    else:
        yield from _frame(family, report)
    yield from _kinds(family, value_type, report)
    yield from _target(family, report)
    yield from _roles(family, report)
    yield from _options(family, value_type, language, report)
    yield from _parts(family, value_type, report)
    yield from _other_frame(family, language, report)
    for wording in wordings(family, language):
        yield from wording_problems(wording, language)


def _frame(family: Family, report: _Report) -> Iterator[Problem]:
    """A program speaks of the viewer's directions or of the patient's, and the family says which."""
    used = programs.words(family.program)
    wanted = "patient" if used & programs.PATIENT else "viewer"
    if family.frame != wanted:
        yield report("frame", f"the program does not speak of the {family.frame}'s sides", f'write frame = "{wanted}"')
    if wanted == "patient" and (mixed := used & programs.VIEWER):
        message = f"{', '.join(sorted(mixed))} beside the patient's sides"
        yield report("program", message, "pick structures by size or distance instead")


def fitting_kinds(program: str) -> tuple[str, ...]:
    """The kinds of question that a program's value can answer."""
    value_type = programs.value_type(program)
    if value_type == "One":
        return ("segment", "choice") if _is_choice_among(program) else ("segment",)
    return _OPEN_TYPES.get(value_type, ("open", "choice", "yes_no"))


def _kinds(family: Family, value_type: str, report: _Report) -> Iterator[Problem]:
    if not family.kinds:
        yield report("kinds", "no kind is given", f"use some of {', '.join(fitting_kinds(family.program))}")
    if len(set(family.kinds)) < len(family.kinds):
        yield report("kinds", "a kind is given twice", "name each kind once")
    for kind in family.kinds:
        if kind not in KINDS:
            yield report("kinds", f"unknown kind {kind!r}", f"use one of {', '.join(KINDS)}")
        elif kind not in fitting_kinds(family.program):
            advice = f"use {', '.join(fitting_kinds(family.program))}"
            yield report("kinds", f"a program of type {value_type} cannot answer {kind}", advice)
    if {"segment", "choice"} <= set(family.kinds):
        yield report("kinds", "a choice may not name what a segment question must", "make two families")


def _target(family: Family, report: _Report) -> Iterator[Problem]:
    if "segment" in family.kinds and family.target != family.program:
        yield report("target", "not the program", "a segment question shows its value: repeat the program as target")
    if family.target is None:
        return
    if programs.value_type(family.target) not in ("One", "Set"):
        yield report("target", "does not name structures", "give a program whose value is a structure or a set")
    if extra := set(programs.slots(family.target)) - set(programs.slots(family.program)):
        yield report("target", f"slot {', '.join(sorted(extra))} is not in the program", "use slots of the program")


def _roles(family: Family, report: _Report) -> Iterator[Problem]:
    slots = programs.slots(family.program)
    for slot, role in family.where:
        if slot not in slots:
            yield report("where", f"the program has no slot {slot}", f"use {', '.join(slots)}")
        if role not in ROLES:
            yield report("where", f"unknown role {role!r}", f"use one of {', '.join(ROLES)}")
    if family.symmetric and not _interchangeable(family.program, slots):
        yield report("symmetric", "the slots of the program are not interchangeable", "remove symmetric")
    if family.unordered and (family.symmetric or not _interchangeable(family.program, family.unordered)):
        yield report("unordered", f"{', '.join(family.unordered)} are not interchangeable", "name two slots that are")


def _options(family: Family, value_type: str, language: Language, report: _Report) -> Iterator[Problem]:
    if not 0 < family.min_margin <= 1:
        yield report("min_margin", f"{family.min_margin} is out of range", "give a number above 0, at most 1")
    most = len(programs.slots(family.program)) if value_type == "One" else len(VALUES.get(value_type, ()))
    if family.choices is not None and ("choice" not in family.kinds or not 2 <= family.choices <= most):
        yield report("choices", f"{family.choices} does not fit", f"only for kind choice: 2 to {most}")
    if family.unit is not None and family.unit not in language.terms.units:
        yield report("unit", f"unknown unit {family.unit!r}", f"use one of {', '.join(language.terms.units)}")
    if (family.unit is not None) != (value_type == "Number"):
        yield report("unit", f"wrong for a program of type {value_type}", "give numbers a unit, nothing else")
    elif family.unit in language.terms.units:
        measured = "mm" if programs.words(family.program) & programs.MILLIMETRES else "percent"
        if family.unit != measured:
            yield report("unit", f"the program does not measure in {family.unit}", f'write unit = "{measured}"')
    if family.tolerance is not None and (family.tolerance < 0 or "number" not in family.kinds):
        yield report("tolerance", f"{family.tolerance} does not fit", "only for kind number: 0 or more")


def _parts(family: Family, value_type: str, report: _Report) -> Iterator[Problem]:
    """Each kind brings the wordings it needs, and there are no others."""
    claims = "yes_no" in family.kinds and value_type != "Bool"
    wanted = {
        "question": bool(set(family.kinds) - {"yes_no"}) or ("yes_no" in family.kinds and not claims),
        "claim": claims,
        "statement": bool({"open", "segment"} & set(family.kinds)),
    }
    for part in _PARTS:
        given = bool(getattr(family, part))
        if wanted[part] and not given:
            yield report(part, f"kinds {', '.join(family.kinds)} need a {part}", f"add {part} = [...]")
        if given and not wanted[part]:
            yield report(part, f"no kind of this family uses a {part}", f"remove {part} or add the kind that uses it")


def _other_frame(family: Family, language: Language, report: _Report) -> Iterator[Problem]:
    """The counterparts ask the same program with the viewer's word in place of the patient's (section 7b)."""
    if not family.other_frame:
        return
    found = [call for call in _calls(family.program) if programs.call_name(call) in _COUNTERPARTS]
    if len(found) != 1 or len(family.other_frame) != len(_ALONG):
        message = "not two families, or the program has no single call that has counterparts"
        yield report("other_frame", message, f"call one of {', '.join(_COUNTERPARTS)} once, and name two families")
        return
    families = {other.id: other for other in language.families}
    program = programs.text_of(programs.parse(family.program))
    for name, word in zip(family.other_frame, _ALONG, strict=True):
        wanted = program.replace(f"{programs.call_name(found[0])}(", f"{word}(")
        if name not in families:
            yield report("other_frame", f"there is no family {name!r}", f"name the one that asks {wanted}")
        elif _spelled(families[name].program) != wanted:
            yield report("other_frame", f"{name} asks another program", f"name the one that asks {wanted}")
        elif not {"open", "choice"} & {*family.kinds} & {*families[name].kinds}:
            yield report("other_frame", f"{name} shares neither open nor choice", "give both families one of the two")


def _spelled(program: str) -> str | None:
    try:
        return programs.text_of(programs.parse(program))
    except programs.ProgramError:  # said where that family is checked
        return None


def wordings(family: Family, language: Language) -> Iterator[Wording]:
    """All wordings of a family whose program parses, part by part."""
    value_type = programs.value_type(family.program)
    slots = programs.slots(family.program)
    among = "choice" in family.kinds and value_type == "One"
    literals = _said(family.program)
    for part in _PARTS:
        for number, text in enumerate(getattr(family, part), start=1):
            yield Wording(
                file=f"{language.language}/{family.theme}.toml",
                owner=family.id,
                frame=family.frame,
                part=part,
                number=number,
                text=text,
                value_type=value_type,
                slots=slots,
                named=() if among and part == "question" else slots,
                literals=literals,
            )


def _said(program: str) -> frozenset[str]:
    """What a program names: its literals, and of words such as ``second_leftmost`` and ``no`` their parts."""
    quoted = re.findall(r'"([^"]*)"', programs.text_of(programs.parse(program)))
    parts = [part.removesuffix("most") for word in programs.words(program) for part in word.split("_")]
    return frozenset([*quoted, *parts])


def _calls(program: str) -> list[ast.Call]:
    return [node for node in ast.walk(programs.parse(program)) if isinstance(node, ast.Call)]


def _is_choice_among(program: str) -> bool:
    """Whether the value is one out of a single ``among`` that holds every slot: its members are the options."""
    references = [call for call in _calls(program) if programs.call_name(call) in programs.REFERENCES]
    return len(references) == 1 and programs.call_name(references[0]) == "among"


def _interchangeable(program: str, slots: Sequence[str]) -> bool:
    """Whether the program means the same when any two of these slots change places."""
    tree = programs.parse(program)
    swaps = [{one: other, other: one} for one, other in pairwise(slots)]
    return (
        len(slots) > 1
        and {*slots} <= {*programs.slots(program)}
        and all(_meaning(tree, swap) == _meaning(tree, {}) for swap in swaps)
    )


def _meaning(node: ast.expr, swap: Mapping[str, str]) -> str:
    """The program as text with slots exchanged, and what may be said in any order put into one."""
    match node:
        case ast.Name():
            return swap.get(node.id, node.id)
        case ast.Compare(left=ast.Call() as call, comparators=[right]):
            mutual = programs.call_name(call) == "topology" and programs.constant(right) in _MUTUAL
            return f"{_called(call, swap, unordered=mutual)} == {ast.unparse(right)}"
        case ast.Call():
            return _called(node, swap, unordered=programs.call_name(node) in _UNORDERED)
    return ast.unparse(node)


def _called(call: ast.Call, swap: Mapping[str, str], *, unordered: bool) -> str:
    args = [_meaning(arg, swap) for arg in call.args]
    words = [_meaning(keyword.value, swap) for keyword in call.keywords]
    first = 1 if programs.call_name(call) == "between" else 0  # between the other two, whichever is named first
    free = sorted(args[first:]) if unordered or first else args[first:]
    return f"{programs.call_name(call)}({', '.join([*args[:first], *free, *words])})"


def _repeated_ids(language: Language) -> Iterator[Problem]:
    seen: dict[str, Family] = {}
    for family in language.families:
        if (other := seen.setdefault(family.id, family)) is not family:
            yield _report(family, language)("id", f"also used in {other.theme}.toml", "give each family its own id")


def _repeated_wordings(language: Language) -> Iterator[Problem]:
    """No sentence stands twice, in one family or in two: it could not say which program it asks for."""
    written = [wording for family in language.families for wording in _texts(family, language)]
    seen: dict[str, str] = {}
    for file, owner, field, text in [
        *written,
        *((w.file, w.owner, w.field, w.text) for w in refusal_wordings(language)),
    ]:
        place = f"{owner}, {field}"
        if (other := seen.setdefault(normalised(text), place)) != place:
            message, advice = f"the same wording as {other}", "word it differently or remove it"
            yield Problem(file=file, family=owner, field=field, column=1, message=message, advice=advice)


def _texts(family: Family, language: Language) -> Iterator[tuple[str, str, str, str]]:
    """File, family, field and text of each wording."""
    for part in _PARTS:
        for number, text in enumerate(getattr(family, part), start=1):
            yield f"{language.language}/{family.theme}.toml", family.id, f"{part} {number}", text


def _repeated_programs(families: list[Family], language: Language) -> Iterator[Problem]:
    """No two families can ask the same program in the same kind of the same labels: ids of questions would clash."""
    seen: list[tuple[str, dict[str, str], Family]] = []
    for family in families:
        for closed, roles in _questions(family):
            for other, other_roles, earlier in seen:
                if other == closed and all(roles.get(slot, role) == role for slot, role in other_roles.items()):
                    advice = "merge the two, or give them different roles"
                    yield _report(family, language)("program", f"{earlier.id} asks the same", advice)
                    break
            else:
                seen.append((closed, roles, family))


def _questions(family: Family) -> Iterator[tuple[str, dict[str, str]]]:
    """What a family asks, as text that does not depend on the names of its slots, with the roles of the slots."""
    program = programs.text_of(programs.parse(family.program))
    order = dict.fromkeys(re.findall(r"\b[A-Z]\b", program))
    names = {slot: f"${number}" for number, slot in enumerate(order)}
    program = re.sub(r"\b[A-Z]\b", lambda found: names[found.group()], program)
    roles = {names[slot]: role for slot, role in family.where if slot in names}
    value_type = programs.value_type(family.program)
    for kind in family.kinds:
        claimed = kind == "yes_no" and value_type in VALUES and value_type != "Bool"
        for token in VALUES[value_type] if claimed else [""]:
            yield f"{kind} {program}" + (f' == "{token}"' if token else ""), roles
