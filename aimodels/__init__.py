"""Turn one YAML file into a trained, measured, servable Keras model."""

__version__ = "0.1.0"
