"""Made-up genes: what is said to be planted is there."""

import numpy as np
import pandas as pd
import pytest

from skgenes.datasets import make_regulated_genes
from skgenes.feature_extraction import regulatory_tracks


@pytest.fixture(scope="module")
def made():
    return make_regulated_genes(900, 5, noise=0.1, random_state=0)


def counts_of(made):
    """Sites of each regulator on each gene, by their places on the genome alone."""
    genes = made.annotation.groupby("gene_id", sort=False)
    spans = pd.DataFrame(
        {
            "chrom": genes["chrom"].first(),
            "start": genes["start"].min() - 2000,
            "end": genes["end"].max() + 2000,
        }
    )
    counts = pd.DataFrame(0, index=spans.index, columns=made.effects.index)
    for sites in (made.promoter_sites, made.rna_sites):
        for chrom, of_chrom in sites.groupby("chrom"):
            here = spans[spans["chrom"] == chrom].sort_values("start")
            gene = here.index[np.searchsorted(here["start"], of_chrom["start"], "right") - 1]
            assert (of_chrom["end"].to_numpy() <= here.loc[gene, "end"].to_numpy()).all()
            table = pd.crosstab(gene, of_chrom["name"].to_numpy())
            counts.loc[table.index, table.columns] += table
    return counts


def test_every_site_lies_on_a_gene(made):
    tracks, report = regulatory_tracks(
        made.annotation, promoter=made.promoter_sites, rna=made.rna_sites
    )
    assert report.intervals["used"].tolist() == report.intervals["given"].tolist()
    assert tracks.genes.tolist() == made.expression.index.tolist()
    assert set(tracks.promoter.regulators[1:]) | set(tracks.rna.regulators[1:]) == set(
        made.effects.index
    )


def test_expression_follows_from_the_sites(made):
    logs = np.log2(made.expression)
    design = np.log2(1 + counts_of(made))
    design.insert(0, "intercept", 1.0)
    coefficients = np.linalg.lstsq(design.to_numpy(float), logs.to_numpy(), rcond=None)[0][1:]
    planted = made.effects.iloc[:, :-1].to_numpy() + made.effects[["all"]].to_numpy()
    np.testing.assert_allclose(coefficients, planted, atol=0.05)
    assert (made.effects == 0).all(axis=1).mean() == pytest.approx(2 / 3, abs=0.2)


def test_expression_is_in_tpm(made):
    np.testing.assert_allclose(made.expression.sum(), 1e6)
    assert made.expression.shape == (900, 5)


def test_same_seed_same_genes():
    one, two = (make_regulated_genes(30, random_state=3) for _ in range(2))
    for name in one:
        pd.testing.assert_frame_equal(one[name], two[name])
    other = make_regulated_genes(30, random_state=4)
    assert not one.expression.equals(other.expression)


@pytest.mark.parametrize(
    "wrong", [{"n_genes": 5}, {"n_tissues": 1}, {"noise": -1.0}, {"n_rna_regulators": 0}]
)
def test_wrong_parameters(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        make_regulated_genes(**wrong)
