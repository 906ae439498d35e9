"""Backbones and transformed networks, by torchvision and PyTorch.

    /usr/bin/python3 tools/golden/space.py [torchvision transformed cifar]

`torchvision`: parameters, multiply-adds and a digest of names and shapes of torchvision's models.
`transformed`: logits of torchvision's networks with hashed weights, plain and with a scheme.
`cifar`: the same for akamaster's pretrained CIFAR ResNets; needs their files in ../shared/data/cifar-resnet.

A transformed convolution is PyTorch's own, once for every genotype with all channels, of which those that chose it are
taken: nothing of the project's algebra is in it.
"""
import hashlib
import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision
from torch import nn

import hashing
from golden import ROOT, digits, fill, normal_input, write

SEED = 7
FIXTURES = "packages/space/test/fixtures"
WEIGHTS = ROOT.parent / "shared/data/cifar-resnet"

# ---------------------------------------------------------------- torchvision's models

# GFLOPS (in fact multiply-adds) at 224 x 224: `_ops` in the weights' meta data of torchvision 0.15 and later,
# https://github.com/pytorch/vision/blob/main/torchvision/models, resnet.py, regnet.py, mobilenetv2.py
PUBLISHED = {
    "resnet18": 1.814, "resnet34": 3.664, "resnet50": 4.089, "resnet101": 7.801, "resnet152": 11.514,
    "resnext50_32x4d": 4.23, "resnext101_32x8d": 16.414, "wide_resnet50_2": 11.398,
    "regnet_x_400mf": 0.414, "regnet_x_800mf": 0.8, "regnet_x_1_6gf": 1.603, "regnet_x_3_2gf": 3.177,
    "regnet_y_400mf": 0.402, "regnet_y_800mf": 0.834, "regnet_y_1_6gf": 1.612, "regnet_y_3_2gf": 3.176,
    "mobilenet_v2": 0.301,
}
# Convolutions of 3x3 that belong to no block.
STEMS = ("stem.0", "features.0.0")


def state_digest(state):
    """SHA-256 of the lines `name:1,2,3` in order, without the counters of batch norms."""
    lines = [f"{name}:{','.join(map(str, t.shape))}" for name, t in state.items() if not name.endswith("num_batches_tracked")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def multiply_adds(net, x):
    """Of convolutions and linear layers, counted from the shapes that PyTorch computes."""
    total = 0

    def count(module, _inputs, output):
        nonlocal total
        total += output.numel() * math.prod(module.weight.shape[1:])

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    with torch.no_grad():
        net.eval()(x)
    for hook in hooks:
        hook.remove()
    return total


def models():
    out = {}
    for name, published in PUBLISHED.items():
        net = getattr(torchvision.models, name)(weights=None)
        out[name] = {
            "parameters": sum(p.numel() for p in net.parameters()),
            "macs": multiply_adds(net, torch.zeros(1, 3, 224, 224)),
            "publishedGigaMacs": published,
            "stateDigest": state_digest(net.state_dict()),
        }
    return {"size": 224, "source": "torchvision >= 0.15, torchvision/models, _ops", "models": out}


# ---------------------------------------------------------------- schemes

GENOTYPES = [[1, 1], [2, 2], [1, 3]]


def genotype_of(site, unit):
    """Hashed; about every fifth convolution stays plain."""
    if hashing.hash32(hashing.seed_of(SEED, f"plain {site}"), 0) % 5 == 0:
        return 0
    return int(hashing.hash32(hashing.seed_of(SEED, f"genotype {site}"), unit)) % len(GENOTYPES)


def transform(net):
    """Gives every 3x3 convolution of a block the genotypes of its channels (whole groups of a grouped one)."""
    for site, conv in net.named_modules():
        if not isinstance(conv, nn.Conv2d) or conv.kernel_size != (3, 3) or site in STEMS:
            continue
        unit = 1 if conv.groups == 1 else conv.out_channels // conv.groups
        choice = [genotype_of(site, c // unit) for c in range(conv.out_channels)]

        def forward(x, conv=conv, choice=choice):
            all_channels = [F.conv2d(x, conv.weight, None, conv.stride, (dh, dw), (dh, dw), conv.groups) for dh, dw in GENOTYPES]
            return torch.stack([all_channels[g][:, c] for c, g in enumerate(choice)], 1)

        conv.forward = forward
    return net


def logits(make, x):
    """Plain and transformed, in float64, and what PyTorch's own float32 misses them by."""
    out = {}
    with torch.no_grad():
        for arm, change in (("plain", lambda net: net), ("transformed", transform)):
            exact = change(make().double()).eval()(x)
            single = change(make()).eval()(x.float()).double()
            error = (single - exact).abs().max() / exact.abs().max()
            out[arm] = {"logits": digits(exact.numpy().tolist()), "float32Error": digits(float(error), 3)}
    return out


def transformed():
    cases = {}
    for name, size in (("resnet18", 64), ("resnet50", 64), ("resnext50_32x4d", 64),
                       ("regnet_x_400mf", 64), ("regnet_y_400mf", 64), ("mobilenet_v2", 64)):
        make = lambda: fill(getattr(torchvision.models, name)(weights=None, num_classes=10), SEED)
        cases[name] = {"input": [2, 3, size, size], **logits(make, normal_input(SEED, "x", (2, 3, size, size)))}
    return {"seed": SEED, "genotypes": GENOTYPES, "cases": cases}


# ---------------------------------------------------------------- CIFAR ResNets


class CifarBlock(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.added = stride, channels - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        # Option A: the identity at every stride-th pixel, with zero channels on both sides.
        identity = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        return F.relu(y + identity)


class CifarResnet(nn.Module):
    def __init__(self, depth, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inputs = 16
        for stage, channels in enumerate([16, 32, 64], 1):
            blocks = []
            for i in range((depth - 2) // 6):
                blocks.append(CifarBlock(inputs, channels, 2 if stage > 1 and i == 0 else 1))
                inputs = channels
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)))


def cifar():
    cases = {}
    for file in ("resnet20-12fca82f.th", "resnet56-4bfd9763.th"):
        name = file.split("-")[0]
        saved = torch.load(WEIGHTS / file, map_location="cpu")["state_dict"]
        state = {key.replace("module.", "").replace("linear.", "fc."): value for key, value in saved.items()}

        def make():
            net = CifarResnet(int(name[len("resnet"):]))
            net.load_state_dict(state)
            return net

        x = normal_input(SEED, "x", (2, 3, 32, 32))
        cases[name] = {
            "file": file,
            "parameters": sum(p.numel() for p in make().parameters()),
            "macs": multiply_adds(make(), torch.zeros(1, 3, 32, 32)),
            "stateDigest": state_digest(state),
            "input": [2, 3, 32, 32],
            **logits(make, x),
        }
    return {"seed": SEED, "genotypes": GENOTYPES, "cases": cases}


FILES = {
    "torchvision": lambda: write(f"{FIXTURES}/torchvision.json", models()),
    "transformed": lambda: write(f"{FIXTURES}/transformed.json", transformed()),
    "cifar": lambda: write("packages/train/test/fixtures/cifar-resnet.json", cifar()),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FILES:
        FILES[name]()
