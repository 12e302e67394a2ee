"""Writes fixtures/augmentations.safetensors: what torchvision, Keras and NumPy make of small images.

Images are [H, W, C] float32 with values k / 255. The metadata's `cases` is a list of
{"result", "image", "change", ...parameters}; `result` and `image` are tensors of the file.
"""

import json
import os
import sys
from pathlib import Path

# One of the two frameworks in a process: their LLVMs do not agree.
os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
import torchvision
from safetensors.numpy import save_file
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as F
from torchvision.transforms.autoaugment import _apply_op

rng = np.random.default_rng(7)
images = {
    "rgb": rng.integers(0, 256, (9, 12, 3), dtype=np.uint8),
    "grey": rng.integers(20, 200, (10, 7, 1), dtype=np.uint8),
}
# Smooth, so that equalizing and stretching have something to do; pixels without colour too.
ramp = (np.arange(24)[:, None] * 6 + np.arange(24)[None, :]).astype(np.uint8)
images["ramp"] = np.stack([ramp, ramp // 2 + 30, ramp], axis=-1)
images["ramp"][:4, :4] = 77

tensors = {name: (image.astype(np.float32) / np.float32(255)) for name, image in images.items()}
cases = []


def planes(image):
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


def add(image, change, value, **parameters):
    if isinstance(value, torch.Tensor):
        value = value.numpy().transpose(1, 2, 0)
    if value.dtype == np.uint8:
        value = value.astype(np.float32) / np.float32(255)
    name = f"result/{len(cases)}"
    tensors[name] = np.ascontiguousarray(value, dtype=np.float32)
    cases.append({"result": name, "image": image, "change": change, **parameters})


for name in ("rgb", "grey"):
    image = planes(tensors[name])
    for degrees in (17.0, -33.0, 90.0):
        value = F.rotate(image, degrees, interpolation=InterpolationMode.BILINEAR)
        add(name, "rotate", value, degrees=degrees)
    for factor in (0.7, 1.6):
        value = F.affine(
            image, 0.0, [0, 0], factor, [0.0, 0.0], interpolation=InterpolationMode.BILINEAR
        )
        add(name, "zoom", value, factor=factor)
    for factor in (0.4, 1.7):
        add(name, "brightness", F.adjust_brightness(image, factor), factor=factor)
        add(name, "contrast", F.adjust_contrast(image, factor), factor=factor)
    for mode, pad in (
        ("constant", "constant"),
        ("nearest", "edge"),
        ("reflect", "symmetric"),
        ("wrap", "wrap"),
    ):
        transform = [0.9, -0.45, 2.3, 0.3, 1.1, -3.7, 0.0, 0.0]
        value = keras.ops.image.affine_transform(
            tensors[name], transform, "bilinear", fill_mode=mode, fill_value=0.25
        )
        add(name, "affine", keras.ops.convert_to_numpy(value), fillMode=mode, map=transform[:6])
        width = 15
        options = {"constant_values": 0.25} if pad == "constant" else {}
        padded = np.pad(tensors[name], ((width, width), (width, width), (0, 0)), pad, **options)
        down, right = 11, -13
        height, columns = tensors[name].shape[:2]
        cut = padded[width + down :, width + right :][:height, :columns]
        add(name, "pad", cut, fillMode=mode, down=down, right=right)

for name in ("rgb", "ramp"):
    image = planes(tensors[name])
    for factor in (0.0, 0.4, 1.7):
        add(name, "saturation", F.adjust_saturation(image, factor), factor=factor)
    for turns in (-0.4, 0.13, 0.5):
        add(name, "hue", F.adjust_hue(image, turns), turns=turns)

OPERATIONS = {
    "shearX": ("ShearX", 0.3),
    "shearY": ("ShearY", 0.3),
    "translateX": ("TranslateX", None),
    "translateY": ("TranslateY", None),
    "rotate": ("Rotate", 30.0),
    "brightness": ("Brightness", 0.9),
    "color": ("Color", 0.9),
    "contrast": ("Contrast", 0.9),
    "sharpness": ("Sharpness", 0.9),
    "posterize": ("Posterize", None),
    "solarize": ("Solarize", None),
    "autoContrast": ("AutoContrast", None),
    "equalize": ("Equalize", None),
}
FOR_BYTES = {"posterize", "equalize"}
OF_RAMP = {"color", "contrast", "sharpness", "posterize", "autoContrast", "equalize"}
for name in images:
    height, width = images[name].shape[:2]
    for operation, (theirs, largest) in OPERATIONS.items():
        if name == "ramp" and operation not in OF_RAMP:
            continue
        image = planes(images[name] if operation in FOR_BYTES else tensors[name])
        for strength in (0.9,) if name == "ramp" else (0.3, 0.9):
            for sign in (1,) if name == "ramp" else (1, -1):
                if operation == "translateX":
                    magnitude = 150.0 / 331.0 * width * strength * sign
                elif operation == "translateY":
                    magnitude = 150.0 / 331.0 * height * strength * sign
                elif operation == "posterize":
                    magnitude = 8 - round(4 * strength)
                elif operation == "solarize":
                    magnitude = 1 - strength
                elif largest is None:
                    magnitude = 0.0
                else:
                    magnitude = largest * strength * sign
                value = _apply_op(image, theirs, magnitude, InterpolationMode.NEAREST, None)
                add(name, "randAugment", value, operation=operation, strength=strength, sign=sign)

metadata = {
    "cases": json.dumps(cases),
    "versions": json.dumps(
        {
            "numpy": np.__version__,
            "keras": keras.__version__,
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
        }
    ),
}
out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "fixtures")
save_file(tensors, out / "augmentations.safetensors", metadata)
(out / "augmentations.safetensors").chmod(0o644)
print(len(cases), "cases")
