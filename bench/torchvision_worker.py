"""Answers one line per request on standard output: torchvision's side of bench/train.ts, kept alive between requests.

usage: torchvision_worker.py THREADS MODEL SIZE BATCH, MODEL retinanet, fcos or faster-rcnn
requests: "step" (trains one step, answers loss, milliseconds and processor milliseconds), "infer" (detects on one image),
"memory" (answers peak resident bytes), end of file.
"""
import json
import resource
import sys
import time

import torch
import torchvision
from torchvision.models.detection import FCOS, FasterRCNN, RetinaNet
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

CLASSES = 20


def build(kind, size):
    if kind == "faster-rcnn":
        # Classes with the background.
        backbone = resnet_fpn_backbone("resnet18", weights=None, trainable_layers=3)
        model = FasterRCNN(backbone, CLASSES + 1, min_size=size, max_size=size, box_score_thresh=0.5)
        torch.nn.init.zeros_(model.roi_heads.box_predictor.cls_score.weight)
        return model
    # Norms are frozen by default (FrozenBatchNorm2d); so are the stem and the first stage.
    backbone = resnet_fpn_backbone("resnet18", weights=None, trainable_layers=3, returned_layers=[2, 3, 4],
                                   extra_blocks=LastLevelP6P7(256, 256))
    model = (RetinaNet if kind == "retinanet" else FCOS)(backbone, CLASSES, min_size=size, max_size=size)
    # Every score is the prior's: what random weights find would decide the time of a detection.
    torch.nn.init.zeros_(model.head.classification_head.cls_logits.weight)
    model.score_thresh = 0.5
    return model


def targets_of(batch, size, first):
    """The objects of bench/lib/detector-worker.ts: object k of image i. Labels count from `first`."""
    targets = []
    for i in range(batch):
        boxes, labels = [], []
        for k in range(6):
            side = size * (0.1 + 0.12 * k)
            x, y = (size - side) * ((k * 3 + i) % 7) / 7, (size - side) * ((k * 5 + i) % 8) / 8
            boxes.append([x, y, x + side, y + side])
            labels.append((i + k) % CLASSES + first)
        targets.append({"boxes": torch.tensor(boxes), "labels": torch.tensor(labels)})
    return targets


def timed(work):
    start, busy = time.perf_counter(), time.process_time()
    loss = work()
    return {"loss": loss, "ms": (time.perf_counter() - start) * 1000, "processor": (time.process_time() - busy) * 1000}


def main():
    threads, kind, size, batch = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    model = build(kind, size)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(parameters, lr=0.0, momentum=0.9, weight_decay=1e-4)
    images = list(torch.rand(batch, 3, size, size))
    targets = targets_of(batch, size, 1 if kind == "faster-rcnn" else 0)

    def step():
        model.train()
        loss = sum(model(images, targets).values())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()

    def infer():
        model.eval()
        with torch.inference_mode():
            model(images[:1])
        return 0.0

    # Debian's reference BLAS makes linear layers, half of Faster R-CNN's arithmetic, 30 times as slow as OpenBLAS.
    square = torch.rand(512, 512)
    timed(lambda: (square @ square).sum().item())
    gflops = 2 * 512**3 / 1e6 / timed(lambda: (square @ square).sum().item())["processor"]
    torch_version, own_version = (library.__version__.split("+")[0] for library in (torch, torchvision))
    print(json.dumps({"gflops": gflops, "library": f"torchvision {own_version}, PyTorch {torch_version}"}), flush=True)
    for line in sys.stdin:
        request = line.strip()
        if request == "step":
            answer = timed(step)
        elif request == "infer":
            answer = timed(infer)
        else:
            answer = {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
        print(json.dumps(answer), flush=True)


main()
