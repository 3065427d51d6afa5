"""Speed and memory against their bounds; see ``benchmarks/run.py``."""

import os

# Before numpy is loaded: every figure is of one thread.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")
