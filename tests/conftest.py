"""Data shared by the tests."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import settings
from sklearn.utils import Bunch

from skgenes.feature_extraction import RegulatoryTracks, Track

# No test fails because the machine is slow.
settings.register_profile("skgenes", deadline=None)
settings.load_profile("skgenes")


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
def regulated():
    """Tracks of 240 genes, and three outputs that TF1 and RBP2 decide, with some noise."""
    rng = np.random.default_rng(11)
    n_genes = 240
    parts, bound = {}, {}
    for part, mask, lengths, names in (
        ("promoter", "promoter", np.full(n_genes, 3), ["TF1", "TF2", "TF3", "TF4"]),
        ("rna", "exon", rng.integers(1, 7, n_genes), ["RBP1", "RBP2", "RBP3"]),
    ):
        bins = np.ones((lengths.sum(), 1 + len(names)))
        bins[:, 1:] = rng.uniform(0.2, 1, (len(bins), len(names)))
        bins[:, 1:] *= rng.random((len(bins), len(names))) < 0.3
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        parts[part] = Track(bins, offsets, [mask, *names])
        sums = parts[part].fold_sums(0)[0].toarray()
        bound |= dict(zip(names, sums.T[1:], strict=True))
    tracks = RegulatoryTracks([f"GENE{i:03d}" for i in range(n_genes)], **parts)
    y = np.outer(bound["TF1"], [2.0, 0, 1]) - np.outer(bound["RBP2"], [0, 1.5, 1])
    chromosomes = np.array([f"chr{i % 7 + 1}" for i in range(n_genes)])
    return Bunch(
        tracks=tracks,
        y=y + 0.1 * rng.normal(size=y.shape),
        chromosomes=chromosomes,
        planted={"TF1": [2.0, 0, 1], "RBP2": [0, -1.5, -1]},
    )


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
