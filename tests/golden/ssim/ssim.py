"""What scikit-image computes as SSIM of the pictures in crates/restore/src/metrics.rs.

Windows that reach over the border are left out, as in the code of the paper: scikit-image averages over
the picture without 5 pixels at each side, which is the same set.

    pip install scikit-image && python tests/golden/ssim/ssim.py
"""

import numpy as np
from skimage.metrics import structural_similarity


def pictures(width, height, channels):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    clean = ((x * x + 3 * x * y + 7 * y + 31 * c) % 256).astype(np.float64)
    return clean, clean + (x * 13 + y * 29 + c * 5) % 41 - 20.0


for size in [(48, 37, 1), (33, 52, 3), (11, 11, 1)]:
    a, b = pictures(*size)
    values = [
        structural_similarity(
            a[..., c], b[..., c], gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False, data_range=255,
        )
        for c in range(size[2])
    ]
    print(size, repr(float(np.mean(values))))
