"""Training: examples, augmentation, networks, fitting, calibration and export."""
