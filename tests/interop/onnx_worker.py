"""Answers requests, one JSON object a line: checks ONNX files, and writes PyTorch's.

check: the file passes onnx.checker in full, and ONNX Runtime gives the expected outputs.
torch: a network of PyTorch is written by torch.onnx.export, with inputs and outputs beside it.
"""

import json
import os
import sys
import warnings

import numpy as np
import onnx
import onnxruntime as ort

warnings.filterwarnings("ignore")


def read(array):
    return np.fromfile(array["path"], dtype="<f4").reshape(array["shape"])


def write(folder, name, array):
    path = os.path.join(folder, name)
    np.ascontiguousarray(array, dtype="<f4").tofile(path)
    return {"path": path, "shape": list(array.shape)}


def relative(found, expected):
    found, expected = found.astype("f8"), expected.astype("f8")
    norm = np.linalg.norm(expected)
    return float(np.linalg.norm(found - expected) / (norm if norm > 0 else 1))


def run(path, arrays):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    return session.run(None, dict(zip(names, arrays)))


def check(request):
    onnx.checker.check_model(request["path"], full_check=True)
    model = onnx.load(request["path"])
    found = run(request["path"], [read(one) for one in request["inputs"]])
    expected = [read(one) for one in request["outputs"]]
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert one.shape == other.shape, (one.shape, other.shape)
    operators = [node.op_type for node in model.graph.node]
    return {
        "errors": [relative(one, other) for one, other in zip(found, expected)],
        "opset": model.opset_import[0].version,
        "batch": model.graph.input[0].type.tensor_type.shape.dim[0].dim_param,
        "operators": {name: operators.count(name) for name in sorted(set(operators))},
    }


def mixed_network():
    """What residual networks of others hold beside torchvision's."""
    import torch
    from torch import nn

    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
            self.norm = nn.BatchNorm2d(8, eps=1e-3)
            self.pool = nn.MaxPool2d(3, 2, 1)
            self.wide = nn.Conv2d(8, 8, 3, padding="same", dilation=2, groups=2, bias=False)
            self.average = nn.AvgPool2d(3, 1, 1, count_include_pad=True)
            self.squeeze = nn.Linear(8, 4)
            self.excite = nn.Linear(4, 8)
            self.drop = nn.Dropout(0.5)
            self.head = nn.Linear(16 * 5 * 4, 7)

        def forward(self, x):
            x = self.pool(torch.relu(self.norm(self.stem(x))))
            y = self.average(self.wide(x))
            gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(y.mean((2, 3))))))
            y = y * gate[:, :, None, None]
            z = torch.cat([x + y, torch.tanh(x - y)], 1)
            return self.head(self.drop(torch.flatten(z, 1)))

    return Mixed()


def scatter(network, seed):
    """Gives statistics and scales values that are not at their trivial first ones."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                shape = module.weight.shape
                module.weight.copy_(0.4 + 0.4 * torch.rand(shape, generator=generator))
                module.bias.copy_(0.2 * torch.randn(shape, generator=generator))
                module.running_mean.copy_(0.2 * torch.randn(shape, generator=generator))
                module.running_var.copy_(0.5 + torch.rand(shape, generator=generator))


def export_torch(request):
    import torch
    import torchvision

    torch.manual_seed(request["seed"])
    name, shape, folder = request["network"], request["shape"], request["folder"]
    network = mixed_network() if name == "mixed" else getattr(torchvision.models, name)(num_classes=10)
    scatter(network, request["seed"])
    network.eval()
    x = torch.rand(2, *shape)
    path = os.path.join(folder, "torch.onnx")
    out = sys.stdout
    sys.stdout = sys.stderr
    try:
        options = {"dynamo": request["dynamo"]}
        if request["dynamo"]:
            options["dynamic_shapes"] = ({0: torch.export.Dim.DYNAMIC},)
            options["external_data"] = False
            options["verbose"] = False
        else:
            options["dynamic_axes"] = {"image": {0: "N"}, "scores": {0: "N"}}
            options["do_constant_folding"] = request["fold"]
            if not request["fold"]:
                options["training"] = torch.onnx.TrainingMode.PRESERVE
        names = {"input_names": ["image"], "output_names": ["scores"]}
        torch.onnx.export(network, (x,), path, **names, **options)
    finally:
        sys.stdout = out
    with torch.no_grad():
        y = network(x).numpy()
        truth = network.double()(x.double()).numpy()
    return {
        "path": path,
        "inputs": [write(folder, "x.bin", np.transpose(x.numpy(), (0, 2, 3, 1)))],
        "outputs": [write(folder, "y.bin", y)],
        "ownError": relative(y, truth),
    }


def tensorflow_style(request):
    """A graph as tf2onnx writes it: images channels last, transposed around convolutions."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(request["seed"])
    folder = request["folder"]

    def weight(name, *shape):
        array = random.normal(size=shape).astype("f4") * 0.3
        if name == "bn/var":
            array = np.abs(array) + 0.5
        return numpy_helper.from_array(array, name)

    def sizes(name, values):
        return numpy_helper.from_array(np.array(values, dtype="i8"), name)

    node = helper.make_node
    nodes = [
        node("Transpose", ["image"], ["t0"], perm=[0, 3, 1, 2], name="model/conv1/Conv2D__6"),
        node("Conv", ["t0", "conv1/w", "conv1/b"], ["c0"], name="model/conv1/Conv2D",
             kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1]),
        node("Relu", ["c0"], ["r0"], name="model/conv1/Relu"),
        node("Conv", ["r0", "conv2/w"], ["c1"], name="model/conv2/Conv2D",
             kernel_shape=[3, 3], strides=[1, 1], auto_pad="SAME_UPPER"),
        node("Add", ["c1", "conv2/b"], ["c2"], name="model/conv2/BiasAdd"),
        node("BatchNormalization", ["c2", "bn/g", "bn/b", "bn/m", "bn/var"], ["n0"], epsilon=1e-3,
             name="model/bn/FusedBatchNormV3"),
        node("Add", ["n0", "r0"], ["a0"], name="model/add/add"),
        node("MaxPool", ["a0"], ["p0"], kernel_shape=[2, 2], strides=[2, 2], name="model/pool"),
        node("Transpose", ["p0"], ["t1"], perm=[0, 2, 3, 1], name="model/pool__9"),
        node("Pad", ["t1", "pads"], ["z0"], name="model/pad"),
        node("Transpose", ["z0"], ["t2"], perm=[0, 3, 1, 2], name="model/conv3__2"),
        node("Conv", ["t2", "conv3/w"], ["c3"], name="model/conv3/Conv2D", kernel_shape=[1, 1]),
        node("ReduceMean", ["c3"], ["m0"], axes=[2, 3], keepdims=1, name="model/mean"),
        node("Squeeze", ["m0", "axes"], ["m1"], name="model/mean_squeeze"),
        node("MatMul", ["m1", "fc1/w"], ["f0"], name="model/fc1/MatMul"),
        node("Add", ["f0", "fc1/b"], ["f1"], name="model/fc1/BiasAdd"),
        node("Shape", ["f1"], ["s0"], name="model/shape"),
        node("Gather", ["s0", "zero"], ["s1"], name="model/shape_0"),
        node("Concat", ["s1", "rest"], ["s2"], axis=0, name="model/shape_1"),
        node("Reshape", ["f1", "s2"], ["f2"], name="model/flat"),
        node("Softmax", ["f2"], ["scores"], axis=-1, name="model/softmax"),
    ]
    weights = [
        weight("conv1/w", 6, 3, 3, 3), weight("conv1/b", 6), weight("conv2/w", 6, 6, 3, 3),
        weight("conv2/b", 1, 6, 1, 1), weight("bn/g", 6), weight("bn/b", 6), weight("bn/m", 6),
        weight("bn/var", 6), weight("conv3/w", 5, 6, 1, 1), weight("fc1/w", 5, 4), weight("fc1/b", 4),
        sizes("pads", [0, 1, 0, 0, 0, 2, 1, 0]), sizes("axes", [2, 3]), sizes("zero", [0]),
        sizes("rest", [4]),
    ]
    graph = helper.make_graph(
        nodes, "tf2onnx",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 12, 14, 3])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 4])], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path = os.path.join(folder, "tf.onnx")
    onnx.save(model, path)
    x = random.random((3, 12, 14, 3)).astype("f4")
    return {"path": path, "inputs": [write(folder, "x.bin", x)],
            "outputs": [write(folder, "y.bin", run(path, [x])[0])], "ownError": 0}


COMMANDS = {"check": check, "torch": export_torch, "tensorflow": tensorflow_style}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = COMMANDS[request["command"]](request)
    except Exception as error:  # told to the test, which fails
        answer = {"failure": f"{type(error).__name__}: {error}"[:2000]}
    print(json.dumps(answer), flush=True)
