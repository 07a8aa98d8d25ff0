"""scikit-learn's own checks on every estimator."""

import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.utils import estimator_checks

from skgenes.compose import LandmarkReconstructor
from skgenes.decomposition import SIVAE
from skgenes.feature_selection import (
    AutoEncoderDeepLIFTSelector,
    GivenPanelSelector,
    GreedyPanelSelector,
    PeelOffSelector,
)
from skgenes.linear_model import PanelRidge
from skgenes.neural_network import DEcodeRegressor, DGEXRegressor, GeneAutoEncoder
from skgenes.preprocessing import (
    DuplicateSampleRemover,
    FoldChangeTransformer,
    FromAnnData,
    GeneAligner,
    Log2Transformer,
    ProbeAggregator,
    QuantileNormalizer,
)

AUTOENCODER = GeneAutoEncoder((6, 2), max_iter=3)
# A share: some checks have two or three genes only, and a reconstructor must leave one to infer.
SELECTOR = AutoEncoderDeepLIFTSelector(0.7, autoencoder=AUTOENCODER, random_state=0)
# The checks have from one gene to many.
PROBES = ProbeAggregator({0: "TP53", 1: "TP53", 2: "MYC"}, unmapped="drop")
PEEL_OFF = PeelOffSelector(0.7, n_trials=5, random_state=0)
# SIVAE of counts is not among them: the checks fit numbers that are no integers. What they ask is
# asked of it in tests/decomposition/test_sivae_counts.py.
SIVAES = [
    SIVAE(hidden_layer_sizes=(8, 4), max_iter=5, random_state=0),
    SIVAE(hidden_layer_sizes=(), interpretable=False, max_iter=5),
]
ESTIMATORS = [
    *SIVAES,
    AUTOENCODER,
    DEcodeRegressor(((8, 1),), hidden_layer_sizes=(16,), n_init=1, batch_size=16),
    DGEXRegressor((30,), solver="adam", learning_rate_init=1e-2, batch_size=20),
    SELECTOR,
    clone(SELECTOR).set_params(strategy="importance"),
    GivenPanelSelector([0]),
    GreedyPanelSelector(0.7),
    PEEL_OFF,
    PanelRidge(),
    LandmarkReconstructor(SELECTOR, Ridge()),
    LandmarkReconstructor(SELECTOR, Ridge(), calibration=0.3, random_state=0),
    FromAnnData(),
    PROBES,
    DuplicateSampleRemover(n_clusters=3),
    GeneAligner(),
    Log2Transformer(),
    Log2Transformer(0, floor=1),
    FoldChangeTransformer(),
    FoldChangeTransformer(input_scale="log2", scale=False),
    QuantileNormalizer(),
    QuantileNormalizer(reference=[0, 1, 10], ties="dense"),
]
TRANSFORMERS = [
    *SIVAES,
    AUTOENCODER,
    SELECTOR,
    GivenPanelSelector([0]),
    FromAnnData(),
    PROBES,
    GeneAligner(),
]
TRANSFORMERS += [Log2Transformer(), QuantileNormalizer(), PEEL_OFF, FoldChangeTransformer()]


def _name(estimator):
    return type(estimator).__name__


# The output checks pass frames and arrays in turn.
pytestmark = [
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
    pytest.mark.filterwarnings("ignore:X has feature names, but"),
    # The sparse checks have samples without any gene.
    pytest.mark.filterwarnings("ignore:.* sample.s. have one value for all genes"),
]


@estimator_checks.parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=_name)
def test_param_validation(estimator):
    estimator_checks.check_param_validation(_name(estimator), clone(estimator))


# Other genes than those of fit are what a GeneAligner is for.
STRICT = [estimator for estimator in ESTIMATORS if not isinstance(estimator, GeneAligner)]


@pytest.mark.parametrize("estimator", STRICT, ids=_name)
def test_column_names_consistency(estimator):
    estimator_checks.check_dataframe_column_names_consistency(_name(estimator), clone(estimator))


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=_name)
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_set_output_transform,
        estimator_checks.check_set_output_transform_pandas,
        estimator_checks.check_global_output_transform_pandas,
        estimator_checks.check_transformer_get_feature_names_out,
        estimator_checks.check_transformer_get_feature_names_out_pandas,
    ],
)
def test_output_checks_of_transformers(estimator, check):
    check(_name(estimator), clone(estimator))
