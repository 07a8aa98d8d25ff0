"""The allow-list: which classes and functions a file may name, and where they live."""

import types
from importlib import import_module

ESTIMATORS = {
    "AutoEncoderDeepLIFTSelector": "skgenes.feature_selection",
    "DEcodeRegressor": "skgenes.neural_network",
    "DGEXRegressor": "skgenes.neural_network",
    "DuplicateSampleRemover": "skgenes.preprocessing",
    "FoldChangeTransformer": "skgenes.preprocessing",
    "FromAnnData": "skgenes.preprocessing",
    "FrozenEstimator": "sklearn.frozen",
    "GeneAligner": "skgenes.preprocessing",
    "GeneAutoEncoder": "skgenes.neural_network",
    "GivenPanelSelector": "skgenes.feature_selection",
    "GreedyPanelSelector": "skgenes.feature_selection",
    "KNeighborsRegressor": "sklearn.neighbors",
    "LandmarkReconstructor": "skgenes.compose",
    "LinearRegression": "sklearn.linear_model",
    "Log2Transformer": "skgenes.preprocessing",
    "MLPRegressor": "sklearn.neural_network",
    "MultiTaskElasticNet": "sklearn.linear_model",
    "MultiTaskLasso": "sklearn.linear_model",
    "PCA": "sklearn.decomposition",
    "PeelOffSelector": "skgenes.feature_selection",
    "PanelRidge": "skgenes.linear_model",
    "Pipeline": "sklearn.pipeline",
    "ProbeAggregator": "skgenes.preprocessing",
    "QuantileNormalizer": "skgenes.preprocessing",
    "RegulatorFilter": "skgenes.feature_extraction",
    "RegulatorScaler": "skgenes.feature_extraction",
    "Ridge": "sklearn.linear_model",
    "RidgeCV": "sklearn.linear_model",
    "SIVAE": "skgenes.decomposition",
    "SelectFromModel": "sklearn.feature_selection",
    "SelectKBest": "sklearn.feature_selection",
    "StandardScaler": "sklearn.preprocessing",
    "VarianceThreshold": "sklearn.feature_selection",
}

VALUE_OBJECTS = {
    "BranchedNetwork": "skgenes.networks",
    "DenseLayer": "skgenes.networks",
    "DenseNetwork": "skgenes.networks",
    "NormalizedLayer": "skgenes.networks",
    "Scaling": "skgenes.networks",
}

FUNCTIONS = dict.fromkeys(
    ("chi2", "f_classif", "f_regression", "mutual_info_classif", "mutual_info_regression"),
    "sklearn.feature_selection",
) | {"r_regression": "sklearn.feature_selection"}

# Left behind by a fit under scikit-learn's callbacks.
_CALLBACK_LEFTOVERS = frozenset(
    {"_parent_callback_ctx", "_skl_callbacks", "_skl_callbacks_to_teardown"}
)

_LEFT_OUT = {
    # Built again from the training samples.
    "KNeighborsRegressor": frozenset({"_tree"}),
    # Only a continued training has a use for these, and it makes new ones.
    "MLPRegressor": frozenset({"_optimizer", "_random_state"}),
}


def left_out(name):
    """Attributes of the class called `name` that are not written."""
    return _CALLBACK_LEFTOVERS | _LEFT_OUT.get(name, frozenset())


def resolve(name, table):
    """Import what `table`, one of those above, has under `name`."""
    return getattr(import_module(table[name]), name)


def estimator_name(value):
    """Name of the class of `value` on the list of estimators, or None."""
    return _class_name(value, ESTIMATORS)


def value_object_name(value):
    """Name of the class of `value` on the list of value objects, or None."""
    return _class_name(value, VALUE_OBJECTS)


def function_name(value):
    """Name of `value` on the list of functions, or None."""
    name = value.__name__ if isinstance(value, types.FunctionType) else None
    return name if name in FUNCTIONS and resolve(name, FUNCTIONS) is value else None


def _class_name(value, table):
    # By identity: a subclass, or a stranger of the same name, would come back as something else.
    name = type(value).__name__
    return name if name in table and resolve(name, table) is type(value) else None


def is_sklearn(name):
    """Whether an estimator of the list is scikit-learn's own."""
    return ESTIMATORS[name].startswith("sklearn.")


def is_plain_attribute(cls, name):
    """Whether setting `name` on an instance of `cls` is harmless: it shadows nothing."""
    return name.isidentifier() and not name.startswith("__") and not hasattr(cls, name)


def allowed_names():
    """Names of all classes on the list, for messages."""
    return ", ".join(sorted([*ESTIMATORS, *VALUE_OBJECTS]))
