"""The library's own selectors."""

import numpy as np

from benchmarks.panels._registry import OURS, Selector, selector

SKGENES = (("skgenes", "skgenes"), ("keras", "keras"))


def our_strategies():
    """Settings of ``AutoEncoderDeepLIFTSelector(strategy=)``; importance is the paper's."""
    from skgenes.feature_selection import AutoEncoderDeepLIFTSelector

    constraints = AutoEncoderDeepLIFTSelector._parameter_constraints.get("strategy")
    if constraints is None:
        return ["importance"]
    return sorted(option for known in constraints for option in getattr(known, "options", ()))


def pick_by_strategy(strategy, data, size, seed):
    """Pick by autoencoder and DeepLIFT, all other settings the defaults."""
    from skgenes.feature_selection import AutoEncoderDeepLIFTSelector

    chosen = AutoEncoderDeepLIFTSelector(size, random_state=seed)
    if "strategy" in chosen.get_params():
        chosen.set_params(strategy=strategy)
    return np.argsort(chosen.fit(data.z).ranking_)[:size]


@selector(f"{OURS}PeelOffSelector", packages=(("skgenes", "skgenes"),))
def peel_off(data, size, seed):
    """Pick as L1000's landmarks were; a panel of another size is another one."""
    from skgenes.feature_selection import PeelOffSelector

    return np.argsort(PeelOffSelector(size, random_state=seed).fit(data.z).ranking_)[:size]


def by_strategy(strategy):
    """Return the selector of a strategy; KeyError if there is no such strategy."""
    if strategy not in our_strategies():
        raise KeyError(strategy)
    return Selector(
        lambda data, size, seed: pick_by_strategy(strategy, data, size, seed),
        packages=SKGENES,
        nested=strategy == "importance",
    )
