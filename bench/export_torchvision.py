"""torchvision's detector with the weights of bench/exported.ts as an ONNX file of PyTorch's exporter, opset 17.

usage: export_torchvision.py KIND SIZE FOLDER: reads FOLDER/weights.safetensors (our names are torchvision's), writes FOLDER/theirs.onnx
KIND retinanet, fcos or faster-rcnn: …_resnet50_fpn with 20 classes, batch norms frozen. The file takes one image `[3, SIZE, SIZE]`, normalized;
resizing is left out, as in ours. Prints a line of JSON with the versions.
"""
import json
import sys
import warnings

import torch
import torchvision
from safetensors.torch import load_file
from torchvision.models import resnet50
from torchvision.models.detection import FCOS, FasterRCNN, RetinaNet
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FrozenBatchNorm2d
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

CLASSES = 20


class AsGiven(torch.nn.Module):
    """In the place of torchvision's transform: images are normalized and of the network's size already."""

    def forward(self, images, targets=None):
        return ImageList(torch.stack(images), [(int(image.shape[-2]), int(image.shape[-1])) for image in images]), targets

    def postprocess(self, result, image_shapes, original_image_sizes):
        return result


def build(kind, size):
    body = resnet50(norm_layer=FrozenBatchNorm2d)
    if kind == "faster-rcnn":
        backbone = _resnet_fpn_extractor(body, 3)
        model = FasterRCNN(backbone, CLASSES + 1, min_size=size, max_size=size)
    else:
        backbone = _resnet_fpn_extractor(body, 3, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))
        make = RetinaNet if kind == "retinanet" else FCOS
        model = make(backbone, CLASSES, min_size=size, max_size=size, score_thresh=0.05, nms_thresh=0.5, detections_per_img=100)
    model.transform = AsGiven()
    return model.eval()


def main():
    kind, size, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    model = build(kind, size)
    model.load_state_dict(load_file(f"{folder}/weights.safetensors"), strict=True)
    warnings.simplefilter("ignore")
    torch.onnx.export(model, ([torch.rand(3, size, size)],), f"{folder}/theirs.onnx", opset_version=17, dynamo=False,
                      input_names=["image"], output_names=["boxes", "scores", "labels"])
    versions = (library.__version__.split("+")[0] for library in (torchvision, torch))
    print(json.dumps({"library": "torchvision {}, PyTorch {}".format(*versions)}))


main()
