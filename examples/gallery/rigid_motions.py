"""
From one pose to another
========================

A pose, a rotation and a place, is a matrix of order 4, and its logarithm is a screw: a
turn about an axis and a way along it. A part of the logarithm is a part of the motion,
so the poses between two others are ``a @ expm(t * logm(inv(a) @ b))``.
"""

import matplotlib.pyplot as plt
import numpy as np
from scirs2 import linalg

rng = np.random.default_rng(5)
count = 1000
poses = np.zeros((2, count, 4, 4))
poses[..., :3, :3] = linalg.polar(rng.standard_normal((2, count, 3, 3)))[0]
# Some of the orthogonal matrices are reflections.
poses[..., :3, 0] *= linalg.det(poses[..., :3, :3])[..., None]
poses[..., :3, 3] = rng.uniform(-2, 2, (2, count, 3))
poses[..., 3, 3] = 1
first, last = poses

# %%
# The logarithms of all pairs in one call. They are real, and each has a rotation's part,
# which is skew, and a last row of zeros; digits are lost only where a turn is by almost half
# a circle, and its axis hardly known.

screws = linalg.logm(linalg.solve(first, last))
assert screws.dtype == np.float64
turns = screws[:, :3, :3]
print(f"not skew {abs(turns + turns.mT).max():.1e}, last row {abs(screws[:, 3]).max():.1e}")
assert abs(turns + turns.mT).max() < 1e-10

# %%
# Thirty-one poses for each pair, in one call, too: all are rigid, the first and the last
# are those given, and each step is the same.

times = np.linspace(0, 1, 31)
between = first @ linalg.expm(times[:, None, None, None] * screws)
rotations = between[..., :3, :3]
rigid = abs(rotations.mT @ rotations - np.eye(3)).max()
print(f"{between.shape[0] * between.shape[1]} poses, departure from rotations {rigid:.1e}")
assert rigid < 1e-11
assert abs(between[0] - first).max() < 1e-13
assert abs(between[-1] - last).max() < 1e-10

steps = linalg.solve(between[:-1], between[1:])
assert abs(steps - steps[0]).max() < 1e-11

# %%
# The mean of two matrices is no pose: what it does to a body shrinks it.

halfway = (first + last) / 2
volumes = linalg.det(halfway[:, :3, :3])
print(f"volumes from {volumes.min():.2f} to {volumes.max():.2f}")
assert volumes.min() < 0.1

# %%
# One of the motions: the axes of the body, and the way of its middle.

chosen = int(np.argmin(abs(linalg.norm(turns, axis=(-2, -1)) - 3.5)))
figure = plt.figure(figsize=(7, 6))
axes = figure.add_subplot(projection="3d")
path = between[:, chosen]
axes.plot(*path[:, :3, 3].T, color="gray")
for pose in path[::3]:
    for arrow, color in zip(pose[:3, :3].T, ("tab:red", "tab:green", "tab:blue"), strict=True):
        axes.quiver(*pose[:3, 3], *arrow, length=0.6, color=color)
axes.set(xlabel="x", ylabel="y", zlabel="z")
axes.set_aspect("equal")
