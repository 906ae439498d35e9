"""Names, files and preprocessing of torchvision's weights, as its own source has them, for `torchvision:NAME`.

    /usr/bin/python3 tools/weights/torchvision_weights.py && npx biome format --write packages/transfer/src/download

writes packages/transfer/src/download/torchvision-weights.ts. Needs torchvision 0.13 or later.
"""
import inspect
import json
import re
from functools import partial
from pathlib import Path

import torchvision
from torchvision.models import mobilenetv2, regnet, resnet
from torchvision.models._api import WeightsEnum
from torchvision.models.detection import faster_rcnn, fcos, mask_rcnn, retinanet
from torchvision.transforms._presets import ImageClassification, ObjectDetection

OUT = Path(__file__).resolve().parents[2] / "packages/transfer/src/download/torchvision-weights.ts"
VERSION = re.match(r"[\d.]+\d", torchvision.__version__)[0]
# What `…_resnet50_fpn(weights=COCO_V1)` does after loading (overwrite_eps).
WITHOUT_EPSILON = re.compile(r"overwrite_eps\(model, 0\.0\)")
ONLY_RESNET50 = re.compile(r"resnet50_fpn$")


def entries(module):
    source = f"torchvision {VERSION}, {module.__name__.replace('.', '/')}.py"
    for name, builder in inspect.getmembers(module, inspect.isfunction):
        if builder.__module__ != module.__name__ or name.startswith("_"):
            continue
        enum = next((v for k, v in vars(module).items() if isinstance(v, type) and issubclass(v, WeightsEnum)
                     and k.lower() == f"{name}_weights"), None)
        if enum is None or (module.__name__.find("detection") >= 0 and not ONLY_RESNET50.search(name)):
            continue
        text = inspect.getsource(inspect.unwrap(builder))
        for weights in enum:
            if "SWAG" in weights.name:  # CC-BY-NC
                continue
            file = weights.url.rsplit("/", 1)[1]
            transforms = weights.transforms
            kind = transforms.func if isinstance(transforms, partial) else transforms
            assert kind in (ImageClassification, ObjectDetection)
            # A detector normalizes by itself, with the same numbers (GeneralizedRCNNTransform).
            preset = ImageClassification(crop_size=224)
            zero = WITHOUT_EPSILON.search(text) and weights.name == "COCO_V1"
            yield {
                "name": name, "tag": weights.name, "isDefault": weights is enum.DEFAULT, "file": file,
                "sha256Prefix": re.search(r"-([0-9a-f]{8,})\.", file)[1], "task": "detection" if kind is ObjectDetection
                else "classification", "mean": list(preset.mean), "deviation": list(preset.std),
                **({"batchNormEpsilon": 0} if zero else {}), "source": source,
            }
            assert weights.url == f"https://download.pytorch.org/models/{file}"


if __name__ == "__main__":
    rows = [e for m in (resnet, regnet, mobilenetv2, retinanet, fcos, faster_rcnn, mask_rcnn) for e in entries(m)]
    print(len(rows), "weights")
    OUT.write_text(
        "// Written by tools/weights/torchvision_weights.py.\nimport type { TorchvisionWeights } from './catalog.js';\n\n"
        "/** torchvision's weights of the backbones and detectors that this project has. */\n"
        f"export const TORCHVISION_WEIGHTS: readonly TorchvisionWeights[] = {json.dumps(rows, indent=2)};\n")
