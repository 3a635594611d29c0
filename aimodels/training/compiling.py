"""Optimizer, loss and metrics, put on the model."""

from collections.abc import Sequence
from typing import Any

import keras

from aimodels.config.optimizers import (
    Adagrad,
    Adam,
    ClipByGlobalNorm,
    ClipByNorm,
    ClipByValue,
    Lion,
    Muon,
    OptimizerSection,
    RMSprop,
    Sgd,
)
from aimodels.config.schema import Train
from aimodels.training import optimizers
from aimodels.training.objectives import Objective
from aimodels.training.schedules import LearningRate, Steps
from aimodels.training.speed import Speed
from aimodels.training.stepping import Stepping
from aimodels.training.unfreezing import starts_of, train_layers, trained_variables


def compile_model(
    model: Stepping, objective: Objective | None, *, train: Train, steps: Steps, speed: Speed
) -> LearningRate:
    """Put optimizer, loss and metrics on the model and give its learning rate; call it inside the strategy's scope.

    Without an objective the model knows what it minimises and measures.
    """
    rate = LearningRate(train.optimizer, steps=steps)
    variables = trained_variables(model, steps=steps)
    shares, starts = optimizers.shares_of(model, variables), starts_of(model, variables, steps=steps)
    model.compile(
        optimizer=build_optimizer(train.optimizer, rate=rate, shares=shares, starts=starts, average=train.ema),
        loss=objective.loss if objective else None,
        metrics=objective.metrics if objective else None,
        steps_per_execution=speed.steps_per_execution,
        jit_compile=speed.xla,
    )
    # Built inside the first step, its variables would make TensorFlow trace that step twice.
    model.optimizer.build(variables)
    model.accumulate = train.accumulate
    train_layers(model, epoch=0)
    return rate


def build_optimizer(
    section: OptimizerSection,
    *,
    rate: LearningRate,
    shares: Sequence[float] = (),
    starts: Sequence[int] = (),
    average: float | None = None,
) -> keras.optimizers.Optimizer:
    """The optimizer with its schedule, its clipping, and the moving average of the weights if they are to have one.

    `shares` of the rate, and the steps at which training `starts`, are of the variables it will be built for.
    """
    shared = {
        "learning_rate": rate,
        "weight_decay": section.weight_decay or None,
        "shares": shares,
        "starts": starts,
        "use_ema": average is not None,
        "ema_momentum": average or 0.0,
        **_clipping(section),
    }
    match section:
        case Sgd():
            return optimizers.SGD(momentum=section.momentum, nesterov=section.nesterov, **shared)
        case Adam():
            return optimizers.Adam(beta_1=section.beta_1, beta_2=section.beta_2, epsilon=section.epsilon, **shared)
        case RMSprop():
            return optimizers.RMSprop(rho=section.rho, momentum=section.momentum, **shared)
        case Adagrad():
            return optimizers.Adagrad(**shared)
        case Lion():
            return optimizers.Lion(**shared)
        case Muon():
            return optimizers.Muon(**shared)
    raise TypeError(f"no optimizer for {type(section).__name__}")


def _clipping(section: OptimizerSection) -> dict[str, Any]:
    match section.clip:
        case ClipByNorm(norm=norm):
            return {"clipnorm": norm}
        case ClipByGlobalNorm(global_norm=norm):
            return {"global_clipnorm": norm}
        case ClipByValue(value=value):
            return {"clipvalue": value}
    return {}
