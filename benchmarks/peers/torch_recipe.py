"""Trains a recipe's small-resnet with PyTorch on the CPU, for the time beside ours in RESULTS.md.

    python benchmarks/peers/torch_recipe.py recipes/fast.json --data DIR --out results/peers/NAME.json

DIR holds the four IDX files of the recipe's data set, gzipped or not. Of PyTorch's ways to compute the
step (memory format, compiled or not) the one is taken that a few steps show to be the fastest.
"""

import argparse
import datetime
import glob
import gzip
import json
import math
import os
import time

import torch
from torch import nn
from torch.nn import functional

from torch_networks import batch_norm

VALIDATION = 5000
PROBE_STEPS = 8
# What a normal distribution's deviation becomes when it is cut at two deviations.
TRUNCATED = 0.87962566103423978


def read_idx(folder, part):
    path = next(p for p in sorted(glob.glob(f"{folder}/*")) if part in p and "ubyte" in p)
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        data = bytearray(file.read())
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return torch.frombuffer(data, dtype=torch.uint8, offset=4 + 4 * len(shape)).reshape(shape)


class Block(nn.Module):
    """residuum's basicBlock: biases in convolutions, a 1x1 convolution where the shape changes."""

    def __init__(self, channels, out, stride):
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(channels, out, 3, stride, 1), batch_norm(out), nn.ReLU(inplace=True),
            nn.Conv2d(out, out, 3, 1, 1), batch_norm(out),
        )  # fmt: skip
        self.shortcut = nn.Identity()
        if stride > 1 or channels != out:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride), batch_norm(out))

    def forward(self, x):
        return torch.relu(self.branch(x) + self.shortcut(x))


def small_resnet(filters, blocks):
    channels = filters[0]
    layers = [nn.Conv2d(1, channels, 3, 1, 1), batch_norm(channels), nn.ReLU(inplace=True)]
    for stage, out in enumerate(filters):
        for block in range(blocks):
            layers.append(Block(channels, out, 2 if stage and not block else 1))
            channels = out
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            deviation = math.sqrt(2 / layer.weight[0].numel()) / TRUNCATED
            nn.init.trunc_normal_(layer.weight, 0, deviation, -2 * deviation, 2 * deviation)
            nn.init.zeros_(layer.bias)
    return network


def require(condition, what):
    if not condition:
        raise SystemExit(f"torch_recipe.py does not know {what}")


class Run:
    def __init__(self, recipe, seed):
        model, optimizer = recipe["model"], recipe["optimizer"]
        require(model["name"] == "small-resnet", f"the network {model['name']}")
        require(optimizer["name"] == "sgd", f"the optimizer {optimizer['name']}")
        require(recipe["schedule"]["name"] == "oneCycle", "this schedule")
        torch.manual_seed(seed)
        options = model["options"]
        self.network = small_resnet(options["filters"], options.get("blocksPerStage", 1))
        excluded = {"bias", "gamma", "beta"}
        require(set(optimizer["excludeFromWeightDecay"]) == excluded, "these exclusions")
        self.decayed = [p for p in self.network.parameters() if p.ndim > 1]
        self.decay = optimizer["weightDecay"]
        self.optimizer = torch.optim.SGD(
            self.network.parameters(),
            0.1,
            momentum=optimizer["momentum"],
            nesterov=optimizer["nesterov"],
            fused=True,
        )
        self.smoothing = recipe["loss"]["labelSmoothing"]
        self.schedule, self.batch = recipe["schedule"], recipe["batchSize"]
        views = recipe.get("evaluate", {}).get("views", [])
        require(all(view == {"name": "flip", "probability": 1} for view in views), "these views")
        self.views = len(views)
        self.augment = recipe["data"]["augment"]
        for change in self.augment:
            require(change in ({"name": "flip"},), f"the augmentation {change}")

    def rate(self, step, total):
        """oneCycle as residuum and PyTorch's OneCycleLR have it."""
        peak, share = self.schedule["maxLearningRate"], self.schedule.get("pctStart", 0.3)
        first, rise = peak / 25, share * total - 1
        linear = self.schedule.get("annealStrategy", "cos") == "linear"

        def between(a, b, done):
            return a + (b - a) * (done if linear else (1 - math.cos(math.pi * done)) / 2)

        if step <= rise:
            return between(first, peak, step / rise)
        return between(peak, first / 1e4, (step - rise) / (total - 1 - rise))

    def changed(self, images):
        for _ in self.augment:
            flipped = torch.rand(len(images)) < 0.5
            images[flipped] = images[flipped].flip(3)
        return images

    def choose(self, images, labels):
        """Takes the fastest way to compute a step; weights and state are as before afterwards."""
        before = {k: v.clone() for k, v in self.network.state_dict().items()}
        seconds = {}
        for layout in (torch.channels_last, torch.contiguous_format):
            for compiled in (False, True):
                self.use(layout, compiled)
                name = f"{'channels last' if layout == torch.channels_last else 'contiguous'}"
                name += ", compiled" if compiled else ""
                try:
                    self.step(images, labels, 0.0)
                    self.step(images, labels, 0.0)
                    start = time.perf_counter()
                    for _ in range(PROBE_STEPS):
                        self.step(images, labels, 0.0)
                    seconds[name] = (time.perf_counter() - start) / PROBE_STEPS, layout, compiled
                except Exception as error:  # No C++ compiler on the machine, say.
                    print(f"{name}: {str(error).splitlines()[0]}", flush=True)
                self.network.load_state_dict(before)
                self.optimizer.state.clear()
        name = min(seconds, key=lambda key: seconds[key][0])
        self.use(*seconds[name][1:])
        return name, {key: value[0] for key, value in seconds.items()}

    def use(self, layout, compiled):
        self.layout = layout
        self.network.to(memory_format=layout)
        self.forward = torch.compile(self.network) if compiled else self.network

    def step(self, images, labels, rate):
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad()
        images = images.contiguous(memory_format=self.layout)
        outputs = self.forward(images)
        loss = functional.cross_entropy(outputs, labels, label_smoothing=self.smoothing)
        loss.backward()
        with torch.no_grad():
            torch._foreach_mul_(self.decayed, 1 - rate * self.decay)
        self.optimizer.step()
        return (outputs.argmax(1) == labels).sum().item()

    def predict(self, images):
        """Probabilities; with views, the sum over the images and their mirror images."""
        total = 0
        for view in [images] + self.views * [images.flip(3)]:
            total = total + self.network(view.contiguous(memory_format=self.layout)).softmax(1)
        return total

    def accuracy(self, images, labels):
        self.network.eval()
        with torch.inference_mode():
            right = sum(
                (self.predict(x).argmax(1) == y).sum().item()
                for x, y in zip(images.split(self.batch), labels.split(self.batch))
            )
        self.network.train()
        return right / len(labels)


def processor():
    with open("/proc/cpuinfo", encoding="utf8") as file:
        return next(line.split(": ")[1].strip() for line in file if line.startswith("model name"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe")
    parser.add_argument("--data", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--epochs", type=int, help="fewer than the recipe's, to time them")
    parser.add_argument("--out", help="record of a whole run, for npm run results")
    options = parser.parse_args()
    if options.out and options.epochs:
        parser.error("a record is of a whole run: give --out or --epochs, not both")
    torch.set_num_threads(options.cores)
    with open(options.recipe, encoding="utf8") as file:
        recipe = json.load(file)
    run = Run(recipe, options.seed)
    images = read_idx(options.data, "train-images")[:, None].float() / 255
    labels = read_idx(options.data, "train-labels").long()
    validation = images[:VALIDATION], labels[:VALIDATION]
    images, labels = images[VALIDATION:], labels[VALIDATION:]
    way, probed = run.choose(images[: run.batch].clone(), labels[: run.batch])
    print(f"PyTorch {torch.__version__}, {way}; seconds a step: {probed}", flush=True)
    epochs = options.epochs or recipe["epochs"]
    total = math.ceil(len(images) / run.batch) * epochs
    done, history = 0, []
    for epoch in range(epochs):
        start, right = time.perf_counter(), 0
        for index in torch.randperm(len(images)).split(run.batch):
            batch = run.changed(images[index])
            right += run.step(batch, labels[index], run.rate(done, total))
            done += 1
        value = run.accuracy(*validation)
        seconds = time.perf_counter() - start
        row = {"accuracy": right / len(images), "valAccuracy": value, "seconds": round(seconds, 2)}
        history.append(row)
        print(json.dumps({"epoch": epoch + 1, **row}), flush=True)
    test = read_idx(options.data, "t10k-images")[:, None].float() / 255
    accuracy = run.accuracy(test, read_idx(options.data, "t10k-labels").long())
    print(f"test accuracy {accuracy:.4f}", flush=True)
    if options.out:
        os.makedirs(os.path.dirname(options.out) or ".", exist_ok=True)
        recipe_name = os.path.splitext(os.path.basename(options.recipe))[0]
        record = {
            "recipe": recipe_name,
            "framework": f"PyTorch {torch.__version__}",
            "way": way,
            "secondsPerStep": probed,
            "seed": options.seed,
            "date": datetime.date.today().isoformat(),
            "processor": processor(),
            "cores": options.cores,
            "command": f"python benchmarks/peers/torch_recipe.py {options.recipe} --data DIR --seed {options.seed}",
            "history": history,
            "testAccuracy": accuracy,
        }
        with open(options.out, "w", encoding="utf8") as file:
            json.dump(record, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
