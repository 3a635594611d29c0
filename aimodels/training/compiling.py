"""Optimizer, loss and metrics, put on the model."""

from typing import Any

import keras

from aimodels.config.optimizers import (
    Adagrad,
    Adam,
    AdamW,
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
from aimodels.training.objectives import Objective
from aimodels.training.schedules import LearningRate, Steps
from aimodels.training.speed import Speed


def compile_model(
    model: keras.Model, objective: Objective, *, train: Train, steps: Steps, speed: Speed
) -> LearningRate:
    """Put optimizer, loss and metrics on the model and give its learning rate; call it inside the strategy's scope."""
    rate = LearningRate(train.optimizer, steps=steps)
    model.compile(
        optimizer=build_optimizer(train.optimizer, rate=rate),
        loss=objective.loss,
        metrics=objective.metrics,
        steps_per_execution=speed.steps_per_execution,
        jit_compile=speed.xla,
    )
    # Built inside the first step, its variables would make TensorFlow trace that step twice.
    model.optimizer.build(model.trainable_variables)
    return rate


def build_optimizer(section: OptimizerSection, *, rate: LearningRate) -> keras.optimizers.Optimizer:
    """The Keras optimizer with its schedule and its clipping."""
    shared = {"learning_rate": rate, **_clipping(section)}
    if section.weight_decay:
        shared["weight_decay"] = section.weight_decay
    optimizers = keras.optimizers
    match section:
        case Sgd():
            return optimizers.SGD(momentum=section.momentum, nesterov=section.nesterov, **shared)
        case AdamW():
            return optimizers.AdamW(**_betas(section), **({"weight_decay": 0.0} | shared))
        case Adam():
            return optimizers.Adam(**_betas(section), **shared)
        case RMSprop():
            return optimizers.RMSprop(rho=section.rho, momentum=section.momentum, **shared)
        case Adagrad():
            return optimizers.Adagrad(**shared)
        case Lion():
            return optimizers.Lion(**shared)
        case Muon():
            return optimizers.Muon(**({"weight_decay": 0.0} | shared))
    raise TypeError(f"no optimizer for {type(section).__name__}")


def _betas(section: Adam) -> dict[str, float]:
    return {"beta_1": section.beta_1, "beta_2": section.beta_2, "epsilon": section.epsilon}


def _clipping(section: OptimizerSection) -> dict[str, Any]:
    match section.clip:
        case ClipByNorm(norm=norm):
            return {"clipnorm": norm}
        case ClipByGlobalNorm(global_norm=norm):
            return {"global_clipnorm": norm}
        case ClipByValue(value=value):
            return {"clipvalue": value}
    return {}
