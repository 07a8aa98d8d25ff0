"""Data shared by the tests."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp


@pytest.fixture(scope="session")
def real_data():
    """Folder of real data: the environment variable SKGENES_DATA, or beside the checkout."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("SKGENES_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"there is no folder of real data: set SKGENES_DATA (looked at {folder})")
    return folder


@pytest.fixture(scope="session")
def expression():
    """Counts-like log expression of 90 cells and 30 genes with three latent programmes."""
    rng = np.random.default_rng(7)
    programmes = rng.gamma(2.0, size=(90, 3)) @ rng.gamma(0.6, size=(3, 30))
    return np.log1p(rng.poisson(programmes)).astype(np.float32)


@pytest.fixture(scope="session")
def genes():
    return np.array([f"GENE{i}" for i in range(30)], dtype=object)


@pytest.fixture(scope="session")
def forms(expression, genes):
    """The same matrix in every form that estimators accept."""
    cells = pd.DataFrame(index=[f"cell{i}" for i in range(len(expression))])
    variables = pd.DataFrame(index=pd.Index(genes))
    layered = anndata.AnnData(np.zeros_like(expression), obs=cells, var=variables)
    layered.layers["log"] = sp.csr_matrix(expression)
    return {
        "array": expression,
        "frame": pd.DataFrame(expression, columns=genes, index=cells.index),
        "csr": sp.csr_array(expression),
        "csr_matrix": sp.csr_matrix(expression),
        "anndata": anndata.AnnData(expression, obs=cells, var=variables),
        "anndata_csr": anndata.AnnData(sp.csr_matrix(expression), obs=cells, var=variables),
        "layer": layered,
    }
