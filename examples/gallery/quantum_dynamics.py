"""
Quantum dynamics
================

The state of a quantum system at the time ``t`` is ``expm(-1j * t * H)`` times that at the
beginning, for a Hamiltonian ``H`` that does not change. The exponentials of many times
and many Hamiltonians are one batch.
"""

import matplotlib.pyplot as plt
import numpy as np
from scirs2 import linalg

x = np.array([[0, 1], [1, 0]], dtype=complex)
y = np.array([[0, -1j], [1j, 0]])
z = np.diag([1.0 + 0j, -1.0])

# %%
# An atom in light: how likely it is excited, for each time and each detuning of the light
# from the color that fits. These are twenty thousand matrices of order 2.

times, detunings = np.linspace(0, 20, 200), np.linspace(-3, 3, 101)
hamiltonians = (detunings[:, None, None] * z + x) / 2
evolutions = linalg.expm(-1j * times[:, None, None, None] * hamiltonians)
excited = abs(evolutions[..., 1, 0]) ** 2
print(evolutions.shape)

# %%
# Rabi's formula says the same, and no probability is lost.

rabi = np.sqrt(1 + detunings**2)
formula = (np.sin(rabi * times[:, None] / 2) / rabi) ** 2
unitary = abs(evolutions @ evolutions.mT.conj() - np.eye(2)).max()
print(f"error {abs(excited - formula).max():.1e}, departure from unitary {unitary:.1e}")
assert abs(excited - formula).max() < 1e-13
assert unitary < 1e-13

# %%
# A chain of eight spins, of which neighbours may exchange what they have: a matrix of order
# 256. One spin points the other way in the beginning, and it spreads.

count = 8


def at(site: int, operator: np.ndarray) -> np.ndarray:
    """Let an operator act on one spin of the chain."""
    return np.kron(np.kron(np.eye(2**site), operator), np.eye(2 ** (count - 1 - site)))


chain = sum(at(site, one) @ at(site + 1, one) / 4 for site in range(count - 1) for one in (x, y, z))
step = linalg.expm(-0.1j * chain)
state = np.zeros(2**count, complex)
# The binary digits are the spins, the first one is the largest.
state[2 ** (count - 1)] = 1
spins = np.stack([at(site, z).diagonal().real for site in range(count)])

flipped = []
for _ in range(150):
    flipped.append((1 - spins @ abs(state) ** 2) / 2)
    state = step @ state
flipped = np.array(flipped)
print(f"order {len(chain)}, flipped spins {flipped.sum(axis=1).min():.12f}")
assert abs(flipped.sum(axis=1) - 1).max() < 1e-12
assert flipped[0, 0] == 1
# It comes to the other end, more likely than to any other place.
arrival = flipped[:, -1].argmax()
print(f"at the other end at the time {0.1 * arrival:.1f} with {flipped[arrival, -1]:.2f}")
assert flipped[arrival].argmax() == count - 1

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
left.pcolormesh(detunings, times, excited)
left.set(xlabel="detuning", ylabel="time", title="An atom is excited")
right.pcolormesh(np.arange(count), 0.1 * np.arange(150), flipped)
right.set(xlabel="spin", ylabel="time", title="A flipped spin spreads")
