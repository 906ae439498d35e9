"""Networks with their gradients and updates, by PyTorch in float64 and float32.

    /usr/bin/python3 tools/golden/networks.py [resnet18 resnext group-norm fpn max-pool convolution]
"""
import sys
from collections import OrderedDict

import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torchvision.models.resnet import Bottleneck
from torchvision.ops import feature_pyramid_network as pyramid

from golden import both, fill, label_input, normal_input, summaries, uniform_input, write

FIXTURES = "packages/train/test/golden/fixtures"
SEED = 7


def parameter_gradients(module):
    return {f"gradient/{name}": p.grad.clone() for name, p in module.named_parameters()}


def buffers(module, family):
    return {f"{family}/{name}": b.clone() for name, b in module.named_buffers() if b.is_floating_point()}


# ---------------------------------------------------------------- ResNet-18

RESNET = {"batch": 4, "size": 64, "classes": 10, "steps": 10, "rate": 0.005, "momentum": 0.9, "weightDecay": 1e-2}
ROUNDINGS = 24
# A ReLU input or two pixels of a pooling window so near to each other that rounding picks the other branch: among 10^6
# of them that happens every few steps, in PyTorch as elsewhere, and moves the tensors before it by 1e-4 to 5e-3. Which
# tensors, and when, is chance: after ten steps each family has one bound, from the worst of many float32 runs.
CHANCE = ("trained", "moved-after-10", "momentum-after-10", "statistic-after-10")


def resnet18(dtype, rounding=0):
    """Ten steps of SGD on one batch, then evaluation with the running statistics."""
    batch, size, classes = RESNET["batch"], RESNET["size"], RESNET["classes"]
    net = fill(torchvision.models.resnet18(num_classes=classes).to(dtype), SEED).train()
    x = normal_input(SEED, "x", (batch, 3, size, size), dtype)
    if rounding:  # the last bit of every input, up or down
        x = x * (1 + torch.sign(normal_input(rounding, "rounding", x.shape, dtype)) * 2**-23)
    target = label_input(SEED, "target", (batch,), classes)
    optimizer = torch.optim.SGD(net.parameters(), lr=RESNET["rate"], momentum=RESNET["momentum"],
                                weight_decay=RESNET["weightDecay"])
    start = {name: p.detach().clone() for name, p in net.named_parameters()}
    out, losses = {}, []
    for step in range(1, RESNET["steps"] + 1):
        stages = {}
        hooks = [getattr(net, f"layer{i}").register_forward_hook(lambda _m, _i, y, i=i: stages.update({f"C{i + 1}": y}))
                 for i in range(1, 5)]
        optimizer.zero_grad()
        logits = net(x)
        loss = F.cross_entropy(logits, target)
        loss.backward()
        losses.append(loss.detach())
        if step == 1:
            out.update({f"forward/{name}": y.clone() for name, y in stages.items()})
            out.update({"forward/logits": logits, "forward/loss": loss, **parameter_gradients(net)})
        for hook in hooks:
            hook.remove()
        optimizer.step()
        if step == 1:
            out.update(buffers(net, "statistic-after-1"))
        if step in (2, RESNET["steps"]):
            for name, p in net.named_parameters():
                # The change, not the value: the start is the same on both sides and would hide it.
                out[f"moved-after-{step}/{name}"] = p.detach() - start[name]
                out[f"momentum-after-{step}/{name}"] = optimizer.state[p]["momentum_buffer"].clone()
    out["trained/losses"] = torch.stack(losses)
    out.update(buffers(net, "statistic-after-10"))
    out["trained/evaluated-logits"] = net.eval()(x)
    return out


def resnet18_summaries():
    runs = (resnet18(torch.float32, rounding) for rounding in range(ROUNDINGS))
    return summaries(runs, resnet18(torch.float64), CHANCE)


# ---------------------------------------------------------------- ResNeXt blocks

RESNEXT = {"stem": 32, "planes": 16, "groups": 8, "widthPerGroup": 64, "dilation": 2, "size": [15, 12]}


def resnext(dtype):
    """Bottlenecks with grouped 3x3 convolutions of dilation 2: stride 1 with a projection, stride 2, and plain."""
    c = RESNEXT
    channels = 4 * c["planes"]

    def block(inputs, stride):
        project = None if stride == 1 and inputs == channels else nn.Sequential(
            nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))
        return Bottleneck(inputs, c["planes"], stride, project, c["groups"], c["widthPerGroup"], c["dilation"])

    net = nn.Sequential(OrderedDict(
        conv1=nn.Conv2d(3, c["stem"], 3, padding=1, bias=False), bn1=nn.BatchNorm2d(c["stem"]), relu=nn.ReLU(),
        layer1=nn.Sequential(block(c["stem"], 1)),
        layer2=nn.Sequential(block(channels, 2), block(channels, 1)))).to(dtype)
    fill(net, SEED).train()
    x = normal_input(SEED, "x", (3, 3, *c["size"]), dtype).requires_grad_()
    y = net(x)
    loss = (y * normal_input(SEED, "cotangent", y.shape, dtype)).sum()
    loss.backward()
    out = {"forward/C3": y, "gradient/x": x.grad, **parameter_gradients(net), **buffers(net, "statistic")}
    with torch.no_grad():
        fill(net, SEED)  # its running statistics before the batch
        out["evaluated/C3"] = net.eval()(x)
    return out


# ---------------------------------------------------------------- group norm

GROUP_NORM = {"size": [17, 14], "classes": 5}


def group_norm(dtype):
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2, padding=1, bias=False), nn.GroupNorm(4, 16), nn.ReLU(),
        nn.Conv2d(16, 24, 3, padding=(1, 2), dilation=(1, 2), groups=2, bias=False), nn.GroupNorm(8, 24), nn.ReLU(),
        nn.Conv2d(24, 12, 3, stride=2, padding=2, dilation=2, bias=False), nn.GroupNorm(1, 12), nn.ReLU(),
        nn.Conv2d(12, 12, 3, padding=1, bias=False), nn.GroupNorm(12, 12), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(12, GROUP_NORM["classes"]),
    ).to(dtype)
    fill(net, SEED)
    x = normal_input(SEED, "x", (2, 3, *GROUP_NORM["size"]), dtype).requires_grad_()
    logits = net(x)
    loss = F.cross_entropy(logits, label_input(SEED, "target", (2,), GROUP_NORM["classes"]))
    loss.backward()
    return {"forward/logits": logits, "forward/loss": loss, "gradient/x": x.grad, **parameter_gradients(net)}


# ---------------------------------------------------------------- feature pyramid

PYRAMIDS = {
    # P6 is made of C5, as its channels differ from the pyramid's; each odd map is 2 n - 1 of the one above it.
    "odd-sizes": {"channels": [8, 16, 32], "out": 12, "sizes": [[13, 17], [7, 9], [4, 5]], "extra": [32, 12]},
    # P6 is made of P5 (RetinaNet of torchvision's first version).
    "p6-of-p5": {"channels": [8, 16, 32], "out": 12, "sizes": [[16, 24], [8, 12], [4, 6]], "extra": [12, 12]},
    "max-pool": {"channels": [8, 16], "out": 6, "sizes": [[6, 5], [3, 3]], "extra": None},
}


def feature_pyramid(case):
    def run(dtype):
        extra = pyramid.LastLevelP6P7(*case["extra"]) if case["extra"] else pyramid.LastLevelMaxPool()
        net = fill(pyramid.FeaturePyramidNetwork(case["channels"], case["out"], extra).to(dtype), SEED)
        maps = {f"x{i}": normal_input(SEED, f"x{i}", (2, c, *size), dtype).requires_grad_()
                for i, (c, size) in enumerate(zip(case["channels"], case["sizes"]))}
        ys = list(net(dict(maps)).values())
        loss = sum((y * normal_input(SEED, f"cotangent{i}", y.shape, dtype)).sum() for i, y in enumerate(ys))
        loss.backward()
        return {**{f"forward/y{i}": y for i, y in enumerate(ys)},
                **{f"gradient/{name}": x.grad for name, x in maps.items()}, **parameter_gradients(net)}
    return run


# ---------------------------------------------------------------- max-pool with ties

POOLS = {
    "resnet-stem": {"size": [11, 14], "kernel": 3, "stride": 2, "padding": 1},
    "not-overlapping": {"size": [8, 10], "kernel": 2, "stride": 2, "padding": 0},
    "overlapping": {"size": [9, 7], "kernel": 3, "stride": 1, "padding": 1},
    "rectangular": {"size": [9, 12], "kernel": [2, 3], "stride": [1, 2], "padding": [1, 0]},
}


def max_pool(case):
    """Four values only, so that most windows have several maxima; many windows are all negative."""
    def run(dtype):
        x = torch.floor(uniform_input(SEED, "x", (2, 3, *case["size"]), -3, 1, dtype)).requires_grad_()
        y = F.max_pool2d(x, case["kernel"], case["stride"], case["padding"])
        (y * normal_input(SEED, "cotangent", y.shape, dtype)).sum().backward()
        return {"forward/y": y, "gradient/x": x.grad}
    return run


# ---------------------------------------------------------------- convolutions

CONVOLUTIONS = [
    # x, w, stride, padding [top, left, bottom, right], dilation, groups
    ([2, 4, 9, 11], [6, 4, 3, 3], [1, 1], [1, 1, 1, 1], [1, 1], 1),
    ([2, 4, 9, 11], [6, 4, 3, 3], [2, 2], [1, 1, 1, 1], [1, 1], 1),
    ([2, 4, 12, 10], [6, 4, 3, 3], [2, 2], [2, 2, 2, 2], [2, 2], 1),
    ([2, 4, 12, 10], [6, 4, 3, 3], [1, 1], [3, 1, 3, 1], [3, 1], 1),
    ([2, 4, 12, 10], [6, 4, 3, 3], [2, 1], [1, 4, 1, 4], [1, 4], 1),
    ([2, 8, 11, 10], [12, 2, 3, 3], [1, 1], [2, 2, 2, 2], [2, 2], 4),
    ([2, 8, 11, 10], [12, 2, 3, 3], [2, 2], [2, 2, 2, 2], [2, 2], 4),
    ([2, 8, 13, 10], [12, 2, 3, 3], [3, 2], [2, 3, 2, 3], [2, 3], 4),
    ([2, 6, 9, 9], [6, 1, 3, 3], [2, 2], [2, 2, 2, 2], [2, 2], 6),
    ([2, 6, 9, 9], [12, 1, 5, 3], [1, 2], [2, 1, 2, 1], [1, 1], 6),
    ([2, 3, 15, 17], [8, 3, 7, 7], [2, 2], [3, 3, 3, 3], [1, 1], 1),
    ([2, 5, 8, 7], [4, 5, 1, 1], [1, 1], [0, 0, 0, 0], [1, 1], 1),
    ([2, 5, 8, 7], [4, 5, 1, 1], [2, 2], [0, 0, 0, 0], [1, 1], 1),
    ([2, 6, 8, 7], [4, 3, 1, 1], [3, 2], [0, 0, 0, 0], [1, 1], 2),
    ([2, 4, 7, 8], [6, 4, 3, 3], [1, 1], [0, 0, 0, 0], [1, 1], 1),
    # Padding wider than the kernel reaches: the flipped form crops.
    ([2, 4, 7, 8], [6, 4, 3, 3], [1, 1], [4, 3, 4, 3], [1, 1], 1),
    ([2, 4, 7, 8], [6, 4, 1, 1], [1, 1], [1, 2, 1, 2], [1, 1], 1),
    ([2, 4, 8, 9], [4, 2, 2, 4], [2, 3], [1, 2, 0, 1], [1, 2], 2),
    ([2, 4, 9, 8], [6, 2, 3, 3], [2, 2], [0, 1, 2, 3], [2, 1], 2),
    # The last rows and columns are never read.
    ([2, 4, 12, 13], [6, 2, 3, 3], [4, 5], [0, 0, 0, 0], [1, 2], 2),
    ([1, 4, 5, 5], [2, 4, 5, 5], [1, 1], [0, 0, 0, 0], [1, 1], 1),
]


def convolution_case(row):
    return dict(zip(["x", "w", "stride", "padding", "dilation", "groups"], row))


def convolution(case):
    """conv2d with both gradients, and the transposed convolution (convGradInput as an op) with both of its own."""
    stride, dilation, groups = case["stride"], case["dilation"], case["groups"]
    top, left, bottom, right = case["padding"]

    def run(dtype):
        x = normal_input(SEED, "x", case["x"], dtype).requires_grad_()
        w = normal_input(SEED, "w", case["w"], dtype).requires_grad_()
        y = F.conv2d(F.pad(x, (left, right, top, bottom)), w, None, stride, 0, dilation, groups)
        g = normal_input(SEED, "g", y.shape, dtype).requires_grad_()
        dx, dw = torch.autograd.grad(y, (x, w), g, create_graph=True)
        v = normal_input(SEED, "v", x.shape, dtype)
        u = normal_input(SEED, "u", w.shape, dtype)
        dx_g, dx_w = torch.autograd.grad(dx, (g, w), v, retain_graph=True)
        dw_g, dw_x = torch.autograd.grad(dw, (g, x), u)
        return {"forward/y": y, "gradient/x": dx, "gradient/w": dw,
                "second/dx-by-g": dx_g, "second/dx-by-w": dx_w, "second/dw-by-g": dw_g, "second/dw-by-x": dw_x}
    return run


# ---------------------------------------------------------------- files


def cases(table, runner):
    return {"seed": SEED, "cases": {name: {"attributes": case, "tensors": both(runner(case))}
                                    for name, case in table.items()}}


def single(attributes, tensors):
    return {"seed": SEED, "cases": {"only": {"attributes": attributes, "tensors": tensors}}}


FILES = {
    "resnet18": lambda: single(RESNET, resnet18_summaries()),
    "resnext": lambda: single(RESNEXT, both(resnext)),
    "group-norm": lambda: single(GROUP_NORM, both(group_norm)),
    "fpn": lambda: cases(PYRAMIDS, feature_pyramid),
    "max-pool": lambda: cases(POOLS, max_pool),
    "convolution": lambda: cases({f"{i:02d}": convolution_case(row) for i, row in enumerate(CONVOLUTIONS)}, convolution),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or FILES:
        write(f"{FIXTURES}/{name}.json", FILES[name]())
