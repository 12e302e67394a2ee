"""The recipe `cifar-resnet20` in PyTorch. cifar_resnet20.py FOLDER writes FOLDER/cifar-resnet20.safetensors.

The network, its gradients, its optimizer and the schedule are PyTorch's own: `nn.Conv2d`, `nn.BatchNorm2d`,
`optim.SGD` with weight decay for the kernels alone, `MultiStepLR`. Two conventions are brought over to Keras's:

- `nn.BatchNorm2d` moves `running_var` with the unbiased variance, Keras with the biased one; what a step
  added is divided by n / (n - 1).
- `optim.SGD` keeps the mean of gradients and multiplies it by the rate of the moment; Keras, and Caffe with which
  the paper's networks were trained, keep the mean of changes. They differ by the ratio of the rates in the step
  after the rate changed, so the buffers are multiplied by it there (Goyal et al., 2017, section 3).

The file has what three steps with one image each, one at each rate, make in float64 of weights and images from
`deterministic.py`: samples of every weight and moving statistic, `weight/<layer>/<variable>`, and of every momentum,
`m/<layer>/<variable>`, named and laid out as by residuum. The metadata `recipe` is JSON: rates and boundaries as
Keras's schedule has them, the names that images are made of, labels, losses.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from deterministic import sample_indices, uniform, weight
from safetensors.torch import save_file
from torch import nn

STAGES, BLOCKS, WIDTH, CLASSES = 3, 3, 16, 10
MOMENTUM = 0.9
SIDE, CHANNELS = 32, 3
# Of the fixture: a step of each rate.
STEPS, BOUNDARIES, RATES, L2 = 3, [0, 1], [0.1, 0.01, 0.001], 5e-5


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


def main(folder):
    labels = [(7 * step + 3) % CLASSES for step in range(STEPS)]
    images = [f"cifar-resnet20/input/{step}" for step in range(STEPS)]
    given = {}
    for name, tensor, axes in Resnet20().variables():
        shape = tensor.permute(axes).shape
        given[f"before/0/weight/{name}"] = torch.tensor(weight(name, shape, name.split("/")[1]))
    for step, (image, label) in enumerate(zip(images, labels)):
        pixels = uniform(image, (1, SIDE, SIDE, CHANNELS)) + 0.5
        given[f"batch/{step}/x"] = torch.tensor(pixels.astype(np.float32))
        given[f"batch/{step}/y"] = F.one_hot(torch.tensor([label]), CLASSES)
    job = {"steps": STEPS, "boundaries": BOUNDARIES, "values": RATES, "l2": L2}
    result = train(job, given, torch.float64)
    losses = result.pop("losses").tolist()
    samples = {}
    for name, tensor in result.items():
        step, kind, entry = name.split("/", 2)
        if int(step) == STEPS - 1:
            samples[f"{kind}/{entry}"] = tensor.flatten()[sample_indices(entry, tensor.numel())]
    recipe = {
        "boundaries": BOUNDARIES, "images": images, "labels": labels, "losses": losses,
        "versions": {"torch": torch.__version__},
    }  # fmt: skip
    save_file(samples, Path(folder) / "cifar-resnet20.safetensors", {"recipe": json.dumps(recipe)})


if __name__ == "__main__":
    main(sys.argv[1])
