"""Prints, as JSON, learning rates of Keras's schedules or of PyTorch's OneCycleLR by the steps done before.

usage: schedules.py keras|torch; the two cannot be loaded into one process.
"""

import json
import sys

STEPS = [0, 1, 2, 5, 9, 10, 11, 19, 20, 21, 33, 50, 99, 100, 101, 150, 299, 300, 1000]

KERAS = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "decay_rate": 0.9}),
    (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 20, "decay_rate": 0.5, "staircase": True},
    ),
    ("InverseTimeDecay", {"initial_learning_rate": 0.3, "decay_steps": 10, "decay_rate": 0.5}),
    (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.3, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    ),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 100}),
    (
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 100, "end_learning_rate": 0.01, "power": 2.0},
    ),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 60, "power": 0.5, "cycle": True}),
    ("PiecewiseConstantDecay", {"boundaries": [10, 100], "values": [0.1, 0.01, 0.001]}),
    ("CosineDecay", {"initial_learning_rate": 0.2, "decay_steps": 100}),
    ("CosineDecay", {"initial_learning_rate": 0.2, "decay_steps": 100, "alpha": 0.1}),
    (
        "CosineDecay",
        {
            "initial_learning_rate": 0.01,
            "decay_steps": 100,
            "alpha": 0.05,
            "warmup_target": 0.4,
            "warmup_steps": 20,
        },
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 40}),
    (
        "CosineDecayRestarts",
        {
            "initial_learning_rate": 0.1,
            "first_decay_steps": 40,
            "t_mul": 1.5,
            "m_mul": 0.8,
            "alpha": 0.1,
        },
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 40, "t_mul": 1.0}),
]

ONE_CYCLE = [
    {"max_lr": 0.1, "total_steps": 100},
    {"max_lr": 0.4, "total_steps": 100, "pct_start": 0.25, "div_factor": 10.0, "final_div_factor": 100.0},
    {"max_lr": 0.1, "total_steps": 100, "anneal_strategy": "linear"},
    {"max_lr": 0.1, "total_steps": 100, "three_phase": True},
    {"max_lr": 0.1, "total_steps": 7, "pct_start": 0.5},
]


def keras_case(name, options):
    from keras.optimizers import schedules

    schedule = getattr(schedules, name)(**options)
    return {"name": name, "options": options, "rates": [[step, float(schedule(step))] for step in STEPS]}


def one_cycle_case(options):
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, cycle_momentum=False, **options)
    rates = []
    for step in range(options["total_steps"]):
        rates.append([step, schedule.get_last_lr()[0]])
        optimizer.step()
        schedule.step()
    return {"name": "OneCycleLR", "options": options, "rates": rates}


if sys.argv[1] == "keras":
    cases = [keras_case(*case) for case in KERAS]
else:
    cases = [one_cycle_case(options) for options in ONE_CYCLE]
print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
