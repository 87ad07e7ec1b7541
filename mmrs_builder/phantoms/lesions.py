"""Lesions: how many, how large, and where, each with a stated intent that its geometry then keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

import numpy as np

from mmrs_builder.phantoms.anatomy import waves
from mmrs_builder.phantoms.blob import Blob, level, outline, place, scaled
from mmrs_builder.phantoms.regions import Region
from mmrs_builder.phantoms.scene import Field, Intent, Shape, generator, visible
from mmrs_builder.phantoms.shapes import cut_from_outside, moments

EMPTY: Final = 0.12  # views without a lesion
COUNTS: Final = (0.5, 0.25, 0.15, 0.1)  # one, two, three, four lesions, of the others
INDIVIDUAL: Final = 0.5  # annotated one by one, of views with several lesions
LARGEST: Final = 0.25  # of the picture
LEAST: Final = 0.0042
INTENTS: Final[tuple[tuple[Intent, float], ...]] = (
    ("free", 0.45), ("inside", 0.2), ("overlap", 0.12), ("touch", 0.11), ("border", 0.12),
)  # fmt: skip
GAP: Final = 9.0  # px kept between lesions that share a mask, before the view's small motion


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where lesions may grow."""

    region: Region
    field: Field
    body: Blob | None
    organs: tuple[Shape, ...]


def lesions(ground: Ground, key: tuple[object, ...]) -> tuple[tuple[Shape, ...], tuple[str, ...]]:
    """The patient's lesions, and the labels among them that are annotated one by one."""
    rng = generator(*key, "lesions")
    if rng.random() < EMPTY:
        return (), ()
    wanted = 1 + int(rng.choice(4, p=COUNTS))
    individual = wanted > 1 and rng.random() < INDIVIDUAL
    grown: list[Shape] = []
    for _ in range(wanted):
        label = str(rng.choice(ground.region.lesions))
        shape = grow(ground, grown, label, wanted, individual, rng)
        if shape is not None:
            grown.append(shape)
    labels = {shape.label for shape in grown}
    return tuple(grown), tuple(sorted(labels)) if individual else ()


def grow(
    ground: Ground, grown: list[Shape], label: str, wanted: int, individual: bool, rng: np.random.Generator
) -> Shape | None:
    """One lesion that keeps its intent and its distance; smaller with every failed try. None if there is no room."""
    intent = draw_intent(ground, rng)
    largest = LARGEST / wanted**1.3
    fraction = float(LEAST * (largest / LEAST) ** (rng.random() ** 0.7))
    ninth = int(rng.integers(3)), int(rng.integers(3))
    for attempt in range(80):
        if attempt == 30:
            intent = "free"
        if attempt == 60:
            ninth = int(rng.integers(3)), int(rng.integers(3))
        shrunk = max(LEAST, fraction * 0.955**attempt)
        shape, host = candidate(ground, label, intent, ninth, shrunk, rng)
        if keeps_intent(shape, host, ground) and keeps_distance(shape, grown, individual):
            return shape
    return None


def draw_intent(ground: Ground, rng: np.random.Generator) -> Intent:
    """An intent by rate; without organs there is nothing to lie in or on."""
    intent = INTENTS[int(rng.choice(len(INTENTS), p=[p for _, p in INTENTS]))][0]
    return intent if hosts(ground, intent) or intent == "border" else "free"


def hosts(ground: Ground, intent: Intent) -> list[Shape]:
    """Organs wide enough to hold or carry a lesion. What all lesions lie in (the brain) has none on its edge."""
    least = (0.028 if intent == "inside" else 0.02) * ground.field.width
    wide = [organ for organ in ground.organs if min(organ.blob.a, organ.blob.b) > least]
    return [organ for organ in wide if intent == "inside" or organ.blob != ground.body]


def candidate(
    ground: Ground, label: str, intent: Intent, ninth: tuple[int, int], fraction: float, rng: np.random.Generator
) -> tuple[Shape, Shape | None]:
    """A random lesion of about ``fraction`` of the picture, and its host; nothing about it is checked yet."""
    field = ground.field
    host = None
    if intent in ("inside", "overlap", "touch"):
        choice = hosts(ground, intent)
        host = choice[int(rng.integers(len(choice)))]
    radius = sqrt(fraction * field.width * field.height / np.pi)
    if host is not None and intent == "inside":
        radius = min(radius, 0.6 * min(host.blob.a, host.blob.b))
    x, y = position(ground.field, intent, host, ninth, radius, rng)
    blob = lesion_blob(label, x, y, radius, rng)
    cuts = (host.blob,) if host is not None and intent == "touch" else ()
    return Shape(label=label, blob=blob, cuts=cuts, intent=intent, host=host.label if host else None), host


def lesion_blob(label: str, x: float, y: float, radius: float, rng: np.random.Generator) -> Blob:
    """Cysts are smooth, other lesions irregular."""
    stretch = float(np.exp(rng.normal(0, 0.16)))
    rough = 0.03 if label == "cyst" else float(rng.uniform(0.05, 0.12))
    return Blob(
        x=x,
        y=y,
        a=radius * stretch,
        b=radius / stretch,
        tilt=float(rng.uniform(0, np.pi)),
        waves=waves(rng, rough, orders=6),
    )


def position(
    field: Field, intent: Intent, host: Shape | None, ninth: tuple[int, int], radius: float, rng: np.random.Generator
) -> tuple[float, float]:
    """A pole that suits the intent: in or on the host, across the frame, or in the given ninth of the picture."""
    if host is not None:
        angle = np.array([rng.uniform(0, 2 * np.pi)])
        out = {"inside": rng.uniform(0, 0.7), "overlap": rng.uniform(0.95, 1.05), "touch": 1.0}[intent]
        if intent == "touch":
            out += 0.8 * radius / (0.5 * (host.blob.a + host.blob.b))
        on_x, on_y = place(host.blob, np.array([out]), angle)
        return float(on_x[0]), float(on_y[0])
    u, v = (ninth[0] + rng.random()) / 3.0, (ninth[1] + rng.random()) / 3.0
    if intent == "border":
        depth = rng.uniform(-0.2, 0.6) * radius
        along = [(depth, v), (field.width - 1 - depth, v), (u, depth), (u, field.height - 1 - depth)]
        side = int(rng.integers(4))
        x, y = along[side]
        return (float(x), float(y * field.height)) if side < 2 else (float(x * field.width), float(y))
    return float(u * field.width), float(v * field.height)


def keeps_intent(shape: Shape, host: Shape | None, ground: Ground) -> bool:
    """Whether the lesion lies where a lesion may lie, is large enough, and relates to its host as intended."""
    field = ground.field
    x, y = outline(shape.blob, 48)
    if shape.intent != "border" and not visible(field, x, y, 0.035 * field.width).all():
        return False
    if ground.body is not None and not (level(ground.body, x, y) < (1.0 if shape.intent == "border" else 0.94)).all():
        return False
    part = moments(shape, field, angles=60, rings=16)
    pixels = field.width * field.height
    least = LEAST * (1.8 if shape.intent == "border" else 0.9)  # the view's motion may push more of it out
    if not least <= part.area / pixels <= LARGEST * 1.05:
        return False
    return host is None or suits_host(shape, host, field, part.area)


def suits_host(shape: Shape, host: Shape, field: Field, area: float) -> bool:
    """Inside with room to spare, overlapping by a good part, or touching along a good part of the edge."""
    if crossed(shape, host):
        return False
    if shape.intent == "inside":
        return bool((level(host.blob, *outline(shape.blob, 48)) < 0.93).all())
    if shape.intent == "touch":
        return cut_from_outside(shape) and 0.6 < area / moments(replace(shape, cuts=()), field, 60, 16).area < 0.93
    outer = moments(replace(shape, cuts=(host.blob,)), field, 60, 16).area
    return 0.3 < outer / area < 0.7


def crossed(shape: Shape, host: Shape) -> bool:
    """Whether something that is cut out of the host reaches into the lesion."""
    return any(bool((level(shape.blob, *outline(other)) < 1.1).any()) for other in host.cuts)


def keeps_distance(shape: Shape, grown: list[Shape], individual: bool) -> bool:
    """Lesions that share a mask stay apart; lesions annotated one by one may overlap, though not coincide."""
    return all(apart(shape.blob, other.blob, individual and shape.label == other.label) for other in grown)


def apart(a: Blob, b: Blob, may_overlap: bool) -> bool:
    """Whether two outlines are at least ``GAP`` px apart, or, if they may overlap, neither holds the other's core."""
    if may_overlap:
        a_core, b_core = outline(scaled(a, 0.5)), outline(scaled(b, 0.5))
        return bool((level(a, *b_core) > 1.0).all() and (level(b, *a_core) > 1.0).all())
    ax, ay = outline(a, 64)
    bx, by = outline(b, 64)
    gaps = np.hypot(ax[:, None] - bx, ay[:, None] - by)
    separate = bool((level(a, bx, by) > 1.0).all() and (level(b, ax, ay) > 1.0).all())
    return separate and float(gaps.min()) >= GAP
