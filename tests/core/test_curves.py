"""ROC and precision-recall curves: exact counts of scores and classes, or a clear word."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

import mltrack
from mltrack_core.errors import MediaInvalid
from mltrack_core.media.evaluation import Curve
from mltrack_core.media.evaluation import curves_of
from mltrack_core.media.medium import Medium
from mltrack_core.testing.media import encoded

CATS = ["cat", "dog", "owl"]


def curves(medium: Medium) -> list[Curve]:
    """Return the curves of a chart."""
    return curves_of(encoded(medium)[1])


@pytest.mark.parametrize(
    ("medium", "words"),
    [
        (mltrack.RocCurve([0, 1], [0.1, math.nan]), "1 of 2 scores are NaN"),
        (mltrack.RocCurve([0, 1], [0.1]), "y_true has 2 values and scores 1"),
        (mltrack.RocCurve([1, 1], [0.1, 0.2]), "no sample is negative"),
        (mltrack.PrCurve([0, 0], [0.1, 0.2]), "no sample is positive"),
        (mltrack.RocCurve(["a", "b"], [0.1, 0.2]), "positive='b'"),
        (mltrack.RocCurve([0, 2], [0.1, 0.2]), "say which class the scores are of"),
        (mltrack.RocCurve([0, 1], ["x", "y"]), "scores are numbers"),
        (mltrack.RocCurve([0, 1], 3), "scores is int"),
        (mltrack.RocCurve([0, 1], list(np.ones((2, 3)))), "scores are numbers, one a sample"),
        (mltrack.RocCurve([0, 3], np.ones((2, 3))), "3 is no class"),
        (mltrack.RocCurve([0], np.ones((1, 1001))), "1001 classes, at most 1000"),
        (mltrack.RocCurve(np.ones((4, 2)), np.ones((4, 3))), "2 columns, scores 3"),
    ],
)
def test_what_means_nothing_says_so_when_it_is_logged(medium: Medium, words: str) -> None:
    """Not when it is made, and in words that help."""
    with pytest.raises(MediaInvalid) as refused:
        medium.encode(lambda text: text)

    assert words in str(refused.value)


def test_a_curve_holds_what_passes_at_each_threshold() -> None:
    """Scores that are equal pass together."""
    truth, scores = [0, 0, 1, 1, 1], [0.1, 0.4, 0.4, 0.8, 0.9]

    (roc,) = curves(mltrack.RocCurve(truth, scores))
    (pr,) = curves(mltrack.PrCurve(np.array(truth), np.array(scores)))

    assert roc == Curve("positive", 3, 2, 11 / 12, [1, 2, 3, 3], [0, 0, 1, 2], [0.9, 0.8, 0.4, 0.1])
    assert pr.area == pytest.approx(2 / 3 + 1 / 3 * 3 / 4)
    assert msgspec.structs.replace(pr, area=roc.area) == roc


@pytest.mark.parametrize(
    ("truth", "given"),
    [
        ([-1, 1, 1], {}),
        ([False, True, True], {}),
        (["no", "yes", "yes"], {"positive": "yes"}),
        (["no", "yes", "yes"], {"labels": ["no", "yes"]}),
        ([0, 1, 1], {"labels": ["no", "yes"]}),
        ([3, 7, 7], {"positive": 7}),
    ],
)
def test_the_positive_class_is_the_one_that_is_meant(truth: Any, given: dict[str, Any]) -> None:
    """By what everybody means by 1, or by what is said."""
    for values in (truth, np.array(truth)):
        medium = mltrack.RocCurve(values, [0.1, 0.9, 0.8], **given)

        (curve,) = curves(medium)
        assert (curve.positives, curve.negatives, curve.area) == (2, 1, 1.0)
        assert curve.label in ("positive", "yes", "7")
        assert medium.area == 1.0


def test_tensors_of_pytorch_are_drawn() -> None:
    """Of half precision too; a gradient is no hindrance."""
    torch = pytest.importorskip("torch")
    scores = torch.tensor(np.eye(3), dtype=torch.bfloat16, requires_grad=True)

    medium = mltrack.RocCurve(torch.tensor([0, 1, 2]), scores, labels=CATS)

    assert [curve.area for curve in curves(medium)] == [1.0, 1.0, 1.0]


def test_several_classes_have_a_curve_each_against_the_others() -> None:
    """A class that does not occur has none, and takes nothing from the others."""
    scores = np.array([[0.8, 0.2, 0.0, 0.1], [0.6, 0.4, 0.0, 0.1], [0.7, 0.9, 0.9, 0.1]])
    medium = mltrack.RocCurve(["cat", "dog", "owl"], scores, labels=[*CATS, "elk"])

    cat, dog, owl, elk = curves(medium)

    assert [curve.label for curve in (cat, dog, owl, elk)] == [*CATS, "elk"]
    assert (cat.area, dog.area, owl.area, elk.area) == (1.0, 0.5, 1.0, None)
    assert medium.area == pytest.approx(2.5 / 3)
    assert elk.true == []
    many = mltrack.RocCurve([[1, 0], [1, 1], [0, 0]], [[0.9, 0.3], [0.8, 0.7], [0.1, 0.2]])
    assert [curve.area for curve in curves(many)] == [1.0, 1.0]


@given(
    st.lists(st.tuples(st.booleans(), st.integers(-5, 5)), min_size=2, max_size=60).filter(
        lambda pairs: 0 < sum(truth for truth, _ in pairs) < len(pairs)
    )
)
def test_areas_are_what_their_definitions_say(pairs: list[tuple[bool, int]]) -> None:
    """AUC: how often a positive is above a negative, half where they tie. AP: by its sum."""
    truth, scores = [t for t, _ in pairs], [float(s) for _, s in pairs]
    above = [
        (1 + (p > n) - (p < n)) / 2
        for p, is_p in zip(scores, truth, strict=True)
        for n, is_n in zip(scores, truth, strict=True)
        if is_p and not is_n
    ]
    precision, before = 0.0, 0
    for threshold in sorted(set(scores), reverse=True):
        passed = [t for t, s in pairs if s >= threshold]
        precision += (sum(passed) - before) / sum(truth) * sum(passed) / len(passed)
        before = sum(passed)

    assert mltrack.RocCurve(truth, scores).area == pytest.approx(sum(above) / len(above))
    assert mltrack.PrCurve(truth, scores).area == pytest.approx(precision)


@pytest.mark.parametrize("seed", range(5))
def test_areas_are_those_of_scikit_learn(seed: int) -> None:
    """Of floats, of ties, of infinite scores, of classes that hardly occur."""
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    for share in (0.02, 0.5, 0.9):
        truth = np.append(rng.random(300) < share, [True, False])
        noise = rng.normal(truth, 1)
        for scores in (noise, noise.round(), np.where(noise > 2, np.inf, noise)):
            finite = np.nan_to_num(scores, posinf=1e9)
            area = metrics.roc_auc_score(truth, finite)
            precision = metrics.average_precision_score(truth, finite)
            assert mltrack.RocCurve(truth, scores).area == pytest.approx(area, rel=1e-12)
            assert mltrack.PrCurve(truth, scores).area == pytest.approx(precision, rel=1e-12)


@pytest.mark.parametrize("kind", [mltrack.RocCurve, mltrack.PrCurve])
@settings(max_examples=10)
@given(seed=st.integers(0, 99))
def test_a_curve_of_many_thresholds_keeps_its_shape(kind: type[Any], seed: int) -> None:
    """No point that is left out is further off than the page says, and those kept are exact."""
    rng = np.random.default_rng(seed)
    truth = rng.random(20_000) < 0.05
    scores = rng.normal(truth * 1.5, 1)
    order = np.argsort(-scores)
    true = np.cumsum(truth[order])
    false = np.arange(1, 20_001) - true

    (curve,) = curves(kind(truth, scores))

    x, y = (false / false[-1], true / true[-1])
    if kind is mltrack.PrCurve:
        x, y = y, true / (true + false)
    length = np.abs(np.diff(x)).sum() + np.abs(np.diff(y)).sum()
    at = np.array(curve.true) + np.array(curve.false) - 1
    assert len(at) <= 1000
    assert at[0] == 0
    assert at[-1] == 19_999
    assert np.array_equal(true[at], curve.true)
    assert np.array_equal(scores[order][at], curve.thresholds)
    start = at[np.searchsorted(at, np.arange(20_000), "right") - 1]
    distance = np.abs(x - x[start]) + np.abs(y - y[start])
    assert distance.max() <= length / 999 + 1e-9
    if kind is mltrack.RocCurve:
        assert length <= 2


def test_python_alone_comes_to_the_same_as_numpy() -> None:
    """Where nobody has loaded NumPy, it is not loaded for this."""
    program = """if True:
        import sys, json, random
        import mltrack
        random.seed(1)
        truth = [random.random() < 0.3 for _ in range(4000)]
        scores = [round(random.gauss(t), 3) for t in truth]
        media = [kind(truth, scores) for kind in (mltrack.RocCurve, mltrack.PrCurve)]
        media.append(mltrack.ConfusionMatrix(truth, [s > 0.5 for s in scores]))
        media.append(mltrack.RocCurve([0, 2, 1], [[.9, .1, 0], [0, .3, .7], [.4, .6, 0]]))
        assert "numpy" not in sys.modules
        found = [medium.encode(str).item.file.data.hex() for medium in media]
        print(json.dumps([truth, scores, found]))
    """
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    truth, scores, found = json.loads(answer.stdout)
    roc, pr, confusion, three = map(bytes.fromhex, found)

    for kind, data in ((mltrack.RocCurve, roc), (mltrack.PrCurve, pr)):
        (plain,), (quick,) = curves_of(data), curves(kind(np.array(truth), np.array(scores)))
        assert plain.area == pytest.approx(quick.area)
        assert msgspec.structs.replace(plain, area=quick.area) == quick
    assert confusion == encoded(mltrack.ConfusionMatrix(truth, np.array(scores) > 0.5))[1]
    assert [curve.area for curve in curves_of(three)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [Curve("a", 1, 1, 0.5, [1], [1, 1], [0.5])],
        [Curve("a", 1, 1, 0.5, [2], [1], [0.5])],
        [Curve("a", 2, 1, 0.5, [2, 1], [1, 1], [0.5, 0.4])],
    ],
)
def test_a_file_that_cannot_be_is_refused(wrong: object) -> None:
    """What comes from a training is never trusted."""
    data = msgspec.msgpack.encode(wrong)

    with pytest.raises(msgspec.DecodeError):
        curves_of(data)
