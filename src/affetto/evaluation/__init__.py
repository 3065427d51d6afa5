"""Judging a recognizer: metrics, speaker-independent protocols and reports."""
