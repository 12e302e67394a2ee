"""Answers requests about ResNets of torchvision, one JSON object a line: {"command": …, "variant": …, "folder": …}.

make: writes the network's weights and what it computes.
check: loads weights that were written elsewhere, strictly, and writes what they give.
run: runs the Python code in `code`, and answers what it printed.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import torch
import torchvision
from safetensors.torch import load_file, save_file

CLASSES, BATCH, SIZE, STEPS, RATE = 10, 4, 64, 5, 1e-4
BRANCH_SCALE = 0.1


def network(variant):
    return getattr(torchvision.models, variant)(num_classes=CLASSES)


def data():
    generator = torch.Generator().manual_seed(1)
    x = torch.rand([BATCH, 3, SIZE, SIZE], generator=generator)
    return x, torch.randint(CLASSES, [BATCH], generator=generator)


def settle(model):
    """Scales and statistics that are no defaults, and fit the network's own activations. The scales that
    end a branch are small: with large ones the gradients of a network without training grow so much from
    block to block that float32 and float64 part after a step or two, in PyTorch too."""
    torch.manual_seed(2)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
            torch.nn.init.normal_(module.bias, 0.0, 0.1)
    for module in model.modules():
        if isinstance(module, torchvision.models.resnet.Bottleneck):
            module.bn3.weight.data *= BRANCH_SCALE
        elif isinstance(module, torchvision.models.resnet.BasicBlock):
            module.bn2.weight.data *= BRANCH_SCALE
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for module in norms:
        module.momentum = 1.0
    model.train()
    with torch.no_grad():
        model(torch.rand([2 * BATCH, 3, SIZE, SIZE]))
    for module in norms:
        module.momentum = 0.1


def outputs(model, x):
    model.eval()
    with torch.no_grad():
        return model(x).softmax(1)


def exact(variant, state, x):
    model = network(variant).double()
    model.load_state_dict({key: value.double() for key, value in state.items()}, strict=True)
    return outputs(model, x.double()).float()


def train(model, x, labels):
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def make(variant, folder):
    torch.manual_seed(0)
    model = network(variant)
    settle(model)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    save_file(state, folder / "weights.safetensors")
    x, labels = data()
    result = {
        "x": x.movedim(1, 3).contiguous(),
        "labels": torch.nn.functional.one_hot(labels, CLASSES).float(),
        "float32": outputs(model, x),
        "float64": exact(variant, state, x),
    }
    result["losses"] = torch.tensor(train(model, x, labels))
    save_file(result, folder / "run.safetensors")
    return {"parameters": sum(one.numel() for one in model.parameters())}


def check(variant, folder):
    state = load_file(folder / "ours.torch.safetensors")
    model = network(variant)
    model.load_state_dict(state, strict=True)
    x, _ = data()
    result = {"float32": outputs(model, x), "float64": exact(variant, state, x)}
    save_file(result, folder / "checked.safetensors")


def answer(request):
    if request["command"] == "run":
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(request["code"], {})
        return {"printed": printed.getvalue()}
    commands = {"make": make, "check": check}
    return commands[request["command"]](request["variant"], Path(request["folder"])) or {}


torch.set_num_threads(2)
for line in sys.stdin:
    try:
        result = answer(json.loads(line))
    except Exception as error:  # told to the test, which fails
        result = {"failure": f"{type(error).__name__}: {error}"[:2000]}
    print(json.dumps(result), flush=True)
