"""DeepLIFT in closed form: against shap's DeepExplainer, against GEMM, exactness, memory.

Times are CPU seconds with one thread; contestants run in turns, and medians are reported.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from benchmarks._measure import (
    Gemm,
    best_rate,
    can_measure_memory,
    cpu_seconds,
    in_fresh_process,
    in_turns,
    peak_extra_bytes,
    record,
    use_one_thread,
)
from skgenes.networks import DenseNetwork, RescaleExplainer, initial_layers, to_keras

N_GENES_CHECKED = 200


@dataclass(frozen=True)
class Size:
    """Sizes of one run.

    Parameters
    ----------
    widths : tuple of int
        Genes, hidden units, bottleneck units.
    n_samples : int
        Samples explained in closed form; whole GEMM groups, so that none is padded.
    n_shap : int
        Samples explained by shap.
    n_turns : int
        How often everything is timed.
    n_samples_memory : tuple of int
        Few and many samples, for the memory.
    """

    widths: tuple[int, int, int]
    n_samples: int
    n_shap: int
    n_turns: int
    n_samples_memory: tuple[int, int]


FULL = Size((22_268, 500, 100), 126, 2, 3, (500, 5000))
QUICK = Size((5000, 200, 20), 128, 2, 3, (500, 5000))


def run(quick=False):
    """Measure the closed form.

    Parameters
    ----------
    quick : bool, default=False
        An encoder of 5000-200-20 in place of 22,268-500-100.

    Returns
    -------
    list of dict
        Records with the keys name, value, unit, goal and note.
    """
    use_one_thread()
    size = QUICK if quick else FULL
    network, X = make_encoder(size.widths), make_samples(size.n_samples, size.widths[0])
    explainer = RescaleExplainer(network, np.zeros(size.widths[0]))
    shap_values, tracing = _shap_explainer(network, X[: size.n_shap])
    gemms = _gemms(size.widths)
    for job in (*gemms.values(), lambda: explainer.mean(X[:4], absolute=True)):
        job()
    seconds = in_turns(
        size.n_turns,
        absolute=lambda: explainer.mean(X, absolute=True),
        signed=lambda: explainer.mean(X, absolute=False),
        shap=shap_values,
        **gemms,
    )
    records = _speed_records(size, seconds, gemms, tracing)
    records += _exactness_records(network, explainer, X[: size.n_shap], shap_values())
    if can_measure_memory():
        records += _memory_records(size)
    return records


def make_encoder(widths):
    """Make an encoder with fresh weights, explained before its last activation as in the paper.

    Parameters
    ----------
    widths : tuple of int
        Genes, hidden units, bottleneck units.

    Returns
    -------
    DenseNetwork
        Sigmoid hidden units, linear output.
    """
    rng = np.random.default_rng(0)
    return DenseNetwork(initial_layers(widths, ("sigmoid", "identity"), rng))


def make_samples(n_samples, n_genes):
    """Draw standardised expression.

    Parameters
    ----------
    n_samples, n_genes : int
        Shape.

    Returns
    -------
    ndarray of float32 of shape (n_samples, n_genes)
        Independent normal values.
    """
    return np.random.default_rng(1).standard_normal((n_samples, n_genes), dtype=np.float32)


def _gemms(widths):
    n_genes, n_hidden, n_outputs = widths
    n_columns = max(1, 1000 // n_outputs) * n_outputs
    return {
        "gemm_same": Gemm(n_genes, n_hidden, n_columns),
        "gemm_tile": Gemm(1024, n_hidden, n_columns),
        "gemm_square": Gemm(3072, 3072, 3072),
    }


def _shap_explainer(network, X):
    """Return shap's explainer of X as a job, traced already, and what tracing took."""
    import shap

    explainer = shap.DeepExplainer(to_keras(network), np.zeros((1, X.shape[1]), np.float32))

    def job():
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The structure of `inputs`")
            return explainer.shap_values(X, check_additivity=False)

    return job, cpu_seconds(job)


def _speed_records(size, seconds, gemms, tracing):
    widths = "-".join(map(str, size.widths))
    absolute, signed = (seconds[name] / size.n_samples for name in ("absolute", "signed"))
    shap = seconds["shap"] / size.n_shap
    n_genes, n_hidden, n_outputs = size.widths
    rate = 2 * n_genes * n_hidden * n_outputs / absolute
    best, note = best_rate(gemms, seconds)
    encoder = f"encoder {widths}, one reference, all {n_outputs} outputs"
    return [
        record(
            "deeplift absolute mean, per sample",
            1000 * absolute,
            "CPU ms",
            None,
            f"{encoder}; {size.n_samples} samples",
        ),
        record(
            "deeplift absolute mean, ratio to shap.DeepExplainer",
            shap / absolute,
            "x",
            None if size is QUICK else ">= 40",
            f"{encoder}; shap {1000 * shap:.0f} CPU ms per sample ({size.n_shap} samples), "
            f"without its first call, which traces {n_outputs} graphs in {tracing:.0f} CPU s",
        ),
        record(
            "deeplift absolute mean, share of GEMM rate",
            rate / best,
            "ratio",
            None if size is QUICK else ">= 0.85",
            f"{rate / 1e9:.0f} GF/s, counted as one product per sample; float32 {note}",
        ),
        record(
            "deeplift signed mean, per sample",
            1000 * signed,
            "CPU ms",
            None,
            f"{encoder}; needs no product per sample; {absolute / signed:.0f} x faster than the "
            "absolute mean, but another quantity",
        ),
    ]


def _exactness_records(network, explainer, X, shap_values):
    values = explainer.explain(X)
    genes = np.random.default_rng(2).choice(X.shape[1], N_GENES_CHECKED, replace=False)
    exact = _in_double_precision(network, X, genes)
    norm = "Frobenius norm of the difference over that of the"
    means = explainer.mean(X, absolute=True), np.abs(shap_values).mean(axis=0, dtype=np.float64)
    some = f"{N_GENES_CHECKED} genes, {len(X)} samples"
    return [
        record(
            "deeplift, difference from shap",
            _relative(values, shap_values),
            "relative",
            "<= 1e-5",
            f"{norm} latter; every sample, gene and output",
        ),
        record(
            "deeplift absolute mean, difference from shap",
            _relative(*means),
            "relative",
            "<= 1e-5",
            f"{norm} latter; mean over the {len(X)} samples",
        ),
        record(
            "deeplift, difference from a float64 loop",
            _relative(values[:, genes], exact),
            "relative",
            "<= 1e-5",
            f"{norm} loop's; {some}",
        ),
        record(
            "shap, difference from a float64 loop",
            _relative(shap_values[:, genes], exact),
            "relative",
            None,
            f"{norm} loop's; {some}",
        ),
    ]


def _in_double_precision(network, X, genes):
    """Contributions of some genes, sample by sample and unit by unit, reference zero."""
    first, last = network.layers
    kernel, weights = np.float64(first.kernel), np.float64(last.kernel)
    result = np.zeros((len(X), len(genes), weights.shape[1]))
    at_reference = np.float64(first.bias)
    for i, x in enumerate(np.float64(X)):
        for j, (a, a_r) in enumerate(zip(x @ kernel + at_reference, at_reference, strict=True)):
            slope = (1 / (1 + np.exp(-a)) - 1 / (1 + np.exp(-a_r))) / (a - a_r)
            result[i] += np.outer(x[genes] * kernel[genes, j] * slope, weights[j])
    return result


def _relative(values, expected):
    difference = np.float64(values) - expected
    return np.linalg.norm(difference) / np.linalg.norm(expected)


def _memory_records(size):
    few, many = (
        in_fresh_process(extra_memory, size.widths, n_samples)
        for n_samples in size.n_samples_memory
    )
    n_few, n_many = size.n_samples_memory
    own = 4 * size.widths[0] * n_many
    every = own * size.widths[2]
    note = (
        "peak resident memory beyond data and network, process of its own; "
        f"{n_many:,} samples are {own / 2**20:,.0f} MiB themselves, their contributions "
        f"{every / 2**20:,.0f} MiB"
    )
    return [
        record(f"deeplift absolute mean, extra memory, {n_few:,} samples", few, "MiB", None, note),
        record(
            f"deeplift absolute mean, extra memory, {n_many:,} samples", many, "MiB", None, note
        ),
        record(
            f"deeplift absolute mean, extra memory, {n_many:,} over {n_few:,} samples",
            many / few,
            "ratio",
            None if size is QUICK else "<= 1.5",
            f"bounded by a chunk of samples; the data grow {n_many / n_few:g}-fold",
        ),
    ]


def extra_memory(widths, n_samples):
    """Peak memory of the absolute mean beyond data and network.

    Parameters
    ----------
    widths : tuple of int
        Genes, hidden units, bottleneck units.
    n_samples : int
        Samples explained.

    Returns
    -------
    float
        MiB.
    """
    use_one_thread()
    X = make_samples(n_samples, widths[0])
    explainer = RescaleExplainer(make_encoder(widths), np.zeros(widths[0]))
    explainer.mean(X[:4], absolute=True)
    return peak_extra_bytes(lambda: explainer.mean(X, absolute=True)) / 2**20
