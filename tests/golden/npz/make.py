"""Writes the files of NumPy that the tests of the data set `npz` read; NumPy 2.4.6."""

import numpy as np

y, x = np.mgrid[0:6, 0:5]
labels = np.arange(12) % 3
# Image i has the value 10 i + 2 y + x, in green 50 more and in blue 100 more.
grey = (10 * np.arange(12)[:, None, None] + 2 * y + x).astype(np.uint8)
rgb = np.stack([grey, grey + 50, grey + 100], axis=-1)

np.savez("grey.npz", images=grey, labels=labels)
np.savez_compressed(
    "rgb.npz", images=rgb, labels=labels.astype(np.uint8)[:, None], classes=np.array(["ant", "bee", "größe"]), other=np.zeros(3)
)
np.savez(
    "split.npz",
    x_train=rgb[:9].transpose(0, 3, 1, 2).copy(),
    y_train=labels[:9],
    x_test=rgb[9:].transpose(0, 3, 1, 2).copy(),
    y_test=labels[9:],
)
np.savez("floats.npz", images=grey / 255.0, labels=labels)
np.savez("negative.npz", images=grey, labels=labels - 1)
np.savez("columns.npz", images=np.asfortranarray(rgb), labels=labels)
np.savez("short.npz", images=grey, labels=labels[:5])
