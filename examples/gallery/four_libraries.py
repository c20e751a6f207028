"""
One tensor in four libraries
============================

A photograph is loaded once. PyTorch, NumPy, JAX and TensorFlow then hold it at the same
time, in the same memory: what one of them writes, all of them show.
"""

import jax
import matplotlib.pyplot as plt
import numpy as np
import scirs2
import tensorflow as tf
import torch
from sklearn.datasets import load_sample_image

photo = torch.tensor(load_sample_image("flower.jpg"))
print(photo.shape, photo.dtype, hex(photo.data_ptr()))

# %%
# :func:`~scirs2.from_dlpack` makes the tensor a NumPy array, :func:`~scirs2.to_dlpack`
# hands it on to a library that takes capsules. JAX takes the array itself.

array = scirs2.from_dlpack(photo)
on_jax = jax.dlpack.from_dlpack(array, copy=False)
on_tensorflow = tf.experimental.dlpack.from_dlpack(scirs2.to_dlpack(array))

libraries = {
    "PyTorch": photo,
    "NumPy": array,
    "JAX": on_jax,
    "TensorFlow": on_tensorflow,
}
for name, tensor in libraries.items():
    address = scirs2.from_dlpack(tensor).ctypes.data
    print(f"{name:<12}{address:#x}")
    assert address == photo.data_ptr()

# %%
# PyTorch writes once, and NumPy once. JAX and TensorFlow share memory on the assumption
# that nobody writes to it; this breaks it, to show that the memory is the same.

photo[100:140] = torch.tensor([255, 160, 0], dtype=torch.uint8)
array[:, 300:340] = [0, 120, 255]

figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), layout="constrained")
for axis, (name, tensor) in zip(axes.flat, libraries.items(), strict=True):
    seen = np.asarray(tensor)
    assert np.array_equal(seen, array)
    axis.imshow(seen)
    axis.set_title(name)
    axis.set_axis_off()

# %%
# Each of them can ask for the norm of each colour, and gets it as an array of its own.

expected = np.linalg.norm(array.astype("float64"), axis=(0, 1))
for tensor in libraries.values():
    norms = scirs2.norm(tensor, axis=(0, 1))
    print(f"{type(norms).__module__.partition('.')[0]:<12}{np.asarray(norms).round()}")
    assert np.allclose(norms, expected, rtol=1e-6)
