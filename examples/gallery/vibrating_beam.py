"""
How a beam vibrates
===================

A beam that is fixed at one end, as a wing or a diving board, in finite elements: its
stiffness and its mass are matrices, and its free vibrations are the solutions of
``stiffness @ v = w * mass @ v``. The root of ``w`` is the frequency.
"""

import matplotlib.pyplot as plt
import numpy as np
from scirs2 import linalg

count, length = 60, 1.0
h = length / count
# Of one element: the deflection and the slope at both of its ends (Euler and Bernoulli).
stiffness_of_one = np.array(
    [
        [12, 6 * h, -12, 6 * h],
        [6 * h, 4 * h**2, -6 * h, 2 * h**2],
        [-12, -6 * h, 12, -6 * h],
        [6 * h, 2 * h**2, -6 * h, 4 * h**2],
    ]
) / h**3  # fmt: skip
mass_of_one = np.array(
    [
        [156, 22 * h, 54, -13 * h],
        [22 * h, 4 * h**2, 13 * h, -3 * h**2],
        [54, 13 * h, 156, -22 * h],
        [-13 * h, -3 * h**2, -22 * h, 4 * h**2],
    ]
) * (h / 420)  # fmt: skip


def assembled(of_one: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Add up the elements, each with its weight; the fixed end does not move."""
    whole = np.zeros((*weights.shape[:-1], 2 * count + 2, 2 * count + 2))
    for element in range(count):
        place = slice(2 * element, 2 * element + 4)
        whole[..., place, place] += weights[..., element, None, None] * of_one
    return whole[..., 2:, 2:]


uniform = np.ones(count)
stiffness, mass = assembled(stiffness_of_one, uniform), assembled(mass_of_one, uniform)
print(stiffness.shape, f"condition of the stiffness {linalg.cond(stiffness):.0e}")

# %%
# :func:`~scirs2.linalg.eigh` takes both matrices. The vectors are orthogonal in the mass.

values, modes = linalg.eigh(stiffness, b=mass)
gram = modes.T @ mass @ modes
assert abs(gram - np.eye(len(gram))).max() < 1e-9

# %%
# For a uniform beam the frequencies are known: the squares of the roots of
# ``cos(x) cosh(x) = -1``.

known = np.array([1.8751040687, 4.6940911330, 7.8547574382, 10.9955407348]) ** 2
frequencies = np.sqrt(values[:4])
print("computed", *(f"{one:.6f}" for one in frequencies))
print("known   ", *(f"{one:.6f}" for one in known))
np.testing.assert_allclose(frequencies, known, rtol=1e-5)

# %%
# What if the beam is thinner at its end? Two hundred beams are one batch: the stiffness of
# a rectangle goes with the cube of its thickness, the mass with the thickness itself.

tips = np.linspace(0.2, 1, 200)
middles = (np.arange(count) + 0.5) / count
thickness = 1 + (tips[:, None] - 1) * middles
tapered = linalg.eigvalsh(
    assembled(stiffness_of_one, thickness**3), b=assembled(mass_of_one, thickness)
)
assert tapered.shape == (200, 2 * count)
np.testing.assert_allclose(np.sqrt(tapered[-1, :4]), known, rtol=1e-5)
# A light tip lets the first frequency rise, and the others fall.
assert (np.diff(tapered[:, 0]) < 0).all()
assert (np.diff(tapered[:, 1:4], axis=0) > 0).all()

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
deflections = np.vstack([np.zeros(4), modes[::2, :4]])
left.plot(np.linspace(0, length, count + 1), deflections * np.sign(deflections[-1]))
left.set(xlabel="place", ylabel="deflection", title="The first four vibrations")
right.plot(tips, np.sqrt(tapered[:, :4] / tapered[-1, :4]))
right.set(xlabel="thickness of the tip", ylabel="frequency, relative to a uniform beam")
