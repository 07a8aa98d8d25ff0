"""What every gene of a panel adds, and which other genes it stands for."""

from numbers import Real

from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skgenes.inspection._panel_values_inputs import read_panel
from skgenes.inspection._panel_values_kernels import fit_panel
from skgenes.inspection._panel_values_programmes import contributions_of, programmes_of
from skgenes.inspection._panel_values_result import PanelValues
from skgenes.inspection._panel_values_tables import judged, tables_of


@validate_params(
    {
        "penalty": [Interval(Real, 0, None, closed="neither"), StrOptions({"auto"})],
        "min_loss": [Interval(Real, 0, 1, closed="neither")],
        "layer": [str, None],
    },
    prefer_skip_nested_validation=True,
)
def panel_values(
    panel, X, *, X_test=None, autoencoder=None, penalty="auto", min_loss=0.01, layer=None
):
    r"""Say what every gene of a panel is worth, and why it is there.

    How much less is explained without each gene, how much the panel explains up to it, how far
    its other genes could stand in for it, and which genes outside of the panel rest on it. Nothing
    is fitted again: all follows from one regression.

    Parameters
    ----------
    panel : sequence of str or int, mask or fitted selector
        Gene names or column indices in the order of the panel, a boolean mask of shape
        (n_genes,), or a fitted selector: anything with ``get_support``. The order of a selector is
        that of its ``ranking_``, if it has one.
    X : ndarray, DataFrame, sparse matrix or AnnData of shape (n_samples, n_genes)
        Training samples, in any unit.
    X_test : ndarray, DataFrame, sparse matrix or AnnData of shape (n_test, n_genes), default=None
        Held-out samples with the genes of X in the same order, to judge on as well.
    autoencoder : GeneAutoEncoder, selector with ``contributions_`` or None, default=None
        Fitted, with the genes of X: names the latent programmes that genes belong to. None takes
        those of the panel, where it is a selector that has them.
    penalty : float or "auto", default="auto"
        Ridge penalty above 0, in units of a gene's variance. "auto" is that of `evaluate_panel`:
        the one with the least leave-one-out error.
    min_loss : float in (0, 1), default=0.01
        A gene of the panel stands for another one if this loses at least this share of its
        variance without it.
    layer : str or None, default=None
        Layer to read when X is an AnnData; None reads the one that the panel reads, if it is a
        selector with a `layer`, else ``X.X``. The same for `X_test`.

    Returns
    -------
    PanelValues
        Tables of the panel's genes and of those it stands for, and each gene described in words.

    Raises
    ------
    ValueError
        If the panel is empty, has all genes, a gene twice, an unknown one or one that does not vary
        in X, or is a Series as a mask whose index has the genes in another order; no other gene
        varies; there are fewer than 3 samples; `X_test` or `autoencoder` has other genes than X; a
        value is not finite; or the penalty is so small that every sample is fitted exactly.
    TypeError
        If the panel is neither genes nor a selector, or `autoencoder` has no contributions.

    See Also
    --------
    panel_swaps : What could replace each gene.
    evaluate_panel : How good the panel is as a whole.
    skgenes.feature_selection.GreedyPanelSelector : Adds genes to a panel, given as
        ``must_include``.

    Notes
    -----
    Genes are standardised on X. Explained variance is that of `evaluate_panel` over all genes,
    with those of the panel known:

    .. math:: R^2 = 1 - \frac{\sum_{ij} (z_{ij} - \hat z_{ij})^2}{\sum_{ij} z_{ij}^2} ,

    where every sample of X is left out in turn of the ridge regression that infers it, so that a
    gene which helps with the training samples alone is worth nothing, or less.

    A gene left out of the panel is itself to be inferred from then on: its value is the sum of
    what the others lose and of what is not redundant of itself. Hence a gene that stands for no
    other one has a value all the same, at most 1 / n_genes.

    With :math:`\Omega = (S_{PP} + \lambda I)^{-1}`, slopes B of the panel and its residuals E,
    the panel without gene g leaves :math:`E + u_g B_{g \cdot}`, where
    :math:`u_g = Z_P \Omega_{\cdot g} / \Omega_{gg}`, and has leverages that are less by
    :math:`u_g^2 \Omega_{gg} / n`. A residual over one less its leverage is the error of the sample
    left out. The penalty is held.

    Values do not add up to what the panel explains: of two genes that say the same, neither is
    missed. Such pairs have a high redundancy. Read `cumulative` for what genes add in turn.

    Expression is made dense, in float64.

    References
    ----------
    Hastie, Tibshirani and Friedman (2009), The Elements of Statistical Learning, 2nd edition,
    Springer, section 7.10, for leave-one-out errors of linear smoothers.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skgenes.inspection import panel_values
    >>> rng = np.random.default_rng(0)
    >>> programmes = np.repeat(np.eye(3), 4, axis=1)  # three, of four genes each
    >>> X = rng.normal(size=(200, 3)) @ programmes + 0.5 * rng.normal(size=(200, 12))
    >>> X = pd.DataFrame(X, columns=[f"{name}{i}" for name in "ABC" for i in range(4)])
    >>> values = panel_values(["A0", "B0", "B1", "C0"], X)
    >>> values.genes["value"].round(2).to_dict()
    {'A0': 0.25, 'B0': 0.04, 'B1': 0.05, 'C0': 0.23}
    >>> values.genes["redundancy"].round(2).to_dict()
    {'A0': -0.01, 'B0': 0.63, 'B1': 0.63, 'C0': -0.01}
    >>> values.describe("B1").split(":")[0]
    'B1 stands for 2 genes'
    """
    data = read_panel(panel, X, X_test, penalty, layer)
    train, labels = data.split.train, data.labels
    contributions = contributions_of(autoencoder, panel, X, train.shape[1])
    fit = fit_panel(train, data.panel, data.penalty)
    mine = judged(fit, train, trained_on=True)
    held_out = None if X_test is None else judged(fit, data.split.test, trained_on=False)
    tables = tables_of(fit, data, mine, held_out, min_loss)
    if contributions is not None:
        contributions = programmes_of(contributions, data.panel, labels)
    return PanelValues(
        **tables,
        programmes=contributions,
        explained=mine.explained,
        explained_test=None if held_out is None else held_out.explained,
        penalty=data.penalty,
        min_loss=float(min_loss),
        n_train=len(train),
        n_test=0 if held_out is None else len(data.split.test),
    )
