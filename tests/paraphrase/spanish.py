"""Small changes to a Spanish wording that change what it asks or states; the others are those of ``mutants``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from mmrs_builder.paraphrase.gates import Template
from tests.paraphrase import mutants
from tests.paraphrase.mutants import Mutation

_SIDES = {"izquierda": "derecha", "izquierdo": "derecho"}
_LEVELS = {"arriba": "abajo", "superior": "inferior", "encima": "debajo"}
_BODY = {"anterior": "posterior", "craneal": "caudal", "delante": "detrás", "cabeza": "pies"}
_SIZES = {"mayor": "menor", "más": "menos", "cerca": "lejos", "segundo": "tercero", "segunda": "tercera"}
_MEETINGS = {"dentro": "fuera", "toca": "contiene", "contiene": "toca", "superpone": "separa", "entre": "junto a"}
_REGIONS = {"cuadrante": "celda", "mitad": "esquina", "celda": "mitad", "lado": "cuadrante"}
_COUNTS = {"cada": "alguna", "todo": "parte de", "tanto": "solo", "solo": "también", "dos": "tres", "tres": "dos",
           "ambos": "uno de los", "o": "y", "al menos una": "cada una"}  # fmt: skip
_DENIALS = {"no": "sí", "sin que": "y", "fuera": "dentro", "ni": "y", "ningún": "algún", "carece": "dispone"}


def _exchanged(words: dict[str, str]) -> Mutation:
    both = {**{new: old for old, new in words.items()}, **words}
    pattern = "|".join(re.escape(word) for word in both)

    def mutate(text: str, _: Template) -> Iterator[str]:
        new = re.sub(rf"(?<![\w{{.])({pattern})(?![\w}}])", lambda found: both[found[0]], text)
        if new != text:
            yield new

    return mutate


def swap_sizes(text: str, template: Template) -> Iterator[str]:
    if not re.search(r"\b(gap|distance_mm|gap_mm|aligned)\(", template.family.program):  # either order asks the same
        yield from _exchanged(_SIZES)(text, template)


def _replaced(words: dict[str, str]) -> Mutation:
    def mutate(text: str, _: Template) -> Iterator[str]:
        for old, new in words.items():
            if re.search(rf"(?<![\w{{.-]){old}(?![\w}}-])", text):
                yield re.sub(rf"(?<![\w{{.-]){old}(?![\w}}-])", new, text, count=1)

    return mutate


def change_quantity(text: str, template: Template) -> Iterator[str]:
    listed = "among(" in template.family.program  # of these two, A and B
    yield from _replaced({old: new for old, new in _COUNTS.items() if not (listed and old == "o")})(text, template)


def swap_entities(text: str, template: Template) -> Iterator[str]:
    if "laterality(" not in template.family.program:  # both lie on one side, or they do not
        yield from mutants.swap_entities(text, template)


def add_denial(text: str, _: Template) -> Iterator[str]:
    for verb in ("se encuentra", "se sitúa", "queda", "está", "es", "ocupa", "se ve", "muestra", "delimita", "señala"):
        if re.search(rf"\b{verb}\b", text, re.IGNORECASE):
            yield re.sub(rf"\b{verb}\b", f"no {verb}", text, count=1, flags=re.IGNORECASE)


def add_laterality(text: str, template: Template) -> Iterator[str]:
    for owner in ["del observador", "de usted"] + (["del paciente"] if template.family.frame == "viewer" else []):
        yield f"{text[:-1]} desde el punto de vista {owner}{text[-1]}"


def drop_laterality(text: str, _: Template) -> Iterator[str]:
    if "paciente" in text:
        yield text.replace(" del paciente", "").replace(" del propio paciente", "").replace("el paciente", "ello")


def change_act(text: str, template: Template) -> Iterator[str]:
    lowered = text[0].lower() + text[1:-1]
    if template.wording.part == "statement":
        yield f"¿{text[:-1]}?"
        yield f"¿Es cierto que {lowered}?"
    elif text.startswith("¿") and not re.search(r"¿(\w+ )?(qué|cuál|cuánt|dónde|cómo)", text, re.IGNORECASE):
        yield f"{text[1:-1]}."
        yield f"¿Dónde {text[1].lower()}{text[2:]}"
    elif text.startswith("¿"):
        yield f"¿Puede decirse {text[1].lower()}{text[2:]}"


def add_options(text: str, _: Template) -> Iterator[str]:
    yield f"{text[:-1]} (a) izquierda o (b) derecha{text[-1]}"
    yield f"{text[:-1]} de las siguientes{text[-1]}"


def add_a_doubt(text: str, _: Template) -> Iterator[str]:
    yield f"{text[:-1]} probablemente{text[-1]}"
    yield f"{text[:-1]} en menos de 20 píxeles{text[-1]}"


def break_a_contraction(text: str, _: Template) -> Iterator[str]:
    for old, new in (("{B.of}", "de {B.of}"), ("{B.to}", "a {B.to}"), ("{A.of}", "de {A.of}")):
        if old in text:
            yield text.replace(old, new, 1)


MUTATIONS: Final[dict[str, Callable[[str, Template], Iterator[str]]]] = {
    "swap_sides": _exchanged(_SIDES),
    "swap_levels": _exchanged(_LEVELS),
    "swap_body_directions": _exchanged(_BODY),
    "swap_sizes": swap_sizes,
    "swap_meetings": _replaced(_MEETINGS),
    "change_region": _replaced(_REGIONS),
    "change_quantity": change_quantity,
    "drop_denial": _replaced(_DENIALS),
    **{it.__name__: it for it in (add_denial, add_laterality, drop_laterality, change_act, add_options, add_a_doubt)},
    "break_a_contraction": break_a_contraction,
    **{
        it.__name__: it
        for it in (
            swap_entities, mutants.tell_the_answer, mutants.lose_a_slot, mutants.add_a_slot, mutants.inject,
        )
    },
}  # fmt: skip
