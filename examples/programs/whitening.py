"""Whiten the features of a network while PyTorch trains it.

Its features are strongly correlated, so gradient descent on them is slow. In each step scirs2
computes the matrix that decorrelates them, under ``no_grad``, where it takes tensors that
require grad. The gradients are PyTorch's.
"""

from collections.abc import Callable

import torch
from scirs2 import linalg
from torch import nn

SAMPLES, INPUTS, HIDDEN, STEPS = 500, 20, 8, 100


def whitening(features: torch.Tensor, eigh: Callable) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean of the features and the symmetric ``W`` that whitens them (ZCA)."""
    mean = features.mean(dim=0)
    centred = features - mean
    eigenvalues, eigenvectors = eigh(centred.mT @ centred / (len(features) - 1))
    return mean, eigenvectors / eigenvalues.sqrt() @ eigenvectors.mT


def train(x: torch.Tensor, y: torch.Tensor, eigh: Callable | None) -> list[float]:
    """Train from the same start each time, and return the losses."""
    torch.manual_seed(1)
    encoder = nn.Sequential(nn.Linear(INPUTS, HIDDEN, dtype=x.dtype), nn.Tanh())
    head = nn.Linear(HIDDEN, 1, dtype=x.dtype)
    optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1)

    losses = []
    for _ in range(STEPS):
        features = encoder(x)
        if eigh is not None:
            with torch.no_grad():
                mean, W = whitening(features, eigh)
            features = (features - mean) @ W
        loss = nn.functional.mse_loss(head(features)[:, 0], y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    if eigh is not None:
        # PyTorch's own covariance of the features is the identity.
        identity = torch.eye(HIDDEN, dtype=x.dtype)
        assert torch.allclose(torch.cov(features.detach().mT), identity, atol=1e-8)
    return losses


torch.manual_seed(0)
hidden = torch.randn(SAMPLES, 4, dtype=torch.float64)
x = hidden @ torch.randn(4, INPUTS, dtype=torch.float64) / 2
x += 0.1 * torch.randn_like(x)
y = hidden @ torch.tensor([1.0, -1.0, 0.5, 0.5], dtype=torch.float64)

plain, whitened = train(x, y, None), train(x, y, linalg.eigh)
print(f"mean squared error after {STEPS} steps: {plain[-1]:.4f}; whitened: {whitened[-1]:.4f}")
assert whitened[-1] < plain[-1] < plain[0]

# W does not depend on the signs of the eigenvectors: with PyTorch's the training is the same.
reference = train(x, y, torch.linalg.eigh)
assert torch.allclose(torch.tensor(whitened), torch.tensor(reference), rtol=1e-6)
