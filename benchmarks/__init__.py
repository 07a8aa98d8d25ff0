"""Benchmarks of skgenes: see README.md beside this file."""

import os

# OpenBLAS reads this when NumPy is imported; a kernel for an older processor halves its GEMM.
REMOVED_CORETYPE = os.environ.pop("OPENBLAS_CORETYPE", None)

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
