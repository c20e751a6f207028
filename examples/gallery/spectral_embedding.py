"""
A spectral embedding
====================

Digits that look alike are neighbours in a graph. The eigenvectors of its Laplacian for
the smallest eigenvalues vary as little as possible along the edges: they are coordinates
that keep neighbours together (Belkin and Niyogi, 2003).
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from scirs2 import linalg
from sklearn.datasets import load_digits
from sklearn.neighbors import kneighbors_graph

data = load_digits(n_class=6)
nearest = kneighbors_graph(data.data, n_neighbors=100).toarray()
weights = np.maximum(nearest, nearest.T)
print(weights.shape)

# %%
# The Laplacian, normalized by the degrees of its nodes, is symmetric, and
# :func:`~scirs2.linalg.eigh` gives its eigenvalues in ascending order.

degrees = weights.sum(axis=1)
laplacian = np.eye(len(weights)) - weights / np.sqrt(np.outer(degrees, degrees))
eigenvalues, eigenvectors = linalg.eigh(laplacian)
print(*(f"{value:.4f}" for value in abs(eigenvalues[:7])))

# %%
# The smallest eigenvalue is zero, up to rounding, and the next one is not: the graph
# is connected. Each small one that follows stands for a further group with few edges
# to the others. The widest gap comes after six, as there are six digits.

assert abs(eigenvalues[0]) < 1e-13
assert eigenvalues[1] > 1e-3
assert np.diff(eigenvalues[:20]).argmax() == 5

residual = laplacian @ eigenvectors - eigenvectors * eigenvalues
print(f"residual {linalg.norm(residual, ord=2):.1e}")
assert linalg.norm(residual, ord=2) < 1e-13

# %%
# Two of the eigenvectors, scaled back by the degrees, are a map of the digits.

x, y = (eigenvectors / np.sqrt(degrees)[:, None])[:, 1:3].T
figure, axis = plt.subplots(figsize=(9, 6), layout="constrained")
points = axis.scatter(x, y, c=data.target, cmap="tab10", s=14, vmin=-0.5, vmax=9.5)
axis.legend(*points.legend_elements(), title="digit")
axis.set(xlabel="second eigenvector", ylabel="third eigenvector")

drawn: list[np.ndarray] = []
for place, image in zip(np.stack([x, y], axis=-1), data.images, strict=True):
    spread = linalg.norm((place - drawn) / [np.ptp(x), np.ptp(y)], axis=1) if drawn else [1]
    if np.min(spread) > 0.09:
        drawn.append(place)
        picture = OffsetImage(image, cmap="gray_r", zoom=2.2)
        axis.add_artist(AnnotationBbox(picture, place, frameon=True, pad=0.1))
