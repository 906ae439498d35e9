"""What the real TensorBoard reads in an event file of `nats … --tensorboard`: pip install tensorboard (bench/requirements.txt has the version)

read_tensorboard.py RUN/tensorboard             prints every scalar as JSON: {"scalars": {tag: [[step, value], …]}}
read_tensorboard.py                             the same of the fixture of the tests, into its answer.json
"""

import base64
import json
import math
import sys
import tempfile
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

FIXTURES = Path(__file__).parent.parent / "packages/pipeline/src/tensorboard/fixtures"


def number(value):
    """JSON has no NaN."""
    return value if math.isfinite(value) else str(value)


def read(folder):
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    accumulator.Reload()
    tags = sorted(accumulator.Tags()["scalars"])
    return {"scalars": {tag: [[e.step, number(e.value)] for e in accumulator.Scalars(tag)] for tag in tags}}


if len(sys.argv) > 1:
    json.dump(read(sys.argv[1]), sys.stdout, indent=1)
    print()
else:
    with tempfile.TemporaryDirectory() as folder:
        text = (FIXTURES / "events.base64").read_text()
        (Path(folder) / "events.out.tfevents.1").write_bytes(base64.b64decode(text))
        (FIXTURES / "answer.json").write_text(json.dumps(read(folder), indent=2) + "\n")
