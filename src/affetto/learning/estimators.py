"""Fitted scikit-learn estimators on disk, read without running what a file asks for.

Estimators are stored as Python pickles, and a pickle may name any function and have it called. Here only the names in
:data:`ALLOWED` are known: estimators, arrays and what they are built from, none of which acts on anything but itself.
A file that names anything else is refused before it is called.
"""

import pickle
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from affetto.errors import ModelError

__all__ = ["ALLOWED", "estimator_versions", "read_estimator", "write_estimator"]

ALLOWED: frozenset[str] = frozenset(
    {
        "affetto.learning.pipeline.KernelMachine",
        "affetto.learning.pipeline.mutual_information",
        "affetto.learning.transforms.ClippedScaler",
        "affetto.learning.transforms.Components",
        "affetto.learning.transforms.MeanLength",
        "affetto.learning.transforms.NormalScores",
        "affetto.learning.transforms.Oversampler",
        "affetto.learning.transforms.SparseSelector",
        "affetto.learning.transforms.SpeakerDirections",
        "imblearn.pipeline.Pipeline",
        "numpy._core.multiarray._reconstruct",
        "numpy._core.multiarray.scalar",
        "numpy._core.numeric._frombuffer",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.multiarray.scalar",
        "numpy.core.numeric._frombuffer",
        "numpy.dtype",
        "numpy.ndarray",
        "numpy.random._mt19937.MT19937",
        "numpy.random._pcg64.PCG64",
        "numpy.random._pickle.__bit_generator_ctor",
        "numpy.random._pickle.__generator_ctor",
        "numpy.random._pickle.__randomstate_ctor",
        "numpy.random.bit_generator.SeedSequence",
        "numpy.random.bit_generator.__pyx_unpickle_SeedSequence",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss._loss.CyHalfMultinomialLoss",
        "sklearn._loss._loss.__pyx_unpickle_CyHalfMultinomialLoss",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn.decomposition._pca.PCA",
        "sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
        "sklearn.ensemble._forest.ExtraTreesClassifier",
        "sklearn.ensemble._forest.RandomForestClassifier",
        "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
        "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.feature_selection._rfe.RFE",
        "sklearn.feature_selection._univariate_selection.SelectKBest",
        "sklearn.feature_selection._univariate_selection.f_classif",
        "sklearn.linear_model._logistic.LogisticRegression",
        "sklearn.neighbors._classification.KNeighborsClassifier",
        "sklearn.neural_network._multilayer_perceptron.MLPClassifier",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.preprocessing._data.RobustScaler",
        "sklearn.preprocessing._data.StandardScaler",
        "sklearn.preprocessing._label.LabelBinarizer",
        "sklearn.preprocessing._label.LabelEncoder",
        "sklearn.svm._classes.LinearSVC",
        "sklearn.svm._classes.SVC",
        "sklearn.tree._classes.DecisionTreeClassifier",
        "sklearn.tree._classes.ExtraTreeClassifier",
        "sklearn.tree._tree.Tree",
    }
)
"""Every class and function that a file may name."""

_LIBRARIES = {"scikit-learn": "sklearn", "imbalanced-learn": "imblearn"}

Kind = TypeVar("Kind")


def estimator_versions() -> dict[str, str]:
    """Versions that decide whether a file can be read: estimators are not compatible between minor versions."""
    return {name: ".".join(import_module(module).__version__.split(".")[:2]) for name, module in _LIBRARIES.items()}


class _Reader(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        name = f"{module_name}.{global_name}"
        if name not in ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {name[:100]!r}")
        found: Any = import_module(module_name)
        for part in global_name.split("."):
            found = getattr(found, part)
        return found


def write_estimator(estimator: object, path: Path) -> None:
    """Writes a fitted estimator."""
    with path.open("wb") as stream:
        pickle.dump(estimator, stream, protocol=5)


def read_estimator(path: Path, kind: type[Kind]) -> Kind:
    """Reads what :func:`write_estimator` wrote.

    Args:
        path: The file.
        kind: Class of the estimator.

    Raises:
        ModelError: If the file cannot be read, names what is not allowed, or holds something else.
    """
    try:
        with path.open("rb") as stream:
            found = _Reader(stream).load()
    except Exception as error:  # a damaged pickle fails in any way
        raise ModelError(f"{path} cannot be read as a model: {error}; train it again with 'affetto train'") from error
    if not isinstance(found, kind):
        raise ModelError(f"{path} holds a {type(found).__name__}, not a model; train it again with 'affetto train'")
    return found
