"""Further searches for a panel that were tried with an autoencoder, and not followed."""

import numpy as np
from sklearn.base import clone

from skgenes.feature_selection._panel_search import greedy_panel
from skgenes.feature_selection._smoothed_genes import sampling_noise, shared_cross

N_DRAWS, N_MASKS, N_FOLDS = 10, 10, 3
PENALTIES = np.geomspace(0.01, 20, 40)


def more_variants(z, autoencoder, seed, size):
    """Yield the names and ordered panels of further variants.

    Parameters
    ----------
    z : ndarray of float64 of shape (n_samples, n_genes)
        Training samples, standardised.
    autoencoder : GeneAutoEncoder
        Trained on them.
    seed : int
        Of the networks, draws and masks.
    size : int
        Genes of the panels.
    """
    n, rng = len(z), np.random.default_rng(seed)
    gram = z.T @ z / n
    noise, default = sampling_noise(gram, n), shared_cross(gram, 1.5 * z.shape[1] / n)
    made = autoencoder.reconstruct(z)

    def search(target, times=3, **options):
        return greedy_panel(gram, z.T @ target / n, times * noise, size, **options)[0]

    half = (z + made) / 2
    for times in (2, 4, 5, 7):
        yield f"half reconstruction, penalty {times} o", search(half, times)
    yield "half reconstruction, penalty tuned as the panel grows", tuned_panel(z, half, size)
    shared = np.sum(made**2, axis=0) / np.sum(made**2) * z.shape[1]
    for power in (-0.25, 0.25):
        weighted = half * shared**power
        yield f"half reconstruction, genes weighted by what is shared^{power}", search(weighted)
    others = clone(autoencoder).set_params(random_state=seed + 1000).fit(z).reconstruct(z)
    yield "half reconstruction by two networks", search(z / 2 + (made + others) / 4)
    hidden, mean = masked_reconstructions(autoencoder, z, rng)
    yield "half reconstruction where hidden", search((z + hidden) / 2)
    yield "half mean reconstruction over masks", search((z + mean) / 2)
    yield (
        "half reconstruction by networks of other folds",
        search((z + of_other_folds(autoencoder, z, rng)) / 2),
    )
    for name, draw in (("bootstraps", n), ("half samples", n // 2)):
        rows = [rng.choice(n, draw, replace=draw == n) for _ in range(N_DRAWS)]
        panel = joint_panel(z, half, rows, 3 * noise, size)
        yield f"half reconstruction, ten {name} at once", panel
    cross = (default + z.T @ made / n) / 2
    for own in (0.15, 0.35, 0.5):
        yield (
            f"half reconstruction, half shared, own {own}",
            greedy_panel(gram, cross, 3 * noise, size, own=own)[0],
        )
    larger = greedy_panel(gram, cross, 3 * noise, size * 3 // 2, own=0.25)[0]
    yield (
        "half reconstruction, half shared, own 0.25, from half as many more backwards",
        backward_panel(gram, cross, 3 * noise, larger, 0.25),
    )


def masked_reconstructions(autoencoder, z, rng):
    """Reconstruct each value where it is hidden from the network, and in the mean of all masks."""
    hidden, mean = np.zeros((2, *z.shape))
    for _ in range(N_MASKS):
        mask = rng.random(z.shape) < 0.5
        for of_mask in (mask, ~mask):
            # As dropout in training: what is left counts twice.
            made = autoencoder.reconstruct(np.where(of_mask, 0, 2 * z))
            hidden += np.where(of_mask, made, 0)
            mean += made
    return hidden / N_MASKS, mean / (2 * N_MASKS)


def of_other_folds(autoencoder, z, rng):
    """Reconstruct each sample by a network that has not seen it."""
    made = np.empty_like(z)
    for fold in np.array_split(rng.permutation(len(z)), N_FOLDS):
        others = np.setdiff1d(np.arange(len(z)), fold)
        made[fold] = clone(autoencoder).fit(z[others]).reconstruct(z[fold])
    return made - made.mean(axis=0)


def tuned_panel(z, target, size):
    """Search with the penalty that generalised cross-validation gives the panel so far."""
    n = len(z)
    gram, cross = z.T @ z / n, z.T @ target / n
    penalty, order = PENALTIES[0], np.empty(0, dtype=int)
    while len(order) < size:
        longer = min(size, max(len(order) + 3, int(1.4 * len(order))))
        order = greedy_panel(gram, cross, penalty, longer, first=order)[0]
        penalty = tuned_penalty(z, order)
    return order


def tuned_penalty(z, panel):
    """Ridge penalty from a panel to the other genes by generalised cross-validation."""
    n, others = len(z), np.delete(z, panel, axis=1)
    u, s, _ = np.linalg.svd(z[:, panel], full_matrices=False)
    along, total = np.sum((u.T @ others) ** 2, axis=1), np.sum(others**2)
    shrunk = s**2 / n / (s**2 / n + PENALTIES[:, None])
    errors = total - (shrunk * (2 - shrunk)) @ along
    return PENALTIES[np.argmin(errors / (1 - 1 / n - shrunk.sum(axis=1) / n) ** 2)]


def joint_panel(z, target, draws, penalty, size):
    """One panel for several draws of the samples: the best sum of gains."""
    parts = [_Part(z[rows], target[rows], penalty, size) for rows in draws]
    order = []
    for _ in range(size):
        gain = sum(part.unexplained / part.variances for part in parts)
        gain[order] = -1
        order.append(int(np.argmax(gain)))
        for part in parts:
            part.add(order[-1])
    return np.array(order)


class _Part:
    """`greedy_panel` for one draw, on samples x samples sums."""

    def __init__(self, z, target, penalty, size):
        self.n, self.i = len(z), 0
        self.z, target = z - z.mean(axis=0), target - target.mean(axis=0)
        self.kernel = target @ target.T / self.n**2
        self.unexplained = np.sum((self.kernel @ self.z) * self.z, axis=0)
        self.variances = np.sum(self.z**2, axis=0) / self.n + penalty
        self.factor, self.shared = np.empty((2, size, z.shape[1]))
        self.gains = np.empty(size)

    def add(self, j):
        i, column = self.i, self.z[:, j]
        rows, left = self.factor[:i], self.shared[:i]
        known, root = rows[:, j], np.sqrt(self.variances[j])
        self.gains[i] = self.unexplained[j] / self.variances[j]
        self.factor[i] = (column @ self.z / self.n - known @ rows) / root
        products = (self.kernel @ column) @ self.z
        products -= (left[:, j] - self.gains[:i] * known) @ rows + known @ left
        self.shared[i] = products / root
        self.unexplained += self.factor[i] * (self.gains[i] * self.factor[i] - 2 * self.shared[i])
        np.maximum(self.unexplained, 0, out=self.unexplained)
        self.variances -= self.factor[i] ** 2
        self.i += 1


def backward_panel(gram, cross, penalty, panel, own):
    """Take genes out one by one, each the one that costs least; order by when they would go."""
    left, gone = list(panel), []
    while left:
        inverse = np.linalg.inv(gram[np.ix_(left, left)] + penalty * np.eye(len(left)))
        variances = 1 / np.diag(inverse)
        losses = np.sum((inverse @ cross[left]) ** 2, axis=1) * variances
        gone.append(left.pop(int(np.argmin(losses + own * (variances - penalty)))))
    return np.array(gone[::-1])
