"""
Larger than a worker's memory
=============================

A least-squares fit to more data than a worker can hold: the array is one of Dask's, and is
made, used and dropped block by block.
"""

import resource

import dask.array as da
import matplotlib.pyplot as plt
import numpy as np
from distributed import Client
from distributed.deploy.subprocess import SubprocessCluster
from scirs2 import linalg

# %%
# A cluster on this machine, of one worker that may use 512 MiB. Real ones differ in this line
# alone.

LIMIT = 512 * 2**20
cluster = SubprocessCluster(
    host="127.0.0.1",
    dashboard_address="127.0.0.1:0",
    n_workers=1,
    threads_per_worker=1,
    worker_kwargs={"memory_limit": LIMIT},
)
client = Client(cluster)

# %%
# Two million samples of a noisy signal, and the forty waves that it may consist of. Nothing of
# this is computed yet; all of it would not fit.

generator = np.random.default_rng(0)
amplitudes = np.where(generator.random(40) < 0.2, generator.standard_normal(40), 0)
times = da.linspace(0, 2 * np.pi, 2_000_000, chunks=100_000)
waves = da.cos(times[:, None] * np.arange(1, 41))
noise = da.random.default_rng(1).normal(scale=3, size=times.shape, chunks=times.chunks)
signal = waves @ amplitudes + noise
print(f"{waves.nbytes / 2**20:.0f} MiB in {waves.numblocks[0]} blocks")
assert waves.nbytes > LIMIT

# %%
# :func:`~scirs2.linalg.lstsq` factors every block together with its part of the signal, and then
# the small triangular factors: it passes the data once. Only the forty numbers come here.

solution, residuals, rank, s = linalg.lstsq(waves, signal)
found = client.compute(solution).result()
print(f"largest error: {abs(found - amplitudes).max():.4f}")
assert abs(found - amplitudes).max() < 0.02

# %%
# Linux tells the most memory that the worker ever had, the interpreter and NumPy included.

(peak,) = client.run(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024).values()
print(f"at most {peak / 2**20:.0f} MiB in the worker")
assert peak < LIMIT
client.close()
cluster.close()

figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
axes.stem(np.arange(1, 41), found, markerfmt="o", basefmt=" ", label="found")
axes.plot(np.arange(1, 41), amplitudes, "kx", label="true")
axes.set(xlabel="frequency", ylabel="amplitude")
axes.legend()
