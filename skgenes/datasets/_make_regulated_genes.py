"""Genes on a genome, what binds them, and the expression that follows from it."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from skgenes.utils import seed_sequence

_N_CHROMOSOMES = 6
_SPACING = 40_000
_LONGEST_SITE = 60


@validate_params(
    {
        "n_genes": [Interval(Integral, _N_CHROMOSOMES, None, closed="left")],
        "n_tissues": [Interval(Integral, 2, None, closed="left")],
        "n_promoter_regulators": [Interval(Integral, 1, None, closed="left")],
        "n_rna_regulators": [Interval(Integral, 1, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_regulated_genes(
    n_genes=1200,
    n_tissues=8,
    *,
    n_promoter_regulators=20,
    n_rna_regulators=20,
    noise=0.5,
    random_state=None,
):
    r"""Make up genes, the sites that regulators bind on them, and their expression.

    Parameters
    ----------
    n_genes : int, default=1200
        Number of genes, at least 6, on six chromosomes.
    n_tissues : int, default=8
        Number of tissues, at least 2.
    n_promoter_regulators, n_rna_regulators : int, default=20
        Number of regulators that bind promoters, "TF1", "TF2" and so on, and of those that bind
        RNA, "RBP1", "RBP2" and so on.
    noise : float, default=0.5
        Standard deviation of what no site explains, in log2 units.
    random_state : int, RandomState instance or None, default=None
        Determines everything that is random. An int gives the same genes on every call.

    Returns
    -------
    Bunch
        With the fields

        annotation : DataFrame
            Exons, as `skgenes.feature_extraction.read_gtf` returns them.
        promoter_sites, rna_sites : DataFrame
            Binding sites, as `skgenes.feature_extraction.read_bed` returns them.
        expression : DataFrame of shape (n_genes, n_tissues), float64
            TPM, the columns adding up to a million.
        effects : DataFrame of shape (n_regulators, n_tissues + 1), float64
            What is planted: log2 units of fold change per :math:`\log_2(1 + \text{sites})`, and
            in the last column, "all", those of expression in all tissues.

    See Also
    --------
    skgenes.feature_extraction.regulatory_tracks : Turns sites into tracks.

    Notes
    -----
    With :math:`n_{gr}` sites of regulator r on gene g, the logarithm of expression in tissue t is

    .. math::

        l_{gt} = 3 + \sum_r \log_2(1 + n_{gr}) (a_r + b_{rt}) + e_g + e_{gt}

    before the columns are brought to a million. A third of the regulators have effects, a and b,
    normal with standard deviations 0.7 and 0.5; e is normal noise.

    Examples
    --------
    >>> from skgenes.datasets import make_regulated_genes
    >>> from skgenes.feature_extraction import regulatory_tracks
    >>> made = make_regulated_genes(60, random_state=0)
    >>> tracks, report = regulatory_tracks(
    ...     made.annotation, promoter=made.promoter_sites, rna=made.rna_sites
    ... )
    >>> tracks.shape, made.expression.shape
    ((60, 42), (60, 8))
    """
    seeds = seed_sequence(random_state).spawn(4)
    exons_rng, promoter_rng, rna_rng, expression_rng = map(np.random.default_rng, seeds)
    annotation = _annotation(exons_rng, n_genes)
    genes = pd.unique(annotation["gene_id"])
    factors = [f"TF{i + 1}" for i in range(n_promoter_regulators)]
    proteins = [f"RBP{i + 1}" for i in range(n_rna_regulators)]
    promoter_counts = _counts(promoter_rng, n_genes, n_promoter_regulators)
    rna_counts = _counts(rna_rng, n_genes, n_rna_regulators)
    effects = _effects(expression_rng, [*factors, *proteins], n_tissues)
    logs = 3 + np.log2(1 + np.hstack([promoter_counts, rna_counts])) @ (
        effects.iloc[:, :-1].to_numpy() + effects[["all"]].to_numpy()
    )
    logs += noise * expression_rng.normal(size=(n_genes, 1))
    logs += noise * expression_rng.normal(size=logs.shape)
    tpm = 2.0**logs
    tissues = effects.columns[:-1]
    return Bunch(
        annotation=annotation,
        promoter_sites=_promoter_sites(promoter_rng, annotation, promoter_counts, factors),
        rna_sites=_rna_sites(rna_rng, annotation, rna_counts, proteins),
        expression=pd.DataFrame(1e6 * tpm / tpm.sum(axis=0), index=genes, columns=tissues),
        effects=effects,
    )


def _annotation(rng, n_genes):
    """Genes of one transcript, one to eight exons each, far apart."""
    n_exons = rng.integers(1, 9, n_genes)
    gene = np.repeat(np.arange(n_genes), n_exons)
    # Exons of a gene follow each other, with introns between them.
    sizes = rng.integers(80, 1200, gene.size)
    steps = sizes + rng.integers(100, 2000, gene.size)
    before = np.cumsum(steps) - steps
    first = np.concatenate([[0], np.cumsum(n_exons)[:-1]])
    place = np.arange(n_genes) // _N_CHROMOSOMES
    start = 10_000 + _SPACING * place[gene] + before - before[first][gene]
    names = np.array([f"GENE{i + 1:04d}" for i in range(n_genes)], dtype=object)
    strands = rng.choice(["+", "-"], n_genes)
    return pd.DataFrame(
        {
            "chrom": [f"chr{i % _N_CHROMOSOMES + 1}" for i in gene],
            "start": start,
            "end": start + sizes,
            "strand": strands[gene],
            "gene_id": names[gene],
            "transcript_id": [f"{name}.1" for name in names[gene]],
            "gene_name": names[gene],
        }
    )


def _counts(rng, n_genes, n_regulators):
    """Number of sites: most regulators bind few genes, some bind many."""
    bound = rng.random((n_genes, n_regulators)) < rng.uniform(0.05, 0.5, n_regulators)
    return bound * (1 + rng.poisson(1.0, (n_genes, n_regulators)))


def _effects(rng, regulators, n_tissues):
    tissues = [f"tissue{i + 1}" for i in range(n_tissues)]
    scales = np.array([0.5] * n_tissues + [0.7])
    values = scales * rng.normal(size=(len(regulators), n_tissues + 1))
    values[rng.random(len(regulators)) > 1 / 3] = 0
    return pd.DataFrame(values, index=regulators, columns=[*tissues, "all"])


def _promoter_sites(rng, annotation, counts, names):
    genes = annotation.groupby("gene_id", sort=False)
    forward = (genes["strand"].first() == "+").to_numpy()
    tss = np.where(forward, genes["start"].min(), genes["end"].max() - 1)
    gene, regulator = _sites(counts)
    # Downstream is where transcription goes.
    distance = rng.integers(-2000, 1000 - _LONGEST_SITE, gene.size)
    sizes = rng.integers(10, _LONGEST_SITE, gene.size)
    start = np.where(forward[gene], tss[gene] + distance, tss[gene] - distance - sizes)
    chrom = genes["chrom"].first().to_numpy()[gene]
    return _bed(chrom, start, sizes, names, regulator, ".")


def _rna_sites(rng, annotation, counts, names):
    first = np.flatnonzero(~annotation["gene_id"].duplicated())
    n_exons = np.diff([*first, len(annotation)])
    gene, regulator = _sites(counts)
    exon = annotation.iloc[first[gene] + rng.integers(0, n_exons[gene])]
    sizes = rng.integers(10, _LONGEST_SITE, gene.size)
    room = (exon["end"] - exon["start"]).to_numpy() - sizes
    start = exon["start"].to_numpy() + rng.integers(0, room + 1)
    return _bed(exon["chrom"].to_numpy(), start, sizes, names, regulator, exon["strand"].to_numpy())


def _sites(counts):
    """Gene and regulator of every site."""
    gene, regulator = np.nonzero(counts)
    times = counts[gene, regulator]
    return np.repeat(gene, times), np.repeat(regulator, times)


def _bed(chrom, start, sizes, names, regulator, strand):
    return pd.DataFrame(
        {
            "chrom": chrom,
            "start": start,
            "end": start + sizes,
            "name": np.array(names, dtype=object)[regulator],
            "score": np.nan,
            "strand": strand,
        }
    )
