"""Answers one line per request on standard output: another library's side of bench/evaluate.ts, kept alive between requests.

usage: coco_eval_worker.py LIBRARY FOLDER, LIBRARY pycocotools or faster-coco-eval; FOLDER has annotations.json and detections.json
requests: "files" (reads both files and evaluates), "evaluate" (what is loaded already), each answered with milliseconds, processor
milliseconds and the twelve numbers; "memory" (peak resident bytes); end of file.
"""
import contextlib
import io
import json
import resource
import sys
import time
from importlib.metadata import version

LIBRARY, FOLDER = sys.argv[1:3]
if LIBRARY == "pycocotools":
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
else:
    from faster_coco_eval import COCO
    from faster_coco_eval import COCOeval_faster as COCOeval


def load():
    truth = COCO(f"{FOLDER}/annotations.json")
    return truth, truth.loadRes(f"{FOLDER}/detections.json")


def evaluate(truth, found):
    evaluator = COCOeval(truth, found, "bbox")
    evaluator.evaluate()
    evaluator.accumulate()
    evaluator.summarize()
    return [float(value) for value in evaluator.stats[:12]]


def timed(work):
    start, busy = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        stats = work()
    return {"ms": (time.perf_counter() - start) * 1000, "processor": (time.process_time() - busy) * 1000, "stats": stats}


print(json.dumps({"library": f"{LIBRARY} {version(LIBRARY)}"}), flush=True)
loaded = None
for line in sys.stdin:
    request = line.strip()
    if request == "files":
        answer = timed(lambda: evaluate(*load()))
    elif request == "evaluate":
        if loaded is None:
            with contextlib.redirect_stdout(io.StringIO()):
                loaded = load()
        answer = timed(lambda: evaluate(*loaded))
    else:
        answer = {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}
    print(json.dumps(answer), flush=True)
