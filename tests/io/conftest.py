"""Expression with names and metadata, as files hold it."""

import anndata
import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def compendium():
    """Four samples of three genes with metadata of every kind."""
    obs = pd.DataFrame(
        {
            "tissue": ["lung", "liver", "lung", "heart muscle"],
            "age": [50, 61, 47, 33],
            "dose": [0.1, 1e-5, 3.0, 2.5],
            "case": [True, False, True, True],
            "plate": ["007", "012", "013", "100"],
            "stage": pd.Categorical(["II", None, "IV", "II"]),
            "score": [1.5, np.nan, -2.0, 0.0],
        },
        index=["GSM1", "GSM2", "GSM3", "GSM4"],
    )
    var = pd.DataFrame(
        {"symbol": ["TP53", "MYC", "µ-opioid receptor"], "entrez": [7157, 4609, 4988]},
        index=["ENSG01.5", "ENSG02.1", "ENSG03.12_PAR_Y"],
    )
    X = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    return anndata.AnnData(X, obs=obs, var=var)


@pytest.fixture(scope="session")
def l1000(real_data):
    """Signatures of the Connectivity Map as cmapR ships them: 272 samples of 978 genes."""
    folder = real_data / "l1000"
    with np.load(folder / "cmapR_ds_272x978.npz") as arrays:
        X, genes, samples = (arrays[name] for name in ("X", "rid", "cid"))
    frames = [
        pd.read_csv(folder / f"cmapR_ds_{which}desc.csv.gz", dtype={"id": str}).drop(columns="id")
        for which in ("c", "r")
    ]
    for frame, names in zip(frames, (samples, genes), strict=True):
        frame.index = pd.Index(names.astype(object)).astype(str)
    return anndata.AnnData(X, obs=frames[0].replace({-666: np.nan}), var=frames[1])


def assert_same(found, expected):
    """Equal to the last bit, with equal metadata."""
    found_bits, expected_bits = (
        np.ascontiguousarray(a.X).view(f"i{a.X.dtype.itemsize}") for a in (found, expected)
    )
    np.testing.assert_array_equal(found_bits, expected_bits)
    for frame, other in ((found.obs, expected.obs), (found.var, expected.var)):
        pd.testing.assert_frame_equal(frame, other, check_names=False)


@pytest.fixture
def same():
    return assert_same
