"""
Judges ONNX files by the ONNX checker (structure, types, attributes against the opset) and by strict shape inference, which
must agree with the declared outputs. For maintainers:

    npx tsx --conditions=@nats/source tools/golden/write-onnx-samples.ts FOLDER
    /usr/bin/python3 tools/golden/onnx_check.py FOLDER
"""
import collections
import pathlib
import sys

import onnx
from onnx import checker, shape_inference


def described(value):
    tensor = value.type.tensor_type
    return tensor.elem_type, [d.dim_param or d.dim_value for d in tensor.shape.dim]


def unknown(dimension):
    return dimension in ("", 0) or str(dimension).startswith("unk__")


def disagreements(declared, inferred):
    """Outputs whose element type, rank or dimensions inference sees otherwise; what it cannot tell agrees."""
    found = {value.name: described(value) for value in inferred if value.type.tensor_type.HasField("shape")}
    for value in declared:
        if value.name not in found:
            continue
        (dtype, shape), (other_dtype, other_shape) = described(value), found[value.name]
        same = len(shape) == len(other_shape) and all(a == b or unknown(b) for a, b in zip(shape, other_shape))
        if dtype != other_dtype or not same:
            yield f"{value.name}: declared {dtype} {shape}, inferred {other_dtype} {other_shape}"


def without_output_shapes(model):
    """The same graph with outputs of unknown shape, so that inference cannot copy what is declared."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for value in copy.graph.output:
        value.type.tensor_type.ClearField("shape")
    return copy


def problems(path):
    """The model, what is wrong with it, and how many of its outputs inference knows the shape of."""
    try:
        model = onnx.load(path)
        checker.check_model(model, full_check=True)
        inferred = shape_inference.infer_shapes(without_output_shapes(model), check_type=True, strict_mode=True)
        known = sum(not any(map(unknown, described(v)[1])) for v in inferred.graph.output if v.type.tensor_type.HasField("shape"))
        return model, list(disagreements(model.graph.output, inferred.graph.output)), known
    except Exception as error:  # the checker raises several kinds
        return None, [f"{type(error).__name__}: {error}"], 0


def main(folder):
    files = sorted(pathlib.Path(folder).glob("*.onnx"))
    operators, failed, outputs, told = collections.Counter(), 0, 0, 0
    for path in files:
        model, found, known = problems(str(path))
        if model is not None:
            operators.update(node.op_type for node in model.graph.node)
            outputs += len(model.graph.output)
            told += known
        if found:
            failed += 1
            print(f"{path.name}:\n  " + "\n  ".join(found))
    print(f"onnx {onnx.__version__}: {len(files)} files, {len(operators)} kinds of ops, "
          f"{outputs} outputs, {told} with a shape that inference tells")
    print(f"{len(files) - failed} passed, {failed} failed")
    return 1 if failed or not files else 0


sys.exit(main(sys.argv[1]))
