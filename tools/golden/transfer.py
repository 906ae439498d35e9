"""Small weight files written by the real tools, with the values that reading them must give.

    /usr/bin/python3 tools/golden/transfer.py

writes packages/transfer/src/fixtures/: PyTorch files (zip and legacy; shared, strided, offset and repeated storages;
all real dtypes; parameters, modules' state dicts, wrappers), detectron2-like numpy pickles, ONNX models, npy and npz
files, `expected.json`, and `torchvision-shapes.json` (names and shapes of torchvision's ResNets).
Needs torch, torchvision, onnx and numpy.
"""
import argparse
import json
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import onnx
import torch
import torchvision
from onnx import TensorProto, helper, numpy_helper

OUT = Path(__file__).resolve().parents[2] / "packages/transfer/src/fixtures"
EXPECTED = {}


def numbers(count, start=0):
    """Distinct values that half precision holds exactly."""
    return (np.arange(start, start + count, dtype=np.float64) - count / 2) / 8


def plain(value):
    """A tensor as JSON: stored dtype, shape, flat values."""
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(np.array(value, order="C"))
    values = value.detach().double() if value.is_floating_point() else value.detach().long()
    return {
        "dtype": str(value.dtype).replace("torch.", ""),
        "shape": list(value.shape),
        "values": values.flatten().tolist(),
    }


def expect(name, tensors, metadata=None, **more):
    EXPECTED[name] = {"tensors": {key: plain(value) for key, value in tensors.items()}, "metadata": metadata or {}, **more}


def tensors():
    base = torch.tensor(numbers(12)).float().reshape(3, 4)
    kernel = torch.tensor(numbers(54)).float().reshape(2, 3, 3, 3)
    return OrderedDict(
        kernel=kernel,
        shared=kernel,
        transposed=base.t(),
        rows=base[1:],
        column=base[:, 2],
        steps=base.flatten()[1::3],
        channels_last=kernel.contiguous(memory_format=torch.channels_last),
        repeated=torch.tensor([1.5]).expand(2, 3),
        scalar=torch.tensor(2.25),
        empty=torch.zeros(0, 3),
        half=torch.tensor(numbers(7)).half(),
        bfloat=torch.tensor(numbers(7)).bfloat16(),
        double=torch.tensor(numbers(5)),
        long=torch.tensor([-(2**31), -1, 0, 1, 2**31 - 1]),
        int=torch.tensor([-(2**31), 7], dtype=torch.int32),
        short=torch.tensor([-32768, 32767], dtype=torch.int16),
        char=torch.tensor([-128, 127], dtype=torch.int8),
        byte=torch.tensor([0, 255], dtype=torch.uint8),
        bool=torch.tensor([True, False, True]),
        parameter=torch.nn.Parameter(torch.tensor(numbers(6)).float().reshape(2, 3)),
    )


def save(name, value, legacy=False, **options):
    torch.save(value, OUT / name, _use_new_zipfile_serialization=not legacy, **options)


def pytorch():
    state = tensors()
    save("dtypes-zip.pth", state)
    expect("dtypes-zip.pth", state)
    save("dtypes-legacy.pth", state, legacy=True)
    expect("dtypes-legacy.pth", state)
    save("dtypes-zip-protocol-4.pth", state, pickle_protocol=4)
    expect("dtypes-zip-protocol-4.pth", state)

    # A real module, with _metadata on its OrderedDict and an int64 counter, wrapped as training scripts do.
    torch.manual_seed(0)
    module = torch.nn.Sequential(OrderedDict(conv=torch.nn.Conv2d(3, 2, 1), bn=torch.nn.BatchNorm2d(2)))
    state = module.state_dict()
    optimizer = torch.optim.SGD(module.parameters(), 0.1, momentum=0.9)
    module(torch.ones(1, 3, 2, 2)).sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3,
        "arch": "tiny",
        "best_acc1": torch.tensor(0.5),
        "args": argparse.Namespace(lr=0.1, device=torch.device("cpu")),
        "score": np.float64(0.25),
        "state_dict": state,
        "optimizer": optimizer.state_dict(),
    }
    metadata = {"epoch": "3", "arch": "tiny"}
    save("wrapped-zip.pth", checkpoint)
    expect("wrapped-zip.pth", state, metadata)
    save("wrapped-legacy.pth", checkpoint, legacy=True)
    expect("wrapped-legacy.pth", state, metadata)
    nested = {"iteration": 7, "model": {"state_dict": {"module." + key: value for key, value in state.items()}}}
    save("nested.pth", nested)
    expect("nested.pth", {"module." + key: value for key, value in state.items()}, {"iteration": "7"})
    parts = {"backbone": {"weight": state["conv.weight"]}, "head": {"fc": {"bias": state["conv.bias"]}}}
    save("parts.pth", parts)
    expect("parts.pth", {"backbone.weight": state["conv.weight"], "head.fc.bias": state["conv.bias"]})
    two = {"model": {"a": torch.tensor([1.0])}, "model_ema": {"a": torch.tensor([2.0])}}
    save("two-models.pth", two)
    expect("two-models.pth", two["model"])

    # Not read: a whole module, and what `os.system` in a file looks like.
    save("whole-module.pth", module)

    class Command:
        def __reduce__(self):
            return os.system, ("true",)

    save("command.pth", {"state_dict": state, "note": Command()})
    save("too-large.pth", {"counter": torch.tensor([2**31])})


def numpy_files():
    model = {
        "stem.conv1.weight": numbers(27).astype(np.float32).reshape(1, 3, 3, 3),
        "stem.conv1.norm.weight": np.ones(1, np.float32),
        "res2.0.conv1.weight": np.asfortranarray(numbers(6).astype(np.float32).reshape(2, 3)),
        "count": np.array([5], np.int64),
    }
    for protocol in (2, 4, 5):
        name = f"numpy-protocol-{protocol}.pkl"
        with open(OUT / name, "wb") as f:
            pickle.dump({"model": model, "__author__": "torchvision", "matching_heuristics": True}, f, protocol=protocol)
        expect(name, model, {"__author__": "torchvision", "matching_heuristics": "true"})
    c_order = numbers(6).astype(np.float32).reshape(2, 3)
    np.save(OUT / "c-order.npy", c_order)
    expect("c-order.npy", {"c-order": c_order})
    np.save(OUT / "fortran-order.npy", np.asfortranarray(c_order))
    expect("fortran-order.npy", {"fortran-order": c_order})
    np.save(OUT / "scalar.npy", np.float64(0.5))
    expect("scalar.npy", {"scalar": np.array(0.5)})
    arrays = {"a": c_order, "b": np.array([1, 2, 3], np.int64)}
    np.savez(OUT / "stored.npz", **arrays)
    expect("stored.npz", arrays)
    np.savez_compressed(OUT / "deflated.npz", **arrays)
    expect("deflated.npz", arrays)


def onnx_files():
    half = numbers(4).astype(np.float16)
    kernel = numbers(54).astype(np.float32).reshape(2, 3, 3, 3)
    values = OrderedDict(
        raw=kernel,
        float=numbers(6).astype(np.float32).reshape(2, 3),
        int64=np.array([-(2**31), -5, 0, 300, 2**31 - 1], np.int64),
        int32=np.array([-1, 2**31 - 1], np.int32),
        int8=np.array([-128, 127], np.int8),
        uint8=np.array([0, 255], np.uint8),
        bool=np.array([True, False]),
        half=half,
        double=numbers(3),
        scalar=np.array(2.5, np.float32),
        raw_int64=np.array([7], np.int64),
        raw_half=half,
        empty=np.zeros((0, 2), np.float32),
    )
    types = dict(
        float=TensorProto.FLOAT,
        int64=TensorProto.INT64,
        int32=TensorProto.INT32,
        int8=TensorProto.INT8,
        uint8=TensorProto.UINT8,
        bool=TensorProto.BOOL,
        double=TensorProto.DOUBLE,
        scalar=TensorProto.FLOAT,
    )
    initializers = []
    for name, value in values.items():
        if name == "half":
            initializers.append(helper.make_tensor(name, TensorProto.FLOAT16, value.shape, half))
        elif name in types:
            initializers.append(helper.make_tensor(name, types[name], value.shape, value.flatten().tolist()))
        else:
            initializers.append(numpy_helper.from_array(value, name))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node("Conv", ["x", "raw"], ["y"])], "tiny", [x], [y], initializers)
    model = helper.make_model(graph, producer_name="golden", opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    helper.set_model_props(model, {"note": "tiny"})
    metadata = {"ir_version": "7", "producer_name": "golden", "graph_name": "tiny", "note": "tiny"}
    onnx.save(model, str(OUT / "initializers.onnx"))
    expect("initializers.onnx", values, metadata)

    small = helper.make_graph([], "external", [x], [x], [numpy_helper.from_array(kernel, "kernel")])
    model = helper.make_model(small, producer_name="golden")
    model.ir_version = 7
    (OUT / "external.bin").unlink(missing_ok=True)
    onnx.save_model(model, str(OUT / "external.onnx"), save_as_external_data=True, location="external.bin", size_threshold=0)
    metadata = {"ir_version": "7", "producer_name": "golden", "graph_name": "external"}
    expect("external.onnx", {"kernel": kernel}, metadata)


def torchvision_shapes():
    shapes = {}
    for name in ("resnet18", "resnet50", "resnext50_32x4d"):
        state = getattr(torchvision.models, name)().state_dict()
        shapes[name] = {key: list(value.shape) for key, value in state.items()}
    lines = ",\n".join(f'"{name}": {json.dumps(value, separators=(",", ":"))}' for name, value in shapes.items())
    (OUT / "torchvision-shapes.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    pytorch()
    numpy_files()
    onnx_files()
    torchvision_shapes()
    lines = ",\n".join(f'"{name}": {json.dumps(value, separators=(",", ":"))}' for name, value in EXPECTED.items())
    (OUT / "expected.json").write_text("{\n" + lines + "\n}\n")
