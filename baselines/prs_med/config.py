"""Every number of a run, and the presets by name. The only place with checkpoint names."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

Weights = Literal["frozen", "lora", "all"]
Condition = Literal["question", "image+question"]


class Refused(ValueError):
    """Input that cannot be used: the message says what, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """What the model is made of.

    A part comes from a checkpoint (``vlm``, ``encoder``: a hub name or a folder) or is built at random from a
    transformers configuration (``*_config``, with ``model_type``). Without an ``encoder`` the language model's own
    vision tower gives the image features.
    """

    vlm: str | None = None
    vlm_config: dict[str, Any] = field(default_factory=dict)
    vlm_weights: Weights = "lora"
    encoder: str | None = None
    encoder_config: dict[str, Any] = field(default_factory=dict)
    encoder_weights: Literal["frozen", "all"] = "all"
    image_size: int = 1024  # px, side of the encoder's square input; the aspect ratio is not kept, as in the paper
    text_hidden: int = 512  # between the width of the language model and that of the image features
    heads: int = 8
    layer_heads: int = 16
    stages: int = 2  # doublings of the coarse grid in the mask decoder
    condition: Condition = "question"  # whose last states the mask is conditioned on; never the answer's
    paper: bool = False  # the published mask decoder (one x16 bilinear upsampling) and mask loss
    glance: bool = False  # answers look at the mask that was drawn; not in the paper
    lora_rank: int = 16
    lora_alpha: int = 16
    lora_dropout: float = 0.05
    dtype: Literal["float32", "bfloat16"] = "float32"  # of frozen weights; what is trained is float32
    attention: str = "sdpa"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """How it is trained. A *step* is one update of the weights with ``views`` pictures over all processes."""

    steps: int = 10_000
    views: int = 8
    views_per_pass: int = 8  # per process; the rest of a step is accumulated
    questions: int = 3  # of one picture, packed into one sequence that shares its image tokens
    learning_rate: float = 1e-4
    warmup: int = 100  # steps
    floor: float = 0.01  # the cosine ends at this part of the learning rate
    weight_decay: float = 1e-5
    clip: float = 1.0  # norm of the gradient
    text_weight: float = 1.0
    mask_weight: float = 1.0
    structure_weight: float = 0.0  # auxiliary: which structures lie where, from every mask of a view (0: none decoded)
    precision: Literal["no", "bf16"] = "no"
    picture_steps: int = 0  # so many steps at first train the image encoder on the auxiliary task alone
    checkpointing: bool = False  # recompute activations of the language model
    streaming: bool = False
    buffer: int = 512  # views shuffled at a time when streaming
    workers: int = 0  # processes that decode pictures
    validate_every: int = 500  # steps
    validation_views: int = 64
    save_every: int = 500  # steps
    keep: int = 2  # newest checkpoints besides the best
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A model and how to train it."""

    model: ModelConfig
    train: TrainConfig


def tiny() -> Preset:
    """Random weights, no download, minutes on two CPU cores: one TinyViT serves the language model and the masks."""
    vision = {
        "model_type": "mmrs_tiny_vit", "image_size": 128, "dims": [24, 48, 96, 128], "depths": [2, 2, 2, 2],
        "heads": [1, 2, 4, 4], "windows": [8, 8, 8, 8], "ratio": 3, "hidden_size": 128, "norm": "group",
        "positions": True,
    }  # fmt: skip
    language = {
        "model_type": "llama", "hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 3,
        "num_attention_heads": 4, "num_key_value_heads": 4, "max_position_embeddings": 2048,
        "tie_word_embeddings": True, "initializer_range": 0.08,
    }  # fmt: skip
    model = ModelConfig(
        vlm_config={
            "model_type": "llava", "vision_config": vision, "text_config": language, "vision_feature_layer": -1,
            "vision_feature_select_strategy": "full", "image_seq_length": 64, "tie_word_embeddings": True,
        },
        vlm_weights="all", image_size=128, text_hidden=128, heads=4, layer_heads=4, stages=3, glance=True,
    )  # fmt: skip
    train = TrainConfig(
        steps=2400, picture_steps=900, views=8, views_per_pass=8, questions=4, learning_rate=1.5e-3,
        weight_decay=0.02, structure_weight=1.0, validate_every=400, save_every=400,
    )  # fmt: skip
    return Preset(model=model, train=train)


def small() -> Preset:
    """Random weights for one GPU: a larger ``tiny`` at 256 px."""
    preset = tiny()
    vlm = preset.model.vlm_config
    vision = vlm["vision_config"] | {
        "image_size": 256, "dims": [48, 96, 160, 256], "depths": [2, 2, 6, 2], "heads": [2, 4, 5, 8], "hidden_size": 256
    }  # fmt: skip
    language = vlm["text_config"] | {
        "hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 8, "num_attention_heads": 8,
        "num_key_value_heads": 8,
    }  # fmt: skip
    vlm = vlm | {"vision_config": vision, "text_config": language, "image_seq_length": 256}
    return Preset(
        model=replace(preset.model, vlm_config=vlm, image_size=256, text_hidden=512, heads=8, layer_heads=8),
        train=replace(
            preset.train, steps=20_000, views=64, views_per_pass=64, learning_rate=5e-4, precision="bf16", workers=8
        ),
    )


def smolvlm() -> Preset:
    """SmolVLM with LoRA and SAM 2's small encoder."""
    return _pretrained("HuggingFaceTB/SmolVLM-500M-Instruct", "facebook/sam2.1-hiera-tiny")


def qwen_vl() -> Preset:
    """Qwen2.5-VL 3B with LoRA and SAM 2's small encoder."""
    return _pretrained("Qwen/Qwen2.5-VL-3B-Instruct", "facebook/sam2.1-hiera-tiny")


def medgemma() -> Preset:
    """MedGemma 4B with LoRA and SAM's base encoder. The checkpoint is gated: accept its terms on the hub first."""
    return _pretrained("google/medgemma-4b-it", "facebook/sam-vit-base")


def llava_med() -> Preset:
    """LLaVA-Med v1.5, converted by ``convert_llava_med`` into the folder of that name, and SAM's base encoder."""
    return _pretrained("llava-med-v1.5-mistral-7b-hf", "facebook/sam-vit-base")


def prs_med_7b() -> Preset:
    """The paper: LLaVA-Med v1.5 7B, LoRA, TinyViT trained whole at 1024 px, the published decoder and loss weights.

    TinyViT starts at random: give ``--set model.encoder=FOLDER`` for converted TinySAM weights, in which case its batch
    statistics are used and frozen.
    """
    preset = _pretrained("llava-med-v1.5-mistral-7b-hf", None)
    model = replace(
        preset.model, encoder_config={"model_type": "mmrs_tiny_vit", "norm": "batch"}, paper=True,
        condition="image+question", lora_dropout=0.1,
    )  # fmt: skip
    return Preset(model=model, train=replace(preset.train, warmup=0, learning_rate=1e-4))


def _pretrained(vlm: str, encoder: str | None) -> Preset:
    return Preset(
        model=ModelConfig(vlm=vlm, encoder=encoder, dtype="bfloat16"),
        train=TrainConfig(precision="bf16", workers=4),
    )


PRESETS: Final[dict[str, Callable[[], Preset]]] = {
    preset.__name__: preset for preset in (tiny, small, smolvlm, qwen_vl, medgemma, llava_med, prs_med_7b)
}


def changed(preset: Preset, assignments: list[str]) -> Preset:
    """The preset with ``train.steps=200`` or ``model.encoder=FOLDER`` applied. Raises ``Refused``."""
    for text in assignments:
        path, equals, value = text.partition("=")
        part, _, name = path.partition(".")
        if not equals or part not in ("model", "train"):
            raise Refused(f"--set {text}: write model.NAME=VALUE or train.NAME=VALUE")
        old = getattr(preset, part)
        if name not in {item.name for item in fields(old)}:
            raise Refused(f"--set {text}: {part} has no {name}; it has {', '.join(f.name for f in fields(old))}")
        preset = replace(preset, **{part: replace(old, **{name: _value(value, getattr(old, name), text)})})
    return preset


def _value(text: str, old: Any, assignment: str) -> Any:
    if old is None or isinstance(old, str):
        return text
    try:
        new = json.loads(text.lower() if isinstance(old, bool) else text)
    except json.JSONDecodeError:
        new = None
    if type(new) is not type(old) and not (isinstance(old, float) and type(new) is int):
        raise Refused(f"--set {assignment}: {type(old).__name__} wanted, as in {old!r}")
    return new


def write(folder: Path, preset: Preset) -> None:
    """Save as ``config.json``."""
    (folder / "config.json").write_text(json.dumps({"format": 1, **asdict(preset)}, indent=1) + "\n", "utf-8")


def read(folder: Path) -> Preset:
    """The preset saved in a folder. Raises ``Refused`` for anything but a folder that ``write`` made."""
    try:
        raw = json.loads((folder / "config.json").read_text("utf-8"))
        if raw["format"] != 1:
            raise Refused(f"{folder}: written by another version of this model (format {raw['format']}, known: 1)")
        return Preset(model=ModelConfig(**raw["model"]), train=TrainConfig(**raw["train"]))
    except (OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise Refused(
            f"{folder} is not a checkpoint of this model ({type(error).__name__}: {error}); train one, or name "
            "the folder that holds config.json"
        ) from error
