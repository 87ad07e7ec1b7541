"""Convert LLaVA-Med v1.5 (Mistral-7B) to a checkpoint that transformers loads as `LlavaForConditionalGeneration`.

    python -m baselines.prs_med.convert_llava_med CHECKPOINT_DIR OUT_DIR [--vision CLIP_DIR] [--allow-bin]

Reads local folders only. Whatever does not fit is refused: no weight is dropped or made up silently.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from safetensors import SafetensorError, safe_open

TOWER = "model.vision_tower."
VOCABULARY = ("model.language_model.embed_tokens.weight", "lm_head.weight")
PREFIXES = {  # original -> transformers
    "lm_head.": "lm_head.",
    **{f"model.{part}": f"model.language_model.{part}" for part in ("embed_tokens.", "layers.", "norm.")},
    "model.mm_projector.0.": "model.multi_modal_projector.linear_1.",
    "model.mm_projector.2.": "model.multi_modal_projector.linear_2.",
    "model.vision_tower.vision_tower.vision_model.": TOWER,
}
# A CLIP folder holds the whole model or the tower alone; "" leaves out the text side, which LLaVA does not use.
CLIP_PREFIXES = {"vision_model.": TOWER, "text_": "", "visual_projection.": "", "logit_scale": ""}
CLIP_PREFIXES |= {part: TOWER + part for part in ("embeddings.", "pre_layrnorm.", "encoder.", "post_layernorm.")}
RECOMPUTED = ("rotary_emb.inv_freq", "embeddings.position_ids")  # buffers that old versions of transformers saved
KNOWN: dict[str, tuple[Any, ...]] = {
    "model_type": ("llava_mistral",),
    "mm_projector_type": ("mlp2x_gelu",),
    "mm_vision_select_layer": (-2,),
    "mm_vision_select_feature": ("patch",),
    "tie_word_embeddings": (False, None),
    "mm_use_im_start_end": (False, None),  # would put two more tokens around every image
}
TEXT_KEYS = (
    *("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "hidden_act"),
    *("num_key_value_heads", "head_dim", "max_position_embeddings", "initializer_range", "rms_norm_eps"),
    *("rope_theta", "rope_scaling", "sliding_window", "attention_dropout", "bos_token_id", "eos_token_id"),
)
# Upstream's conversation "mistral_instruct" to the letter: no system text, a space before </s>, turns not separated.
# No <s>: the processor adds it, to a rendered prompt as well as in apply_chat_template(tokenize=True).
CHAT_TEMPLATE = """\
{%- for message in messages -%}
{% if message.role != ['user', 'assistant'][loop.index0 % 2] %}{{ raise_exception('Turns must alternate') }}{% endif -%}
{%- set parts = [{'type': 'text', 'text': message.content}] if message.content is string else message.content -%}
{%- set text = parts | selectattr('type', 'equalto', 'text') | map(attribute='text') | join('\\n') -%}
{%- set images = parts | selectattr('type', 'equalto', 'image') | list | length -%}
{{ '[INST] ' + '<image>\\n' * images + text | trim + ' [/INST]' if message.role == 'user' else ' ' + text + ' </s>' }}
{%- endfor -%}
"""


class ConversionRefused(ValueError):
    """The checkpoint cannot be converted faithfully; the message says why."""


def renamed(name: str, prefixes: Mapping[str, str] = PREFIXES) -> str | None:
    """The transformers name of an original weight, "" for one to leave out, None for an unknown one."""
    return next((new and new + name.removeprefix(old) for old, new in prefixes.items() if name.startswith(old)), None)


def refuse_any(problem: str, names: Sequence[str]) -> None:
    """Refuse if there are such names; the message gives five, as the original calls them, and their number."""
    back = {new: old for old, new in PREFIXES.items()}
    if names:
        some = ", ".join(renamed(name, back) or name for name in names[:5])
        raise ConversionRefused(f"{problem}: {some} ({len(names)} in all)")


def read_config(folder: Path) -> dict[str, Any]:
    """config.json, refused unless it describes the one layout that this module converts."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    for key, values in KNOWN.items():
        if config.get(key) not in values:
            raise ConversionRefused(f"{folder / 'config.json'}: {key} is {config.get(key)!r}, known is {values}")
    return config


def weight_files(folder: Path, *, allow_bin: bool) -> list[Path]:
    """The files that hold a folder's weights: safetensors, or .bin where that is all there is and is allowed."""
    for file in (folder / "model.safetensors", *([folder / "pytorch_model.bin"] if allow_bin else [])):
        index = file.with_name(f"{file.name}.index.json")
        if index.is_file():
            return [folder / name for name in sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))]
        if file.is_file():
            return [file]
    pickles = "; .bin files are pickles: convert them to safetensors or, if you trust them, pass --allow-bin"
    raise ConversionRefused(f"{folder} has no safetensors weights{pickles if any(folder.glob('*.bin')) else ''}")


def read_tensors(folder: Path, *, allow_bin: bool) -> Iterator[tuple[str, torch.Tensor]]:
    """Every saved weight, file by file; those from safetensors stay mapped to their file until they are used."""
    for file in weight_files(folder, allow_bin=allow_bin):
        try:
            if file.suffix == ".bin":
                yield from torch.load(file, map_location="cpu", weights_only=True).items()
            else:
                with safe_open(file, framework="pt") as shard:
                    yield from ((name, shard.get_tensor(name)) for name in shard.keys())  # noqa: SIM118
        except SafetensorError as error:
            raise ConversionRefused(f"{file} is damaged: {error}") from error


def read_weights(folder: Path, prefixes: Mapping[str, str], *, allow_bin: bool) -> dict[str, torch.Tensor]:
    """A folder's weights under their transformers names; refused if a name is unknown or comes twice."""
    state: dict[str, torch.Tensor] = {}
    unexpected: list[str] = []
    for name, tensor in read_tensors(folder, allow_bin=allow_bin):
        new = "" if name.endswith(RECOMPUTED) else renamed(name, prefixes)
        if new is None or new in state:
            unexpected.append(name)
        elif new:
            state[new] = tensor
    refuse_any(f"{folder}: unexpected or repeated weights", unexpected)
    return state


def tower_config(state: Mapping[str, torch.Tensor], name: str) -> hf.CLIPVisionConfig:
    """The configuration of the tower inside a checkpoint, read off its shapes: config.json gives only its name."""
    measured = ("embeddings.patch_embedding", "embeddings.position_embedding", "encoder.layers.0.mlp.fc1")
    absent = [weight for part in measured if (weight := f"{TOWER}{part}.weight") not in state]
    refuse_any(f"no vision tower in the checkpoint, pass --vision with a copy of {name}; missing weights", absent)
    patches, positions, inner = (state[f"{TOWER}{part}.weight"].shape for part in measured)
    # Heads and activation leave no trace in shapes. OpenAI's ViT-B and ViT-L share them; other towers do not.
    if not Path(name).name.startswith("clip-vit-") or patches[0] % 64:
        raise ConversionRefused(f"the tower {name!r} is not one of OpenAI's: pass --vision with a local copy of it")
    return hf.CLIPVisionConfig(
        hidden_size=patches[0],
        intermediate_size=inner[0],
        num_hidden_layers=len({weight.split(".")[4] for weight in state if weight.startswith(f"{TOWER}encoder.")}),
        num_attention_heads=patches[0] // 64,
        image_size=math.isqrt(positions[0] - 1) * patches[-1],
        patch_size=patches[-1],
    )


def llava_config(original: Mapping[str, Any], tower: hf.CLIPVisionConfig) -> hf.LlavaConfig:
    """The transformers configuration, before the vocabulary is extended."""
    return hf.LlavaConfig(
        text_config=hf.MistralConfig.from_dict({key: original[key] for key in TEXT_KEYS if key in original}),
        vision_config=tower,
        image_seq_length=(tower.image_size // tower.patch_size) ** 2,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",  # "patch": without CLS
    )


def check_fit(found: Mapping[str, torch.Size], config: hf.LlavaConfig) -> None:
    """Refuse weights unless they are exactly the model's, by name and shape."""
    with torch.device("meta"):  # shapes without memory
        wanted = {name: w.shape for name, w in hf.LlavaForConditionalGeneration(config).state_dict().items()}
    refuse_any("missing weights", [name for name in wanted if name not in found])
    refuse_any("unexpected weights", [name for name in found if name not in wanted])
    other = [f"{name} {[*shape]} for {[*wanted[name]]}" for name, shape in found.items() if shape != wanted[name]]
    refuse_any("weights of other shapes than config.json says", other)


def extend_vocabulary(state: dict[str, torch.Tensor], rows: int) -> None:
    """Fill new rows of embedding and head with the mean of the old ones: greedy decoding cannot prefer them."""
    for name in VOCABULARY:
        mean = state[name].float().mean(dim=0, keepdim=True).to(state[name].dtype)
        state[name] = torch.cat([state[name], mean.expand(rows - len(state[name]), -1)])


def read_tokenizer(folder: Path) -> hf.LlamaTokenizer | None:
    """The checkpoint's tokenizer with `<image>` added; None where the folder has none."""
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model")):
        return None
    # Upstream's tokens begin with <s> and, after an image, with a space mark ("legacy"); neither is a default now.
    try:
        tokenizer = hf.LlamaTokenizer.from_pretrained(folder, legacy=True, add_bos_token=True, local_files_only=True)
    except (ImportError, ValueError) as error:
        raise ConversionRefused(f"{folder}: to read tokenizer.model, install sentencepiece and protobuf") from error
    tokenizer.init_kwargs |= {"legacy": True, "add_bos_token": True}  # save_pretrained would forget them
    tokenizer.add_tokens(hf.AddedToken("<image>", special=True, normalized=False), special_tokens=True)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.unk_token  # as upstream pads
    return tokenizer


def save_processor(tokenizer: hf.LlamaTokenizer | None, config: hf.LlavaConfig, *, pad: bool, out: Path) -> None:
    """Write the image processor and, where there is a tokenizer, the whole processor with the chat template."""
    sizes = dict.fromkeys(("size", "crop_size"), config.vision_config.image_size)
    # CLIP's own processor crops the longer side's ends off; trained with "pad", LLaVA sees the whole image.
    images = hf.LlavaImageProcessor(**sizes, do_pad=True) if pad else hf.CLIPImageProcessor(**sizes)
    processor = tokenizer and hf.LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=config.vision_config.patch_size,
        vision_feature_select_strategy=config.vision_feature_select_strategy,
        num_additional_image_tokens=1,  # CLS, which the strategy "default" subtracts again
        chat_template=CHAT_TEMPLATE,
    )
    (processor or images).save_pretrained(out)


def convert(checkpoint: Path, out: Path, *, vision: Path | None = None, allow_bin: bool = False) -> hf.LlavaConfig:
    """Write the converted checkpoint to `out`, all or nothing; a `vision` folder replaces the tower it may hold."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ConversionRefused(f"{out} exists and is not an empty folder")
    original, tokenizer = read_config(checkpoint), read_tokenizer(checkpoint)
    state = read_weights(checkpoint, PREFIXES, allow_bin=allow_bin)
    if vision is None:
        tower = tower_config(state, str(original.get("mm_vision_tower")))
    else:  # even if the checkpoint holds one: upstream's own loader ignores it and loads OpenAI's
        state = {name: weight for name, weight in state.items() if not name.startswith(TOWER)}
        state |= read_weights(vision, CLIP_PREFIXES, allow_bin=allow_bin)
        tower = hf.CLIPVisionConfig.from_pretrained(vision, local_files_only=True)
    config = llava_config(original, tower)
    check_fit({name: weight.shape for name, weight in state.items()}, config)
    rows, dtype = len(state[VOCABULARY[0]]), state[VOCABULARY[0]].dtype
    config.image_token_index = tokenizer.convert_tokens_to_ids("<image>") if tokenizer else rows
    config.text_config.vocab_size = 64 * math.ceil(max(rows + 1, len(tokenizer or ())) / 64)
    extend_vocabulary(state, config.text_config.vocab_size)
    with torch.device("meta"):
        model = hf.LlavaForConditionalGeneration(config)
    # One dtype, the language model's, as from_pretrained loads one: a tower from elsewhere may come in another.
    model.load_state_dict({name: weight.to(dtype) for name, weight in state.items()}, assign=True)
    model.generation_config.pad_token_id = tokenizer and tokenizer.pad_token_id
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as scratch:
        model.save_pretrained(Path(scratch, "new"), max_shard_size="5GB")
        save_processor(tokenizer, config, pad=original.get("image_aspect_ratio") == "pad", out=Path(scratch, "new"))
        Path(scratch, "new").replace(out)
    return model.config


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a refusal goes to stderr, with exit status 2."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkpoint", type=Path, help="folder with the original config.json and weights")
    parser.add_argument("out", type=Path, help="folder to write, new or empty")
    parser.add_argument("--vision", type=Path, help="CLIP folder in transformers format, in place of the saved tower")
    parser.add_argument("--allow-bin", action="store_true", help="read .bin files where there are no safetensors")
    try:
        convert(**vars(parser.parse_args(arguments)))
    except (ConversionRefused, OSError) as reason:
        parser.error(str(reason))


if __name__ == "__main__":
    main()
