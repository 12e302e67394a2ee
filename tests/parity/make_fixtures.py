"""Makes the parity fixtures from real Keras and real PyTorch: python make_fixtures.py --out fixtures

README.md in this folder defines the format.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from deterministic import fnv1a32, sample_indices, uniform, weight
from frameworks import Framework
from resnet50 import resnet50
from safetensors.numpy import save_file
from small_networks import SMALL_NETWORKS

KERAS, TORCH = Framework("keras"), Framework("torch")
FRAMEWORKS = {"keras": KERAS, "torch": TORCH}
CROSS_CHECK = 1e-9
# Of 200 candidates, the images that keep every ReLU of the first step furthest from its kink, next to
# float32's rounding in that layer; a ReLU that flips would hide real errors in the gradients.
RESNET50_IMAGES = "input/35"


def relative(value, truth):
    """||value - truth|| / ||truth||, L2 over all entries; None where the truth is all zeros."""
    norm = np.linalg.norm(truth)
    return float(np.linalg.norm(np.subtract(value, truth)) / norm) if norm else None


def make_weights(description, prefix):
    return {
        name: weight(prefix + name, shape, name.split("/")[1])
        for name, shape in KERAS.weight_shapes(description).items()
    }


def make_small_data(description):
    """Inputs of about unit variance; labels that step through the classes; targets in [-0.5, 0.5)."""
    name, batch = description["name"], description["batch"]
    inputs = {
        i["name"]: (2 * 3**0.5 * uniform(f"{name}/{i['name']}", (batch, *i["shape"]))).astype(np.float32)
        for i in description["inputs"]
    }
    targets = {}
    for spec, shape in zip(description["outputs"], KERAS.output_shapes(description)):
        labels = (np.arange(batch) * 7 + 3) % shape[-1]
        if spec["loss"] == "meanSquaredError":
            target = uniform(f"{name}/{spec['call']}", (batch, *shape[1:]))
        elif spec["loss"] == "sparseCategoricalCrossentropy":
            target = labels
        else:
            target = np.eye(shape[-1])[labels]
        targets[spec["call"]] = target.astype(np.float32)
    return inputs, targets


def zero_gradients(tensors):
    """Weights whose gradient is zero but for rounding, such as a bias in front of a BN."""
    norms = {n[9:]: np.linalg.norm(t) for n, t in tensors.items() if n.startswith("gradient/")}
    return [name for name, norm in norms.items() if norm < 1e-11 * max(norms.values())]


def run_all(description, weights, inputs, targets):
    """Truth (Keras in float64), the metadata on it, and every run by framework and dtype."""
    runs = {
        (name, dtype): framework.run(description, weights, inputs, targets, dtype)
        for name, framework in FRAMEWORKS.items()
        for dtype in ("float64", "float32")
    }
    truth, other = runs["keras", "float64"], runs["torch", "float64"]
    zeros = zero_gradients(truth.tensors)
    skipped = {f"gradient/{name}" for name in zeros}
    disagreements = [
        (relative(other.tensors[name], value), name)
        for name, value in truth.tensors.items()
        if name not in skipped
    ]
    disagreements += [(relative(b, a), "loss") for a, b in zip(truth.losses, other.losses)]
    disagreement, where = max(disagreements)
    if set(other.tensors) != set(truth.tensors) or not disagreement < CROSS_CHECK:
        raise SystemExit(f"{description['name']}: {where} differs by {disagreement:.1e}")
    metadata = {
        **description,
        "versions": {**KERAS.versions(), **TORCH.versions(), "numpy": np.__version__},
        "truth": "keras float64",
        "crossCheck": {"with": "torch float64", "maxRelativeError": disagreement},
        "inferenceLoss": truth.inference_loss,
        "losses": truth.losses,
        "zeroGradient": zeros,
        "float32LossErrors": {
            name: [relative(a, b) for a, b in zip(runs[name, "float32"].losses, truth.losses)]
            for name in FRAMEWORKS
        },
    }
    return truth, metadata, runs


def change_errors(weights, tensors, truth):
    """As the errors of step3/…, but relative to the norm of the weight's change."""
    return {
        name: relative(tensors[f"step3/{name}"] - start, truth[f"step3/{name}"] - start)
        for name, start in ((n, w.astype(np.float64)) for n, w in weights.items())
    }


def save(path, tensors, metadata):
    save_file(
        {name: np.ascontiguousarray(t) for name, t in tensors.items()},
        path,
        metadata={"fixture": json.dumps(metadata, separators=(",", ":"))},
    )
    path.chmod(0o644)
    worst = {
        f: max(
            (e, n) for n, e in errors.items()
            if e is not None and n.split("/", 1)[1] not in metadata["zeroGradient"]
        )
        for f, errors in metadata["float32Error"].items()
    }  # fmt: skip
    print(
        f"{path.name}: {path.stat().st_size / 1024:.0f} KiB, losses {metadata['losses']}, "
        f"cross-check {metadata['crossCheck']['maxRelativeError']:.1e}, float32 {worst}, "
        f"zero gradients {len(metadata['zeroGradient'])}",
        flush=True,
    )


def make_small(network, out):
    description = network.describe()
    name = description["name"]
    weights = make_weights(description, f"{name}/")
    inputs, targets = make_small_data(description)
    truth, metadata, runs = run_all(description, weights, inputs, targets)
    for key, measure in (
        ("float32Error", lambda t: {n: relative(v, truth.tensors[n]) for n, v in t.items()}),
        ("float32ChangeError", lambda t: change_errors(weights, t, truth.tensors)),
    ):
        metadata[key] = {f: measure(runs[f, "float32"].tensors) for f in FRAMEWORKS}
    tensors = {
        **{f"weight/{n}": w for n, w in weights.items()},
        **{f"input/{n}": x for n, x in inputs.items()},
        **{f"target/{n}": y for n, y in targets.items()},
        **truth.tensors,
    }
    save(out / f"{name}.safetensors", tensors, metadata)


def sampled(tensors):
    """The sampled entries of every tensor; a tensor's name decides which (without its group)."""
    return {
        name: t.reshape(-1)[sample_indices(name.split("/", 1)[1], t.size)]
        for name, t in tensors.items()
    }


def aggregate_errors(errors_of, tensors, truth, zeros):
    """One figure a group: all samples of inference, training, gradient, step3 as one long vector."""
    groups = {}
    for name in truth:
        group, rest = name.split("/", 1)
        if rest not in zeros:
            groups.setdefault(group, []).append(name)
    return {
        group: errors_of(
            np.concatenate([tensors[n].reshape(-1) for n in names]),
            np.concatenate([truth[n].reshape(-1) for n in names]),
        )
        for group, names in groups.items()
    }


def make_resnet50(out):
    description = resnet50().describe()
    batch = description["batch"]
    weights = make_weights(description, "")
    inputs = {"input": (uniform(RESNET50_IMAGES, (batch, 28, 28, 1)) + 0.5).astype(np.float32)}
    targets = {"fc10": np.eye(10, dtype=np.float32)[np.arange(batch) * 7 % 10]}
    truth, metadata, runs = run_all(description, weights, inputs, targets)

    metadata["generatorNames"] = {"input": RESNET50_IMAGES}
    samples = sampled(truth.tensors)
    start = {n: w.reshape(-1)[sample_indices(n, w.size)] for n, w in weights.items()}
    metadata["norms"] = {n: float(np.linalg.norm(t)) for n, t in truth.tensors.items()}
    for key in ("float32Error", "float32ChangeError", "float32AggregateError"):
        metadata[key] = {}
    for framework in FRAMEWORKS:
        single = sampled(runs[framework, "float32"].tensors)
        metadata["float32Error"][framework] = {n: relative(v, samples[n]) for n, v in single.items()}
        metadata["float32ChangeError"][framework] = change_errors(start, single, samples)
        metadata["float32AggregateError"][framework] = aggregate_errors(
            relative, single, samples, metadata["zeroGradient"]
        )
    metadata["generatorCheck"] = {
        name: {"first": value.reshape(-1)[:4].tolist(), "fnv1a32": fnv1a32(value.tobytes())}
        for name, value in [("input", inputs["input"])]
        + [(n, weights[n]) for n in ("conv/kernel", "conv/bias", "fc10/kernel", "bn2a_branch2c/gamma")]
        + [(f"bn/{v}", weights[f"bn/{v}"]) for v in ("gamma", "beta", "movingMean", "movingVariance")]
    }
    save(out / "resnet50.safetensors", samples, metadata)
    print(json.dumps(metadata["float32AggregateError"]))


def make_layer_list(out):
    """What Keras's summary says of the article's network, and the counts of its 64x64x3 variant."""
    article = KERAS.summary(resnet50().describe())
    variant = KERAS.summary(resnet50((64, 64, 3), 6, (1, 2, 2, 2)).describe())
    result = {
        "versions": KERAS.versions(),
        "counts": article["counts"],
        "variant64x64x3": {
            "inputShape": [64, 64, 3],
            "classes": 6,
            "stageStrides": [1, 2, 2, 2],
            "counts": variant["counts"],
        },
    }
    head = json.dumps(result, indent=2).removesuffix("\n}")
    rows = {
        "variantOutputShapes": [{v["name"]: v["outputShape"]} for v in variant["layers"]],
        "layers": article["layers"],
    }
    for key, entries in rows.items():
        lines = ",\n".join(f"    {json.dumps(entry)}" for entry in entries)
        head += f',\n  "{key}": [\n{lines}\n  ]'
    (out / "resnet50-layers.json").write_text(head + "\n}\n")
    print("article", article["counts"], "variant", variant["counts"])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "fixtures")
    parser.add_argument("--only", help="one case by name, or resnet50, or layers")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for make_network in SMALL_NETWORKS:
        network = make_network()
        if options.only in (None, network.name):
            make_small(network, options.out)
    if options.only in (None, "layers"):
        make_layer_list(options.out)
    if options.only in (None, "resnet50"):
        make_resnet50(options.out)


if __name__ == "__main__":
    main()
