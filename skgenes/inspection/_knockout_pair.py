"""Two genes and what a model of regulators predicts for them."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from skgenes.inspection._coexpression_drivers import CoexpressionDrivers
from skgenes.inspection._knockout_draws import run_draws
from skgenes.inspection._knockout_kernels import response_of
from skgenes.inspection._positions import positions_of
from skgenes.inspection._regulator_model import open_model
from skgenes.preprocessing._fold_change import MEDIAN
from skgenes.utils import seed_sequence


class GenePair(NamedTuple):
    """Two genes of a model.

    `model` holds these two alone; `inputs` is what `networks` take of them, `outputs` the positions
    of the outputs that count, and `correlation` that of the predictions.
    """

    model: object
    networks: tuple
    names: tuple
    inputs: sp.csr_array
    outputs: np.ndarray
    correlation: float


def open_pair(estimator, X, gene_a, gene_b, outputs):
    """Predict both genes.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted.
    X : RegulatoryTracks or matrix of shape (n_genes, n_features)
        Genes with these two among them.
    gene_a, gene_b : str or int
        The two, by name or position.
    outputs : sequence of str or int, or None
        Outputs that count, by name or position; None for all but the median.

    Returns
    -------
    GenePair
        The two genes.

    Raises
    ------
    ValueError
        If it is one gene twice, a name is unknown, or a correlation is not defined.
    """
    if gene_a == gene_b:
        raise ValueError(f"gene_a and gene_b are both {gene_a!r}. Give two different genes.")
    model = open_model(estimator, X, lambda names: positions_of([gene_a, gene_b], names, "gene"))
    at = profile_outputs(outputs, model.outputs)
    inputs = model.inputs()
    networks = model.networks
    profiles = np.mean([network.with_outputs(at).predict(inputs) for network in networks], axis=0)
    names = tuple(model.genes.tolist())
    for name, profile in zip(names, profiles, strict=True):
        if np.ptp(profile) <= 1e-6 * np.abs(profile).max():
            raise ValueError(
                f"The predictions of gene {name!r} are the same for all {at.size} outputs, so that "
                "they have no correlation with others."
            )
    correlation = float(np.corrcoef(profiles)[0, 1])
    return GenePair(model, networks, names, inputs, at, correlation)


def profile_outputs(outputs, known):
    """Positions of the outputs that profiles are compared over.

    Parameters
    ----------
    outputs : sequence of str or int, or None
        Names or positions; None for all but the median.
    known : pandas.Index of length n_outputs
        All names.

    Returns
    -------
    ndarray of intp
        The positions.

    Raises
    ------
    ValueError
        If a name is unknown or there are fewer than 3.
    """
    if outputs is None:
        at = np.flatnonzero([name != MEDIAN for name in known])
    else:
        at = positions_of(outputs, known, "output")
    if at.size < 3:
        raise ValueError(
            f"A correlation of predicted profiles needs at least 3 outputs, got {at.size}: "
            f"{list(known[at])}. The median is left out unless outputs names it."
        )
    return at


def drive(pair, hidden_of, units, what, *, n_draws, probability, random_state):
    """Remove units at random and regress the correlation on the removals.

    Parameters
    ----------
    pair : GenePair
        The genes.
    hidden_of : callable
        Given the Response, returns hidden values as `run_draws` takes them.
    units : DataFrame of n_units rows
        What can be removed.
    what : str
        What they are, in the plural, for messages.
    n_draws : int
        Number of draws.
    probability : float
        Of each being removed.
    random_state : int, RandomState instance or None
        Source of randomness.

    Returns
    -------
    CoexpressionDrivers
        The result.

    Raises
    ------
    ValueError
        If draws are too few, or a prediction is constant in some.
    """
    if n_draws < len(units) + 3:
        raise ValueError(
            f"n_draws={n_draws} is too few to tell the effects of {len(units)} {what} apart: at "
            f"least {len(units) + 3} are needed, better 10 times as many."
        )
    response = response_of(pair.networks, pair.outputs, np.float32, centred=True)
    rng = np.random.default_rng(seed_sequence(random_state))
    correlations, regression = run_draws(
        hidden_of(response), response, len(units), n_draws, probability, rng
    )
    if n_undefined := np.count_nonzero(np.isnan(correlations)):
        raise ValueError(
            f"In {n_undefined} of {n_draws} draws the predictions of {pair.names[0]!r} or "
            f"{pair.names[1]!r} are the same for all outputs, so that they have no correlation. "
            "Lower probability, so that less is removed at once."
        )
    fit = regression.fit()
    table = units.assign(
        coefficient=fit.coefficient,
        se=fit.standard_error,
        t=fit.t_statistic,
        p_value=fit.p_value,
        p_adjusted=fit.p_adjusted,
    )
    # Tiny p-values are all 0; the statistics still tell them apart.
    order = np.lexsort((-np.abs(fit.t_statistic), fit.p_value))
    return CoexpressionDrivers(
        genes=pair.names,
        drivers=table.iloc[order].reset_index(drop=True),
        observed_correlation=pair.correlation,
        correlations=correlations,
        r_squared=fit.r_squared,
    )
