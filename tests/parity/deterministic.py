"""Numbers that Python and TypeScript both make bit for bit, so that weights need not be committed.

Entry i of the tensor called `name` is u(name, i) in [-0.5, 0.5):
    h = fnv1a32(utf8(name));  x = (h + i * 0x9E3779B1) mod 2^32;  u = fmix32(x) / 2^32 - 0.5
FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv; fmix32: the finaliser of MurmurHash3.
"""

import math

import numpy as np

GOLDEN = 0x9E3779B1
SAMPLES = 128


def fnv1a32(data: bytes) -> int:
    h = 0x811C9DC5
    for byte in data:
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def hashes(name: str, count: int) -> np.ndarray:
    """`count` 32-bit hashes of the name, as uint32 (arithmetic wraps mod 2^32)."""
    x = np.uint32(fnv1a32(name.encode())) + np.arange(count, dtype=np.uint32) * np.uint32(GOLDEN)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
    return x


def uniform(name: str, shape) -> np.ndarray:
    """float64 in [-0.5, 0.5), of the given shape, in row-major order."""
    return (hashes(name, math.prod(shape)) / 2.0**32 - 0.5).reshape(shape)


def weight(name: str, shape, variable: str) -> np.ndarray:
    """A float32 weight. Kernels: variance 2 / fanIn for convolutions, 1 / fanIn for dense layers.

    The gamma that ends a residual branch of the article's network is a quarter, else 16 blocks make
    one ReLU or another change sign by rounding alone, and float32 gradients differ by percents.
    """
    u = uniform(name, shape)
    if variable == "kernel":
        gain = 2 if len(shape) == 4 else 1
        u *= (2 * math.sqrt(3)) * math.sqrt(gain / math.prod(shape[:-1]))
    elif variable == "bias":
        u *= 0.1
    elif variable == "gamma":
        u = (0.25 if name.endswith("branch2c/gamma") else 1) * (1 + 0.2 * u)
    elif variable in ("beta", "movingMean"):
        u *= 0.2
    elif variable == "movingVariance":
        u = 1 + 0.5 * u
    else:
        raise ValueError(f"no formula for variable {variable}")
    return u.astype(np.float32)


def sample_indices(name: str, size: int) -> np.ndarray:
    """All flat indices of a small tensor, else SAMPLES hashed ones (repeats are possible)."""
    if size <= SAMPLES:
        return np.arange(size)
    return (hashes(name, SAMPLES) % np.uint32(size)).astype(np.int64)
