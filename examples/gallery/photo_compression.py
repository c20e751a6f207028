"""
A photograph in a few singular vectors
======================================

The best approximation of a matrix by one of rank ``k``, in the 2-norm and in the
Frobenius norm, is made of its first ``k`` singular values and vectors. The three colours of a
photograph are a batch of three matrices.
"""

import matplotlib.pyplot as plt
import numpy as np
from scirs2 import linalg
from sklearn.datasets import load_sample_image

photo = load_sample_image("china.jpg") / 255
print(photo.shape)

# %%
# The last two axes are the matrix, those before them the batch, so the colours go to
# the front. ``moveaxis`` makes a view of other strides; scirs2 reads it as it is.

colours = np.moveaxis(photo, -1, 0)
U, S, Vh = linalg.svd(colours, full_matrices=False)
print(U.shape, S.shape, Vh.shape)

# %%
# The error of the approximation is known beforehand: it is the root of the sum of the
# squares of the singular values that were left out.

ranks = [4, 16, 64]
height, width = colours.shape[-2:]
figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), layout="constrained")
axes[0, 0].imshow(photo)
axes[0, 0].set_title("the photograph")

for axis, rank in zip(axes.flat[1:], ranks, strict=True):
    approximation = linalg.matmul(U[..., :rank] * S[:, None, :rank], Vh[..., :rank, :])
    error = linalg.norm(approximation - colours) / linalg.norm(colours)
    assert np.isclose(error, linalg.norm(S[:, rank:]) / linalg.norm(S), rtol=1e-10)

    numbers = rank * (height + width + 1) / (height * width)
    axis.imshow(np.moveaxis(approximation, 0, -1).clip(0, 1))
    axis.set_title(f"rank {rank}: {numbers:.0%} of the numbers, error {error:.0%}")
for axis in axes.flat:
    axis.set_axis_off()

# %%
# It works because the singular values fall fast.

figure, axis = plt.subplots(figsize=(9, 3), layout="constrained")
for values, colour in zip(S, ["red", "green", "blue"], strict=True):
    axis.semilogy(values, color=f"tab:{colour}", label=colour)
axis.set(xlabel="number", ylabel="singular value")
axis.legend()
