"""The LLaVA-Med converter, on random weights under the original's names and in its relative shapes."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
hf = pytest.importorskip("transformers")

from PIL import Image  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from baselines.prs_med import convert_llava_med as converter  # noqa: E402

State = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
OLD_TOWER = "model.vision_tower.vision_tower.vision_model."
ROWS, IMAGE = 300, 300  # the original's vocabulary, and the id that `<image>` gets
CONFIG: dict[str, Any] = {
    "architectures": ["LlavaMistralForCausalLM"],
    "model_type": "llava_mistral",
    "vocab_size": ROWS,
    "hidden_size": 64,
    "intermediate_size": 224,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_act": "silu",
    "max_position_embeddings": 512,
    "rms_norm_eps": 1e-05,
    "rope_theta": 1000000.0,
    "sliding_window": None,
    "tie_word_embeddings": False,
    "image_aspect_ratio": "pad",
    "mm_hidden_size": 128,
    "mm_projector_type": "mlp2x_gelu",
    "mm_use_im_start_end": False,
    "mm_use_im_patch_token": False,
    "mm_vision_select_feature": "patch",
    "mm_vision_select_layer": -2,
    "mm_vision_tower": "openai/clip-vit-large-patch14-336",
    "torch_dtype": "float32",
}
SHAPE = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 3, "num_attention_heads": 2}


class Original:
    """LLaVA-Med as its own code runs it: a tower, a projector, and Mistral on spliced embeddings."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        ours = ("model_type", "architectures", "torch_dtype", "mm_", "image_")
        text = {key: value for key, value in CONFIG.items() if not key.startswith(ours)}
        self.llm = hf.MistralForCausalLM(hf.MistralConfig(**text)).eval()
        self.tower = hf.CLIPVisionModel(hf.CLIPVisionConfig(**SHAPE, image_size=42, patch_size=14)).eval()
        self.projector = torch.nn.Sequential(torch.nn.Linear(128, 64), torch.nn.GELU(), torch.nn.Linear(64, 64))
        for weight in (*self.llm.parameters(), *self.tower.parameters()):
            weight.data.add_(torch.randn_like(weight), alpha=0.1)  # else all norms are one and all biases nought

    def weights(self, *, tower: bool) -> State:
        state = {name: weight.clone() for name, weight in self.llm.state_dict().items()}
        state |= {f"model.mm_projector.{name}": weight.clone() for name, weight in self.projector.state_dict().items()}
        saved = {OLD_TOWER + name: weight.clone() for name, weight in self.tower.state_dict().items()}
        return state | (saved if tower else {})

    @torch.no_grad()
    def features(self, pixels: Any) -> Any:
        return self.projector(self.tower(pixels, output_hidden_states=True).hidden_states[-2][:, 1:])

    @torch.no_grad()
    def logits(self, before: list[int], pixels: Any, after: list[int]) -> Any:
        left, right = (self.llm.model.embed_tokens(torch.tensor([ids])) for ids in (before, after))
        return self.llm(inputs_embeds=torch.cat([left, self.features(pixels), right], dim=1)).logits


@pytest.fixture(scope="module")
def original() -> Original:
    return Original()


def write(folder: Path, weights: State, *, shards: int = 1, **changes: Any) -> Path:
    """A checkpoint in the original format."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | changes), "utf-8")
    if shards == 1:
        save_file(weights, folder / "model.safetensors")
        return folder
    files = {name: f"model-{i % shards + 1:05}-of-{shards:05}.safetensors" for i, name in enumerate(weights)}
    for file in set(files.values()):
        save_file({name: weights[name] for name in weights if files[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": files}), "utf-8")
    return folder


def write_tokenizer(folder: Path) -> None:
    """A Llama tokenizer of single characters: 3 special tokens, 256 bytes, the space mark, and letters up to 300."""
    pieces = [
        "<unk>",
        "<s>",
        "</s>",
        *(f"<0x{byte:02X}>" for byte in range(256)),
        "▁",
        *"[]/?.abcdefghijklmnopqrstuvwxyz",
    ]
    pieces += [f"unused{i}" for i in range(ROWS - len(pieces))]
    tokenizer = hf.LlamaTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=[], legacy=True)
    tokenizer.save_pretrained(folder)


def write_tower(folder: Path, tower: Any, *, whole_clip: bool = False) -> Path:
    """The tower in transformers format, alone or as OpenAI publishes it: beside a text model, under a prefix."""
    tower.save_pretrained(folder)
    if whole_clip:
        state = {f"vision_model.{name}": weight for name, weight in load_file(folder / "model.safetensors").items()}
        state |= {"text_model.final_layer_norm.bias": torch.zeros(3), "logit_scale": torch.ones(())}
        state |= {"vision_model.embeddings.position_ids": torch.arange(10)[None]}
        save_file(state, folder / "model.safetensors")
        config = json.loads((folder / "config.json").read_text("utf-8"))
        (folder / "config.json").write_text(json.dumps({"model_type": "clip", "vision_config": config}), "utf-8")
    return folder


def load(folder: Path) -> Any:
    return hf.AutoModelForImageTextToText.from_pretrained(folder, local_files_only=True).eval()


@torch.no_grad()
def converted_logits(model: Any, before: list[int], pixels: Any, after: list[int]) -> Any:
    image = model.config.image_token_id
    return model(input_ids=torch.tensor([[*before, *[image] * 9, *after]]), pixel_values=pixels).logits


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("tower", ["inside", "beside", "whole CLIP beside"])
def test_converted_model_computes_what_the_original_does(original: Original, tmp_path: Path, shards: int, tower: str):
    checkpoint = write(tmp_path / "in", original.weights(tower=tower == "inside"), shards=shards)
    beside = write_tower(tmp_path / "clip", original.tower, whole_clip=tower.startswith("whole"))
    converter.convert(checkpoint, tmp_path / "out", vision=None if tower == "inside" else beside)
    inputs = [1, 5, 7], torch.randn(1, 3, 42, 42), [11, 13, 17, 19]
    got, wanted = converted_logits(load(tmp_path / "out"), *inputs), original.logits(*inputs)
    assert wanted.std() > 0.1
    assert (got[..., :ROWS] - wanted).abs().max() <= 1e-5


def test_selected_layer_is_the_input_of_the_towers_last_block(original: Original):
    pixels, tower = torch.randn(1, 3, 42, 42), original.tower
    with torch.no_grad():
        states = tower.pre_layrnorm(tower.embeddings(pixels))
        for block in tower.encoder.layers[:-1]:
            states = block(states, attention_mask=None)
        torch.testing.assert_close(original.projector(states[:, 1:]), original.features(pixels))


@pytest.fixture(scope="module")
def out(original: Original, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint with tower and tokenizer, converted."""
    folder = tmp_path_factory.mktemp("llava")
    checkpoint = write(folder / "in", original.weights(tower=True))
    write_tokenizer(checkpoint)
    converter.convert(checkpoint, folder / "out")
    return folder / "out"


def test_new_rows_are_the_mean_and_never_win(original: Original, out: Path):
    model = load(out)
    embedding, head = model.get_input_embeddings().weight, model.lm_head.weight
    assert embedding.shape == head.shape == (320, 64)
    for new, old in ((embedding, original.llm.model.embed_tokens.weight), (head, original.llm.lm_head.weight)):
        assert torch.equal(new[:ROWS], old)
        torch.testing.assert_close(new[ROWS:], old.mean(dim=0).expand(20, -1))
    logits = converted_logits(model, [1, 5], torch.randn(1, 3, 42, 42), [7, 9])
    assert logits.argmax(dim=-1).max() < ROWS


def test_configuration_keeps_what_shapes_do_not_show(out: Path):
    config = load(out).config
    assert (config.text_config.rope_parameters["rope_theta"], config.text_config.sliding_window) == (1e6, None)
    assert (config.vision_feature_layer, config.vision_feature_select_strategy) == (-2, "default")
    assert (config.image_token_id, config.image_seq_length, config.tie_word_embeddings) == (IMAGE, 9, False)
    assert (config.vision_config.hidden_act, config.text_config.rms_norm_eps) == ("quick_gelu", 1e-5)
    generation = hf.GenerationConfig.from_pretrained(out)
    assert (generation.eos_token_id, generation.pad_token_id) == (2, 0)


def test_output_names_no_place_on_this_machine(out: Path):
    assert [file.name for file in out.glob("*.json") if str(out.parent) in file.read_text("utf-8")] == []
    assert list(out.parent.glob(".out-*")) == []


QUESTION = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " where is it? "}]}
PROMPT = "[INST] <image>\nwhere is it? [/INST]"


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([QUESTION], PROMPT),
        ([QUESTION, {"role": "assistant", "content": "on top."}], f"{PROMPT} on top. </s>"),
        ([QUESTION, {"role": "assistant", "content": [{"type": "text", "text": "b"}]}], f"{PROMPT} b </s>"),
        ([{"role": "user", "content": "<image>\nwhere is it?"}], PROMPT),
        (
            [QUESTION, {"role": "assistant", "content": "a"}, {"role": "user", "content": "b"}],
            f"{PROMPT} a </s>[INST] b [/INST]",
        ),
    ],
)
def test_chat_template_writes_mistral_instruct(out: Path, messages: list[Any], text: str):
    processor = hf.AutoProcessor.from_pretrained(out, local_files_only=True)
    assert processor.apply_chat_template(messages, add_generation_prompt=True) == text


@pytest.mark.parametrize("messages", [[{"role": "system", "content": "a"}], [QUESTION, QUESTION]])
def test_chat_template_refuses_what_the_model_never_saw(out: Path, messages: list[Any]):
    processor = hf.AutoProcessor.from_pretrained(out, local_files_only=True)
    with pytest.raises(Exception, match="Turns must alternate"):
        processor.apply_chat_template(messages)


def upstream_tokens(tokenizer: Any, text: str) -> list[int]:
    """Upstream's way: each piece between images on its own, without its <s>, around the image's place."""
    first, *rest = (tokenizer(piece).input_ids for piece in text.split("<image>"))
    return first + [token for piece in rest for token in (*[IMAGE] * 9, *piece[1:])]


@pytest.mark.parametrize("text", [PROMPT, f"{PROMPT} on top. </s>", "[INST] no image [/INST]"])
def test_processor_gives_upstreams_tokens(out: Path, text: str):
    processor = hf.AutoProcessor.from_pretrained(out, local_files_only=True)
    image = Image.new("RGB", (50, 30)) if "<image>" in text else None
    ids = processor(text=text, images=image).input_ids[0]
    assert ids == upstream_tokens(processor.tokenizer, text)
    assert (ids[0], ids.count(1), ids.count(IMAGE)) == (1, 1, 9 if image else 0)


@pytest.mark.parametrize("name", ["AutoTokenizer", "LlamaTokenizer", "PreTrainedTokenizerFast"])
def test_tokens_do_not_depend_on_the_class_that_loads_them(out: Path, tmp_path: Path, name: str):
    for file in out.glob("tokenizer*"):
        shutil.copy(file, tmp_path)
    tokenizer = getattr(hf, name).from_pretrained(tmp_path)
    ids = hf.AutoProcessor.from_pretrained(out, local_files_only=True).tokenizer(PROMPT).input_ids
    assert (tokenizer(PROMPT).input_ids, ids[0], tokenizer.pad_token_id) == (ids, 1, 0)


def test_one_call_from_messages_to_logits(out: Path):
    processor = hf.AutoProcessor.from_pretrained(out, local_files_only=True)
    content = [{"type": "image", "image": Image.new("RGB", (50, 30))}, QUESTION["content"][1]]
    chat = [{"role": "user", "content": content}]
    inputs = processor.apply_chat_template(chat, tokenize=True, return_dict=True, return_tensors="pt")
    assert inputs["input_ids"][0].tolist() == upstream_tokens(processor.tokenizer, PROMPT)
    assert load(out)(**inputs).logits.shape == (1, inputs["input_ids"].shape[1], 320)


def test_padded_image_keeps_its_ends(out: Path):
    image = Image.new("RGB", (126, 42), "white")
    pixels = hf.AutoProcessor.from_pretrained(out, local_files_only=True).image_processor(image, return_tensors="pt")
    middle = pixels["pixel_values"][0, 0]
    assert middle.shape == (42, 42)
    assert (middle[21] > 1.9).all()  # white from edge to edge
    assert middle[0].abs().max() < 0.05  # the mean colour above


def test_without_aspect_ratio_the_image_is_cropped_as_clip_does(original: Original, tmp_path: Path):
    checkpoint = write(tmp_path / "in", original.weights(tower=True), image_aspect_ratio=None)
    converter.convert(checkpoint, tmp_path / "out")
    processor = hf.AutoImageProcessor.from_pretrained(tmp_path / "out", local_files_only=True)
    assert type(processor).__name__.startswith("CLIP")
    assert processor(Image.new("RGB", (126, 42), "white"), return_tensors="pt")["pixel_values"].min() > 1.9


def test_vision_folder_replaces_the_tower_inside(original: Original, tmp_path: Path):
    other = hf.CLIPVisionModel(original.tower.config)
    checkpoint = write(tmp_path / "in", original.weights(tower=True))
    converter.convert(checkpoint, tmp_path / "out", vision=write_tower(tmp_path / "clip", other))
    tower = load(tmp_path / "out").model.vision_tower
    assert torch.equal(tower.embeddings.class_embedding, other.embeddings.class_embedding)


def test_all_weights_take_the_language_models_dtype(original: Original, tmp_path: Path):
    half = {name: weight.bfloat16() for name, weight in original.weights(tower=False).items()}
    clip = write_tower(tmp_path / "clip", original.tower)
    converter.convert(write(tmp_path / "in", half), tmp_path / "out", vision=clip)
    assert {weight.dtype for weight in load_file(tmp_path / "out/model.safetensors").values()} == {torch.bfloat16}
    assert {weight.dtype for weight in load(tmp_path / "out").parameters()} == {torch.bfloat16}


def test_recomputed_buffers_are_left_out(original: Original, tmp_path: Path):
    buffers = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8)}
    buffers[f"{OLD_TOWER}embeddings.position_ids"] = torch.arange(10)[None]
    converter.convert(write(tmp_path / "in", original.weights(tower=True) | buffers), tmp_path / "out")
    assert load(tmp_path / "out")


def as_bin(folder: Path) -> None:
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def test_bin_weights_are_read_only_where_allowed(original: Original, tmp_path: Path):
    checkpoint = write(tmp_path / "in", original.weights(tower=True))
    as_bin(checkpoint)
    with pytest.raises(converter.ConversionRefused, match=r"pickles: convert them to safetensors .*--allow-bin"):
        converter.convert(checkpoint, tmp_path / "out")
    converter.convert(checkpoint, tmp_path / "out", allow_bin=True)
    inputs = [1, 5], torch.randn(1, 3, 42, 42), [7]
    got = converted_logits(load(tmp_path / "out"), *inputs)
    assert (got[..., :ROWS] - original.logits(*inputs)).abs().max() <= 1e-5


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_type": "llava_llama"}, "model_type is 'llava_llama'"),
        ({"mm_projector_type": "linear"}, "mm_projector_type is 'linear'"),
        ({"mm_projector_type": None}, "mm_projector_type is None"),
        ({"mm_vision_select_feature": "cls_patch"}, "mm_vision_select_feature is 'cls_patch'"),
        ({"mm_vision_select_layer": -1}, "mm_vision_select_layer is -1"),
        ({"tie_word_embeddings": True}, "tie_word_embeddings is True"),
        ({"mm_use_im_start_end": True}, "mm_use_im_start_end is True"),
        ({"mm_vision_tower": "laion/CLIP-ViT-H-14"}, "not one of OpenAI's: pass --vision"),
        ({"intermediate_size": 256}, r"other shapes .*gate_proj.weight \[224, 64\] for \[256, 64\].*\(6 in all\)"),
        ({"vocab_size": 320}, r"other shapes .*model.embed_tokens.weight \[300, 64\] for \[320, 64\]"),
        ({"num_hidden_layers": 3}, r"missing weights: model.layers.2.self_attn.q_proj.weight, .*\(9 in all\)"),
        ({"num_hidden_layers": 1}, r"unexpected weights: model.layers.1.*\(9 in all\)"),
    ],
)
def test_refused_for_what_config_says(original: Original, tmp_path: Path, changes: dict[str, Any], reason: str):
    checkpoint = write(tmp_path / "in", original.weights(tower=True), **changes)
    with pytest.raises(converter.ConversionRefused, match=reason):
        converter.convert(checkpoint, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def without(*names: str) -> Callable[[State], State]:
    return lambda state: {name: weight for name, weight in state.items() if not name.endswith(names)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            without("lm_head.weight", "projector.2.bias"),
            r"missing weights: model.mm_projector.2.bias, lm_head.weight \(2",
        ),
        (
            without("position_embedding.weight"),
            r"no vision tower .*: model.vision_tower.vision_tower.*position_embedding.weight \(1",
        ),
        (without("encoder.layers.1.mlp.fc2.bias"), r"missing weights: model.vision_tower.vision_tower.*fc2.bias \(1"),
        (lambda state: state | {"model.resampler.query": torch.ones(2)}, r"unexpected .*: model.resampler.query \(1"),
        (
            lambda state: state | {"model.mm_projector.4.bias": torch.ones(2)},
            r"unexpected .*: model.mm_projector.4.bias",
        ),
        (lambda state: state | {"model.norm.bias": torch.ones(64)}, r"unexpected weights: model.norm.bias \(1"),
    ],
)
def test_refused_for_what_the_weights_are(
    original: Original, tmp_path: Path, change: Callable[[State], State], reason: str
):
    checkpoint = write(tmp_path / "in", change(original.weights(tower=True)))
    with pytest.raises(converter.ConversionRefused, match=reason):
        converter.convert(checkpoint, tmp_path / "out")


def test_refused_without_any_tower(original: Original, tmp_path: Path):
    checkpoint = write(tmp_path / "in", original.weights(tower=False))
    with pytest.raises(converter.ConversionRefused, match="pass --vision with a copy of openai/clip-vit-large-patch14"):
        converter.convert(checkpoint, tmp_path / "out")


def test_refused_for_a_vision_folder_that_is_not_there(original: Original, tmp_path: Path):
    checkpoint = write(tmp_path / "in", original.weights(tower=True))
    with pytest.raises(converter.ConversionRefused, match="nowhere has no safetensors weights"):
        converter.convert(checkpoint, tmp_path / "out", vision=tmp_path / "nowhere")


def test_refused_for_a_tower_of_another_width(original: Original, tmp_path: Path):
    narrow = hf.CLIPVisionModel(hf.CLIPVisionConfig(**SHAPE | {"hidden_size": 64}, image_size=42, patch_size=14))
    checkpoint = write(tmp_path / "in", original.weights(tower=False))
    with pytest.raises(converter.ConversionRefused, match=r"model.mm_projector.0.weight \[64, 128\] for \[64, 64\]"):
        converter.convert(checkpoint, tmp_path / "out", vision=write_tower(tmp_path / "clip", narrow))


def test_refused_over_a_filled_folder_but_not_over_an_empty_one(original: Original, tmp_path: Path):
    checkpoint = write(tmp_path / "in", original.weights(tower=True))
    (tmp_path / "out").mkdir()
    converter.convert(checkpoint, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    for filled in (tmp_path / "out", checkpoint / "config.json"):
        with pytest.raises(converter.ConversionRefused, match="exists and is not an empty folder"):
            converter.convert(checkpoint, filled)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == before


def test_refused_for_damaged_and_for_absent_files(original: Original, tmp_path: Path):
    checkpoint = write(tmp_path / "in", original.weights(tower=True), shards=2)
    shard = checkpoint / "model-00002-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:-100])
    with pytest.raises(converter.ConversionRefused, match=r"model-00002-of-00002.safetensors is damaged"):
        converter.convert(checkpoint, tmp_path / "out")
    shard.unlink()
    with pytest.raises(FileNotFoundError, match=r"model-00002-of-00002"):
        converter.convert(checkpoint, tmp_path / "out")
    (checkpoint / "model.safetensors.index.json").unlink()
    with pytest.raises(converter.ConversionRefused, match=r"has no safetensors weights$"):
        converter.convert(checkpoint, tmp_path / "out")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "baselines.prs_med.convert_llava_med", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False, text=True, cwd=ROOT)


@pytest.mark.long
def test_command_line(original: Original, tmp_path: Path):
    checkpoint = write(tmp_path / "in", original.weights(tower=False))
    clip = write_tower(tmp_path / "clip", original.tower)
    refused, done = run(checkpoint, tmp_path / "out"), run(checkpoint, tmp_path / "out", "--vision", clip)
    assert refused.returncode == 2
    assert "error: no vision tower in the checkpoint" in refused.stderr
    assert (done.returncode, (tmp_path / "out/model.safetensors").is_file()) == (0, True)
    nowhere = run(tmp_path / "nowhere", tmp_path / "new")
    assert (nowhere.returncode, "nowhere" in nowhere.stderr, "Traceback" in nowhere.stderr) == (2, True, False)


def v1_5_shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the published checkpoint, by rule: Mistral-7B, projector, CLIP ViT-L/14 at 336."""
    yield from (
        ("model.embed_tokens.weight", (32000, 4096)),
        ("lm_head.weight", (32000, 4096)),
        ("model.norm.weight", (4096,)),
    )
    for layer in (f"model.layers.{i}." for i in range(32)):
        for name, rows in (("q", 4096), ("k", 1024), ("v", 1024), ("o", 4096)):
            yield f"{layer}self_attn.{name}_proj.weight", (rows, 4096)
        yield from ((f"{layer}mlp.{name}_proj.weight", (14336, 4096)) for name in ("gate", "up"))
        yield f"{layer}mlp.down_proj.weight", (4096, 14336)
        yield from ((f"{layer}{name}_layernorm.weight", (4096,)) for name in ("input", "post_attention"))
    for name, columns in (("0", 1024), ("2", 4096)):
        yield from (
            (f"model.mm_projector.{name}.weight", (4096, columns)),
            (f"model.mm_projector.{name}.bias", (4096,)),
        )
    yield f"{OLD_TOWER}embeddings.class_embedding", (1024,)
    yield f"{OLD_TOWER}embeddings.patch_embedding.weight", (1024, 3, 14, 14)
    yield f"{OLD_TOWER}embeddings.position_embedding.weight", (577, 1024)
    linears = [(f"self_attn.{name}_proj", 1024, 1024) for name in ("q", "k", "v", "out")]
    linears += [("mlp.fc1", 4096, 1024), ("mlp.fc2", 1024, 4096)]
    for layer in (f"{OLD_TOWER}encoder.layers.{i}." for i in range(24)):
        for name, rows, columns in linears:
            yield from ((f"{layer}{name}.weight", (rows, columns)), (f"{layer}{name}.bias", (rows,)))
        yield from ((f"{layer}layer_norm{i}.{part}", (1024,)) for i in (1, 2) for part in ("weight", "bias"))
    for norm in ("pre_layrnorm", "post_layernorm"):
        yield from ((f"{OLD_TOWER}{norm}.{part}", (1024,)) for part in ("weight", "bias"))


REAL = CONFIG | {"vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32}
REAL |= {"num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 32768, "mm_hidden_size": 1024}


def test_published_shapes_map_onto_the_model_completely():
    shapes = dict(v1_5_shapes())
    assert sum(map(math.prod, shapes.values())) == 7_241_732_096 + 20_979_712 + 303_507_456  # as published, each
    empty = {converter.renamed(name): torch.empty(shape, device="meta") for name, shape in shapes.items()}
    config = converter.llava_config(REAL, converter.tower_config(empty, REAL["mm_vision_tower"]))
    with torch.device("meta"):
        wanted = hf.LlavaForConditionalGeneration(config).state_dict()
    assert {name: weight.shape for name, weight in empty.items()} == {name: w.shape for name, w in wanted.items()}
    converter.check_fit({name: weight.shape for name, weight in empty.items()}, config)
    published = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
    published |= {"image_size": 336, "patch_size": 14, "hidden_act": "quick_gelu"}
    assert {key: getattr(config.vision_config, key) for key in published} == published
    assert config.image_seq_length == 576


def test_refused_for_a_tokenizer_that_cannot_be_read(original: Original, tmp_path: Path):
    checkpoint = write(tmp_path / "in", original.weights(tower=True))
    (checkpoint / "tokenizer.model").write_bytes(b"no SentencePiece model")
    with pytest.raises(converter.ConversionRefused, match=r"tokenizer.model, install sentencepiece"):
        converter.convert(checkpoint, tmp_path / "out")
