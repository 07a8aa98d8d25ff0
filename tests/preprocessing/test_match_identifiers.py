"""Forms in which one gene is written."""

import pytest

from skgenes.preprocessing._match_identifiers import near_misses, without_version


@pytest.mark.parametrize(
    ("gene", "expected"),
    [
        ("ENSG00000141510.12", "ENSG00000141510"),
        ("ENSG00000141510", "ENSG00000141510"),
        ("ENST00000269305.9", "ENST00000269305"),
        ("ENSMUSG00000059552.14", "ENSMUSG00000059552"),
        ("ENSG00000223972.5_2", "ENSG00000223972"),  # GENCODE on GRCh37
        ("ENSG00000182378.10_PAR_Y", "ENSG00000182378_PAR_Y"),
        ("ENSG00000182378_PAR_Y", "ENSG00000182378_PAR_Y"),
        ("ENSGR0000182378.5", "ENSG00000182378_PAR_Y"),
        ("ENSTR0000381192.3", "ENST00000381192_PAR_Y"),
        # No Ensembl ids: nothing is taken off.
        ("AC004556.1", "AC004556.1"),
        ("RP11-34P13.7", "RP11-34P13.7"),
        ("ENSG0000014151.1", "ENSG0000014151.1"),
        ("ensg00000141510.12", "ensg00000141510.12"),
        ("TP53", "TP53"),
        ("", ""),
    ],
)
def test_versions(gene, expected):
    assert without_version(gene) == expected


def test_near_misses_by_hand():
    genes = ["Myc", "ENSG00000182378.10_PAR_Y", "MARCH1", "SEPTIN7", "CD8", "TP53"]
    reference = ["MYC", "ENSG00000182378", "MARCHF1", "SEPT7", "CD4", "DEC1"]
    assert near_misses(genes, reference) == [
        ("Myc", "MYC", "case"),
        ("ENSG00000182378.10_PAR_Y", "ENSG00000182378", "PAR_Y"),
        ("MARCH1", "MARCHF1", "renamed"),
        ("SEPTIN7", "SEPT7", "renamed"),
    ]


@pytest.mark.parametrize(
    ("date", "others"),
    [
        ("1-Mar", ["MARCHF1", "MARC1"]),
        ("Mar-01", ["MARCHF1", "MARC1"]),
        ("01-MAR", ["MARCHF1", "MARC1"]),
        ("7-Sep", ["SEPT7"]),
        ("7-Sept", ["SEPT7"]),
        ("Sep-11", [""]),
        ("1-Dec", ["DELEC1"]),
        ("HLA-1", []),
        ("1-Jan", []),
    ],
)
def test_dates(date, others):
    reference = ["SEPT7", "DELEC1", "MARCHF1", "MARC1", "MARCH2", "TP53"]
    found = near_misses([date], reference)
    assert sorted(found) == sorted((date, other, "date") for other in others)
    swapped = near_misses(reference, [date])
    assert sorted(swapped) == sorted((other, date, "date") for other in others)
