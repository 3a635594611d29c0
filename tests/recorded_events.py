"""A short training as the stream of its events."""

from aimodels.events import (
    Downloaded,
    EpochEnded,
    EpochStarted,
    Event,
    PhaseEnded,
    PhaseStarted,
    RunEnded,
    RunStarted,
    Step,
    Warned,
)

STARTED = RunStarted(
    run="mnist-cnn-002",
    path="runs/mnist-cnn-002",
    task="image_classification",
    seed=42,
    data="mnist",
    num_train=54_000,
    num_validation=6_000,
    num_classes=10,
    batch_size=64,
    steps_per_epoch=844,
    model="cnn",
    num_parameters=421_642,
    optimizer="adamw, cosine 1.0e-03",
    precision="float32",
    device="GPU 0",
    epochs=10,
)
WARNING = Warned(code="AM214", message="class 8 has 9 times fewer rows", help="class_weights: balanced")


def epoch(number: int, *, is_best: bool, val_accuracy: float) -> EpochEnded:
    metrics = {"loss": 0.2412 / number, "accuracy": 0.9262, "val_loss": 0.0713, "val_accuracy": val_accuracy}
    return EpochEnded(
        epoch=number,
        epochs=10,
        metrics=metrics | {"learning_rate": 1e-3},
        seconds=6.1,
        is_best=is_best,
        monitor="val_accuracy",
        best=0.978,
        best_epoch=1,
        patience="1/3",
    )


def recorded() -> list[Event]:
    return [
        PhaseStarted("loading TensorFlow"),
        PhaseEnded("loading TensorFlow", seconds=6.2),
        PhaseStarted("reading data"),
        Downloaded("mnist.npz", done=1_000_000, total=11_500_000),
        Downloaded("mnist.npz", done=6_000_000, total=11_500_000),
        Downloaded("mnist.npz", done=11_500_000, total=11_500_000),
        PhaseEnded("reading data", seconds=0.4),
        STARTED,
        EpochStarted(1),
        Step(1, 100, 844, {"loss": 0.9, "accuracy": 0.7}),
        WARNING,
        WARNING,
        epoch(1, is_best=True, val_accuracy=0.978),
        EpochStarted(2),
        Step(2, 422, 844, {"loss": 0.1, "accuracy": 0.96}),
        epoch(2, is_best=False, val_accuracy=0.971),
        RunEnded("mnist-cnn-002", status="finished", epochs=2, seconds=41.2),
    ]
