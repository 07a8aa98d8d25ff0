"""Which stretches of two genes make them co-expressed: empty their bins at random."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils._param_validation import StrOptions, validate_params

from skgenes.feature_extraction import RegulatoryTracks, Track
from skgenes.inspection._knockout import DRAW_CONSTRAINTS
from skgenes.inspection._knockout_draws import LinearHidden
from skgenes.inspection._knockout_pair import drive, open_pair

# Of the largest input: what rounding in float32 leaves of a difference that is 0.
_ROUNDING = 1e-5
# Entries of the bins of a chunk of draws.
_CHUNK_VALUES = 2**21


@validate_params(
    {**DRAW_CONSTRAINTS, "part": [StrOptions({"promoter", "rna"})]},
    prefer_skip_nested_validation=True,
)
def binding_site_disruption(
    estimator,
    X,
    gene_a,
    gene_b,
    part="rna",
    *,
    n_draws=10_000,
    probability=0.5,
    outputs=None,
    random_state=None,
):
    r"""Find the stretches of two genes that make them co-expressed, by emptying them at random.

    In every draw each bin of the promoters or the RNAs of both genes loses all its binding sites
    with some probability, and the correlation of the two predicted profiles is regressed on what
    was emptied.

    Parameters
    ----------
    estimator : DEcodeRegressor, or Pipeline, search or TransformedTargetRegressor around one
        Fitted on tracks.
    X : RegulatoryTracks of shape (n_genes, n_features)
        Genes with these two among them.
    gene_a, gene_b : str or int
        The two genes, given by name or position.
    part : {"rna", "promoter"}, default="rna"
        Which region to disrupt; the other stays as it is.
    n_draws : int, default=10_000
        Number of draws; at least 3 more than there are bins with a binding site.
    probability : float in (0, 1), default=0.5
        Probability of each bin being emptied in a draw.
    outputs : sequence of str or int, or None, default=None
        Outputs that make up a profile, at least 3, given by name or position. None takes all but
        one called "median".
    random_state : int, RandomState instance or None, default=None
        Draws what is emptied. An int gives the same result on every call.

    Returns
    -------
    CoexpressionDrivers
        Its table `drivers` has a row for every bin with a binding site; bins of the two genes are
        emptied independently. Columns:

        gene, bin
            The gene, and the number of the bin from 0 at the 5' end.
        start, end
            Where it lies, in bases from the 5' end of the region, end not included. The last bin
            of a gene may be shorter, as its mask says.
        n_regulators
            Regulators that bind there.
        coefficient, se
            Change of the correlation when it is emptied, by least squares, and its standard error.
            Negative where its sites make the genes co-expressed.
        t, p_value, p_adjusted
            Of the test for no effect, two-sided; adjusted after Bonferroni.

    Raises
    ------
    TypeError
        If X is a matrix, which has no bins, or there is no model of regulators in `estimator`.
    ValueError
        As for `in_silico_knockout`, and if there is no such part.

    See Also
    --------
    in_silico_knockout : The same with regulators.

    Notes
    -----
    Masks stay, since the bases are still there. Before the first nonlinear layer a bin puts a
    fixed vector into a gene, as sums of bins are linear, so that all draws are one matrix product,
    as in `in_silico_knockout`. A model that takes logarithms of the sums gets those of each draw,
    in chunks.

    References
    ----------
    Tasaki et al. (2020), Nature Machine Intelligence 2, Methods, doi:10.1038/s42256-020-0201-6

    Examples
    --------
    >>> import numpy as np
    >>> from skgenes.feature_extraction import RegulatoryTracks, Track
    >>> from skgenes.inspection import binding_site_disruption
    >>> from skgenes.neural_network import DEcodeRegressor
    >>> rng = np.random.default_rng(0)
    >>> bins = np.column_stack([np.ones(300), rng.random((300, 5)) < 0.3])
    >>> rna = Track(bins, np.arange(0, 301, 5), ["exon", "A", "B", "C", "D", "E"])
    >>> tracks = RegulatoryTracks([f"G{i}" for i in range(60)], rna=rna)
    >>> y = tracks.fold_sums("rna", 0)[0][:, 1:] @ rng.normal(size=(5, 4))
    >>> decode = DEcodeRegressor(rna_convolutions=[(8, 2)], n_init=1, random_state=0).fit(tracks, y)
    >>> result = binding_site_disruption(decode, tracks, "G0", "G1", n_draws=500, random_state=0)
    >>> result.drivers.columns.tolist()[:5]
    ['gene', 'bin', 'start', 'end', 'n_regulators']
    """
    pair = open_pair(estimator, X, gene_a, gene_b, outputs)
    if not isinstance(pair.model.X, RegulatoryTracks):
        raise TypeError(
            f"Only tracks have bins to disrupt; got {type(pair.model.X).__name__}. Pass "
            "RegulatoryTracks, and a model that was fitted on such."
        )
    if part not in pair.model.X.parts:
        raise ValueError(f"There is no part {part!r}; X has {', '.join(pair.model.X.parts)}.")
    genes = [_BoundBins(pair, part, row) for row in range(2)]
    units = pd.concat([gene.table() for gene in genes], ignore_index=True)
    return drive(
        pair,
        lambda response: _hidden_of(pair, genes, response),
        units,
        "bins",
        n_draws=n_draws,
        probability=probability,
        random_state=random_state,
    )


class _BoundBins:
    """The bins of one gene of a pair that have a binding site.

    Parameters
    ----------
    pair : GenePair
        The genes.
    part : str
        Which region.
    row : int
        0 or 1.
    """

    def __init__(self, pair, part, row):
        self._model, self._tracks, self._part = pair.model, pair.model.X, part
        self._name = pair.names[row]
        track = pair.model.X.parts[part]
        bins = track.bins[track.offsets[row] : track.offsets[row + 1]]
        self._bins = sp.csr_array(bins[:, 1:])
        self._bins.eliminate_zeros()
        self._n_regulators = np.diff(self._bins.indptr)
        self.bound = np.flatnonzero(self._n_regulators)
        if not self.bound.size:
            raise ValueError(
                f"No regulator binds the {part} of gene {self._name!r}, so that there is nothing "
                "to disrupt in it."
            )

    def table(self):
        """Where the bins are.

        Returns
        -------
        DataFrame
            A row for each.
        """
        size = self._tracks.parts[self._part].bin_size
        start = self.bound * size
        return pd.DataFrame(
            {
                "gene": self._name,
                "bin": self.bound,
                "start": start,
                "end": start + size,
                "n_regulators": self._n_regulators[self.bound],
            }
        )

    def inputs(self, kept):
        """Inputs of the networks from some of the bins alone, without masks.

        Parameters
        ----------
        kept : ndarray of bool of shape (n_draws, n_bound)
            Which bins are there.

        Returns
        -------
        csr_array of shape (n_draws, n_columns)
            The inputs.
        """
        size = max(1, _CHUNK_VALUES // max(self._bins.nnz, self._bins.shape[0]))
        chunks = [kept[start : start + size] for start in range(0, len(kept), size)]
        return sp.vstack([self._model.inputs(self._drawn(chunk)) for chunk in chunks], "csr")

    def _drawn(self, kept):
        """Tracks with a gene for every draw."""
        n_draws, n_bins = len(kept), self._bins.shape[0]
        is_kept = np.zeros((n_draws, n_bins), dtype=bool)
        is_kept[:, self.bound] = kept
        owner = np.repeat(np.arange(n_bins), self._n_regulators)
        entries = np.nonzero(is_kept[:, owner])[1]
        indptr = np.append(0, np.cumsum((is_kept * self._n_regulators).ravel()))
        content = self._bins.data[entries], self._bins.indices[entries] + 1, indptr
        n_features = self._bins.shape[1] + 1
        bins = sp.csr_array(content, (n_draws * n_bins, n_features))
        parts = {
            name: Track(
                bins if name == self._part else track.bins[:0],
                np.arange(n_draws + 1) * (n_bins if name == self._part else 0),
                track.regulators,
                bin_size=track.bin_size,
            )
            for name, track in self._tracks.parts.items()
        }
        return RegulatoryTracks([str(draw) for draw in range(n_draws)], **parts)


class _DrawnHidden:
    """Hidden values of both genes where the inputs of every draw have to be made.

    Parameters
    ----------
    genes : list of _BoundBins
        Both.
    always : ndarray of float32 of shape (2, n_hidden)
        Hidden values from what is never removed.
    kernel : ndarray of float32 of shape (n_columns, n_hidden)
        From inputs to hidden values.
    """

    def __init__(self, genes, always, kernel):
        self._genes, self._always, self._kernel = genes, always, kernel

    def __call__(self, removed):
        """Hidden values of the first and of the second gene in some draws."""
        each = np.split(removed == 0, [self._genes[0].bound.size], axis=1)
        return [
            gene.inputs(own) @ self._kernel + always
            for gene, own, always in zip(self._genes, each, self._always, strict=True)
        ]


def _hidden_of(pair, genes, response):
    """Hidden values of draws: linear in the bins where the inputs are."""
    alone = [gene.inputs(np.eye(gene.bound.size, dtype=bool)) for gene in genes]
    together = sp.vstack(
        [gene.inputs(np.ones((1, gene.bound.size), bool)) for gene in genes], "csr"
    )
    difference = together - sp.csr_array(np.stack([part.sum(axis=0) for part in alone]))
    full = response.hidden(pair.inputs)
    if abs(difference).max() > _ROUNDING * together.max():
        always = full - together @ response.kernel
        return _DrawnHidden(genes, always.astype(np.float32), response.kernel.astype(np.float32))
    n_units = sum(gene.bound.size for gene in genes)
    parts = np.zeros((2, n_units, response.kernel.shape[1]))
    parts[0, : genes[0].bound.size] = alone[0] @ response.kernel
    parts[1, genes[0].bound.size :] = alone[1] @ response.kernel
    return LinearHidden(full, parts)
