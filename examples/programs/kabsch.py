"""Align ten thousand pairs of point clouds at once (Kabsch's algorithm, in PyTorch).

For each pair it finds the rotation and the translation that bring one cloud nearest to the
other, as in the comparison of molecules or of camera poses.
"""

import torch
from scipy.spatial.transform import Rotation
from scirs2 import linalg

PAIRS, POINTS, NOISE = 10_000, 50, 1e-3


def align(moved: torch.Tensor, fixed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ``R`` and ``t`` for which ``moved @ R.mT + t`` is nearest to ``fixed``."""
    centre_of_moved = moved.mean(dim=-2, keepdim=True)
    centre_of_fixed = fixed.mean(dim=-2, keepdim=True)
    covariance = (fixed - centre_of_fixed).mT @ (moved - centre_of_moved)

    # One call for all pairs. The best orthogonal matrix is U @ Vh.
    U, _, Vh = linalg.svd(covariance)
    # A reflection is no rotation: it becomes one by the sign of the weakest direction.
    signs = torch.ones(U.shape[:-1], dtype=U.dtype)
    signs[..., -1] = torch.sign(linalg.det(U @ Vh))
    rotation = (U * signs[..., None, :]) @ Vh
    return rotation, centre_of_fixed - centre_of_moved @ rotation.mT


def random_rotations(count: int) -> torch.Tensor:
    """Return rotations from the QR factors of random matrices."""
    rotations, _ = linalg.qr(torch.randn(count, 3, 3, dtype=torch.float64))
    return rotations * linalg.det(rotations)[:, None, None]


torch.manual_seed(0)
moved = torch.randn(PAIRS, POINTS, 3, dtype=torch.float64)
truth = random_rotations(PAIRS)
shift = torch.randn(PAIRS, 1, 3, dtype=torch.float64)
fixed = moved @ truth.mT + shift + NOISE * torch.randn_like(moved)

rotation, translation = align(moved, fixed)

# They are rotations, and near to the true ones.
assert torch.allclose(linalg.det(rotation), torch.ones(PAIRS, dtype=torch.float64))
assert linalg.norm(rotation - truth, axis=(-2, -1)).max() < 10 * NOISE
assert linalg.norm(translation - shift, axis=-1).max() < 10 * NOISE

# What is left is the noise.
residual = moved @ rotation.mT + translation - fixed
deviation = linalg.norm(residual, axis=(-2, -1)) / POINTS**0.5
print(f"{PAIRS} pairs aligned; root mean square distance {deviation.mean():.2e}")
assert deviation.max() < 3 * NOISE

# SciPy's solver, which takes one pair at a time, finds the same rotations.
for one in range(0, PAIRS, 1000):
    expected, _ = Rotation.align_vectors(
        (fixed - fixed.mean(dim=-2, keepdim=True))[one].numpy(),
        (moved - moved.mean(dim=-2, keepdim=True))[one].numpy(),
    )
    assert torch.allclose(rotation[one], torch.from_numpy(expected.as_matrix()), atol=1e-9)
