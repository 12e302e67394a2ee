"""ONNX Runtime on the article's ResNet-50 as PyTorch exports it."""

import argparse
import contextlib
import io
import sys
import tempfile
from pathlib import Path

import onnxruntime
import torch

from serve import add_options, serve
from torch_networks import build


def export(batch, folder):
    network, shape, _ = build("article")
    network = torch.nn.Sequential(network, torch.nn.Softmax(1)).eval()
    path = Path(folder) / "article.onnx"
    # The exporter reports its progress on the standard output, which belongs to the answers.
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(network, (torch.rand(batch, *shape),), path, dynamo=True)
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=100)
    add_options(parser)
    options = parser.parse_args()

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.cores
    settings.inter_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        path = export(options.batch, folder)
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    (entry,) = session.get_inputs()
    images = torch.rand(*entry.shape).numpy()
    versions = {"onnxruntime": onnxruntime.__version__, "torch": torch.__version__}
    step = lambda: session.run(None, {entry.name: images})  # noqa: E731
    serve(step, options, options.batch, "images/s", versions)


if __name__ == "__main__":
    sys.exit(main())
