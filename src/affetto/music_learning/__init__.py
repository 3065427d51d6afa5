"""Learning the mood of music: recipe, data, Gaussian processes, and honest evaluation."""

from affetto.music_learning.recipe import MoodRecipe, load_mood_recipe

__all__ = ["MoodRecipe", "load_mood_recipe"]
