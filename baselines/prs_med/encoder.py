"""TinyViT, the image encoder of the paper (TinySAM), as a transformers model of any size; and a view of any encoder.

transformers has SAM, SAM 2 and HQ-SAM but no TinySAM. This is its encoder with the modules named as in the published
checkpoints, so that a converted state dict loads; ``norm="group"`` builds the same network for training from scratch,
where batch statistics would tie a picture's features to its batch mates. Reference: Wu et al., TinyViT, ECCV 2022.

Shapes: B pictures, H W pixels, C channels.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel, initialization
from transformers.modeling_outputs import BaseModelOutput


class TinyViTConfig(PreTrainedConfig):
    """Sizes of a TinyViT. The defaults are TinySAM's: 6 M parameters, 1024 px in, 256 x 64 x 64 out."""

    model_type = "mmrs_tiny_vit"

    def __init__(
        self,
        image_size: int = 1024,
        dims: tuple[int, ...] = (64, 128, 160, 320),
        depths: tuple[int, ...] = (2, 2, 6, 2),
        heads: tuple[int, ...] = (2, 4, 5, 10),
        windows: tuple[int, ...] = (7, 7, 14, 7),
        ratio: int = 4,
        hidden_size: int = 256,
        norm: str = "batch",
        positions: bool = False,
        **kwargs: Any,
    ) -> None:
        self.image_size, self.dims, self.depths = image_size, tuple(dims), tuple(depths)
        self.heads, self.windows, self.ratio = tuple(heads), tuple(windows), ratio
        self.hidden_size, self.norm, self.positions = hidden_size, norm, positions
        super().__init__(**kwargs)

    @property
    def patch_size(self) -> int:
        """Pixels per output token and side: two strides in the stem, one per merge but the last."""
        return 16


def conv_norm(
    config: TinyViTConfig, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1
) -> nn.Sequential:
    """Convolution without bias and a normalisation, named ``c`` and ``bn`` as in the checkpoints."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    norm: nn.Module = nn.BatchNorm2d(outputs) if config.norm == "batch" else nn.GroupNorm(min(8, outputs // 4), outputs)
    return nn.Sequential(OrderedDict(c=conv, bn=norm))


class Inverted(nn.Module):
    """1x1, depthwise 3x3, 1x1: an inverted residual (``residual``) or a merge that halves the grid."""

    def __init__(
        self, config: TinyViTConfig, inputs: int, hidden: int, outputs: int, stride: int = 1, *, residual: bool
    ) -> None:
        super().__init__()
        self.residual = residual
        self.conv1 = conv_norm(config, inputs, hidden)
        self.conv2 = conv_norm(config, hidden, hidden, 3, stride, groups=hidden)
        self.conv3 = conv_norm(config, hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, outputs, H / stride, W / stride)."""
        y = self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x)))))
        return F.gelu(x + y) if self.residual else y


def offsets(window: int) -> Tensor:
    """Number of the absolute offset (down, right) between any two tokens of a window: (window**2, window**2)."""
    row, column = torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij")
    points = torch.stack([row.flatten(), column.flatten()])
    down, right = (points[:, :, None] - points[:, None, :]).abs()
    return down * window + right


def waves(channels: int, side: int) -> Tensor:
    """Sines and cosines of row and column, (1, channels, side, side), amplitude 1: where a token lies can be read off
    it from the first step on."""
    periods = torch.logspace(math.log10(math.pi / 2), math.log10(side * math.pi / 2), channels // 4)
    angle = (torch.arange(side) + 0.5)[:, None] / side * periods
    wave = torch.cat([angle.sin(), angle.cos()], 1).T
    rows, columns = wave[:, :, None].expand(-1, -1, side), wave[:, None, :].expand(-1, side, -1)
    return torch.cat([rows, columns])[None]


class Attention(nn.Module):
    """Self-attention inside windows with a learned bias per head and absolute offset."""

    def __init__(self, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = heads, window
        self.norm, self.qkv, self.proj = nn.LayerNorm(dim), nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.attention_biases = nn.Parameter(torch.zeros(heads, window * window))
        self.register_buffer("offsets", offsets(window), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(windows, tokens, C) to the same."""
        n, tokens, dim = x.shape
        q, k, v = self.qkv(self.norm(x)).view(n, tokens, self.heads, 3, -1).permute(3, 0, 2, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=self.attention_biases[:, self.offsets].to(q.dtype))
        return self.proj(y.transpose(1, 2).reshape(n, tokens, dim))


class Mlp(nn.Module):
    """Pre-norm two-layer perceptron."""

    def __init__(self, dim: int, ratio: int) -> None:
        super().__init__()
        self.norm, self.fc1, self.fc2 = nn.LayerNorm(dim), nn.Linear(dim, ratio * dim), nn.Linear(ratio * dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) to the same."""
        return self.fc2(F.gelu(self.fc1(self.norm(x))))


class Block(nn.Module):
    """Window attention, a depthwise 3x3 that lets windows talk, a perceptron."""

    def __init__(self, config: TinyViTConfig, dim: int, heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn, self.mlp = Attention(dim, heads, window), Mlp(dim, config.ratio)
        self.local_conv = conv_norm(config, dim, dim, 3, groups=dim)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same; a grid that the window does not divide is padded and cropped again."""
        b, c, h, w = x.shape
        s = self.window
        y = F.pad(x, (0, -w % s, 0, -h % s))
        rows, columns = y.shape[2] // s, y.shape[3] // s
        y = y.view(b, c, rows, s, columns, s).permute(0, 2, 4, 3, 5, 1).reshape(-1, s * s, c)
        y = self.attn(y).view(b, rows, columns, s, s, c).permute(0, 5, 1, 3, 2, 4)
        x = self.local_conv(x + y.reshape(b, c, rows * s, columns * s)[:, :, :h, :w])
        tokens = x.flatten(2).transpose(1, 2)
        return (tokens + self.mlp(tokens)).transpose(1, 2).reshape(b, c, h, w)


class Stage(nn.Module):
    """Blocks of one resolution, and the merge to the next."""

    def __init__(self, blocks: list[nn.Module], downsample: nn.Module | None) -> None:
        super().__init__()
        self.blocks, self.downsample = nn.ModuleList(blocks), downsample


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of (B, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class TinyViTModel(PreTrainedModel):
    """TinyViT with SAM's neck; batch statistics, where there are any, stay those of the checkpoint."""

    config_class = TinyViTConfig
    base_model_prefix = "tiny_vit"
    main_input_name = "pixel_values"
    _supports_sdpa = True
    _supports_flash_attn = True  # whatever the language model uses, windows are attended to with their biases by SDPA
    _supports_flex_attn = True

    def __init__(self, config: TinyViTConfig) -> None:
        super().__init__(config)
        dims = config.dims
        self.patch_embed = nn.Module()
        self.patch_embed.seq = nn.Sequential(
            conv_norm(config, 3, dims[0] // 2, 3, 2), nn.GELU(), conv_norm(config, dims[0] // 2, dims[0], 3, 2)
        )
        merges = [
            Inverted(config, a, b, b, 2 if i < 2 else 1, residual=False) for i, (a, b) in enumerate(pairwise(dims))
        ]
        first: list[nn.Module] = [
            Inverted(config, dims[0], config.ratio * dims[0], dims[0], residual=True) for _ in range(config.depths[0])
        ]
        later: list[list[nn.Module]] = [
            [Block(config, dims[i], config.heads[i], config.windows[i]) for _ in range(config.depths[i])]
            for i in range(1, len(dims))
        ]
        self.layers = nn.ModuleList(map(Stage, [first, *later], [*merges, None]))
        width = config.hidden_size
        self.neck = nn.Sequential(
            nn.Conv2d(dims[-1], width, 1, bias=False), ChannelNorm(width, 1e-6),
            nn.Conv2d(width, width, 3, padding=1, bias=False), ChannelNorm(width, 1e-6),
        )  # fmt: skip
        side = config.image_size // config.patch_size
        self.pos_embed = nn.Parameter(torch.zeros(1, width, side, side)) if config.positions else None
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Weights keep torch's initialisation: transformers' 0.02 is too small for layers as narrow as ``tiny``'s."""
        if isinstance(module, Attention):  # a model is loaded without storage, and a buffer is not in the checkpoint
            initialization.copy_(module.offsets, offsets(module.window))
        if module is self and self.pos_embed is not None:
            initialization.copy_(self.pos_embed, waves(*self.pos_embed.shape[1:3]))

    def train(self, mode: bool = True) -> TinyViTModel:
        """As usual, but batch statistics are never updated: a picture's features are its own."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, pixel_values: Tensor, **_: object) -> BaseModelOutput:
        """(B, 3, H, W) to tokens (B, N, hidden), row by row.

        ``hidden_states``: maps (B, C, H / s, W / s) for strides s = 2, 4 and 8, then the tokens.
        """
        stem = self.patch_embed.seq
        half = stem[1](stem[0](pixel_values))
        maps, x = [half], stem[2](half)
        for i, stage in enumerate(self.layers):
            for block in stage.blocks:
                x = block(x)
            if i < 2:
                maps.append(x)
            x = stage.downsample(x) if stage.downsample is not None else x
        x = self.neck(x)
        tokens = (x if self.pos_embed is None else x + self.pos_embed).flatten(2).transpose(1, 2)
        return BaseModelOutput(last_hidden_state=tokens, hidden_states=(*maps, tokens))


AutoConfig.register(TinyViTConfig.model_type, TinyViTConfig, exist_ok=True)
AutoModel.register(TinyViTConfig, TinyViTModel, exist_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """What an encoder says of pictures: a coarse grid (B, C, h, w), and finer maps, the coarser first."""

    grid: Tensor
    maps: tuple[Tensor, ...]


def features(output: Any) -> Features:
    """The features of any supported encoder's output: TinyViT, SAM 2 (a pyramid), SAM and HQ-SAM (a grid alone)."""
    if getattr(output, "fpn_hidden_states", None) is not None:
        *finer, grid = output.fpn_hidden_states
        return Features(grid=grid, maps=tuple(reversed(finer)))
    last = output.last_hidden_state
    if last.ndim == 4:
        return Features(grid=last, maps=())
    *maps, tokens = output.hidden_states
    side = round(tokens.shape[1] ** 0.5)
    return Features(grid=tokens.transpose(1, 2).unflatten(2, (side, side)), maps=tuple(reversed(maps)))


def channels(config: Any) -> tuple[int, tuple[int, ...]]:
    """Channels of ``Features.grid`` and of each of ``Features.maps``, from an encoder's configuration alone."""
    match config.model_type:
        case TinyViTConfig.model_type:
            return config.hidden_size, (config.dims[1], config.dims[0], config.dims[0] // 2)
        case "sam_vision_model" | "sam_hq_vision_model":
            return config.output_channels, ()
        case "sam2_vision_model":
            return config.fpn_hidden_size, (config.fpn_hidden_size,) * (config.num_feature_levels - 1)
    raise ValueError(f"no such image encoder: {config.model_type}; known: TinyViT, SAM, HQ-SAM, SAM 2")
