"""What all fixtures share: hashed values, summaries of tensors, and the JSON file. See README.md, 'Fixture format'."""
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch

import hashing

ROOT = Path(__file__).resolve().parents[2]
SMALL = 24  # tensors up to this size are stored whole
SAMPLES = 12
PROJECTIONS = 4


# ---------------------------------------------------------------- values from names


def value(seed, name, shape):
    """Value of a parameter or statistic, by the kind that its name and rank tell. float32, as engines hold it."""
    shape = tuple(shape)
    if name.endswith("running_mean"):
        x = 0.2 * hashing.uniform(seed, name, shape) - 0.1
    elif name.endswith("running_var"):
        x = 0.5 + hashing.uniform(seed, name, shape)
    elif len(shape) == 1 and name.endswith("weight"):
        x = 0.9 + 0.2 * hashing.uniform(seed, name, shape)
    elif len(shape) == 1:
        x = 0.2 * hashing.uniform(seed, name, shape) - 0.1
    else:
        gain = 2 if len(shape) == 4 else 1
        x = hashing.normal(seed, name, shape) * math.sqrt(gain / math.prod(shape[1:]))
    return x.astype(np.float32)


def fill(module, seed, prefix=""):
    """Sets every parameter and floating buffer of a module to its hashed value; returns the module."""
    with torch.no_grad():
        for name, tensor in list(module.named_parameters()) + list(module.named_buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.from_numpy(value(seed, prefix + name, tensor.shape)))
    return module


def normal_input(seed, name, shape, dtype=torch.float64):
    """A fed tensor of hashed normals, rounded to float32."""
    return torch.from_numpy(hashing.normal(seed, name, shape).astype(np.float32)).to(dtype)


def uniform_input(seed, name, shape, low=0.0, high=1.0, dtype=torch.float64):
    """A fed tensor of hashed uniforms in [low, high), rounded to float32."""
    x = low + (high - low) * hashing.uniform(seed, name, shape)
    return torch.from_numpy(x.astype(np.float32)).to(dtype)


def label_input(seed, name, shape, classes):
    """int64 labels in [0, classes): the hash modulo the number of classes."""
    h = hashing.hash32(hashing.seed_of(seed, name), np.arange(math.prod(shape)))
    return torch.from_numpy((h % np.uint32(classes)).astype(np.int64).reshape(shape))


# ---------------------------------------------------------------- summaries


def flat(tensor):
    return tensor.detach().cpu().double().numpy().reshape(-1)


def sample_positions(size):
    u = hashing.hash_uniform(hashing.seed_of(0, "golden samples"), np.arange(SAMPLES))
    return np.floor((np.arange(SAMPLES) + u) * size / SAMPLES).astype(np.int64)


def projections(x):
    bits = hashing.hash32(hashing.seed_of(0, "golden projections"), np.arange(x.size))
    return [float(np.sum(np.where((bits >> np.uint32(k)) & np.uint32(1), -x, x))) for k in range(PROJECTIONS)]


def relative_error(a, b):
    """max|a - b| / max|b|; for big tensors also the errors of norm and projections, relative to the norm."""
    scale = np.max(np.abs(b), initial=0.0)
    error = np.max(np.abs(a - b), initial=0.0) / scale if scale else np.max(np.abs(a), initial=0.0)
    if b.size <= SMALL:
        return float(error)
    norm = np.linalg.norm(b)
    ends = [np.linalg.norm(a) - norm] + [p - q for p, q in zip(projections(a), projections(b))]
    return float(max(error, max(map(abs, ends)) / (norm or 1.0)))


def digits(x, count=10):
    return [digits(y, count) for y in x] if isinstance(x, (list, np.ndarray)) else float(f"{x:.{count}g}")


def summary(exact, error=None, whole=False):
    """`exact`: the float64 tensor; `error`: what PyTorch's own float32 misses it by; `whole`: every number."""
    x = flat(exact)
    out = {"shape": list(exact.shape)}
    if whole or x.size <= SMALL:
        out["values"] = digits(x)
    else:
        out["max"] = digits(np.max(np.abs(x)))
        out["norm"] = digits(np.linalg.norm(x))
        out["projections"] = digits(projections(x))
        out["samples"] = digits(x[sample_positions(x.size)])
    if error is not None:
        out["float32Error"] = digits(error, 3)
    return out


def summaries(runs, exact, pooled=()):
    """
    Named tensors of a float64 run, with the largest error among float32 runs of the same (one, or several that differ
    in rounding alone). Tensors of the families in `pooled` all get their family's largest error.
    """
    errors = dict.fromkeys(exact, 0.0)
    for run in runs:
        for name, tensor in exact.items():
            errors[name] = max(errors[name], relative_error(flat(run[name]), flat(tensor)))
    family = lambda name: name.split("/")[0]
    for name in errors:
        if family(name) in pooled:
            errors[name] = max(e for other, e in errors.items() if family(other) == family(name))
    return {name: summary(tensor, errors[name]) for name, tensor in exact.items()}


def both(run):
    """Summaries of `run(dtype)`, which returns named tensors, in float64 and float32."""
    return summaries([run(torch.float32)], run(torch.float64))


# ---------------------------------------------------------------- files


def write(path, content):
    """Writes a fixture: one tensor, or one small value, a line."""
    import torchvision

    path = ROOT / path
    path.parent.mkdir(parents=True, exist_ok=True)
    head = {"generator": f"/usr/bin/python3 tools/golden/{Path(sys.argv[0]).name}", "torch": torch.__version__,
            "torchvision": torchvision.__version__}
    text = _pretty({**head, **content}, 0) + "\n"
    json.loads(text)
    path.write_text(text)
    print(f"{path.relative_to(ROOT)}: {len(text) // 1024} kB")


def _pretty(x, depth):
    line = json.dumps(x)
    if not isinstance(x, (dict, list)) or len(line) <= 160 or (isinstance(x, dict) and "shape" in x):
        return line
    if isinstance(x, list) and all(not isinstance(y, (dict, list)) for y in x):
        return line
    pad = " " * (depth + 1)
    if isinstance(x, dict):
        body = (f"{pad}{json.dumps(k)}: {_pretty(v, depth + 1)}" for k, v in x.items())
        return "{\n" + ",\n".join(body) + "\n" + " " * depth + "}"
    return "[\n" + ",\n".join(pad + _pretty(v, depth + 1) for v in x) + "\n" + " " * depth + "]"
