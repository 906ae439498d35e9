"""Numbers of pycocotools for packages/detect/src/evaluation/fixtures/, and its time.

    python tools/golden/coco-eval.py check           # the cases in boxes/ and masks/ still get the same numbers
    python tools/golden/coco-eval.py write           # writes parameters, printed, drawn-masks and many-categories.json
    python tools/golden/coco-eval.py cases FILE N    # N more cases like those of parameters.json
    python tools/golden/coco-eval.py time FOLDER     # evaluates the case that `npm run bench -- evaluate --write FOLDER` left

Needs pycocotools (2.0.11 gave the committed numbers) and NumPy. NumPy changed how it adds up long arrays in 2.3: run `write`
once with an earlier and once with a later one, each fills in its numbers of many-categories.json.
"""
import contextlib
import io
import json
import random
import resource
import sys
import time
from pathlib import Path

import numpy as np
from pycocotools import mask as masks
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

FIXTURES = Path(__file__).resolve().parents[2] / "packages/detect/src/evaluation/fixtures"


def evaluate(ground_truth, detections, iou_type, parameters=None):
    """The evaluator after accumulate, and what it printed. Detections may be an empty list, which loadRes refuses."""
    # pycocotools changes its input.
    ground_truth, detections = json.loads(json.dumps([ground_truth, detections]))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        truth = COCO()
        truth.dataset = ground_truth
        truth.createIndex()
        if detections:
            found = truth.loadRes(detections)
        else:
            found = COCO()
            found.dataset = {**ground_truth, "annotations": []}
            found.createIndex()
        evaluator = COCOeval(truth, found, iou_type)
        for name, value in (parameters or {}).items():
            setattr(evaluator.params, name, value)
        evaluator.evaluate()
        evaluator.accumulate()
        if parameters is None:
            evaluator.summarize()
    return evaluator, printed.getvalue()


def numbers(array):
    return [float(value) for value in np.asarray(array).reshape(-1)]


# ---------------------------------------------------------------- check


def check():
    for path in sorted([*FIXTURES.glob("boxes/*.json"), *FIXTURES.glob("masks/*.json")]):
        case = json.loads(path.read_text())
        evaluator, _ = evaluate(
            case["groundTruth"], case["detections"], "segm" if path.parent.name == "masks" else "bbox"
        )
        precision = evaluator.eval["precision"][:, :, :, 0, 2]
        per_category = []
        for k in range(precision.shape[2]):
            values = precision[:, :, k]
            values = values[values > -1]
            per_category.append(float(np.mean(values)) if len(values) else -1.0)
        expected = case["expected"]
        assert numbers(evaluator.stats) == expected["stats"], path
        assert per_category == expected["apPerCategory"], path
        if "precisionAtIou50" in expected:
            assert precision[0].T.tolist() == expected["precisionAtIou50"], path
        print("same", path.relative_to(FIXTURES))


# ---------------------------------------------------------------- cases with other parameters


def random_case(seed):
    """A small case with whole coordinates and few scores, so that overlaps, scores and areas are often equal."""
    r = random.Random(seed)
    iou_type = "segm" if seed % 3 == 2 else "bbox"
    size = r.choice([12, 40])
    images = [
        {"id": i, "width": r.randint(size // 2, size), "height": r.randint(size // 2, size)}
        for i in r.sample(range(50), r.randint(1, 6))
    ]
    categories = [{"id": i, "name": f"c{i}"} for i in r.sample(range(20), r.randint(1, 3))]

    def box(image):
        x, y = r.randint(0, image["width"] - 2), r.randint(0, image["height"] - 2)
        return [x, y, r.randint(1, image["width"] - x), r.randint(1, image["height"] - y)]

    def segmentation(image, bbox):
        kind = r.randint(0, 3)
        x, y, w, h = bbox
        if kind == 0:
            return [[x, y, x, y + h, x + w, y + h, x + w, y]]
        if kind == 1:
            return [[r.uniform(x - 2, x + w + 2) if k % 2 == 0 else r.uniform(y - 2, y + h + 2) for k in range(n)]
                    for n in r.choices([6, 8, 10], k=r.randint(1, 2))]
        pixels = np.zeros((image["height"], image["width"]), np.uint8, order="F")
        pixels[y : y + h, x : x + w] = np.array(
            [[r.random() < 0.8 for _ in range(w)] for _ in range(h)], np.uint8
        )
        packed = masks.encode(pixels)
        if kind == 2:
            return {"size": packed["size"], "counts": packed["counts"].decode()}
        flat = pixels.reshape(-1, order="F")
        counts, last, run = [], 0, 0
        for value in flat:
            if value != last:
                counts.append(run)
                last, run = value, 0
            run += 1
        return {"size": packed["size"], "counts": [int(c) for c in [*counts, run]]}

    annotations = []
    for image in images:
        for _ in range(r.randint(0, 6)):
            bbox = box(image)
            annotations.append({
                "id": len(annotations) if seed % 2 else len(annotations) + 1,
                "image_id": image["id"],
                "category_id": r.choice(categories)["id"],
                "bbox": bbox,
                "area": bbox[2] * bbox[3] * r.choice([1, 1, 0.5]),
                "iscrowd": int(r.random() < 0.15),
                **({"segmentation": segmentation(image, bbox)} if iou_type == "segm" else {}),
            })
    r.shuffle(annotations)
    boxed = iou_type == "bbox" or r.random() < 0.4
    detections = []
    for _ in range(r.randint(0, 60)):
        near = r.choice(annotations) if annotations and r.random() < 0.6 else None
        image = next(i for i in images if i["id"] == near["image_id"]) if near else r.choice(images)
        bbox = [max(v + r.randint(-1, 1), k // 2) for k, v in enumerate(near["bbox"])] if near else box(image)
        x, y = min(bbox[0], image["width"] - 1), min(bbox[1], image["height"] - 1)
        inside = [x, y, min(bbox[2], image["width"] - x), min(bbox[3], image["height"] - y)]
        shape = segmentation(image, inside) if iou_type == "segm" and (not boxed or r.random() < 0.7) else None
        if isinstance(shape, dict) and isinstance(shape["counts"], list):
            shape = [[x, y, x + inside[2], y, x, y + inside[3]]]
        if isinstance(shape, list) and not boxed:
            # Areas of polygons are not computed by loadRes.
            packed = masks.merge(masks.frPyObjects(shape, image["height"], image["width"]))
            shape = {"size": packed["size"], "counts": packed["counts"].decode()}
        detections.append({
            "image_id": image["id"],
            "category_id": near["category_id"] if near else r.choice(categories)["id"],
            **({"bbox": bbox} if boxed else {}),
            **({"segmentation": shape} if shape else {}),
            "score": r.choice([r.random(), r.randint(0, 4) / 4, r.choice([-1, 0, 1, 2, 3])]),
        })
    middle = r.randint(4, 60)
    parameters = {
        "iouThrs": sorted(r.sample([0.1, 0.25, 0.5, 0.6, 2 / 3, 0.75, 0.9, 1.0], r.randint(1, 3))),
        "recThrs": numbers(np.linspace(0, 1, r.choice([2, 5, 11]))),
        "maxDets": sorted(r.sample([1, 2, 3, 5, 8, 100], r.randint(1, 3))),
        "areaRng": [[0, 1e10], [0, middle], [middle, 1e10]],
    }
    evaluator, _ = evaluate(
        {"images": images, "categories": categories, "annotations": annotations},
        detections,
        iou_type,
        {**parameters, "iouThrs": np.array(parameters["iouThrs"]), "recThrs": np.array(parameters["recThrs"]),
         "areaRngLbl": ["all", "small", "large"]},
    )
    return {
        "iouType": iou_type,
        "groundTruth": {"images": images, "categories": categories, "annotations": annotations},
        "detections": detections,
        "parameters": parameters,
        # [thresholds, recall thresholds, categories, ranges, limits] and without recall thresholds
        "precision": numbers(evaluator.eval["precision"]),
        "recall": numbers(evaluator.eval["recall"]),
    }


# ---------------------------------------------------------------- printed text, drawn masks


def printed():
    """13 of 16 objects found: recalls of 0.8125 are exactly between two texts of three digits."""
    images = [{"id": 1, "width": 100, "height": 100}]
    boxes = [[5 * i, 3 * i, 40, 20] for i in range(16)]
    ground_truth = {
        "images": images,
        "categories": [{"id": 1}],
        "annotations": [
            {"id": i + 1, "image_id": 1, "category_id": 1, "bbox": box, "area": 800, "iscrowd": 0}
            for i, box in enumerate(boxes)
        ],
    }
    detections = [
        {"image_id": 1, "category_id": 1, "bbox": box, "score": 1 - i / 100} for i, box in enumerate(boxes[:13])
    ]
    _, text = evaluate(ground_truth, detections, "bbox")
    lines = [line for line in text.split("\n") if line.startswith(" Average")]
    return {"groundTruth": ground_truth, "detections": detections, "lines": lines}


def drawn_masks():
    """Segmentations at the edges of what is drawn: outside, repeated points, no area, steep and flat edges."""
    r = random.Random(11)
    height, width = 17, 23
    shapes = [
        [[2, 2, 2, 2, 9, 2, 9, 9, 2, 9]],
        [[-5, -5, 40, -5, 40, 40, -5, 40]],
        [[-9, 3, -4, 3, -4, 8]],
        [[3, 3, 12, 3, 12, 3]],
        [[4.5, 1, 4.5, 16, 4.5, 8]],
        [[0, 0, 23, 17, 0, 17]],
        [[22.6, 0, 23.4, 0, 23.4, 17, 22.6, 17]],
        [[1, 1, 6, 1, 6, 6], [3, 3]],
        [[1, 1, 6, 1, 6, 6], [3, 3, 8, 8]],
        [[-0.1, -0.1, -0.1, 5, 5, 5, 5, -0.1]],
        [[7, -3, 9, 20, 8, 20, 6, -3]],
    ]
    for _ in range(40):
        shapes.append([
            [r.choice([round(r.uniform(-4, 27), 2), r.randint(-2, 25), r.randint(-10, 125) / 5]) for _ in range(2 * n)]
            for n in [r.randint(3, 9), *r.choices([1, 2, 5], k=r.randint(0, 2))]
        ])
    result = []
    for shape in shapes:
        packed = masks.merge(masks.frPyObjects(shape, height, width))
        result.append({
            "segmentation": shape,
            "counts": packed["counts"].decode(),
            "area": int(masks.area(packed)),
            "bbox": numbers(masks.toBbox(packed)),
        })
    return {"height": height, "width": width, "masks": result}


def many_categories():
    """With 30 categories 30,300 precisions are averaged; NumPy adds so many in its own way."""
    r = random.Random(5)
    ids = list(range(1, 31))
    annotations, detections = [], []
    for category in ids:
        for _ in range(7):
            box = [r.randint(0, 300), r.randint(0, 300), r.randint(4, 150), r.randint(4, 150)]
            image = r.randint(1, 3)
            annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": category, "bbox": box,
                                "area": box[2] * box[3], "iscrowd": 0})
            near = [v + r.randint(-2, 2) for v in box]
            detections.append({"image_id": image, "category_id": category, "bbox": near, "score": r.randint(1, 99) / 100})
        detections.append({"image_id": 1, "category_id": category, "bbox": [0, 0, 50, 50], "score": r.random()})
    ground_truth = {
        "images": [{"id": i} for i in (1, 2, 3)],
        "categories": [{"id": i} for i in ids],
        "annotations": annotations,
    }
    evaluator, _ = evaluate(ground_truth, detections, "bbox")
    path = FIXTURES / "many-categories.json"
    known = json.loads(path.read_text())["stats"] if path.exists() else {}
    version = tuple(int(part) for part in np.__version__.split(".")[:2])
    known["whole" if version >= (2, 3) else "in parts"] = numbers(evaluator.stats)
    return {"groundTruth": ground_truth, "detections": detections, "stats": known}


def write():
    for name, value in {
        "parameters.json": [random_case(seed) for seed in range(24)],
        "printed.json": printed(),
        "drawn-masks.json": drawn_masks(),
        "many-categories.json": many_categories(),
    }.items():
        (FIXTURES / name).write_text(json.dumps(value, separators=(",", ":")) + "\n")


def measure(folder):
    start = time.time()
    truth = COCO(f"{folder}/annotations.json")
    found = truth.loadRes(f"{folder}/detections.json")
    loaded = time.time()
    evaluator = COCOeval(truth, found, "bbox")
    evaluator.evaluate()
    evaluator.accumulate()
    evaluator.summarize()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"load {loaded - start:.2f} s, evaluate {time.time() - loaded:.2f} s, peak memory {megabytes:.0f} MB")
    print(numbers(evaluator.stats))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:] or [""]
    if command == "check":
        check()
    elif command == "write":
        write()
    elif command == "cases" and len(arguments) == 2:
        start = 1000
        cases = [random_case(seed) for seed in range(start, start + int(arguments[1]))]
        Path(arguments[0]).write_text(json.dumps(cases))
    elif command == "time" and len(arguments) == 1:
        measure(arguments[0])
    else:
        sys.exit(__doc__)
