"""The same genes as a microarray sees them: probes, some of them doubtful, on a linear scale."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, validate_params

from skgenes.utils import check_expression, gene_names, is_anndata, matrix_of, seed_sequence

HIGHEST_LOG2 = 40


@validate_params(
    {
        "expression": "no_validation",
        "layer": [str, None],
        "max_probes_per_gene": [Interval(Integral, 1, None, closed="left")],
        "n_unmapped": [Interval(Integral, 0, None, closed="left")],
        "n_ambiguous": [Interval(Integral, 0, None, closed="left")],
        "n_duplicates": [Interval(Integral, 0, None, closed="left")],
        "affinity_spread": [Interval(Real, 0, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "duplicate_noise": [Interval(Real, 0, None, closed="left")],
        "background": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_probes(
    expression,
    *,
    layer=None,
    max_probes_per_gene=4,
    n_unmapped=20,
    n_ambiguous=10,
    n_duplicates=5,
    affinity_spread=1.0,
    noise=0.2,
    duplicate_noise=0.001,
    background=20.0,
    random_state=None,
):
    r"""Measure expression by a made-up microarray, with all that has to be cleaned up afterwards.

    Parameters
    ----------
    expression : AnnData of shape (n_samples, n_genes)
        Log2 expression, such as `make_expression` makes.
    layer : str or None, default=None
        Layer of `expression` to measure; None is ``expression.X``.
    max_probes_per_gene : int, default=4
        Every gene has between 1 and this many probes of its own.
    n_unmapped : int, default=20
        Number of probes without a gene. They measure something else.
    n_ambiguous : int, default=10
        Number of probes that measure the sum of two genes.
    n_duplicates : int, default=5
        Number of samples that are there twice. The copies come last.
    affinity_spread : float, default=1.0
        Standard deviation of the affinities of probes, in log2 units.
    noise : float, default=0.2
        Standard deviation of the measurement, in log2 units.
    duplicate_noise : float, default=0.001
        Standard deviation of what a copy differs by, in log2 units.
    background : float, default=20.0
        Intensity where nothing is expressed.
    random_state : int, RandomState instance or None, default=None
        Determines everything that is random. An int gives the same data on every call.

    Returns
    -------
    AnnData of shape (n_samples + n_duplicates, n_probes)
        With the fields

        X : ndarray, float32
            Intensities on a linear scale.
        obs : DataFrame
            That of `expression`, and ``duplicate_of``: the name of the sample that this one is a
            copy of, or None.
        obsm : mapping
            That of `expression`.
        var : DataFrame
            ``gene``, the name of the probe's gene, "A /// B" for two and None for none; and
            ``affinity`` in log2 units, NaN without a gene. Probes are in random order.

    Raises
    ------
    ValueError
        If `expression` is not on a log2 scale or has values that are not finite, there are fewer
        than `n_duplicates` samples, ambiguous probes but fewer than 2 genes, or a parameter is out
        of its range.
    TypeError
        If `expression` is not an AnnData.

    See Also
    --------
    make_expression : Makes the expression.

    Notes
    -----
    The intensity of probe :math:`p` in sample :math:`i` is

    .. math::

        I_{ip} = \text{background} +
        2^{a_p + \text{noise} \cdot \epsilon_{ip}} \sum_{g \in p} 2^{x_{ig}}

    with the affinity :math:`a_p` and independent normal :math:`\epsilon`. A copy is its original
    times :math:`2^{\text{duplicate\_noise} \cdot \epsilon}`.

    Examples
    --------
    >>> from skgenes.datasets import make_expression, make_probes
    >>> genes = make_expression(50, 150, random_state=0)
    >>> probes = make_probes(genes, max_probes_per_gene=1, random_state=0)
    >>> probes.shape
    (55, 180)
    >>> int(probes.var["gene"].isna().sum())
    20
    """
    log2, names = _check(expression, layer, n_ambiguous, n_duplicates)
    streams = [np.random.default_rng(seed) for seed in seed_sequence(random_state).spawn(4)]
    of_probes, of_unmapped, of_noise, of_duplicates = streams

    first, second = _targets(of_probes, len(names), max_probes_per_gene, n_ambiguous)
    affinity = affinity_spread * of_probes.standard_normal(first.size)
    mapped = np.exp2(log2)[:, first]
    mapped[:, second >= 0] += np.exp2(log2)[:, second[second >= 0]]
    level = of_unmapped.uniform(6, 10, size=n_unmapped)
    unmapped = np.exp2(level + of_unmapped.standard_normal((len(log2), n_unmapped)))
    signal = np.hstack([np.exp2(affinity) * mapped, unmapped])
    X = background + signal * np.exp2(noise * of_noise.standard_normal(signal.shape))

    twice = of_duplicates.choice(len(X), n_duplicates, replace=False)
    copies = X[twice] * np.exp2(duplicate_noise * of_duplicates.standard_normal(X[twice].shape))
    var = pd.DataFrame(
        {
            # Else pandas 3 makes the None of probes without a gene a NaN.
            "gene": pd.Series(_mapping(names, first, second) + [None] * n_unmapped, dtype=object),
            "affinity": np.append(affinity, np.full(n_unmapped, np.nan)),
        }
    )
    order = of_probes.permutation(len(var))
    return _as_anndata(np.vstack([X, copies])[:, order], var.iloc[order], expression, twice)


def _check(expression, layer, n_ambiguous, n_duplicates):
    if not is_anndata(expression):
        raise TypeError(
            f"expression must be an AnnData, got {type(expression).__name__}. Make one with "
            "make_expression."
        )
    names = gene_names(expression)
    log2 = check_expression(matrix_of(expression, layer), names, what="expression")
    log2 = np.asarray(log2.toarray() if hasattr(log2, "toarray") else log2, dtype=np.float64)
    if log2.max() > HIGHEST_LOG2:
        raise ValueError(
            f"expression has a value of {log2.max():g}, which is too high for a log2 scale. Pass "
            "log2 expression; for counts of make_expression that is layer='clean'."
        )
    if n_duplicates > len(log2):
        raise ValueError(
            f"n_duplicates={n_duplicates} is more than the {len(log2)} samples of expression. "
            "Lower it."
        )
    if n_ambiguous and len(names) < 2:
        raise ValueError(
            f"n_ambiguous={n_ambiguous} probes measure two genes each, but expression has "
            f"{len(names)}. Pass n_ambiguous=0."
        )
    return log2, names


def _targets(rng, n_genes, max_probes_per_gene, n_ambiguous):
    """Return the first and second gene of each probe that has any; -1 for no second."""
    n_probes = rng.integers(1, max_probes_per_gene, size=n_genes, endpoint=True)
    first = np.repeat(np.arange(n_genes), n_probes)
    pairs = [rng.choice(n_genes, 2, replace=False) for _ in range(n_ambiguous)]
    pairs = np.array(pairs, dtype=int).reshape(n_ambiguous, 2)
    second = np.append(np.full(first.size, -1), pairs[:, 1])
    return np.append(first, pairs[:, 0]), second


def _mapping(names, first, second):
    return [
        names[i] if j < 0 else f"{names[i]} /// {names[j]}"
        for i, j in zip(first, second, strict=True)
    ]


def _as_anndata(X, var, expression, twice):
    from anndata import AnnData

    n_samples = expression.n_obs
    rows = np.append(np.arange(n_samples), twice)
    obs = expression.obs.iloc[rows].copy()
    originals = expression.obs_names[twice].tolist()
    obs.index = [*expression.obs_names, *(f"{name}_copy" for name in originals)]
    obs["duplicate_of"] = pd.Series([None] * n_samples + originals, index=obs.index, dtype=object)
    var = var.set_index(pd.Index([f"probe{i}_at" for i in range(len(var))]))
    obsm = {key: np.asarray(value)[rows] for key, value in expression.obsm.items()}
    return AnnData(X.astype(np.float32), obs=obs, var=var, obsm=obsm)
