"""Turns one YAML file into a trained, measured, servable Keras model."""


def __getattr__(name: str) -> str:
    # Reading the metadata costs 30 ms, which only those who ask should pay.
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("aimodels")
        except PackageNotFoundError:
            return "0+unknown"
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
