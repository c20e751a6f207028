"""
PCA of handwritten digits
=========================

The principal components of a data set are the right singular vectors of its centred
matrix. The digits are in a PyTorch tensor, so the results are, too.
"""

import matplotlib.pyplot as plt
import scirs2
import torch
from scirs2 import linalg
from sklearn.datasets import load_digits

data = load_digits()
digits = torch.tensor(data.data)
print(digits.shape, digits.dtype)

# %%
# :func:`~scirs2.linalg.svd` reads the tensor where it is and returns the factors as
# tensors. The variance that a component explains is proportional to the square of its
# singular value.

centred = digits - digits.mean(dim=0)
U, S, Vh = linalg.svd(centred, full_matrices=False)
explained = S**2 / (S**2).sum()
print(type(S).__name__, *(f"{share:.1%}" for share in explained[:5]))

# %%
# Five numbers in place of 64 pixels keep more than half of the variance. The first two
# are enough to separate most of the digits. For matplotlib the tensors become NumPy
# arrays, again without a copy.

assert explained[:5].sum() > 0.5
plane = scirs2.from_dlpack(centred @ Vh[:2].T)
components = scirs2.from_dlpack(Vh).reshape(-1, 8, 8)

figure, (scatter, *images) = plt.subplots(
    1, 3, figsize=(10, 4.5), width_ratios=[2, 1, 1], layout="constrained"
)
points = scatter.scatter(*plane.T, c=data.target, cmap="tab10", s=8, vmin=-0.5, vmax=9.5)
scatter.set(xlabel="first component", ylabel="second component")
figure.colorbar(points, ax=scatter, ticks=range(10), label="digit", location="left")
for number, (image, component) in enumerate(zip(images, components[:2], strict=True)):
    image.imshow(component, cmap="RdBu")
    image.set(title=f"component {number + 1}", xticks=[], yticks=[])

# %%
# The product of the factors is the digits again, up to rounding: the error is a few units
# of ``eps`` relative to the norm of the matrix.

error = linalg.norm(centred - (U * S) @ Vh) / linalg.norm(centred)
print(f"{error:.1e}")
assert error < 1e-14
