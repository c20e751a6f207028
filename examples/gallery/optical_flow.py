"""
Thousands of small least-squares problems
=========================================

How did a photograph move? Lucas and Kanade (1981) answer window by window: within one,
all pixels move by the same small ``v``, so that

.. code-block:: text

    slope_y * v_y + slope_x * v_x = change

for each of its pixels, with the slopes and the change of its brightness: an
overdetermined system for two unknowns. Every window has a matrix of its own, and one
call of :func:`~scirs2.linalg.lstsq` solves them all.
"""

import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage
from scirs2 import linalg
from sklearn.datasets import load_sample_image

ANGLE = np.radians(0.2)

before = ndimage.gaussian_filter(load_sample_image("china.jpg").mean(axis=-1) / 255, 2)
centre = (np.array(before.shape) - 1) / 2
turn = np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])
after = ndimage.affine_transform(before, turn, offset=centre - turn @ centre, mode="nearest")

# %%
# The second picture is the first one, turned by 0.2 degrees, so that the right answer
# is known. A window is 17 pixels wide, and there is one every 8 pixels.

WINDOW, STEP = 17, 8


def windows(image: np.ndarray) -> np.ndarray:
    """Return the pixels of each window, one window a row."""
    view = sliding_window_view(image, (WINDOW, WINDOW))[::STEP, ::STEP]
    return view.reshape(-1, WINDOW * WINDOW)


slopes = [windows(slope) for slope in np.gradient((before + after) / 2)]
matrices = np.stack(slopes, axis=-1)
changes = windows(before - after)[..., None]
print(matrices.shape, changes.shape)

# %%
# A batch of matrices, and for each one a right-hand side of a single column. The
# singular values come with the solutions. Where the smaller one is almost zero the
# window shows plain sky or a straight edge, and its motion cannot be known.

motion, residuals, rank, singular = linalg.lstsq(matrices, changes)
motion = motion[..., 0]
known = singular[:, 1] > 0.1
print(f"{len(known)} windows, {known.sum()} with texture")

# %%
# The true motion is that of a turn about the centre.

middle = np.stack([windows(index).mean(axis=1) for index in np.indices(before.shape)], axis=-1)
truth = (middle - centre) @ (turn - np.eye(2))
error = linalg.norm(motion - truth, axis=1)[known]
print(f"the median error is {np.median(error):.3f} pixels")
assert np.median(error) < 0.05

figure, axis = plt.subplots(figsize=(9, 5.2), layout="constrained")
axis.imshow(before, cmap="gray", alpha=0.6)
y, x = middle[known][::2].T
v_y, v_x = motion[known][::2].T
arrows = axis.quiver(x, y, v_x, v_y, error[::2], angles="xy", scale=30, width=0.003, clim=(0, 0.2))
figure.colorbar(arrows, label="error in pixels", shrink=0.7)
axis.set_axis_off()
