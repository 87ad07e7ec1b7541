"""Ask a trained PRS-Med about one picture: prints the answer, writes the picture with the mask on it.

python -m baselines.prs_med.predict --model runs/mine/best --image polyp.jpg --question "Where is the polyp?"
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from baselines.prs_med.config import Refused
from baselines.prs_med.data import Sample
from baselines.prs_med.evaluate import answers, opened
from mmrs_builder.metrics.published import CUT

COLOUR = np.array([255, 200, 40])


def overlay(image: Image.Image, mask: npt.NDArray[np.bool_]) -> Image.Image:
    """The picture with the mask (H, W) tinted and outlined."""
    canvas = np.array(image)
    canvas[mask] = (0.7 * canvas[mask] + 0.3 * COLOUR).astype(np.uint8)
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(canvas, contours, -1, COLOUR.tolist(), thickness=max(1, max(mask.shape) // 200))
    return Image.fromarray(canvas)


def read(path: Path) -> Image.Image:
    """A picture as a viewer shows it: turned as its EXIF says, in colour. Raises ``Refused``."""
    try:
        return ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise Refused(f"{path} cannot be read as a picture: {error}") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m baselines.prs_med.predict", description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="a checkpoint, such as runs/mine/best")
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--question", required=True)
    parser.add_argument("--choice", action="append", default=None, help="an option to choose from; repeats")
    parser.add_argument("--out", type=Path, default=Path("overlay.png"), help="where to write (default: overlay.png)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = parser.parse_args(argv)
    try:
        model, _, reader = opened(args.model, args.device)
        image = read(args.image)
    except Refused as refusal:
        print(f"{refusal}", file=sys.stderr)
        return 2
    question = {"question": args.question, "choices": args.choice}
    ((said, levels),) = answers(model, reader, [Sample(row={}, image=image, questions=(question,), masks=(None,))])[0]
    mask = levels >= CUT
    overlay(image, mask).save(args.out)
    print(said or "(the model says nothing)")
    print(
        f"mask: {int(mask.sum())} px, {100 * mask.mean():.1f} % of the picture; overlay in {args.out}", file=sys.stderr
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
