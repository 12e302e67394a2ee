"""Trains the recipe `cifar-resnet20` with PyTorch, on batches that residuum augmented: cifar_recipe.py FOLDER.

FOLDER has CIFAR-10's binary files, `job.json` and `job.safetensors`: batches `batch/<step>/x`, `batch/<step>/y`, and
the state before the first step, or before every one, `before/<step>/weight/<layer>/<variable>` and `before/<step>/m/…`
for momenta. Written are, in float64 and in float32 with both orders of memory, the losses and after every step all weights,
moving statistics and momenta, as residuum names and lays them out. Printed is, as JSON, what was found of the
augmentation; where `records` does not say which images the batches hold, float64 is all.

The training is that of `tests/parity/cifar_resnet20.py`.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

sys.path.append(str(Path(__file__).parents[1] / "parity"))
from cifar_resnet20 import CHANNELS, CLASSES, SIDE, train


def read_records(folder):
    """Labels and pixels [N, 32, 32, 3] of the training files, as their documentation tells it."""
    files = [folder / f"data_batch_{number}.bin" for number in range(1, 6)]
    records = np.concatenate([np.fromfile(file, np.uint8) for file in files]).reshape(-1, 1 + CHANNELS * SIDE**2)
    pixels = records[:, 1:].reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return records[:, 0], pixels


def find_augmentation(image, pixels, padding):
    """Every (down, right, flipped) whose padded, cropped and flipped pixels are the image."""
    padded = np.pad(pixels, ((padding, padding), (padding, padding), (0, 0)))
    wanted = np.rint(image * 255).astype(np.int64)
    assert np.abs(image - wanted / 255).max() < 1e-7
    for down in range(2 * padding + 1):
        for right in range(2 * padding + 1):
            part = padded[down : down + SIDE, right : right + SIDE]
            if np.array_equal(part, wanted):
                yield down - padding, right - padding, False
            if np.array_equal(part[:, ::-1], wanted):
                yield down - padding, right - padding, True


def check_augmentation(job, given, folder):
    labels, pixels = read_records(folder)
    moves = []
    for step, records in enumerate(job["records"]):
        images, targets = (given[f"batch/{step}/{name}"].numpy() for name in "xy")
        for image, target, record in zip(images, targets, records, strict=True):
            assert target.tolist() == [float(c == labels[record]) for c in range(CLASSES)]
            found = list(find_augmentation(image, pixels[record], job["padding"]))
            assert len(found) == 1, f"record {record} in step {step}: {len(found)} augmentations fit"
            moves.append(found[0])
    return {
        "images": len(moves),
        "flipped": sum(flipped for _, _, flipped in moves),
        "down": sorted({down for down, _, _ in moves}),
        "right": sorted({right for _, right, _ in moves}),
    }


def main(folder):
    torch.set_num_threads(2)
    job = json.loads((folder / "job.json").read_text())
    given = load_file(folder / "job.safetensors")
    save_file(train(job, given, torch.float64), folder / "float64.safetensors")
    if "records" not in job:
        return
    for layout in ("contiguous_format", "channels_last"):
        result = train(job, given, torch.float32, getattr(torch, layout))
        save_file(result, folder / f"{layout}.safetensors")
    print(json.dumps(check_augmentation(job, given, folder)))


main(Path(sys.argv[1]))
