"""The public compendia, from small files of the same form on a server of our own."""

import gzip
import hashlib

import numpy as np
import pytest
from anndata import AnnData

from skgenes.datasets import (
    _fetch,
    fetch_dgex,
    fetch_geo_series_matrix,
    fetch_geuvadis,
    fetch_gtex,
    fetch_l1000_landmarks,
    make_expression,
)

GENES = """pr_gene_id\tpr_gene_symbol\tpr_gene_title\tpr_is_lm\tpr_is_bing
780\tDDR1\tdiscoidin\t1\t1
7849\tPAX8\tpaired box 8\t1\t1
2978\tGUCA1A\tguanylate "cyclase\t0\t0
5982\tNA\ta symbol that pandas would lose\t1\t1
"""
FOLDER = "GSE92nnn/GSE92742/suppl/GSE92742"
GCT = """#1.2
2\t3
Name\tDescription\tGTEX-1-A\tGTEX-1-B\tGTEX-2-A
ENSG01.5\tDDX11L1\t0\t1.5\t2
ENSG02.1\tWASH7P\t8\t6.25\t4
"""
ATTRIBUTES = """SAMPID\tSMATSSCR\tSMTS\tSMTSD
GTEX-2-A\t\tLung\tLung
GTEX-1-A\t1\tBrain\tBrain - Cortex
GTEX-9-Z\t\tSkin\tSkin
GTEX-1-B\t0\tBrain\tBrain - Cortex
"""
GEUVADIS = """TargetID\tGene_Symbol\tChr\tCoord\tHG00096\tHG00097
ENSG01.5\tENSG01.5\t4\t100\t0.25\t-0.5
ENSG02.1\tENSG02.1\tX\t200\t8\t4
"""
SERIES = """!Series_title\t"Two arrays"
!Series_geo_accession\t"GSE123456"

!Sample_title\t"first"\t"second"
!Sample_geo_accession\t"GSM1"\t"GSM2"
!series_matrix_table_begin
"ID_REF"\t"GSM1"\t"GSM2"
"1007_s_at"\t7.5\t8.25
"1053_at"\t4\t5.5
!series_matrix_table_end
"""


def packed(text):
    return gzip.compress(text.encode(), mtime=0)


def put_landmarks(server, genes=GENES, line="{digest}  {name}_Broad_LINCS_gene_info.txt.gz\n"):
    digest = hashlib.sha512(packed(GENES)).hexdigest()
    sums = "0" * 128 + "  other.txt\n" + line.format(digest=digest, name="GSE92742")
    server.put(f"{FOLDER}_SHA512SUMS.txt.gz", packed(sums))
    server.put(f"{FOLDER}_Broad_LINCS_gene_info.txt.gz", packed(genes))


def test_landmarks(server, tmp_path):
    put_landmarks(server)
    landmarks = fetch_l1000_landmarks(data_home=tmp_path, base_url=server.url)
    assert landmarks["entrez"].dtype == np.int64
    assert landmarks["entrez"].tolist() == [780, 7849, 5982]
    assert landmarks["symbol"].tolist() == ["DDR1", "PAX8", "NA"]
    assert landmarks.index.tolist() == [0, 1, 2]
    server.pages.clear()
    again = fetch_l1000_landmarks(data_home=tmp_path, base_url=server.url)
    assert again.equals(landmarks)


def test_landmarks_are_verified_by_what_geo_publishes(server, tmp_path):
    put_landmarks(server, genes=GENES.replace("DDR1", "DDR2"))
    with pytest.raises(ValueError, match=r"gene_info.* does not have the checksum sha512:"):
        fetch_l1000_landmarks(data_home=tmp_path, base_url=server.url)


def test_landmarks_without_checksum(server, tmp_path):
    put_landmarks(server, line="")
    with pytest.raises(ValueError, match="has no checksum of GSE92742_Broad_LINCS_gene_info"):
        fetch_l1000_landmarks(data_home=tmp_path, base_url=server.url)


@pytest.fixture
def gtex(server):
    """GTEx on a server of our own."""
    for files in _fetch.GTEX.values():
        for (path, _), text in zip(files, (GCT, ATTRIBUTES), strict=True):
            server.put(path, packed(text) if path.endswith(".gz") else text.encode())
    return server.url


def test_gtex(gtex, tmp_path):
    adata = fetch_gtex("v10", data_home=tmp_path, base_url=gtex)
    assert adata.obs_names.tolist() == ["GTEX-1-A", "GTEX-1-B", "GTEX-2-A"]
    assert adata.var_names.tolist() == ["ENSG01.5", "ENSG02.1"]
    np.testing.assert_array_equal(adata.X, [[0, 8], [1.5, 6.25], [2, 4]])
    assert adata.obs["SMTS"].tolist() == ["Brain", "Brain", "Lung"]
    assert adata.obs["SMTSD"].tolist() == ["Brain - Cortex", "Brain - Cortex", "Lung"]
    adata.write_h5ad(tmp_path / "gtex.h5ad")


def test_gtex_is_verified(gtex, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"does not have the checksum sha256:74f6ab4c"):
        fetch_gtex(data_home=tmp_path, base_url=gtex)
    # With checksums for the small files all is well; the user's own goes first.
    expression, about = _fetch.GTEX["v8"]
    digest = hashlib.sha256(ATTRIBUTES.encode()).hexdigest()
    monkeypatch.setitem(_fetch.GTEX, "v8", (expression, (about[0], f"sha256:{digest}")))
    with pytest.raises(ValueError, match=r"does not have the checksum sha256:ec783825"):
        fetch_gtex(data_home=tmp_path, base_url=gtex)
    with pytest.raises(ValueError, match=r"does not have the checksum sha256:0{64}"):
        fetch_gtex(data_home=tmp_path, base_url=gtex, sha256="0" * 64)
    sha256 = hashlib.sha256(packed(GCT)).hexdigest()
    assert fetch_gtex(data_home=tmp_path, base_url=gtex, sha256=sha256).shape == (3, 2)


def test_mirrors_share_the_data_home(gtex, tmp_path):
    fetch_gtex("v10", data_home=tmp_path, base_url=gtex)
    assert fetch_gtex("v10", data_home=tmp_path, base_url="http://127.0.0.1:9").shape == (3, 2)


def test_dgex(server, tmp_path):
    from skgenes.io import write_gctx

    made = make_expression(6, 150, random_state=0)
    made = AnnData(made.X, obs=made.obs[[]], var=made.var[[]])
    write_gctx(made, tmp_path / "made.gctx")
    for path, _ in _fetch.DGEX.values():
        server.put(f"D-GEX/{path}", (tmp_path / "made.gctx").read_bytes())
    home = {"data_home": tmp_path, "base_url": f"{server.url}/D-GEX/"}
    for dataset in _fetch.DGEX:
        adata = fetch_dgex(dataset, **home)
        assert adata.obs_names.tolist() == made.obs_names.tolist()
        np.testing.assert_array_equal(adata.X, made.X)
    some = fetch_dgex(samples=["sample4", "sample1"], genes=["GENE7"], **home)
    np.testing.assert_array_equal(some.X, made[["sample4", "sample1"], ["GENE7"]].X)
    assert len(server.requests) == 3


def test_geuvadis(server, tmp_path, monkeypatch):
    path, published = _fetch.GEUVADIS
    server.put(path, packed(GEUVADIS))
    with pytest.raises(ValueError, match=f"does not have the checksum {published}"):
        fetch_geuvadis(data_home=tmp_path, base_url=server.url)
    md5 = hashlib.md5(packed(GEUVADIS)).hexdigest()
    monkeypatch.setattr(_fetch, "GEUVADIS", (path, f"md5:{md5}"))
    adata = fetch_geuvadis(data_home=tmp_path, base_url=server.url)
    np.testing.assert_array_equal(adata.X, np.float32([[0.25, 8], [-0.5, 4]]))
    assert adata.X.dtype == np.float32
    assert adata.obs_names.tolist() == ["HG00096", "HG00097"]
    assert adata.var_names.tolist() == ["ENSG01.5", "ENSG02.1"]
    assert adata.var["Chr"].tolist() == ["4", "X"]
    assert adata.var["Coord"].tolist() == [100, 200]
    # Kept under a published checksum, and still verified by it.
    (tmp_path / "GD462.GeneQuantRPKM.50FN.samplename.resk10.txt.gz").write_bytes(b"no")
    with pytest.raises(ValueError, match=f"passed or published is md5:{md5}"):
        fetch_geuvadis(data_home=tmp_path, base_url=server.url)


@pytest.mark.parametrize(
    ("accession", "platform", "path"),
    [
        ("GSE123456", None, "GSE123nnn/GSE123456/matrix/GSE123456_series_matrix.txt.gz"),
        ("GSE2109", None, "GSE2nnn/GSE2109/matrix/GSE2109_series_matrix.txt.gz"),
        ("GSE7", None, "GSEnnn/GSE7/matrix/GSE7_series_matrix.txt.gz"),
        ("GSE1000", "GPL570", "GSE1nnn/GSE1000/matrix/GSE1000-GPL570_series_matrix.txt.gz"),
    ],
)
def test_geo_series_matrix(server, tmp_path, accession, platform, path):
    server.put(f"geo/series/{path}", packed(SERIES))
    adata = fetch_geo_series_matrix(
        accession, platform=platform, data_home=tmp_path, base_url=f"{server.url}/geo/series"
    )
    assert adata.obs_names.tolist() == ["GSM1", "GSM2"]
    assert adata.var_names.tolist() == ["1007_s_at", "1053_at"]
    np.testing.assert_array_equal(adata.X, [[7.5, 4], [8.25, 5.5]])


def test_geo_series_of_several_platforms(server, tmp_path):
    home = {"data_home": tmp_path, "base_url": server.url}
    with pytest.raises(OSError, match="the server answered 404") as caught:
        fetch_geo_series_matrix("GSE1000", **home)
    assert "platform='GPL...'" in caught.value.__notes__[0]
    with pytest.raises(OSError, match="the server answered 404") as caught:
        fetch_geo_series_matrix("GSE1000", platform="GPL96", **home)
    assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    ("fetch", "options", "message"),
    [
        (fetch_geo_series_matrix, {"accession": "2109"}, "accession must be like 'GSE2109', got"),
        (fetch_geo_series_matrix, {"accession": "GSE1/.."}, "accession must be like 'GSE2109'"),
        (
            fetch_geo_series_matrix,
            {"accession": "GSE1", "platform": "570"},
            "platform must be like 'GPL570', got '570'",
        ),
        (fetch_gtex, {"release": "v9"}, "'release' .* must be a str among .*'v8'.* Got 'v9'"),
        (fetch_gtex, {"sha256": "x"}, "sha256 must be 64 hexadecimal digits"),
        (fetch_dgex, {"dataset": "1000G"}, "'dataset' .* must be a str among .*'geo'"),
        (fetch_geuvadis, {"base_url": "ftp://host"}, "must begin with http:// or https://"),
    ],
)
def test_bad_parameters(tmp_path, fetch, options, message):
    with pytest.raises(ValueError, match=message):
        fetch(data_home=tmp_path, **options)


def test_every_source_is_https_and_named_once():
    files = [
        *(path for release in _fetch.GTEX.values() for path, _ in release),
        *(path for path, _ in _fetch.DGEX.values()),
        _fetch.GEUVADIS[0],
        _fetch.L1000_GENES,
        _fetch.L1000_CHECKSUMS,
    ]
    names = [path.rsplit("/", 1)[-1] for path in files]
    assert len(set(names)) == len(names)
    for server in ("GTEX_STORAGE", "DGEX_SERVER", "EBI_SERVER", "GEO_SERVER"):
        assert getattr(_fetch, server).startswith("https://")
        assert not getattr(_fetch, server).endswith("/")
