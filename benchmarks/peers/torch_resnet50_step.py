"""One training step of the article's ResNet-50 (28x28x1, 10 classes) in PyTorch on the CPU.

Prints one JSON object; images per second is the median over the timed steps.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn

STAGES = [(64, 256, 3, 1), (128, 512, 4, 1), (256, 1024, 6, 2), (512, 2048, 3, 2)]


def batch_norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Bottleneck(nn.Module):
    def __init__(self, channels, width, out, stride, projection):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(channels, width, 1, stride), batch_norm(width), nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1), batch_norm(width), nn.ReLU(),
            nn.Conv2d(width, out, 1), batch_norm(out),
        )  # fmt: skip
        self.shortcut = nn.Identity()
        if projection:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride), batch_norm(out))

    def forward(self, x):
        return torch.relu(self.branch(x) + self.shortcut(x))


def resnet50():
    layers = [nn.Conv2d(1, 64, 7, 2, 3), batch_norm(64), nn.ReLU(), nn.MaxPool2d(3, 2)]
    channels = 64
    for width, out, blocks, stride in STAGES:
        for block in range(blocks):
            first = block == 0
            layers.append(Bottleneck(channels, width, out, stride if first else 1, first))
            channels = out
    # The last maps are 2x2: there the article's *same* average pool needs no padding.
    return nn.Sequential(*layers, nn.AvgPool2d(2), nn.Flatten(), nn.Linear(channels, 10))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--channels-last", type=int, choices=(0, 1), default=0)
    parser.add_argument("--compile", type=int, choices=(0, 1), default=0)
    parser.add_argument("--fused", type=int, choices=(0, 1), default=1, help="the fused Adam")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    model = resnet50().to(memory_format=layout)
    assert sum(p.numel() for p in model.parameters()) == 23_548_810
    images = torch.rand(options.batch, 1, 28, 28).to(memory_format=layout)
    labels = torch.arange(options.batch) % 10
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, eps=1e-7, fused=bool(options.fused))
    forward = torch.compile(model) if options.compile else model

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(forward(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(options.warmup):
        step()
    rates = []
    for _ in range(options.steps):
        start = time.perf_counter()
        loss = step()
        rates.append(options.batch / (time.perf_counter() - start))
    result = {
        "peer": "torch",
        "imagesPerSecond": round(statistics.median(rates), 2),
        "slowest": round(min(rates), 2),
        "fastest": round(max(rates), 2),
        "steps": options.steps,
        "batch": options.batch,
        "threads": options.threads,
        "channelsLast": bool(options.channels_last),
        "compile": bool(options.compile),
        "fusedAdam": bool(options.fused),
        "finalLoss": loss,
        "versions": {"torch": torch.__version__},
        "peakMemoryMB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
