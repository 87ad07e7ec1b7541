"""PRS-Med: a vision-language model that answers in words, and a mask decoder that listens to the question.

    picture ──▶ image encoder ──▶ features ───────────▶ fusion ──▶ mask decoder ──▶ mask
       └──────▶ language model ──▶ states of the question ──┘
                               └──▶ answer

One forward pass of the language model gives the loss of the answer and the states that condition the mask. The states
are those of the prompt (``ModelConfig.condition``), in training as in prediction; an answer is never among them.

Shapes: B pictures, K questions of each, T tokens of a row, N = h w image tokens, C channels, S px a side.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import peft
import torch
import transformers as hf
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from baselines.prs_med import config as configs
from baselines.prs_med.config import ModelConfig, Preset, Refused
from baselines.prs_med.data import Batch
from baselines.prs_med.decoder import Fusion, Glance, MaskDecoder, PaperDecoder
from baselines.prs_med.encoder import Features, channels, features
from baselines.prs_med.packing import FIRST, block_mask, visible

BOTH_WAYS = ("gemma3",)
"""Models whose picture tokens see each other whatever their order."""

PREFIXED = ("paligemma",)
"""Models in which the picture sees the question too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Mask logits (B, K, h', w'), logits (n, vocabulary) of the n tokens that have a label, and those labels (n,).

    ``cells`` (B, labels, h, w) and ``pixels`` (B, labels, h', w') are logits of the auxiliary head: which structures
    lie in each cell of the image features, and at each pixel.
    """

    masks: Tensor
    text: Tensor
    labels: Tensor
    cells: Tensor | None = None
    pixels: Tensor | None = None


class PRSMed(nn.Module):
    """The parts, by constructor. Without ``image_encoder`` the language model's own vision tower serves both."""

    def __init__(
        self,
        vlm: nn.Module,
        image_encoder: nn.Module | None,
        fusion: nn.Module,
        mask_decoder: nn.Module,
        glance: nn.Module | None = None,
        structures: nn.ModuleList | None = None,
    ) -> None:
        super().__init__()
        self.vlm, self.image_encoder = vlm, image_encoder
        self.fusion, self.mask_decoder = fusion, mask_decoder
        self.glance, self.structures = glance, structures

    @property
    def core(self) -> Any:
        """The transformers model, inside its adapters if it has any."""
        return self.vlm.get_base_model() if isinstance(self.vlm, peft.PeftModel) else self.vlm

    def forward(self, batch: Batch, *, structures_only: bool = False) -> Output:
        """Mask and text logits of a batch with answers, or only those of the auxiliary head."""
        seen, inputs = self.look(batch)
        if structures_only:
            return self._structures(seen)
        states = self.read(batch, inputs).last_hidden_state
        masks, fine, drawn = self.masks(batch, seen, states)
        row, place = (batch.text.labels >= 0).nonzero(as_tuple=True)
        owner = batch.text.segment[row, place] - FIRST
        text = self.words(states[row, place], None if drawn is None else drawn[row, owner])
        cells = pixels = None
        if self.structures is not None and fine is not None:
            cells, pixels = self.structures[0](seen.grid), self.structures[1](fine)
        return Output(masks=masks, text=text, labels=batch.text.labels[row, place], cells=cells, pixels=pixels)

    def _structures(self, seen: Features) -> Output:
        """What the picture alone tells. The other parameters join with a weight of nought: distributed training waits
        for a gradient of each."""
        assert self.structures is not None
        nought = 0 * sum(p.sum() for p in self.parameters() if p.requires_grad)
        cells, pixels = self.structures[0](seen.grid), self.structures[1](self.mask_decoder.fine(seen))
        none = pixels.new_zeros(0)
        return Output(masks=none, text=none, labels=none, cells=cells + nought, pixels=pixels)

    def words(self, states: Tensor, drawn: Tensor | None) -> Tensor:
        """Vocabulary logits of states (..., D), each with the summary of its question's mask (..., D), if any."""
        if self.glance is not None and drawn is not None:
            states = self.glance(states.to(drawn.dtype), drawn)
        head = self.core.get_output_embeddings()
        return head(states.to(head.weight.dtype))

    def look(self, batch: Batch) -> tuple[Features, dict[str, Any]]:
        """Image features, and what the language model is to be given of the pictures; the tower runs once."""
        if self.image_encoder is not None:
            return features(self.image_encoder(batch.pixels)), dict(batch.vision)
        seen = self.core.get_image_features(**batch.vision, return_dict=True)
        return features(seen), {"mm_encoder_outputs": {"image": seen}}

    def read(self, batch: Batch, inputs: dict[str, Any], **cache: Any) -> Any:
        """The language model's pass over packed rows."""
        text, model = batch.text, self.core.model
        both_ways = self._pictures(text.ids)
        if batch.known.shape[1] == 1 and both_ways is None and not cache:
            mask = torch.ones_like(text.ids)  # causal: padding comes last, where no token that counts can see it
        else:
            mask = block_mask(text.segment, both_ways=both_ways)
        return model(
            input_ids=text.ids,
            attention_mask=mask,
            position_ids=self._positions(batch)[0],
            use_cache=bool(cache),
            **inputs,
            **cache,
        )

    def masks(self, batch: Batch, seen: Features, states: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """From the prompt's states (B, T, D): mask logits (B, K, h', w'), the decoder's fine features if it has any,
        and a summary of each mask (B, K, D) if sentences are to look at it."""
        b, k, length = batch.text.words.shape
        heard = self.fusion.project(states.to(seen.grid.dtype))  # before it is gathered: it is narrower
        index = batch.text.words.flatten(1)[:, :, None].expand(-1, -1, heard.shape[2])
        words = heard.gather(1, index).view(b * k, length, -1)
        tokens = seen.grid.flatten(2).transpose(1, 2)
        tokens = tokens[:, None].expand(-1, k, -1, -1).flatten(0, 1)
        known = batch.text.known.flatten(0, 1)
        fused = self.fusion(tokens, words, known)
        masks, fine = self.mask_decoder(fused, words, known, seen, k)
        return masks, fine, self.glance.summarise(masks, fused, seen) if self.glance is not None else None

    @torch.no_grad()
    def answer(self, batch: Batch, limit: int = 48) -> tuple[Tensor, list[list[list[int]]]]:
        """Mask logits (B, K, h', w') and, greedily, up to ``limit`` answer tokens of every question of every view.

        The questions of a view are continued together, each seeing the picture and itself.
        """
        seen, inputs = self.look(batch)
        cache = hf.DynamicCache()  # whole rows, also in layers with a window: the mask says what is seen
        states = self.read(batch, inputs, past_key_values=cache).last_hidden_state
        masks, _, drawn = self.masks(batch, seen, states)
        text = batch.text
        rows = torch.arange(len(states), device=states.device)[:, None]
        ids = self.words(states[rows, text.last], drawn).argmax(-1)
        positions, offset = self._positions(batch)
        place = text.positions.gather(1, text.last)
        segment = text.segment
        mine = FIRST + torch.arange(ids.shape[1], device=ids.device).expand_as(ids)
        said = [ids]
        for _ in range(limit - 1):
            if self.end is not None and ended(torch.stack(said), text.last, self.end):
                break
            segment, place = torch.cat([segment, mine], 1), place + 1
            out = self.core.model(
                input_ids=ids,
                attention_mask=visible(mine, segment),
                position_ids=place if positions.ndim == 2 else (place + offset).expand(len(positions), -1, -1),
                past_key_values=cache,
                use_cache=True,
            )
            ids = self.words(out.last_hidden_state, drawn).argmax(-1)
            said.append(ids)
        return masks, torch.stack(said, -1).tolist()

    end: int | None = None
    """Token that ends an answer, set by whoever knows the tokenizer."""

    def _pictures(self, ids: Tensor) -> Tensor | None:
        cfg = self.core.config
        return ids == cfg.image_token_id if cfg.model_type in BOTH_WAYS else None

    def _positions(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Positions (B, T), or (3, B, T) for models that place picture tokens in two dimensions, and by how much the
        latter moves what follows the picture (B, 1)."""
        text = batch.text
        rope = getattr(self.core.model, "get_rope_index", None)
        if rope is None:
            return text.positions, torch.zeros_like(text.ids[:, :1])
        picture = (text.segment == 1).long()
        vision = {k: v for k, v in batch.vision.items() if k == "image_grid_thw"}
        kinds = (text.ids == self.core.config.image_token_id).int()
        placed = rope(text.ids, mm_token_type_ids=kinds, attention_mask=picture, **vision)[0]
        placed = placed.masked_fill(picture[None] == 0, 0)
        offset = placed.amax((0, 2)) + 1 - picture.sum(1)
        moved = (text.positions + offset[:, None]).expand_as(placed)
        return torch.where(picture[None].bool(), placed, moved), offset[:, None]


def ended(said: Tensor, last: Tensor, end: int) -> bool:
    """Whether every question has said ``end``: tokens (n, B, K); a question whose prompt ends at 0 does not exist."""
    return bool(((said == end).any(0) | (last == 0)).all())


def assemble(config: ModelConfig, vlm: Any, encoder: nn.Module | None, labels: int = 0) -> PRSMed:
    """Fusion and decoder of the right sizes around a language model and an image encoder.

    ``labels``: number of structure labels of the auxiliary head, 0 for none.
    """
    shape = encoder.config if encoder is not None else vlm.config.vision_config
    width, finer = channels(shape)
    text = vlm.config.get_text_config().hidden_size
    fusion = Fusion(width, text, config.text_hidden, config.heads, config.layer_heads)
    decoder = PaperDecoder(width) if config.paper else MaskDecoder(width, finer, stages=config.stages)
    head = None
    if labels and isinstance(decoder, MaskDecoder):
        head = nn.ModuleList([nn.Conv2d(width, labels, 1), nn.Conv2d(decoder.pixel, labels, 1)])
    glance = Glance(width, text) if config.glance else None
    return PRSMed(vlm, encoder, fusion, decoder, glance, head)


def build(config: ModelConfig, tokenizer: Any = None, labels: int = 0) -> PRSMed:
    """The model of a configuration: pretrained parts loaded, the others at random (seed first).

    ``tokenizer`` gives size and special tokens to a language model that is built at random.
    """
    vlm = _language(config, tokenizer)
    encoder = _encoder(config)
    for part, weights in ((vlm, config.vlm_weights), (encoder, config.encoder_weights)):
        if part is not None and weights != "all":
            part.requires_grad_(False)
    model = assemble(config, vlm, encoder, labels)
    if config.vlm_weights == "lora":
        model.vlm = peft.get_peft_model(vlm, _lora(config))
    return model


def _lora(config: ModelConfig) -> peft.LoraConfig:
    """Adapters on the attention of the language model alone: a vision tower has layers of the same names."""
    return peft.LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=r"(.*\.)?(language_model|text_model)\..*\.(q_proj|k_proj|v_proj|o_proj)",
    )


def _language(config: ModelConfig, tokenizer: Any) -> Any:
    dtype = getattr(torch, config.dtype) if config.vlm_weights != "all" else torch.float32
    options: dict[str, Any] = {"dtype": dtype, "attn_implementation": config.attention}
    source = _sized(config.vlm_config, tokenizer) if not config.vlm else hf.AutoConfig.from_pretrained(config.vlm)
    if source.model_type in PREFIXED:
        raise Refused(
            f"{source.model_type} reads pictures and questions in both directions: questions cannot share one"
        )
    if config.vlm:
        return hf.AutoModelForImageTextToText.from_pretrained(config.vlm, trust_remote_code=False, **options)
    return hf.AutoModelForImageTextToText.from_config(source, **options)


def _sized(given: Mapping[str, Any], tokenizer: Any) -> Any:
    """A transformers configuration whose vocabulary and special tokens are the tokenizer's."""
    raw: dict[str, Any] = json.loads(json.dumps(given))
    if tokenizer is not None:
        raw["text_config"] |= {
            "vocab_size": len(tokenizer), "eos_token_id": tokenizer.eos_token_id,
            "pad_token_id": tokenizer.pad_token_id,
        }  # fmt: skip
        raw["image_token_id"] = tokenizer.convert_tokens_to_ids("<image>")
    return hf.AutoConfig.for_model(**raw)


def _encoder(config: ModelConfig) -> Any:
    if config.encoder:  # the whole of SAM or SAM 2, of which its encoder is wanted, or an encoder alone
        whole = hf.AutoModel.from_pretrained(config.encoder, trust_remote_code=False, dtype=torch.float32)
        return getattr(whole, "vision_encoder", whole)
    return hf.AutoModel.from_config(hf.AutoConfig.for_model(**config.encoder_config)) if config.encoder_config else None


def save(
    folder: Path,
    model: PRSMed,
    preset: Preset,
    processor: Any,
    labels: Sequence[str] = (),
    weights: Mapping[str, Tensor] | None = None,
) -> None:
    """Write all that ``load`` needs: safetensors, adapters in PEFT's format, processor, configuration.

    Frozen parts that came from a checkpoint are named, not copied. ``weights``: the model's state, where it has to be
    gathered from several processes first.
    """
    weights = model.state_dict() if weights is None else weights
    folder.mkdir(parents=True, exist_ok=True)
    configs.write(folder, preset)
    (folder / "labels.json").write_text(json.dumps(list(labels)) + "\n", "utf-8")
    processor.save_pretrained(folder / "processor")
    if preset.model.vlm_weights != "frozen" or not preset.model.vlm:
        language = {name.removeprefix("vlm."): t for name, t in weights.items() if name.startswith("vlm.")}
        model.vlm.save_pretrained(folder / "language", state_dict=language)
    save_file(_own(weights, preset.model), folder / "model.safetensors", metadata={"format": "pt"})


def _own(weights: Mapping[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """Weights that are neither in ``language`` nor in the encoder's own checkpoint."""
    copied = ("vlm.",) if config.encoder_weights == "all" or not config.encoder else ("vlm.", "image_encoder.")
    return {name: t.contiguous() for name, t in weights.items() if not name.startswith(copied)}


def load(folder: Path) -> tuple[PRSMed, Preset, Any, list[str]]:
    """Model, preset, processor and labels of a folder that ``save`` wrote. Raises ``Refused`` for anything else."""
    preset = configs.read(folder)
    try:
        processor = hf.AutoProcessor.from_pretrained(folder / "processor", trust_remote_code=False)
        labels = json.loads((folder / "labels.json").read_text("utf-8"))
        model = _loaded(folder, preset.model, len(labels))
        own = load_file(folder / "model.safetensors")
    except Exception as error:
        raise Refused(f"{folder} is not a whole checkpoint ({type(error).__name__}: {error})") from error
    wanted = _own(model.state_dict(), preset.model)
    wrong = [name for name in wanted if name not in own or own[name].shape != wanted[name].shape]
    wrong += sorted(set(own) - set(wanted))
    if wrong:
        raise Refused(f"{folder}/model.safetensors does not fit its config.json: {', '.join(wrong[:5])}")
    model.load_state_dict(own, strict=False)
    return model.eval(), preset, processor, labels


def _loaded(folder: Path, config: ModelConfig, labels: int) -> PRSMed:
    """The model with its language part loaded; the rest is still as built."""
    path = folder / "language"
    if config.vlm_weights == "all":
        return build(replace(config, vlm=str(path)), labels=labels)
    if config.vlm_weights == "frozen":
        return build(config if config.vlm else replace(config, vlm=str(path)), labels=labels)
    model = build(replace(config, vlm_weights="frozen"), labels=labels)
    model.vlm = peft.PeftModel.from_pretrained(model.vlm, path, is_trainable=True)
    return model
