"""The robustness battery: how much a reading depends on what a voice is recorded with, and what else sounds.

After the robustness tests of Derington et al. (2023), "Testing Speech Emotion Recognition Machine Learning Models"
(arXiv 2312.06270), with their names, levels and thresholds. Their recordings of noise, rooms and coughs are not free to
pass on; what stands in their place is said with each test (:data:`~affetto.evaluation.robustness.suite.SUITE`).
"""
