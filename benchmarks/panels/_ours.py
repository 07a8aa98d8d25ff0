"""The library's own selectors, all settings the defaults."""

import numpy as np

from benchmarks.panels._registry import OURS, selector

SKGENES = (("skgenes", "skgenes"),)


def by_strategy(strategy):
    """Register a strategy of ``AutoEncoderDeepLIFTSelector``; "importance" is the paper's."""

    @selector(f"{OURS}strategy={strategy}", packages=(*SKGENES, ("keras", "keras")), nested=True)
    def pick(data, size, seed):
        from skgenes.feature_selection import AutoEncoderDeepLIFTSelector

        chosen = AutoEncoderDeepLIFTSelector(size, strategy=strategy, random_state=seed)
        return best(chosen.fit(data.z), size)


by_strategy("reconstruction")
by_strategy("importance")


@selector(f"{OURS}GreedyPanelSelector", packages=SKGENES, nested=True)
def greedy(data, size, seed):
    """Pick as with "reconstruction", without a network and without chance."""
    from skgenes.feature_selection import GreedyPanelSelector

    return best(GreedyPanelSelector(size).fit(data.z), size)


@selector(f"{OURS}PeelOffSelector", packages=SKGENES)
def peel_off(data, size, seed):
    """Pick as L1000's landmarks were; a panel of another size is another one."""
    from skgenes.feature_selection import PeelOffSelector

    return best(PeelOffSelector(size, random_state=seed).fit(data.z), size)


def best(fitted, size):
    """Columns of the panel, best first."""
    return np.argsort(fitted.ranking_)[:size]
