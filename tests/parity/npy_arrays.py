"""Writes fixtures/arrays.npz and fixtures/arrays-compressed.npz: values of all types, orders and shapes."""

import sys
from pathlib import Path

import numpy as np

arrays = {}
for name in ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
    for order in "<>":
        values = np.arange(24).reshape(2, 3, 4)
        if name[0] in "if":
            values = values - 11
        if name[0] == "f":
            values = values / 8
        if name == "b1":
            values = values % 3 == 0
        kind = np.dtype(name).newbyteorder(order)
        arrays[f"{name}{'le' if order == '<' else 'be'}"] = values.astype(kind)
arrays["fortran"] = np.asfortranarray(np.arange(30, dtype=np.float32).reshape(2, 5, 3))
arrays["scalar"] = np.float64(2.5)
arrays["vector"] = np.arange(5, dtype=np.uint8)
arrays["empty"] = np.zeros((0, 3), np.float32)
arrays["half"] = np.array([0, 1, -2, 65504, 6e-8, np.inf], np.float16)
arrays["large"] = np.array([2**53], np.int64)
arrays["objects"] = np.array([None, "x"], dtype=object)
arrays["fields"] = np.zeros(2, dtype=[("a", "f4"), ("b", "i4")])
arrays["complex"] = np.zeros(2, np.complex64)
arrays["text"] = np.array(["a", "bc"])
out = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "fixtures")
np.savez(out / "arrays.npz", **arrays)
np.savez_compressed(out / "arrays-compressed.npz", **arrays)
