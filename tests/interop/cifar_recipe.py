"""Trains the recipe `cifar-resnet20` with PyTorch, on batches that residuum augmented: cifar_recipe.py FOLDER.

FOLDER has CIFAR-10's binary files, `job.json` and `job.safetensors`: batches `batch/<step>/x`, `batch/<step>/y`, and
the state before the first step, or before every one, `before/<step>/weight/<layer>/<variable>` and `before/<step>/m/…`
for momenta. Written are, in float64 and in float32 with both orders of memory, the losses and after every step all weights,
moving statistics and momenta, as residuum names and lays them out. Printed is, as JSON, what was found of the
augmentation; where `records` does not say which images the batches hold, float64 is all.

The network, its gradients, its optimizer and the schedule are PyTorch's own: `nn.Conv2d`, `nn.BatchNorm2d`,
`optim.SGD` with weight decay for the kernels alone, `MultiStepLR`. Two conventions are brought over to Keras's:

- `nn.BatchNorm2d` moves `running_var` with the unbiased variance, Keras with the biased one; what a step
  added is divided by n / (n - 1).
- `optim.SGD` keeps the mean of gradients and multiplies it by the rate of the moment; Keras, and Caffe with which
  the paper's networks were trained, keep the mean of changes. They differ by the ratio of the rates in the step
  after the rate changed, so the buffers are multiplied by it there (Goyal et al., 2017, section 3).
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import nn

STAGES, BLOCKS, WIDTH, CLASSES = 3, 3, 16, 10
MOMENTUM = 0.9
SIDE, CHANNELS = 32, 3


class Block(nn.Module):
    """relu(x + F(x)), x with shortcut A: every other pixel, zeros for the new channels."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.stride, self.missing = stride, outputs - inputs

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        side = self.missing // 2
        x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, side, self.missing - side))
        return torch.relu(x + y)


class Resnet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(CHANNELS, WIDTH, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.stages = nn.ModuleList()
        inputs = WIDTH
        for stage in range(STAGES):
            outputs = WIDTH * 2**stage
            self.stages.append(nn.Sequential())
            for block in range(BLOCKS):
                stride = 2 if stage > 0 and block == 0 else 1
                self.stages[stage].append(Block(inputs, outputs, stride))
                inputs = outputs
        self.fc = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        for stage in self.stages:
            x = stage(x)
        return self.fc(x.mean((2, 3)))

    def layers(self):
        """Modules by residuum's names of layers."""
        yield "conv1_conv", self.conv1
        yield "conv1_bn", self.bn1
        for s, stage in enumerate(self.stages):
            for b, block in enumerate(stage):
                name = f"conv{s + 2}_block{b + 1}"
                yield f"{name}_1_conv", block.conv1
                yield f"{name}_1_bn", block.bn1
                yield f"{name}_2_conv", block.conv2
                yield f"{name}_2_bn", block.bn2
        yield "predictions", self.fc

    def variables(self):
        """Tensors by residuum's names, each with its axes in residuum's order."""
        for name, module in self.layers():
            if isinstance(module, nn.BatchNorm2d):
                yield f"{name}/gamma", module.weight, (0,)
                yield f"{name}/beta", module.bias, (0,)
                yield f"{name}/movingMean", module.running_mean, (0,)
                yield f"{name}/movingVariance", module.running_var, (0,)
            elif isinstance(module, nn.Conv2d):
                yield f"{name}/kernel", module.weight, (2, 3, 1, 0)
            else:
                yield f"{name}/kernel", module.weight, (1, 0)
                yield f"{name}/bias", module.bias, (0,)


def norms(model):
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def watch_norms(model):
    def before(module, inputs):
        module.kept = module.running_var * (1 - module.momentum)
        module.n = inputs[0].numel() // module.num_features

    for module in norms(model):
        module.register_forward_pre_hook(before)


def count_variances_as_biased(model):
    for module in norms(model):
        added = module.running_var - module.kept
        module.running_var.copy_(module.kept + added * ((module.n - 1) / module.n))


def begin(model, optimizer, given, step, rate):
    """Puts in what is given of the state before a step; whether there was any."""
    with torch.no_grad():
        for name, tensor, axes in model.variables():
            if (before := given.get(f"before/{step}/weight/{name}")) is None:
                return False
            back = tuple(np.argsort(axes))
            tensor.copy_(before.permute(back))
            if (momentum := given.get(f"before/{step}/m/{name}")) is not None:
                buffer = momentum.to(tensor.dtype).permute(back) / -rate
                optimizer.state[tensor]["momentum_buffer"] = buffer.contiguous()
    return True


def train(job, given, dtype, layout=torch.contiguous_format):
    """Losses, and the state after every step, which begins where the one before it ended unless `given` has the
    state that it begins with."""
    model = Resnet20().to(dtype).to(memory_format=layout).train()
    watch_norms(model)
    kernels = [tensor for name, tensor, _ in model.variables() if name.endswith("/kernel")]
    others = [p for p in model.parameters() if all(p is not kernel for kernel in kernels)]
    groups = [{"params": kernels, "weight_decay": 2 * job["l2"]}, {"params": others}]
    values = job["values"]
    assert np.allclose(values, [values[0] / 10**n for n in range(len(values))], rtol=1e-12)
    optimizer = torch.optim.SGD(groups, values[0], MOMENTUM)
    # Keras's boundary is the last iteration of a rate.
    milestones = [boundary + 1 for boundary in job["boundaries"]]
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones, 0.1)
    result, losses = {}, []
    for step in range(job["steps"]):
        rate = schedule.get_last_lr()[0]
        assert begin(model, optimizer, given, step, rate) or step > 0
        x, y = given[f"batch/{step}/x"], given[f"batch/{step}/y"]
        x = x.to(dtype).movedim(3, 1).contiguous(memory_format=layout)
        optimizer.zero_grad()
        entropy = F.cross_entropy(model(x), y.argmax(1))
        penalty = job["l2"] * sum(kernel.square().sum() for kernel in kernels)
        entropy.backward()
        losses.append((entropy + penalty).item())
        optimizer.step()
        count_variances_as_biased(model)
        for name, tensor, axes in model.variables():
            after = {"weight": tensor.detach().clone()}
            if tensor.requires_grad:
                after["m"] = optimizer.state[tensor]["momentum_buffer"] * -rate
            for kind, value in after.items():
                result[f"{step}/{kind}/{name}"] = value.permute(axes).contiguous()
        schedule.step()
        for state in optimizer.state.values():
            state["momentum_buffer"] *= rate / schedule.get_last_lr()[0]
    result["losses"] = torch.tensor(losses, dtype=torch.float64)
    return result


def read_records(folder):
    """Labels and pixels [N, 32, 32, 3] of the training files, as their documentation tells it."""
    files = [folder / f"data_batch_{number}.bin" for number in range(1, 6)]
    records = np.concatenate([np.fromfile(file, np.uint8) for file in files]).reshape(-1, 1 + CHANNELS * SIDE**2)
    pixels = records[:, 1:].reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return records[:, 0], pixels


def find_augmentation(image, pixels, padding):
    """Every (down, right, flipped) whose padded, cropped and flipped pixels are the image."""
    padded = np.pad(pixels, ((padding, padding), (padding, padding), (0, 0)))
    wanted = np.rint(image * 255).astype(np.int64)
    assert np.abs(image - wanted / 255).max() < 1e-7
    for down in range(2 * padding + 1):
        for right in range(2 * padding + 1):
            part = padded[down : down + SIDE, right : right + SIDE]
            if np.array_equal(part, wanted):
                yield down - padding, right - padding, False
            if np.array_equal(part[:, ::-1], wanted):
                yield down - padding, right - padding, True


def check_augmentation(job, given, folder):
    labels, pixels = read_records(folder)
    moves = []
    for step, records in enumerate(job["records"]):
        images, targets = (given[f"batch/{step}/{name}"].numpy() for name in "xy")
        for image, target, record in zip(images, targets, records, strict=True):
            assert target.tolist() == [float(c == labels[record]) for c in range(CLASSES)]
            found = list(find_augmentation(image, pixels[record], job["padding"]))
            assert len(found) == 1, f"record {record} in step {step}: {len(found)} augmentations fit"
            moves.append(found[0])
    return {
        "images": len(moves),
        "flipped": sum(flipped for _, _, flipped in moves),
        "down": sorted({down for down, _, _ in moves}),
        "right": sorted({right for _, right, _ in moves}),
    }


def main(folder):
    torch.set_num_threads(2)
    job = json.loads((folder / "job.json").read_text())
    given = load_file(folder / "job.safetensors")
    save_file(train(job, given, torch.float64), folder / "float64.safetensors")
    if "records" not in job:
        return
    for layout in ("contiguous_format", "channels_last"):
        result = train(job, given, torch.float32, getattr(torch, layout))
        save_file(result, folder / f"{layout}.safetensors")
    print(json.dumps(check_augmentation(job, given, folder)))


main(Path(sys.argv[1]))
