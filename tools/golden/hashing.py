"""Numbers from integers: packages/graph/src/random.ts in numpy, bit for bit.

Run as a script, it writes the known values that packages/graph/src/random.test.ts checks:
    /usr/bin/python3 tools/golden/hashing.py
"""
import json
from pathlib import Path

import numpy as np

U = np.uint32


def _mix(x):
    x = x ^ (x >> U(16))
    x = x * U(0x7FEB352D)
    x = x ^ (x >> U(15))
    x = x * U(0x846CA68B)
    return x ^ (x >> U(16))


def _u32(value):
    """Whole numbers modulo 2^32, negative ones included, as JavaScript's `| 0`."""
    if isinstance(value, (int, np.integer)):
        return np.array([int(value) & 0xFFFFFFFF], dtype=U)
    return (np.asarray(value).astype(np.int64) & 0xFFFFFFFF).astype(U)


def hash32(seed, index):
    """A 32-bit hash of (seed, index) as uint32; `index` is a number or an array."""
    with np.errstate(over="ignore"):
        h = _mix(_mix(_u32(index) + U(0x9E3779B9)) ^ (_u32(seed) * U(0x85EBCA6B)))
    return h if np.ndim(index) else h[0]


def hash_uniform(seed, index):
    """float64 in [0, 1) with 24 bits, exact in float32."""
    return (hash32(seed, index) >> U(8)).astype(np.float64) / 2**24


def hash_normal(seed, index):
    """float64, about normal with mean 0 and variance 1: the sum of 12 uniforms minus 6, exact."""
    index = np.asarray(index, dtype=np.int64)
    return sum(hash_uniform(seed, index * 12 + k) for k in range(12)) - 6.0


def seed_of(seed, name):
    """Seed for a named thing: FNV-1a of its name (UTF-16 code units), mixed with `seed`."""
    units = np.frombuffer(name.encode("utf-16-le"), dtype=np.uint16)
    h = 0x811C9DC5
    for unit in units:
        h = ((h ^ int(unit)) * 0x01000193) & 0xFFFFFFFF
    return int(hash32(seed, h))


def uniform(seed, name, shape):
    """float64 array of `hash_uniform` in row-major order, seeded by `name`."""
    return hash_uniform(seed_of(seed, name), np.arange(int(np.prod(shape)))).reshape(shape)


def normal(seed, name, shape):
    """float64 array of `hash_normal` in row-major order, seeded by `name`."""
    return hash_normal(seed_of(seed, name), np.arange(int(np.prod(shape)))).reshape(shape)


def _known_values():
    seeds = [0, 1, 7, 2**31, 2**32 - 1, -1, 123456789]
    indices = [0, 1, 2, 1000, 2**31 - 1, 2**31, 2**32 - 1, 357913942]
    names = ["", "x", "fc.weight", "backbone.body.layer1.0.conv2.weight", "größe", "\U0001F600"]
    pairs = [(s, i) for s in seeds for i in indices]
    return {
        "hash32": [[s, i, int(hash32(s, i))] for s, i in pairs],
        "uniform": [[s, i, float(hash_uniform(s, i))] for s, i in pairs],
        "normal": [[s, i, float(hash_normal(s, i))] for s, i in pairs],
        "seedOf": [[s, n, seed_of(s, n)] for s in seeds for n in names],
    }


if __name__ == "__main__":
    path = Path(__file__).resolve().parents[2] / "packages/graph/src/fixtures/random.json"
    path.parent.mkdir(exist_ok=True)
    rows = _known_values()
    body = ",\n".join(f'"{k}": [\n' + ",\n".join(json.dumps(r) for r in v) + "\n]" for k, v in rows.items())
    path.write_text("{\n" + body + "\n}\n")
