"""
Writes packages/detect/test/fixtures/pyramid.json: torchvision's feature pyramid on maps of any sizes, values and gradients.

    /usr/bin/python3 tools/golden/pyramid.py
"""
from collections import OrderedDict

from torchvision.ops import feature_pyramid_network as pyramid

from golden import both, fill, normal_input, write

SEED = 11
CASES = {
    # Each map has 2 n - 1 or 2 n of the n rows and columns of the next: what strides of 2 leave of any input.
    "odd": {"channels": [8, 16, 32], "out": 12, "sizes": [[13, 17], [7, 9], [4, 5]], "extra": "p6p7"},
    "even-by-odd": {"channels": [8, 16], "out": 12, "sizes": [[16, 9], [8, 5]], "extra": "p6p7"},
    # A stride of 4 leaves a rest, a stride of 1 none.
    "other-ratios": {"channels": [8, 16, 16], "out": 12, "sizes": [[13, 22], [4, 6], [4, 6]], "extra": "pool"},
    # No whole number of times as many.
    "five-of-two": {"channels": [8, 16], "out": 12, "sizes": [[5, 7], [2, 3]], "extra": "pool"},
}


def feature_pyramid(case):
    def run(dtype):
        out = case["out"]
        extra = pyramid.LastLevelP6P7(out, out) if case["extra"] == "p6p7" else pyramid.LastLevelMaxPool()
        net = fill(pyramid.FeaturePyramidNetwork(case["channels"], out, extra).to(dtype), SEED)
        maps = OrderedDict((f"x{i}", normal_input(SEED, f"x{i}", (2, c, *size), dtype).requires_grad_())
                           for i, (c, size) in enumerate(zip(case["channels"], case["sizes"])))
        levels = list(net(maps).values())
        loss = sum((y * normal_input(SEED, f"cotangent{i}", y.shape, dtype)).sum() for i, y in enumerate(levels))
        loss.backward()
        return {**{f"forward/P{i}": y for i, y in enumerate(levels)},
                **{f"gradient/{name}": x.grad for name, x in maps.items()},
                **{f"gradient/{name}": p.grad for name, p in net.named_parameters()}}
    return run


if __name__ == "__main__":
    write("packages/detect/test/fixtures/pyramid.json",
          {"seed": SEED, "cases": {name: {"attributes": case, "tensors": both(feature_pyramid(case))}
                                   for name, case in CASES.items()}})
