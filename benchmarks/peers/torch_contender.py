"""PyTorch on the CPU: training steps, inference and matrix products."""

import argparse

import torch
from torch import nn

from serve import add_options, serve
from torch_networks import build


def training_step(options):
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    network, shape, classes = build(options.network)
    network = network.to(memory_format=layout)
    images = torch.rand(options.batch, *shape).to(memory_format=layout)
    labels = torch.arange(options.batch) % classes
    if options.optimizer == "adam":
        optimizer = torch.optim.Adam(network.parameters(), 1e-3, eps=1e-7, fused=True)
    else:
        optimizer = torch.optim.SGD(network.parameters(), 0.1, momentum=0.9, fused=True)
    forward = torch.compile(network) if options.compile else network

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(forward(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def inference_step(options):
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    network, shape, _ = build(options.network)
    network = network.to(memory_format=layout).eval()
    images = torch.rand(options.batch, *shape).to(memory_format=layout)
    if options.compile:
        network = torch.compile(network)
    elif options.frozen:
        with torch.no_grad():
            traced = torch.jit.trace(network, images)
            network = torch.jit.optimize_for_inference(torch.jit.freeze(traced))

    def step():
        with torch.inference_mode():
            return torch.softmax(network(images), 1).numpy()

    return step


def product_step(options):
    a, b = torch.rand(options.size, options.size), torch.rand(options.size, options.size)
    out = torch.empty(options.size, options.size)
    return lambda: torch.mm(a, b, out=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=("train", "predict", "gemm"))
    parser.add_argument("--network", default="article")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--optimizer", choices=("adam", "sgd"), default="adam")
    parser.add_argument("--size", type=int, default=2048, help="of the matrices")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--frozen", action="store_true", help="TorchScript, frozen for inference")
    add_options(parser)
    options = parser.parse_args()

    torch.set_num_threads(options.cores)
    versions = {"torch": torch.__version__}
    if options.work == "gemm":
        serve(product_step(options), options, 2e-9 * options.size**3, "GFLOP/s", versions)
    else:
        step = training_step(options) if options.work == "train" else inference_step(options)
        serve(step, options, options.batch, "images/s", versions)


if __name__ == "__main__":
    main()
