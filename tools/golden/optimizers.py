"""Steps of PyTorch's optimizers on a small quadratic: packages/train/src/optimizers/fixtures/optimizers.json.

    /usr/bin/python3 tools/golden/optimizers.py

Parameters `weight` [2, 3] and `scale` [2] start at, are weighted by, and are drawn to hash numbers (seeds 1, 2, 3):
loss = sum(a * (w - c)^2) / 2 with a = 0.5 + hash_uniform. Values are float64 PyTorch's after every step; `float32Error`
is what PyTorch's own float32 differs, as max|a - b| / max|b|.
"""
import json
from pathlib import Path

import numpy as np
import torch

from hashing import hash_normal, hash_uniform

RATES = [0.1, 0.1, 0.05, 0.2, 0.2, 0.1, 0.02, 0.01]
SHAPES = {"weight": (2, 3), "scale": (2,)}
CASES = {
    "sgd": dict(kind="sgd"),
    "sgd-momentum": dict(kind="sgd", momentum=0.9, weightDecay=0.05),
    "sgd-nesterov": dict(kind="sgd", momentum=0.9, nesterov=True, weightDecay=0.05),
    "adam": dict(kind="adam", weightDecay=0.1),
    "adam-betas": dict(kind="adam", betas=[0.5, 0.9], epsilon=1e-3),
    "adamw": dict(kind="adamw", weightDecay=0.1),
    "sgd-clipped": dict(kind="sgd", momentum=0.9, clipNorm=0.5),
    "adamw-rules": dict(kind="adamw", weightDecay=0.1, scaleRate=0.1, scaleDecay=0.0),
}


def numbers(make, seed, dtype):
    values, start = {}, 0
    for name, shape in SHAPES.items():
        size = int(np.prod(shape))
        flat = make(seed, np.arange(start, start + size))
        # Rounded as float32, so that every implementation starts from the same numbers.
        values[name] = torch.tensor(flat.astype(np.float32).reshape(shape)).to(dtype)
        start += size
    return values


def optimizer(case, groups):
    decay = case.get("weightDecay", 0)
    if case["kind"] == "sgd":
        return torch.optim.SGD(
            groups, lr=1, momentum=case.get("momentum", 0), nesterov=case.get("nesterov", False), weight_decay=decay
        )
    make = torch.optim.Adam if case["kind"] == "adam" else torch.optim.AdamW
    return make(groups, lr=1, betas=case.get("betas", [0.9, 0.999]), eps=case.get("epsilon", 1e-8), weight_decay=decay)


def run(case, dtype):
    w = {name: value.requires_grad_() for name, value in numbers(hash_normal, 1, dtype).items()}
    a = numbers(lambda seed, index: 0.5 + hash_uniform(seed, index), 2, dtype)
    c = numbers(hash_normal, 3, dtype)
    factors = {"weight": 1, "scale": case.get("scaleRate", 1)}
    groups = [{"params": [w["weight"]]}, {"params": [w["scale"]]}]
    if "scaleDecay" in case:
        groups[1]["weight_decay"] = case["scaleDecay"]
    opt = optimizer(case, groups)
    steps = []
    for rate in RATES:
        for group, factor in zip(opt.param_groups, factors.values()):
            group["lr"] = rate * factor
        opt.zero_grad()
        sum((a[n] * (w[n] - c[n]) ** 2).sum() / 2 for n in w).backward()
        if "clipNorm" in case:
            torch.nn.utils.clip_grad_norm_(list(w.values()), case["clipNorm"])
        opt.step()
        steps.append({n: value.detach().double().flatten().tolist() for n, value in w.items()})
    return steps


def error(steps, reference):
    a = np.array([[v for x in s.values() for v in x] for s in steps])
    b = np.array([[v for x in s.values() for v in x] for s in reference])
    return float(np.abs(a - b).max() / np.abs(b).max())


cases = []
for name, case in CASES.items():
    exact = run(case, torch.float64)
    cases.append(
        {"name": name, "options": case, "steps": exact, "float32Error": error(run(case, torch.float32), exact)}
    )

path = Path(__file__).parents[2] / "packages/train/src/optimizers/fixtures/optimizers.json"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({"torch": torch.__version__, "rates": RATES, "cases": cases}, indent=1) + "\n")
print(path, path.stat().st_size, "bytes;", {c["name"]: c["float32Error"] for c in cases})
