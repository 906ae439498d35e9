"""The pieces of torchvision's detectors on edge cases. Inputs stand in each case's attributes, results are whole.

    /usr/bin/python3 tools/golden/pieces.py
"""
import torch
import torch.nn.functional as F
from torchvision.models.detection._utils import BoxCoder, BoxLinearCoder, Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import boxes as box_ops
from torchvision.ops import complete_box_iou_loss, generalized_box_iou_loss, roi_align, sigmoid_focal_loss
from torchvision.ops.poolers import LevelMapper

from golden import digits, flat, label_input, normal_input, relative_error, summary, uniform_input, write

SEED = 5


def piece(attributes, run, whole=True):
    """`run(dtype)`: named results. Those of whole numbers must not depend on the precision."""
    exact, single = run(torch.float64), run(torch.float32)
    for name, tensor in exact.items():
        assert tensor.is_floating_point() or torch.equal(tensor, single[name]), f"{name} depends on rounding"
    return {"attributes": attributes, "tensors": {
        name: summary(tensor, relative_error(flat(single[name]), flat(tensor)), whole)
        for name, tensor in exact.items()}}


def rows(tensor):
    return digits(tensor.double().numpy())


def random_boxes(name, count, size, smallest=1):
    """Corner and sides in quarters of a pixel, exact in float32."""
    corner = torch.floor(uniform_input(SEED, f"{name}.corner", (count, 2), 0, size * 3))
    side = torch.floor(uniform_input(SEED, f"{name}.side", (count, 2), smallest * 4, size * 2))
    return torch.cat([corner, corner + side], 1) / 4


def jittered(name, count, base):
    """Copies of boxes, each side moved by up to 3 pixels, in quarters of a pixel."""
    shift = torch.floor(uniform_input(SEED, f"{name}.jitter", (count, 4), -12, 13)) / 4
    return torch.stack([base[i % len(base)] for i in range(count)]) + shift


# ---------------------------------------------------------------- anchors

ANCHORS = {
    "retinanet": {"size": [128, 160], "grids": [[16, 20], [8, 10], [4, 5], [2, 3], [1, 2]],
                  "sizes": [[x, int(x * 2 ** (1 / 3)), int(x * 2 ** (2 / 3))] for x in (32, 64, 128, 256, 512)],
                  "ratios": [0.5, 1, 2]},
    # Halves to be rounded, strides that are no whole numbers.
    "odd": {"size": [50, 71], "grids": [[3, 5], [2, 2]], "sizes": [[17, 33], [9, 65]], "ratios": [0.3, 1, 3.3]},
    "faster-rcnn": {"size": [64, 64], "grids": [[16, 16], [8, 8]], "sizes": [[32], [64]], "ratios": [0.5, 1, 2]},
}


def anchors(case):
    def run(dtype):
        generator = AnchorGenerator(tuple(map(tuple, case["sizes"])), (tuple(case["ratios"]),) * len(case["sizes"]))
        maps = [torch.zeros(1, 1, *grid, dtype=dtype) for grid in case["grids"]]
        boxes = generator(ImageList(torch.zeros(1, 3, *case["size"], dtype=dtype), [tuple(case["size"])]), maps)[0]
        cells = torch.cat([c.to(dtype) for c in generator.cell_anchors])
        return {"anchors/cells": cells, "anchors/all": boxes}
    return run


# ---------------------------------------------------------------- box coders


def coder(weights):
    anchor_boxes, boxes = random_boxes("coder.anchors", 8, 64), random_boxes("coder.boxes", 8, 64)
    offsets = (normal_input(SEED, "coder.offsets", (8, 4)) * 0.75).float()
    # Beyond log(1000 / 16), and far to the other side.
    offsets[0] = torch.tensor([0.5, -0.5, 30, 25])
    offsets[1] = torch.tensor([-3, 2, -30, 4.25])

    def run(dtype):
        a, b, o = (x.to(dtype) for x in (anchor_boxes, boxes, offsets))
        if weights is None:
            linear = BoxLinearCoder(normalize_by_size=True)
            return {"coder/encoded": linear.encode(a, b), "coder/decoded": linear.decode(o.abs(), a)}
        box_coder = BoxCoder(weights)
        return {"coder/encoded": box_coder.encode_single(b, a), "coder/decoded": box_coder.decode_single(o, a)}
    return piece({"weights": weights, "anchors": rows(anchor_boxes), "boxes": rows(boxes),
                  "offsets": rows(offsets.abs() if weights is None else offsets)}, run)


# ---------------------------------------------------------------- matcher

SQUARE = [0, 0, 10, 10]
MATCHES = {
    "exactly-at-the-thresholds": [[SQUARE], [[0, 0, 10, 5], [0, 0, 10, 3.75], [0, 0, 10, 3.5]], 0.5, 0.375, False],
    "low-quality-at-the-thresholds": [[SQUARE], [[0, 0, 10, 3.75], [0, 0, 10, 3.5]], 0.5, 0.375, True],
    "one-threshold": [[SQUARE], [[0, 0, 10, 5], [0, 0, 10, 4.75]], 0.5, 0.5, False],
    # Both anchors overlap the object alike, and most: both get it, though little.
    "tie-of-anchors": [[[4, 0, 14, 10]], [[0, 0, 10, 2], [0, 2, 10, 4], [12, 0, 22, 10]], 0.5, 0.4, True],
    "tie-of-objects": [[[0, 0, 5, 10], [5, 0, 10, 10]], [SQUARE], 0.5, 0.4, True],
    # The best anchor of the small object belongs to the large one, which it overlaps more.
    "best-anchor-of-another": [[[0, 0, 10, 9], [0, 0, 2, 2]], [SQUARE, [30, 30, 40, 40]], 0.5, 0.4, True],
    "same-object-twice": [[SQUARE, SQUARE], [[0, 0, 10, 8], [1, 1, 10, 10]], 0.5, 0.4, True],
}


def match(objects, anchor_boxes, high, low, low_quality):
    def run(dtype):
        iou = box_ops.box_iou(torch.tensor(objects, dtype=dtype), torch.tensor(anchor_boxes, dtype=dtype))
        return {"match/iou": iou.T, "match/matches": Matcher(high, low, low_quality)(iou)}
    return piece({"objects": objects, "anchors": anchor_boxes, "high": high, "low": low, "lowQuality": low_quality}, run)


def matches():
    out = {f"matcher.{name}": match(*case) for name, case in MATCHES.items()}
    objects = random_boxes("match.objects", 6, 40, 10)
    objects, anchor_boxes = rows(objects), rows(jittered("match.anchors", 48, objects))
    for high, low, low_quality in [(0.5, 0.4, True), (0.7, 0.3, True), (0.5, 0.5, False)]:
        out[f"matcher.random-{high}-{low}"] = match(objects, anchor_boxes, high, low, low_quality)
    return out


# ---------------------------------------------------------------- losses


def focal(alpha, gamma):
    logits = (normal_input(SEED, "focal.logits", (24,)) * 3).float()
    logits[:6] = torch.tensor([-40.0, 40.0, -40.0, 40.0, 0.0, 0.0])
    labels = label_input(SEED, "focal.targets", (24,), 2)
    labels[:6] = torch.tensor([0, 0, 1, 1, 0, 1])

    def run(dtype):
        x = logits.to(dtype, copy=True).requires_grad_()
        loss = sigmoid_focal_loss(x, labels.to(dtype), alpha, gamma, "none")
        loss.sum().backward()
        return {"loss/focal": loss, "gradient/focal": x.grad}
    return piece({"alpha": alpha, "gamma": gamma, "logits": rows(logits), "targets": labels.tolist()}, run)


PAIRS = {
    "overlapping": [[10, 10, 50, 40], [20, 15, 60, 55]],
    "apart": [[0, 0, 10, 10], [30, 40, 45, 50]],
    "inside": [[10, 10, 90, 80], [30, 20, 50, 60]],
    "around": [[30, 20, 50, 60], [10, 10, 90, 80]],
    "apart-in-one-axis": [[0, 0, 10, 10], [2, 20, 12, 31]],
    "small": [[0.25, 0.5, 0.75, 0.875], [0.375, 0.25, 1, 0.75]],
}
# Values alone: where sides meet, each library takes its own of the possible gradients.
TOUCHING = {
    "identical": [[10, 10, 50, 40], [10, 10, 50, 40]],
    "sharing-a-side": [[0, 0, 10, 10], [10, 0, 20, 10]],
    "sharing-a-corner": [[0, 0, 10, 10], [10, 10, 20, 20]],
    "empty": [[5, 5, 5, 5], [0, 0, 10, 10]],
    "both-empty": [[5, 5, 5, 5], [5, 5, 5, 5]],
}


def pair_losses(pairs, gradient):
    a, b = (torch.tensor([p[i] for p in pairs.values()], dtype=torch.float64) for i in (0, 1))

    def run(dtype):
        out = {}
        functions = {"giou": generalized_box_iou_loss, "ciou": complete_box_iou_loss,
                     "l1": lambda x, y: F.l1_loss(x, y, reduction="none"),
                     "smooth-l1": lambda x, y: F.smooth_l1_loss(x / 16, y / 16, beta=1 / 9, reduction="none")}
        for name, function in functions.items():
            x = a.to(dtype, copy=True).requires_grad_()
            loss = function(x, b.to(dtype))
            if name == "ciou" and not gradient:
                loss = loss[:3]  # empty boxes have no aspect ratio
            out[f"loss/{name}"] = loss
            if gradient:
                loss.sum().backward()
                out[f"gradient/{name}"] = x.grad
        return out
    return piece({"names": list(pairs), "a": rows(a), "b": rows(b)}, run)


# ---------------------------------------------------------------- non-maximum suppression


def suppression(threshold, boxes, scores, labels):
    def run(dtype):
        return {"nms/kept": box_ops.batched_nms(torch.tensor(boxes, dtype=dtype), torch.tensor(scores, dtype=dtype),
                                                torch.tensor(labels), threshold)}
    return piece({"threshold": threshold, "boxes": boxes, "scores": scores, "labels": labels}, run)


def suppressions():
    boxes = rows(jittered("nms", 80, random_boxes("nms", 16, 40, 10)))
    # Many equal scores: the first box wins.
    scores = rows(torch.floor(uniform_input(SEED, "nms.scores", (80,), 0, 16)) / 16)
    labels = label_input(SEED, "nms.labels", (80,), 3).tolist()
    out = {f"nms.random-{t}": suppression(t, boxes, scores, labels) for t in (0.125, 0.5, 0.75)}
    out["nms.one-class"] = suppression(0.5, boxes, scores, [0] * len(boxes))
    half = [SQUARE, [0, 0, 10, 5], [0, 0, 10, 5.25]]
    out["nms.exactly-at-the-threshold"] = suppression(0.5, half, [0.75, 0.5, 0.25], [0, 0, 0])
    out["nms.same-box-other-class"] = suppression(0.5, [SQUARE] * 4, [0.5, 0.75, 0.25, 0.75], [0, 1, 0, 1])
    out["nms.empty-boxes"] = suppression(0.5, [[5, 5, 5, 5], [5, 5, 5, 5], SQUARE], [0.5, 0.75, 0.25], [0, 0, 0])
    return out


# ---------------------------------------------------------------- RoIAlign

ROIS = [
    # image, x1, y1, x2, y2 in pixels of the input, of which 4 are one of the map (12 x 15)
    [0, 4, 6, 40, 30], [1, 0, 0, 60, 48], [0, 10.5, 3.25, 17.75, 44],
    [1, -8, -6, 20, 14],  # beyond the top left corner
    [0, 44, 30, 75, 70],  # beyond the bottom right corner
    [1, 30, 20, 30.5, 20.25],  # smaller than a pixel of the map
    [0, 25, 25, 25, 25],  # empty
    [1, 200, 200, 240, 260],  # outside
]


def align(output, ratio, aligned):
    shape = [2, 3, 12, 15]

    def run(dtype):
        x = normal_input(SEED, "roi.features", shape, dtype).requires_grad_()
        y = roi_align(x, torch.tensor(ROIS, dtype=dtype), output, 0.25, ratio, aligned)
        (y * normal_input(SEED, "roi.cotangent", y.shape, dtype)).sum().backward()
        return {"align/pooled": y, "align/gradient": x.grad}
    return piece({"features": shape, "rois": ROIS, "output": output, "scale": 0.25, "samplingRatio": ratio,
                  "aligned": aligned}, run, whole=False)


def level_map():
    boxes = [[0, 0, s, s] for s in (1, 16, 32, 64, 111.5, 112, 113, 223, 224, 225, 447, 448, 900)] + [[0, 0, 50, 800]]
    mapper = LevelMapper(2, 5, 224, 4, 1e-6)
    return piece({"boxes": boxes, "levels": [2, 5], "canonical": [224, 4]},
                 lambda dtype: {"levels/index": mapper([torch.tensor(boxes, dtype=dtype)])})


if __name__ == "__main__":
    cases = {f"anchors.{name}": piece(case, anchors(case), whole=False) for name, case in ANCHORS.items()}
    for name, weights in {"unit": (1.0, 1.0, 1.0, 1.0), "box-head": (10.0, 10.0, 5.0, 5.0), "linear": None}.items():
        cases[f"coder.{name}"] = coder(weights)
    cases.update(matches())
    cases.update({f"focal.{a}-{g}": focal(a, g) for a, g in [(0.25, 2), (0.5, 1), (0.75, 3)]})
    cases["pairs.apart-from-kinks"] = pair_losses(PAIRS, True)
    cases["pairs.touching"] = pair_losses(TOUCHING, False)
    cases.update(suppressions())
    for output, ratio, aligned in [([7, 7], 2, False), ([7, 7], 2, True), ([2, 3], 1, False), ([3, 3], 4, True)]:
        cases[f"roi-align.{output[0]}x{output[1]}-{ratio}{'-aligned' if aligned else ''}"] = align(output, ratio, aligned)
    cases["levels.fpn"] = level_map()
    write("packages/detect/test/fixtures/pieces.json", {"seed": SEED, "cases": cases})
