"""Panel selectors on real data, judged by the same inference model.

``python -m benchmarks.panels DIR`` prints tables; DIR, or the environment variable SKGENES_DATA, is
a folder with bulk/, landmarks/ and singlecell/ inside, and decode_toy/ for ``--unseen`` (see
README.md of the benchmarks). On random splits every selector picks its panel from the training
samples, ridge regression learns to infer all other genes from the panel, and held-out samples
judge. Selectors that are not installed, fail or take too long are named with the reason. Each picks
in a process of its own, if need be of another interpreter (``--python
Spapros=/elsewhere/bin/python``). Panels are kept in a file (``--panels``), and those that are there
are not picked again.
"""
