"""Public compendia, each from its own source."""

import csv
import gzip
import re
from os import PathLike
from pathlib import PurePosixPath

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import StrOptions, validate_params

from skgenes.datasets._remote import RemoteFile, fetch, sha256_checksum
from skgenes.io import read_gct, read_gctx, read_series_matrix

GTEX_STORAGE = "https://storage.googleapis.com/adult-gtex"
DGEX_SERVER = "https://cbcl.ics.uci.edu/public_data/D-GEX"
EBI_SERVER = "https://ftp.ebi.ac.uk/biostudies/fire/E-GEUV-/001/E-GEUV-1/Files/E-GEUV-1"
GEO_SERVER = "https://ftp.ncbi.nlm.nih.gov/geo/series"

# Paths below the server, with a checksum where there is one to trust. The source publishes those of
# GSE92742 (fetched, not written here) and E-GEUV-1; those of GTEx v8 are what several independent
# projects report.
GTEX = {
    "v8": (
        (
            "bulk-gex/v8/rna-seq/GTEx_Analysis_2017-06-05_v8_RNASeQCv1.1.9_gene_tpm.gct.gz",
            "sha256:ec783825ebebb8ba8525b73cb7ff9577162bc0d2e8a7fdc408283b7639c306fb",
        ),
        (
            "annotations/v8/metadata-files/GTEx_Analysis_v8_Annotations_SampleAttributesDS.txt",
            "sha256:74f6ab4c34ed2648d708a0ae6e6dff324f6c86ea723ae7d1c37d76f5221148f0",
        ),
    ),
    "v10": (
        ("bulk-gex/v10/rna-seq/GTEx_Analysis_v10_RNASeQCv2.4.2_gene_tpm.gct.gz", None),
        (
            "annotations/v10/metadata-files/GTEx_Analysis_v10_Annotations_SampleAttributesDS.txt",
            None,
        ),
    ),
}
DGEX = {
    "geo": ("bgedv2_QNORM.gctx", None),
    "gtex": ("GTEx_RNASeq_RPKM_n2921x55993.gctx", None),
    "l1000": ("l1000_n1328098x22268.gctx", None),
}
GEUVADIS = (
    "analysis_results/GD462.GeneQuantRPKM.50FN.samplename.resk10.txt.gz",
    "md5:500bffeed8e0f770c157e0189e9e50ae",
)
L1000_GENES = "GSE92742/suppl/GSE92742_Broad_LINCS_gene_info.txt.gz"
L1000_CHECKSUMS = "GSE92742/suppl/GSE92742_SHA512SUMS.txt.gz"

COMMON = {
    "data_home": [str, PathLike, None],
    "base_url": [str],
    "progress": ["boolean"],
}


def _at(base_url, path, checksum=None):
    return RemoteFile(f"{base_url.rstrip('/')}/{path}", PurePosixPath(path).name, checksum)


@validate_params(
    {"release": [StrOptions(set(GTEX))], "sha256": [str, None], **COMMON},
    prefer_skip_nested_validation=True,
)
def fetch_gtex(release="v8", *, sha256=None, data_home=None, base_url=GTEX_STORAGE, progress=False):
    """Fetch the gene expression of GTEx, bulk RNA-seq of many human tissues.

    Parameters
    ----------
    release : {"v8", "v10"}, default="v8"
        Release of GTEx. v8 has 17,382 samples and 56,200 genes.
    sha256 : str or None, default=None
        SHA-256 that the file of expression must have. None takes the one known for v8; for v10 none
        is, and the first download is believed.
    data_home : str, path-like or None, default=None
        Folder for fetched files, as in `get_data_home`.
    base_url : str, default="https://storage.googleapis.com/adult-gtex"
        Where GTEx's public storage is, or a mirror of it.
    progress : bool, default=False
        Whether to show a progress bar; needs rich.

    Returns
    -------
    AnnData of shape (n_samples, n_genes)
        ``X`` in TPM, not logarithms; ``var_names`` Ensembl gene ids with version; ``obs["SMTS"]``
        the tissue and ``obs["SMTSD"]`` the part of it. About 4 GB for v8.

    Raises
    ------
    OSError, ValueError, ImportError
        As `fetch_file` does.

    Notes
    -----
    Fetched are the TPM table, 1.5 GB for v8, and the sample attributes. Both are open-access files
    of GTEx (https://gtexportal.org); see there for the conditions of use.

    References
    ----------
    The GTEx Consortium, *Science* 369, 1318-1330 (2020).

    Examples
    --------
    >>> from skgenes.datasets import fetch_gtex
    >>> adata = fetch_gtex()  # doctest: +SKIP
    """
    (path, checksum), about_samples = GTEX[release]
    file = _at(base_url, path, sha256_checksum(sha256) or checksum)
    attributes = fetch(_at(base_url, *about_samples), data_home, progress=progress)
    adata = read_gct(fetch(file, data_home, progress=progress))
    tissues = _read_columns(attributes, ["SAMPID", "SMTS", "SMTSD"])
    adata.obs = adata.obs.join(tissues.set_index("SAMPID"))
    return adata


@validate_params(
    {
        "dataset": [StrOptions(set(DGEX))],
        "samples": "no_validation",
        "genes": "no_validation",
        "sha256": [str, None],
        **COMMON,
    },
    prefer_skip_nested_validation=True,
)
def fetch_dgex(
    dataset="geo",
    *,
    samples=None,
    genes=None,
    sha256=None,
    data_home=None,
    base_url=DGEX_SERVER,
    progress=False,
):
    """Fetch a compendium of D-GEX, on which landmark genes are usually judged.

    Parameters
    ----------
    dataset : {"geo", "gtex", "l1000"}, default="geo"
        "geo": 129,158 microarrays of GEO with 22,268 probes, quantile-normalised, log2; about
        12 GB. "gtex": 2,921 samples of an early GTEx with 55,993 genes, RPKM; about 0.7 GB.
        "l1000": 1,328,098 profiles of L1000 with 22,268 genes inferred by D-GEX; about 118 GB.
    samples, genes : sequence of str or int or None, default=None
        What to read, as in `skgenes.io.read_gctx`; None reads all. The file is fetched whole.
    sha256 : str or None, default=None
        SHA-256 that the file must have. None is published: without it, the first download is
        believed.
    data_home : str, path-like or None, default=None
        Folder for fetched files, as in `get_data_home`.
    base_url : str, default="https://cbcl.ics.uci.edu/public_data/D-GEX"
        Where the authors' folder is, or a mirror of it.
    progress : bool, default=False
        Whether to show a progress bar; needs rich.

    Returns
    -------
    AnnData of shape (n_samples, n_genes)
        Expression.

    Raises
    ------
    OSError, ValueError, ImportError
        As `fetch_file` does.

    See Also
    --------
    fetch_geuvadis : The third data set of D-GEX, called 1000G there.

    Notes
    -----
    Sizes are those of the numbers in float32. The authors' README asks those who want the GEO or
    GTEx file to write to them, although their server gives both to everyone.

    References
    ----------
    Chen et al., *Bioinformatics* 32, 1832-1839 (2016), doi 10.1093/bioinformatics/btw074.

    Examples
    --------
    >>> from skgenes.datasets import fetch_dgex
    >>> adata = fetch_dgex("gtex")  # doctest: +SKIP
    """
    path, checksum = DGEX[dataset]
    file = _at(base_url, path, sha256_checksum(sha256) or checksum)
    return read_gctx(fetch(file, data_home, progress=progress), samples=samples, genes=genes)


@validate_params(COMMON, prefer_skip_nested_validation=True)
def fetch_geuvadis(*, data_home=None, base_url=EBI_SERVER, progress=False):
    """Fetch the gene expression of Geuvadis, RNA-seq of 462 cell lines of 1000 Genomes.

    Parameters
    ----------
    data_home : str, path-like or None, default=None
        Folder for fetched files, as in `get_data_home`.
    base_url : str, default="https://ftp.ebi.ac.uk/biostudies/fire/E-GEUV-/001/E-GEUV-1/Files/E-GEUV-1"
        Where the folder of E-GEUV-1 is, or a mirror of it.
    progress : bool, default=False
        Whether to show a progress bar; needs rich.

    Returns
    -------
    AnnData of shape (462, 23_722)
        ``X`` in RPKM, float32, corrected by PEER so that values may be negative; ``var_names`` the
        Ensembl gene ids with version, ``var`` the chromosome and the start.

    Raises
    ------
    OSError, ValueError, ImportError
        As `fetch_file` does.

    Notes
    -----
    The file, 91 MB, is D-GEX's validation set for RNA-seq, there called 1000G. It is verified by
    the MD5 that EBI publishes.

    References
    ----------
    Lappalainen et al., *Nature* 501, 506-511 (2013).

    Examples
    --------
    >>> from skgenes.datasets import fetch_geuvadis
    >>> adata = fetch_geuvadis()  # doctest: +SKIP
    """
    from anndata import AnnData

    path = fetch(_at(base_url, *GEUVADIS), data_home, progress=progress)
    table = pd.read_csv(path, sep="\t", index_col="TargetID", dtype={"Chr": "str"})
    var = table[["Gene_Symbol", "Chr", "Coord"]].rename_axis(None)
    values = table.drop(columns=var.columns)
    obs = pd.DataFrame(index=pd.Index(values.columns))
    return AnnData(values.to_numpy(dtype=np.float32).T.copy(), obs=obs, var=var)


@validate_params(
    {"accession": [str], "platform": [str, None], "sha256": [str, None], **COMMON},
    prefer_skip_nested_validation=True,
)
def fetch_geo_series_matrix(
    accession,
    *,
    platform=None,
    sha256=None,
    data_home=None,
    base_url=GEO_SERVER,
    progress=False,
):
    """Fetch the series matrix of a GEO series.

    Parameters
    ----------
    accession : str
        Accession of the series, such as "GSE2109".
    platform : str or None, default=None
        Accession of the platform, such as "GPL570". Needed where the series has several, as GEO
        then keeps a file for each.
    sha256 : str or None, default=None
        SHA-256 that the file must have. GEO publishes none and writes its files anew now and then:
        without it, the first download is believed.
    data_home : str, path-like or None, default=None
        Folder for fetched files, as in `get_data_home`.
    base_url : str, default="https://ftp.ncbi.nlm.nih.gov/geo/series"
        Where GEO's series are, or a mirror of them.
    progress : bool, default=False
        Whether to show a progress bar; needs rich.

    Returns
    -------
    AnnData of shape (n_samples, n_probes)
        As read by `skgenes.io.read_series_matrix`, in the unit that the submitters chose.

    Raises
    ------
    OSError, ValueError, ImportError
        As `fetch_file` does.

    Notes
    -----
    GEO keeps the file at ``GSE2nnn/GSE2109/matrix/GSE2109_series_matrix.txt.gz``: the last three
    digits of the accession give way to "nnn" in the first folder.

    Examples
    --------
    >>> from skgenes.datasets import fetch_geo_series_matrix
    >>> adata = fetch_geo_series_matrix("GSE2109")  # doctest: +SKIP
    """
    _check_accession("accession", accession, "GSE2109")
    if platform is not None:
        _check_accession("platform", platform, "GPL570")
    stem = accession if platform is None else f"{accession}-{platform}"
    path = f"{_folder(accession)}/{accession}/matrix/{stem}_series_matrix.txt.gz"
    file = _at(base_url, path, sha256_checksum(sha256))
    try:
        found = fetch(file, data_home, progress=progress)
    except OSError as error:
        if platform is None and not isinstance(error, ConnectionError):
            error.add_note("A series with several platforms needs one: platform='GPL...'.")
        raise
    return read_series_matrix(found)


def _check_accession(name, value, example):
    if not re.fullmatch(f"{example[:3]}[1-9][0-9]*", value):
        raise ValueError(f"{name} must be like {example!r}, got {value!r}.")


def _folder(accession):
    """Name the folder in which GEO keeps this series and up to 999 others."""
    return f"GSE{accession[3:][:-3]}nnn"


@validate_params(COMMON, prefer_skip_nested_validation=True)
def fetch_l1000_landmarks(*, data_home=None, base_url=GEO_SERVER, progress=False):
    """Fetch the list of L1000's landmark genes.

    Parameters
    ----------
    data_home : str, path-like or None, default=None
        Folder for fetched files, as in `get_data_home`.
    base_url : str, default="https://ftp.ncbi.nlm.nih.gov/geo/series"
        Where GEO's series are, or a mirror of them.
    progress : bool, default=False
        Whether to show a progress bar; needs rich.

    Returns
    -------
    DataFrame of shape (978, 2)
        ``entrez``, the Entrez gene id, int; ``symbol``, the gene symbol of 2017.

    Raises
    ------
    OSError, ValueError, ImportError
        As `fetch_file` does.

    See Also
    --------
    skgenes.feature_selection.GivenPanelSelector : Selects genes of a list.

    Notes
    -----
    The genes are those with ``pr_is_lm`` 1 in the gene table of GEO's GSE92742, which is verified
    by the SHA-512 that the series publishes.

    References
    ----------
    Subramanian et al., *Cell* 171, 1437-1452 (2017), doi 10.1016/j.cell.2017.10.049.

    Examples
    --------
    >>> from skgenes.datasets import fetch_l1000_landmarks
    >>> landmarks = fetch_l1000_landmarks()  # doctest: +SKIP
    """
    server = f"{base_url.rstrip('/')}/{_folder('GSE92742')}"
    checksums = fetch(_at(server, L1000_CHECKSUMS), data_home, progress=progress)
    sha512 = _find_checksum(checksums, PurePosixPath(L1000_GENES).name)
    path = fetch(_at(server, L1000_GENES, f"sha512:{sha512}"), data_home, progress=progress)
    genes = _read_columns(path, ["pr_gene_id", "pr_gene_symbol", "pr_is_lm"])
    landmarks = genes.loc[genes["pr_is_lm"] == "1", ["pr_gene_id", "pr_gene_symbol"]]
    landmarks = landmarks.set_axis(["entrez", "symbol"], axis=1).reset_index(drop=True)
    return landmarks.astype({"entrez": np.int64})


def _read_columns(path, columns):
    """Read columns of a table as text, whatever quotes and letters the others have."""
    return pd.read_csv(
        path,
        sep="\t",
        usecols=columns,
        dtype="str",
        keep_default_na=False,
        quoting=csv.QUOTE_NONE,
        encoding_errors="replace",
    )


def _find_checksum(path, name):
    """Return the checksum of file `name` in a gzipped list made by sha512sum."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            digest, _, found = line.strip().partition(" ")
            if found.lstrip(" *").removeprefix("./") == name:
                return digest.lower()
    raise ValueError(f"{path} has no checksum of {name}. Delete it to download it again.")
