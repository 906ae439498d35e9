"""Ops of @nats/graph that PyTorch and torchvision have, value and gradient: packages/graph/src/fixtures/ops.json."""
import torch
import torch.nn.functional as F
import torchvision

import golden

SEED = 5


def boxes(name, shape, extent, side):
    """x1, y1, x2, y2 with a corner in [-2, extent) and sides below `side`; sums in float32, as the test makes them."""
    corner = golden.uniform_input(SEED, name + " corner", [*shape, 2], -2, extent, torch.float32)
    size = golden.uniform_input(SEED, name + " size", [*shape, 2], 0, side, torch.float32)
    return torch.cat([corner, corner + size], -1).double()


def gradient_case(x, run):
    """A function of one feature map: its value, and the gradient of its product with fixed cotangents."""

    def tensors(dtype):
        leaf = x.to(dtype).requires_grad_()
        y = run(leaf, dtype)
        y.backward(golden.normal_input(SEED, "cotangent", y.shape, dtype))
        return {"forward/y": y, "gradient/x": leaf.grad}

    return golden.both(tensors)


def roi_align(shape, count, **options):
    attributes = {"shape": shape, "boxes": count, **options}
    rois = boxes("roi", [count], 16, 9)
    index = golden.label_input(SEED, "index", [count], shape[0]).double()

    def run(x, dtype):
        return torchvision.ops.roi_align(
            x, torch.cat([index[:, None], rois], 1).to(dtype), options["outputSize"], options["spatialScale"],
            options["samplingRatio"], options["aligned"])

    return {"attributes": attributes, "tensors": gradient_case(golden.normal_input(SEED, "x", shape), run)}


def resize(shape, size):
    run = lambda x, _: F.interpolate(x, size=size, mode="bilinear", align_corners=False)
    return {"attributes": {"shape": shape, "size": size}, "tensors": gradient_case(golden.normal_input(SEED, "x", shape), run)}


def average_pool(shape, kernel, stride, padding, count):
    run = lambda x, _: F.avg_pool2d(x, kernel, stride, padding, count_include_pad=count)
    attributes = {"shape": shape, "kernel": kernel, "stride": stride, "padding": padding, "countPadding": count}
    return {"attributes": attributes, "tensors": gradient_case(golden.normal_input(SEED, "x", shape), run)}


def nms(count, iou, step):
    """`step`: scores are rounded to its multiples, so that many are equal."""
    rois = boxes("candidate", [count], 20, 12)
    scores = golden.uniform_input(SEED, "score", [count])
    if step:
        scores = torch.floor(scores / step) * step
    kept = torchvision.ops.nms(rois, scores, iou)
    return {"attributes": {"count": count, "iouThreshold": iou, "step": step},
            "tensors": {"kept/indices": golden.summary(kept.double(), whole=True)}}


def main():
    sampling = {"outputSize": [7, 7], "spatialScale": 0.5, "samplingRatio": 2, "aligned": False}
    golden.write("packages/graph/src/fixtures/ops.json", {"seed": SEED, "cases": {
        "roi-align": roi_align([2, 3, 8, 10], 9, **sampling),
        "roi-align-aligned": roi_align([2, 3, 8, 10], 9, **{**sampling, "aligned": True}),
        "roi-align-odd": roi_align([3, 2, 7, 5], 11, outputSize=[2, 5], spatialScale=0.25, samplingRatio=3, aligned=False),
        "resize-larger": resize([2, 3, 5, 7], [9, 14]),
        "resize-smaller": resize([1, 2, 9, 8], [4, 3]),
        "average-pool": average_pool([2, 3, 7, 8], [3, 2], [2, 2], [1, 1], True),
        "average-pool-uncounted": average_pool([2, 3, 7, 8], [3, 3], [2, 1], [1, 1], False),
        "nms": nms(200, 0.5, 0),
        "nms-equal-scores": nms(200, 0.3, 0.125),
    }})


main()
