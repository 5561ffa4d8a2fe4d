"""timestep from Python: runs as arrays, training and denoising through the program.

    import timestep

    run = timestep.train("digits/lm-resnet-20", epochs=3)
    run.history["test_top1"]            # one number for each epoch, as NumPy arrays
    run.weights["layer1.1.memory_k"]    # the best weights by their names
    clean = timestep.denoise(noisy, sigma=25)

The program does the work; this module starts it and reads its files. It needs NumPy.
"""

from ._denoise import denoise
from ._program import TimestepError, program
from ._run import Run, load, read_weights, train

__all__ = ["Run", "TimestepError", "denoise", "load", "program", "read_weights", "train"]
__version__ = "0.1.0"
