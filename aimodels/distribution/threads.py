"""How many threads the libraries of a process may use, where several processes share a machine."""

# Read by TensorFlow, by the linear algebra of NumPy and scikit-learn, and by whatever uses OpenMP.
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def thread_limits(threads: int) -> dict[str, str]:
    """The variables of the environment that hold a process to so many threads."""
    return dict.fromkeys(THREADS, str(threads))
