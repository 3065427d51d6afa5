"""How well music is recommended: journeys on rated music, taste on field studies, learning on made-up listeners."""

from affetto.recommendation_evaluation.figures import Figure, Report

__all__ = ["Figure", "Report"]
