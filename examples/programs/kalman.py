"""Track five thousand objects with a Kalman filter in NumPy, some of them with a bad sensor.

All tracks take a step at once. A covariance that is not positive definite fails for its own
track only: with ``on_failure="nan"`` its gain is NaN, and the track keeps its prediction.
"""

import numpy as np
from scirs2 import linalg

TRACKS, STEPS = 5000, 30

# Position and velocity in two dimensions; only the position is measured.
F = np.block([[np.eye(2), np.eye(2)], [np.zeros((2, 2)), np.eye(2)]])
Q = 0.01 * np.eye(4)
H = np.eye(2, 4)


def update(x: np.ndarray, P: np.ndarray, z: np.ndarray, R: np.ndarray) -> tuple:
    """Take one step of every track; return states, covariances, and which tracks failed."""
    x = x @ F.T
    P = F @ P @ F.T + Q

    S = H @ P @ H.T + R
    factor = linalg.cho_factor(S, lower=True, on_failure="nan")
    gain = linalg.cho_solve(factor, H @ P, on_failure="nan").mT
    failed = np.isnan(gain).any(axis=(-2, -1))
    gain[failed] = 0

    # One vector for each matrix is a matrix of one column.
    x = x + (gain @ (z - x @ H.T)[..., None])[..., 0]
    P = P - gain @ S @ gain.mT
    return x, (P + P.mT) / 2, failed


def update_one(x: np.ndarray, P: np.ndarray, z: np.ndarray, R: np.ndarray) -> tuple:
    """Take one step of one track, as a textbook does."""
    x, P = F @ x, F @ P @ F.T + Q
    S = H @ P @ H.T + R
    try:
        np.linalg.cholesky(S)
    except np.linalg.LinAlgError:
        return x, P
    gain = P @ H.T @ np.linalg.inv(S)
    return x + gain @ (z - H @ x), (np.eye(4) - gain @ H) @ P


rng = np.random.default_rng(0)
truth = rng.standard_normal((TRACKS, 4))
x, P = np.zeros((TRACKS, 4)), np.tile(10 * np.eye(4), (TRACKS, 1, 1))
looked_at = range(0, TRACKS, 250)
expected = {track: (x[track], P[track]) for track in looked_at}

failures = 0
for _ in range(STEPS):
    truth = truth @ F.T + 0.1 * rng.standard_normal((TRACKS, 4))
    z = truth @ H.T + rng.standard_normal((TRACKS, 2))
    R = np.tile(np.eye(2), (TRACKS, 1, 1))
    bad = rng.random(TRACKS) < 0.02
    bad[:2500:250] |= rng.random(10) < 0.3
    R[bad] = -1e6 * np.eye(2)

    x, P, failed = update(x, P, z, R)
    # Exactly the bad ones failed.
    assert (failed == bad).all()
    failures += failed.sum()
    for track in looked_at:
        expected[track] = update_one(*expected[track], z[track], R[track])

error = linalg.norm((x - truth) @ H.T, axis=-1).mean()
of_measurements = linalg.norm(z - truth @ H.T, axis=-1).mean()
print(f"{TRACKS} tracks, {STEPS} steps, {failures} bad covariances")
print(f"mean error of the positions: {error:.2f}; of the measurements: {of_measurements:.2f}")
assert error < of_measurements
assert (linalg.eigvalsh(P) > 0).all()

for track, (state, covariance) in expected.items():
    assert np.allclose(x[track], state, rtol=1e-9, atol=1e-9)
    assert np.allclose(P[track], covariance, rtol=1e-9, atol=1e-9)
