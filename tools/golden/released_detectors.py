"""torchvision's detectors as their COCO checkpoints are: names and shapes in the file, and detections of hashed weights.

    /usr/bin/python3 tools/golden/released_detectors.py [retinanet fcos faster-rcnn mask-rcnn]

writes packages/detect/test/fixtures/released-*.json. Models are whole (ResNet-50, 256 channels, 91 classes), with frozen
batch norms as `…_resnet50_fpn(weights=…)` builds them, and eps 0 where it then calls `overwrite_eps`. The first
checkpoints were published before torchvision renamed convolutions into blocks: `legacy` undoes the renaming, and
torchvision's own `load_state_dict` must bring it back.
"""
import re
import sys
from collections import OrderedDict

import torch
from torchvision.models import resnet50
from torchvision.models.detection import FCOS, FasterRCNN, MaskRCNN, RetinaNet
from torchvision.models.detection._utils import overwrite_eps
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FrozenBatchNorm2d
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

import golden
from golden import normal_input, summary, write
from detectors import detections, unstable

SIZE, CLASSES, BATCH = 128, 91, 2
LIMITS = {"score": 0.05, "nms": 0.5, "limit": 8, "candidates": 60, "preNms": 100, "postNms": 30, "rpnNms": 0.7}
# Factor and shift by the end of the name: logits out of saturation, and variances at which an epsilon of 1e-5 would show.
COMMON = {
    "bn2.weight": [0.3, 0], "bn3.weight": [0.3, 0],
    "layer1.0.bn1.running_var": [0.0001, 0], "layer1.0.bn1.running_mean": [0.01, 0], "layer1.0.bn1.weight": [0.01, 0],
}
TWO_STAGES = {"rpn.head.cls_logits.weight": [0.08, 0], "rpn.head.bbox_pred.weight": [0.05, 0],
              "cls_score.weight": [0.35, 0], "box_predictor.bbox_pred.weight": [0.2, 0], "mask_fcn_logits.weight": [0.05, 0]}
SCALES = {
    "retinanet": {**COMMON, "cls_logits.weight": [0.09, 0], "cls_logits.bias": [1, -3], "bbox_reg.weight": [0.03, 0]},
    "fcos": {**COMMON, "cls_logits.weight": [1.5, 0], "cls_logits.bias": [1, -3], "bbox_reg.bias": [1, 1]},
    "faster-rcnn": {**COMMON, **TWO_STAGES},
    "mask-rcnn": {**COMMON, **TWO_STAGES},
}
KEY = "detections"


def backbone(one_stage):
    body = resnet50(norm_layer=FrozenBatchNorm2d)
    if one_stage:
        return _resnet_fpn_extractor(body, 3, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))
    return _resnet_fpn_extractor(body, 3)


ONE_STAGE = {"score_thresh": LIMITS["score"], "nms_thresh": LIMITS["nms"], "detections_per_img": LIMITS["limit"],
             "topk_candidates": LIMITS["candidates"]}
TWO_STAGE = {"box_score_thresh": LIMITS["score"], "box_nms_thresh": LIMITS["nms"],
             "box_detections_per_img": LIMITS["limit"], "rpn_pre_nms_top_n_test": LIMITS["preNms"],
             "rpn_post_nms_top_n_test": LIMITS["postNms"], "rpn_nms_thresh": LIMITS["rpnNms"]}
# What `…_resnet50_fpn` builds, whether it calls overwrite_eps, and how the file's names differ from the module's.
FPN = (r"(backbone\.fpn\.(?:inner|layer)_blocks\.\d+)\.0\.", r"\1.")
RPN = (r"rpn\.head\.conv\.0\.0\.", "rpn.head.conv.")
MODELS = {
    "retinanet": (lambda: RetinaNet(backbone(True), CLASSES, **ONE_STAGE), True, [
        FPN, (r"(head\.\w+\.conv)\.(\d)\.0\.", lambda m: f"{m[1]}.{2 * int(m[2])}.")]),
    "fcos": (lambda: FCOS(backbone(True), CLASSES, **ONE_STAGE), False, []),
    "faster-rcnn": (lambda: FasterRCNN(backbone(False), CLASSES, **TWO_STAGE), True, [FPN, RPN]),
    "mask-rcnn": (lambda: MaskRCNN(backbone(False), CLASSES, **TWO_STAGE), True, [
        FPN, RPN, (r"mask_head\.(\d)\.0\.", lambda m: f"mask_head.mask_fcn{int(m[1]) + 1}.")]),
}


def scaled(scales, seed, name, shape):
    x = torch.from_numpy(golden.value(seed, name, shape))
    for end, (factor, shift) in scales.items():
        if name.endswith(end):
            x = x * torch.tensor(factor).float() + torch.tensor(shift).float()
    return x


def legacy(name, renamings):
    for pattern, replacement in renamings:
        name = re.sub(pattern, replacement, name)
    return name


def loaded(build, renamings, scales, seed):
    """A model that loaded a checkpoint as it was published: old names, no versions."""
    net = build()
    names = {name: legacy(name, renamings) for name in net.state_dict()}
    assert len(set(names.values())) == len(names)
    file = OrderedDict((names[n], scaled(scales, seed, n, t.shape)) for n, t in net.state_dict().items())
    net.load_state_dict(file)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, file[names[name]]), name
    return net.eval(), names


def run(name, seed, dtype, noise=0):
    build, without_eps, renamings = MODELS[name]
    net, names = loaded(build, renamings, SCALES[name], seed)
    if without_eps:
        overwrite_eps(net, 0.0)
    net.to(dtype)
    x = normal_input(seed, "images", (BATCH, 3, SIZE, SIZE), dtype)
    if noise:
        x = x * (1 + torch.sign(normal_input(noise, "noise", x.shape, dtype)) * 2**-20)
    images = ImageList(x, [(SIZE, SIZE)] * BATCH)
    out = {}
    with torch.no_grad():
        features = net.backbone(x)
        if name in ("retinanet", "fcos"):
            levels = list(features.values())
            heads = net.head(levels)
            anchors = net.anchor_generator(images, levels)
            per_location = anchors[0].shape[0] // sum(f.shape[2] * f.shape[3] for f in levels)
            counts = [f.shape[2] * f.shape[3] * per_location for f in levels]
            split = {k: list(v.split(counts, dim=1)) for k, v in heads.items()}
            found = net.postprocess_detections(split, [list(a.split(counts)) for a in anchors], images.image_sizes)
        else:
            proposals, _ = net.rpn(images, features)
            found, _ = net.roi_heads(features, proposals, images.image_sizes)
            if name == "mask-rcnn":
                for i, d in enumerate(found):
                    out[f"masks/{i}"] = d["masks"][:, 0]
        out.update(detections(found, KEY))
    return out, names, {n: list(t.shape) for n, t in net.state_dict().items()}


def fixture(name):
    for seed in range(1, 100):
        exact, names, shapes = run(name, seed, torch.float64)
        single = run(name, seed, torch.float32)[0]
        problem = unstable(exact, single, (KEY,))
        for noise in (1, 2):
            problem = problem or unstable(exact, run(name, seed, torch.float64, noise)[0], (KEY,))
        print(f"  seed {seed}: {problem or 'taken'}", flush=True)
        if problem is None:
            break
    tensors = {n: summary(t, golden.relative_error(golden.flat(single[n]), golden.flat(t)), whole=n.startswith(KEY))
               for n, t in exact.items()}
    # By the module's name: the name in the file and the shape.
    file = {n: [names[n], shapes[n]] for n in names}
    attributes = {"size": SIZE, "batch": BATCH, "classes": CLASSES, "scales": SCALES[name], "epsilon": 0 if MODELS[name][1] else 1e-5,
                  **LIMITS, "file": file}
    return {"seed": seed, "cases": {"only": {"attributes": attributes, "tensors": tensors}}}


if __name__ == "__main__":
    for name in sys.argv[1:] or MODELS:
        print(name, flush=True)
        write(f"packages/detect/test/fixtures/released-{name}.json", fixture(name))
