"""A made-up compendium of which everything is known."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy.special import erf
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skgenes.utils import seed_sequence

STEEPNESS = 2.0
SPREAD_OF_LIBRARIES = 0.3


@validate_params(
    {
        "n_samples": [Interval(Integral, 3, None, closed="left")],
        "n_genes": [Interval(Integral, 1, None, closed="left")],
        "n_programmes": [Interval(Integral, 1, None, closed="left")],
        "n_blocks": [Interval(Integral, 1, None, closed="left")],
        "block_size": [Interval(Integral, 1, None, closed="left")],
        "redundancy": [Interval(Real, 0, 1, closed="both")],
        "n_nonlinear": [Interval(Integral, 0, None, closed="left")],
        "nonlinearity": [Interval(Real, 0, 1, closed="both")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "n_groups": [Interval(Integral, 1, None, closed="left")],
        "group_strength": [Interval(Real, 0, None, closed="left")],
        "n_batches": [Interval(Integral, 1, None, closed="left")],
        "batch_strength": [Interval(Real, 0, None, closed="left")],
        "scale": [StrOptions({"log2", "counts"})],
        "library_size": [Interval(Real, 0, None, closed="neither")],
        "dispersion": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_expression(
    n_samples=200,
    n_genes=200,
    *,
    n_programmes=5,
    n_blocks=10,
    block_size=8,
    redundancy=0.95,
    n_nonlinear=40,
    nonlinearity=1.0,
    noise=0.3,
    n_groups=1,
    group_strength=2.0,
    n_batches=1,
    batch_strength=1.0,
    scale="log2",
    library_size=100_000,
    dispersion=0.1,
    random_state=None,
):
    r"""Generate an expression compendium with known programmes, redundancy and batches.

    A few latent programmes drive blocks of nearly equal genes, and genes which answer to them in a
    way that is not linear; the rest is noise of the same size. A ranking gene by gene fills a panel
    with copies from one block; a linear model does not see the products of programmes which are not
    in the panel; the noise nothing can infer.

    Parameters
    ----------
    n_samples : int, default=200
        Number of samples, at least 3: of two, every product of programmes is the same.
    n_genes : int, default=200
        Number of genes. Those left after blocks and non-linear genes are noise.
    n_programmes : int, default=5
        Number of latent programmes. The first are the strongest.
    n_blocks : int, default=10
        Number of blocks. Block b follows mostly programme ``b % n_programmes``.
    block_size : int, default=8
        Genes in a block: a driver and its redundant copies.
    redundancy : float in [0, 1], default=0.95
        Correlation of a copy with its driver before measurement noise.
    n_nonlinear : int, default=40
        Number of non-linear genes: in turn products of two programmes and switches of one. Only
        switches if there is one programme.
    nonlinearity : float in [0, 1], default=1.0
        Weight of the non-linear part; at 0 these genes are linear as well.
    noise : float, default=0.3
        Standard deviation of the measurement, in log2 units.
    n_groups : int, default=1
        Number of groups of samples, equally large, with other means of the programmes.
    group_strength : float, default=2.0
        Standard deviation of those means, in units of a programme within a group.
    n_batches : int, default=1
        Number of batches, equally large and independent of the groups.
    batch_strength : float, default=1.0
        Standard deviation over batches of each gene's shift, in log2 units; a fifth of it is that
        of the logarithm of its scale. Without effect for one batch.
    scale : {"log2", "counts"}, default="log2"
        Unit of X.
    library_size : float, default=100_000
        For "counts": mean number of counts in a sample.
    dispersion : float, default=0.1
        For "counts": the variance of a count of mean m is ``m + dispersion * m ** 2``.
    random_state : int, RandomState instance or None, default=None
        Determines everything that is random. An int gives the same data on every call. Measurement
        noise, batches and counts are drawn from streams of their own: changing them leaves the rest
        as it was.

    Returns
    -------
    AnnData of shape (n_samples, n_genes)
        With the fields

        X : ndarray, float32
            Log2 expression, or counts.
        layers["clean"] : ndarray, float32
            Log2 expression before measurement noise and batch effects.
        obs : DataFrame
            ``group`` and ``batch``; for counts also the expected ``library_size``.
        obsm["programmes"] : ndarray of shape (n_samples, n_programmes), float32
            The programmes, each of mean 0 and standard deviation 1.
        var : DataFrame
            ``role``, one of driver, redundant, non-linear and noise; ``response``, one of linear,
            product, switch and none; ``programme``, the main one, and ``block``, numbers from 0,
            or -1 for none.
        varm["loadings"] : ndarray of shape (n_genes, n_programmes), float32
            What linear genes take of each programme, 0 for the others.

    Raises
    ------
    ValueError
        If blocks and non-linear genes are more than `n_genes`, groups or batches more than
        `n_samples`, or a parameter is out of its range.

    See Also
    --------
    make_probes : The same measured by a microarray.

    Notes
    -----
    With programmes :math:`z` and strengths :math:`s_p` falling evenly from 1.5 to 0.75, the driver
    of a block takes :math:`\pm s_p` of its main programme and up to half of that of one other. With
    :math:`d` a driver, :math:`r` the redundancy, :math:`w` the nonlinearity and :math:`\epsilon`
    independent normal values,

    .. math::

        \text{redundant} &= r\, d + \sqrt{1 - r^2}\, \mathrm{sd}(d)\, \epsilon \\
        \text{non-linear} &= s_p \left(\sqrt{1 - w^2}\, z_p + w f\right), \quad
        f \propto z_p z_q \text{ or } \mathrm{erf}(2 z_p) \\
        \text{noise} &= s_p\, \epsilon

    with :math:`f` scaled to mean 0 and standard deviation 1. Measured is :math:`b_g + \delta_{gk} +
    \sigma_{gk} (x_{ig} + \text{noise} \cdot \epsilon)` in batch :math:`k`, with a base level
    :math:`b_g` between 6 and 10. A product has no correlation with its programmes, so that no
    linear model sees it. Counts are negative binomial; their means are the sample's library size
    shared out in proportion to :math:`2^x`.

    Genes are in random order.

    Examples
    --------
    >>> from skgenes.datasets import make_expression
    >>> adata = make_expression(100, 150, n_batches=2, random_state=0)
    >>> adata.shape
    (100, 150)
    >>> adata.var["role"].value_counts().sort_index().to_dict()
    {'driver': 10, 'noise': 30, 'non-linear': 40, 'redundant': 70}
    """
    _check_sizes(n_samples, n_genes, n_blocks * block_size, n_nonlinear, n_groups, n_batches)
    streams = [np.random.default_rng(seed) for seed in seed_sequence(random_state).spawn(6)]
    of_groups, of_genes, of_noise, of_batches, of_counts, of_order = streams

    group = _balanced(of_groups, n_samples, n_groups)
    programmes = _programmes(of_groups, group, n_programmes, n_groups, group_strength)
    strengths = np.linspace(1.5, 0.75, n_programmes)
    n_noise = n_genes - n_blocks * block_size - n_nonlinear
    parts = [
        _blocks(of_genes, programmes, strengths, n_blocks, block_size, redundancy),
        _nonlinear(of_genes, programmes, strengths, n_nonlinear, nonlinearity),
        _unrelated(of_genes, programmes, strengths, n_noise),
    ]
    order = of_order.permutation(n_genes)
    signal = np.hstack([part[0] for part in parts])[:, order]
    genes = pd.concat([part[1] for part in parts], ignore_index=True).iloc[order]
    loadings = np.vstack([part[2] for part in parts])[order]

    base = of_genes.uniform(6, 10, size=n_genes)
    batch = _balanced(of_batches, n_samples, n_batches)
    noisy = signal + noise * of_noise.standard_normal(signal.shape)
    X = base + _with_batches(of_batches, noisy, batch, n_batches, batch_strength)
    obs = pd.DataFrame({"group": _labels("group", group), "batch": _labels("batch", batch)})
    if scale == "counts":
        X, obs["library_size"] = _counts(of_counts, X, library_size, dispersion)
    return _as_anndata(X, base + signal, obs, programmes, genes, loadings)


def _check_sizes(n_samples, n_genes, n_in_blocks, n_nonlinear, n_groups, n_batches):
    if n_in_blocks + n_nonlinear > n_genes:
        raise ValueError(
            f"Blocks have {n_in_blocks} genes and {n_nonlinear} are non-linear, but "
            f"n_genes={n_genes}. Raise n_genes, or lower n_blocks, block_size or n_nonlinear."
        )
    for name, number in (("n_groups", n_groups), ("n_batches", n_batches)):
        if number > n_samples:
            raise ValueError(
                f"{name}={number} is more than n_samples={n_samples}: some would be empty. "
                f"Lower {name} or raise n_samples."
            )


def _balanced(rng, n_samples, n_classes):
    return rng.permutation(np.arange(n_samples) % n_classes)


def _standardised(values):
    return (values - values.mean(axis=0)) / values.std(axis=0)


def _programmes(rng, group, n_programmes, n_groups, group_strength):
    means = group_strength * rng.standard_normal((n_groups, n_programmes))
    return _standardised(means[group] + rng.standard_normal((group.size, n_programmes)))


def _others(rng, main, n_programmes):
    """Draw for each gene a programme other than its main one."""
    return (main + rng.integers(1, n_programmes, size=main.size)) % n_programmes


def _blocks(rng, programmes, strengths, n_blocks, block_size, redundancy):
    block = np.repeat(np.arange(n_blocks), block_size)
    main = np.arange(n_blocks) % strengths.size
    own = np.arange(n_blocks)
    loadings = np.zeros((n_blocks, strengths.size))
    loadings[own, main] = rng.choice([-1, 1], n_blocks) * strengths[main]
    if strengths.size > 1:
        second = _others(rng, main, strengths.size)
        loadings[own, second] = rng.uniform(-0.5, 0.5, n_blocks) * strengths[main]

    drivers = programmes @ loadings.T
    is_driver = np.arange(block.size) % block_size == 0
    kept = np.where(is_driver, 1.0, redundancy)
    fresh = np.sqrt(1 - kept**2) * drivers.std(axis=0)[block]
    white = rng.standard_normal((len(programmes), block.size))
    role = np.where(is_driver, "driver", "redundant")
    genes = _describe(role, "linear", main[block], block)
    return kept * drivers[:, block] + fresh * white, genes, kept[:, None] * loadings[block]


def _nonlinear(rng, programmes, strengths, n_genes, nonlinearity):
    main = rng.integers(strengths.size, size=n_genes)
    response = np.full(n_genes, "switch", dtype=object)
    answer = erf(STEEPNESS * programmes[:, main])
    if strengths.size > 1:
        second = _others(rng, main, strengths.size)
        product = np.arange(n_genes) % 2 == 0
        response[product] = "product"
        answer = np.where(product, programmes[:, main] * programmes[:, second], answer)
    linear = np.sqrt(1 - nonlinearity**2) * programmes[:, main]
    signal = strengths[main] * (linear + nonlinearity * _standardised(answer))
    loadings = np.zeros((n_genes, strengths.size))
    return signal, _describe("non-linear", response, main, np.full(n_genes, -1)), loadings


def _unrelated(rng, programmes, strengths, n_genes):
    signal = rng.choice(strengths, n_genes) * rng.standard_normal((len(programmes), n_genes))
    none = np.full(n_genes, -1)
    return signal, _describe("noise", "none", none, none), np.zeros((n_genes, strengths.size))


def _describe(role, response, programme, block):
    columns = {"role": role, "response": response, "programme": programme, "block": block}
    return pd.DataFrame(columns, index=range(len(block)))


def _with_batches(rng, values, batch, n_batches, strength):
    if n_batches == 1:
        return values
    shape = (n_batches, values.shape[1])
    shift = strength * rng.standard_normal(shape)
    spread = np.exp(strength / 5 * rng.standard_normal(shape))
    return shift[batch] + spread[batch] * values


def _counts(rng, log2_expression, library_size, dispersion):
    """Return negative binomial counts, and the expected number of them in each sample."""
    s = SPREAD_OF_LIBRARIES
    library = library_size * rng.lognormal(-(s**2) / 2, s, size=len(log2_expression))
    share = np.exp2(log2_expression)
    mean = library[:, None] * share / share.sum(axis=1, keepdims=True)
    if dispersion > 0:
        mean = rng.gamma(1 / dispersion, dispersion * mean)
    return rng.poisson(mean), library


def _labels(name, numbers):
    return pd.Categorical([f"{name}{number}" for number in numbers])


def _as_anndata(X, clean, obs, programmes, genes, loadings):
    from anndata import AnnData

    obs.index = [f"sample{i}" for i in range(len(X))]
    genes.index = [f"GENE{i}" for i in range(len(genes))]
    return AnnData(
        X.astype(np.float32),
        obs=obs,
        var=genes.astype({"role": "category", "response": "category"}),
        obsm={"programmes": programmes.astype(np.float32)},
        varm={"loadings": loadings.astype(np.float32)},
        layers={"clean": clean.astype(np.float32)},
    )
