"""The mood model that ships; see docs/mood-model-card.md."""
