"""torchvision's side of bench/parity.ts: its own detector, losses and gradients, PyTorch's optimizer; images come from our loader.

usage: parity_worker.py FOLDER, with a line of JSON on standard input: detector, size, batch, maxObjects, classes, threads, weightDecay, clipNorm, frozen
(names of parameters), scaled (names whose rate is times `scale`). Answers a line when it is ready. Each step is 8 bytes of the learning rate (float64),
images (float32), boxes (float32) and labels (int32, negative for no object), and is answered with a line: loss, seconds, processorSeconds.
At the end of input it writes theirs.pth and answers with its peak memory.
"""
import json
import os
import resource
import sys
import time

import numpy
import torch
from torchvision.models import resnet18
from torchvision.models.detection import FCOS, RetinaNet
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.image_list import ImageList
from torchvision.ops.feature_pyramid_network import LastLevelP6P7
from torchvision.ops.misc import FrozenBatchNorm2d

DTYPES = {"F32": numpy.float32, "I32": numpy.int32, "BOOL": numpy.bool_, "U8": numpy.uint8}


def read_safetensors(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = numpy.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(values.copy())
    return tensors


class AsGiven(torch.nn.Module):
    """In the place of torchvision's transform: images are normalized and of one size already."""

    def forward(self, images, targets=None):
        sizes = [tuple(image.shape[-2:]) for image in images]
        return ImageList(torch.stack(images), sizes), targets


def build(kind, size, classes):
    body = resnet18(norm_layer=FrozenBatchNorm2d)
    backbone = _resnet_fpn_extractor(body, 5, returned_layers=[2, 3], extra_blocks=LastLevelP6P7(256, 256))
    sides = [32, 64, 128, 256]
    if kind == "retinanet":
        anchors = AnchorGenerator(tuple((x, int(x * 2 ** (1 / 3)), int(x * 2 ** (2 / 3))) for x in sides),
                                  ((0.5, 1.0, 2.0),) * len(sides))
        model = RetinaNet(backbone, classes, anchor_generator=anchors, min_size=size, max_size=size)
    else:
        anchors = AnchorGenerator(tuple((x // 4,) for x in sides), ((1.0,),) * len(sides))
        model = FCOS(backbone, classes, anchor_generator=anchors, min_size=size, max_size=size)
    model.transform = AsGiven()
    return model


def main():
    folder = sys.argv[1]
    options = json.loads(sys.stdin.buffer.readline())
    batch, size, places = options["batch"], options["size"], options["maxObjects"]
    torch.set_num_threads(options["threads"])
    model = build(options["detector"], size, options["classes"])
    weights = read_safetensors(os.path.join(folder, "initial.safetensors"))
    own = model.state_dict()
    missing = [name for name in own if name not in weights and not name.endswith("num_batches_tracked")]
    unknown = [name for name in weights if name not in own and not name.endswith("num_batches_tracked")]
    if missing or unknown:
        sys.exit(f"other parameters: torchvision has also {missing[:5]}, we have also {unknown[:5]}")
    model.load_state_dict(weights, strict=False)
    model.train()
    groups = {False: [], True: []}
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name not in options["frozen"])
        if parameter.requires_grad:
            groups[name in options["scaled"]].append(parameter)
    optimizer = torch.optim.AdamW([{"params": groups[False]}, {"params": groups[True]}], weight_decay=options["weightDecay"])
    print(json.dumps({"torch": torch.__version__}), flush=True)

    lengths = [8, batch * 3 * size * size * 4, batch * places * 16, batch * places * 4]
    while True:
        bytes_ = sys.stdin.buffer.read(sum(lengths))
        if len(bytes_) < sum(lengths):
            break
        parts, at = [], 0
        for length in lengths:
            parts.append(bytearray(bytes_[at:at + length]))
            at += length
        rate = float(numpy.frombuffer(parts[0], numpy.float64)[0])
        images = torch.frombuffer(parts[1], dtype=torch.float32).reshape(batch, 3, size, size)
        boxes = torch.frombuffer(parts[2], dtype=torch.float32).reshape(batch, places, 4)
        labels = torch.frombuffer(parts[3], dtype=torch.int32).reshape(batch, places).long()
        targets = [{"boxes": b[l >= 0], "labels": l[l >= 0]} for b, l in zip(boxes, labels)]
        start, busy = time.perf_counter(), time.process_time()
        losses = model(list(images), targets)
        loss = sum(losses.values())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(groups[False] + groups[True], options["clipNorm"])
        for group, scale in zip(optimizer.param_groups, (1.0, options["scale"])):
            group["lr"] = rate * scale
        optimizer.step()
        print(json.dumps({"loss": loss.item(), "seconds": time.perf_counter() - start,
                          "processorSeconds": time.process_time() - busy}), flush=True)
    torch.save(model.state_dict(), os.path.join(folder, "theirs.pth"))
    print(json.dumps({"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)


main()
