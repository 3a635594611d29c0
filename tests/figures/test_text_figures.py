"""Figures of texts, and those of two classes: the numbers on them, and letters of every kind."""

import json

import numpy as np
import pytest
from fake_runs import IMAGE, MAX_LENGTH, TEXT, add_evaluation, complete_run, run_folder, some_images, some_texts

from aimodels import discovery
from aimodels.data.dataset import Texts
from aimodels.drawing import DrawRequest, draw_figures
from aimodels.figure_style import RIGHT, WRONG, NothingToDraw, Series, fonts, styled, text_rows
from aimodels.figure_style.captions import Caption
from aimodels.figure_style.example_pictures import draw_examples
from aimodels.figure_style.fonts import PLACEHOLDER, drawable, inches_of, wrapped
from aimodels.figure_style.text_rows import draw_rows
from aimodels.figures import samples

ODD = [
    "电影很好看，我非常喜欢。" * 40,
    "שלום עולם, הסרט היה נורא " * 20,
    "مرحبا بالعالم، الفيلم كان رائعا " * 20,
    "😀👍🏽 great 👨‍👩‍👧 movie ❤️",
    "",
    "x" * 5000,
    "tab\tnull\x00 escape\x1b[31m half \ud800 a pair",
    "$a_b$ \\frac{1}{2} _hidden <br /><br /> line\nand line",
]


def numbers_of(kind, run):
    """As they come back from the JSON file beside the picture, which must be strict."""
    figure = discovery.plugin("figures", kind)
    numbers = figure.read(run, split="train" if figure.SOURCE == "training" else "test")
    return json.loads(json.dumps(numbers, allow_nan=False))


def drawn(kind, *runs):
    with styled():
        series = [Series(name=run.name, numbers=numbers_of(kind, run)) for run in runs]
        figure = discovery.plugin("figures", kind).draw(series)
        figure.draw_without_rendering()
    return figure


def words_of(figure):
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


def evaluated(runs_dir, examples, *, targets, probabilities, class_names=("neg", "pos")):
    run = run_folder(runs_dir, class_names=class_names, input=TEXT if isinstance(examples, Texts) else IMAGE)
    targets, probabilities = np.array(targets, np.int64), np.array(probabilities, np.float32)
    add_evaluation(run, examples=examples, targets=targets, probabilities=probabilities)
    return run


def yes(*probabilities):
    """Probabilities of two classes from those of the second one."""
    return [[1 - probability, probability] for probability in probabilities]


# --- texts in rows ---------------------------------------------------------------------------------------------


@pytest.fixture
def two(runs_dir):
    """One text answered rightly and one wrongly."""
    examples = Texts(("A fine film.<br />Truly.", "A waste  of two\nhours."))
    return evaluated(runs_dir, examples, targets=[1, 0], probabilities=yes(0.9, 0.8))


def test_hardest_texts_stand_in_rows_with_truth_answer_and_loss(two):
    figure = drawn("top_losses", two)
    shown = words_of(figure).splitlines()
    assert shown[shown.index("✗ pos, 80%") :][:4] == ["✗ pos, 80%", "true neg", "loss 1.61", "A waste of two hours."]
    assert shown[shown.index("✓ pos, 90%") :][:4] == ["✓ pos, 90%", "true pos", "loss 0.11", "A fine film. Truly."]
    [axes] = figure.axes
    assert [_hex(bar) for bar in axes.patches] == [WRONG, RIGHT]


def _hex(bar):
    from matplotlib.colors import to_hex

    return to_hex(bar.get_facecolor()).upper()


def test_random_texts_have_a_tick_or_a_cross(two):
    shown = words_of(drawn("predictions", two)).splitlines()
    assert "✓ pos" in shown
    assert shown[shown.index("✗ pos") + 1] == "true neg"


def test_training_texts_stand_with_their_labels(runs_dir):
    run = complete_run(runs_dir, class_names=("neg", "pos"), input=TEXT)
    samples = json.loads((run.plot_data / "samples.json").read_text())
    shown = words_of(drawn("samples", run))
    assert "training texts as the model reads them, with their labels" in shown
    assert samples["texts"][0].split(" ")[0] in shown


def test_training_texts_tell_how_much_of_them_is_read():
    numbers = {"texts": ["one", "two"], "labels": ["neg", "pos"], "lengths": [1, 1034], "max_length": 256}
    with styled():
        figure = samples.draw([Series(name="run", numbers=numbers | {"unit": "pieces"})])
    shown = words_of(figure).splitlines()
    assert shown[shown.index("neg") + 1] == "1 piece"
    assert shown[shown.index("pos") + 1] == "cut: 256 of 1,034 pieces"


def test_any_letters_are_drawn_without_a_warning(runs_dir, monkeypatch):
    monkeypatch.setattr(fonts, "OTHERS", ())
    classes = [number % 2 for number in range(len(ODD))]
    names = ["猫 that is far too long to stand beside any text at all", "שלום"]
    run = evaluated(
        runs_dir, Texts(tuple(ODD)), targets=classes, probabilities=yes(*[0.4] * len(ODD)), class_names=names
    )
    for kind in ("top_losses", "predictions"):
        shown = words_of(drawn(kind, run))
        assert PLACEHOLDER * 3 in shown
        assert "is a letter that no font here has" in shown
        assert "(empty)" in shown
        assert "$a_b$ \\frac{1}{2} _hidden line and line" in shown
        assert "�[31m half � a pair" in shown
        assert any("电影很好看" in text for text in numbers_of(kind, run)["texts"])


def test_no_letter_is_said_to_be_missing_where_none_is(two):
    assert PLACEHOLDER not in words_of(drawn("top_losses", two))


def test_a_text_stays_in_its_row_and_inside_the_picture(runs_dir):
    run = evaluated(runs_dir, Texts(tuple(ODD)), targets=[1] * len(ODD), probabilities=yes(*[0.4] * len(ODD)))
    with styled():
        figure = drawn("top_losses", run)
        canvas = figure.canvas.get_renderer()
        boxes = [text.get_window_extent(canvas) for text in figure.axes[0].texts if text.get_text()]
    assert max(box.x1 for box in boxes) <= figure.bbox.x1
    assert min(box.y0 for box in boxes) >= 0
    most = text_rows.MOST_LINES * text_rows.LINE_HEIGHT
    assert max(bar.get_height() for bar in figure.axes[0].patches) <= most + 1e-9


def test_of_very_many_texts_the_first_are_drawn_and_the_rest_counted():
    with styled():
        figure = draw_rows([f"text {n}" for n in range(60)], [Caption(("neg",))] * 60, title="many")
    shown = words_of(figure)
    assert "text 39" in shown
    assert "text 40" not in shown
    assert "and 20 more, in the JSON file of this picture" in shown


def test_without_texts_there_is_nothing_to_draw(runs_dir):
    with pytest.raises(NothingToDraw, match="no texts were kept"):
        draw_rows([], [], title="none")


def test_pictures_of_equal_texts_are_equal(two, tmp_path):
    contents = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        [one] = draw_figures([two], DrawRequest(kinds=("top_losses",), folder=folder))
        contents.append(one.path.read_bytes())
    assert contents[0] == contents[1]


# --- letters and lines -----------------------------------------------------------------------------------------


def test_lines_are_as_full_as_they_can_be_and_no_longer():
    text = "The film is long, and it is not a bad one. " * 6
    lines = wrapped(text, inches=2.0, size=8.0, most_lines=50)
    assert " ".join(lines) == text.strip()
    assert all(inches_of(line, size=8.0) <= 2.0 / fonts.SLACK for line in lines)
    for line, following in zip(lines, lines[1:], strict=False):
        assert inches_of(f"{line} {following.split()[0]}", size=8.0) > 2.0


@pytest.mark.parametrize("text", ["x" * 300, "Donaudampfschifffahrt" * 9, "é" * 300])
def test_words_longer_than_a_line_are_broken(text):
    lines = wrapped(text, inches=1.0, size=8.0, most_lines=200)
    assert "".join(lines) == text
    assert len(lines) > 3


def test_scripts_without_spaces_are_broken_anywhere(monkeypatch):
    monkeypatch.setattr(fonts, "_ems", lambda char, known: 1.0)
    lines = wrapped("I saw 电影很好看我非常喜欢", inches=1.0, size=8.0, most_lines=9)
    assert lines[0] == "I saw 电影"
    assert "".join(lines) == "I saw 电影很好看我非常喜欢"


def test_an_accent_never_begins_a_line():
    lines = wrapped("e\u0301" * 100, inches=0.5, size=8.0, most_lines=99)
    assert not any(line.startswith("\u0301") for line in lines)


def test_what_does_not_fit_ends_with_an_ellipsis():
    lines = wrapped("word " * 500, inches=2.0, size=8.0, most_lines=3)
    assert len(lines) == 3
    assert lines[-1].endswith("word…")
    assert inches_of(lines[-1], size=8.0) <= 2.0 / fonts.SLACK


def test_a_letter_too_wide_for_its_line_is_drawn_all_the_same():
    assert wrapped("WW", inches=0.01, size=8.0, most_lines=5) == ["W", "W"]


def test_other_fonts_of_the_machine_have_letters_that_the_first_one_lacks(monkeypatch):
    letter = "\N{MATHEMATICAL SCRIPT CAPITAL A}"  # in STIX, which comes with matplotlib too, and not in DejaVu Sans
    monkeypatch.setattr(fonts, "OTHERS", ())
    assert drawable(letter) == PLACEHOLDER
    monkeypatch.setattr(fonts, "OTHERS", ("No Such Font", "STIXGeneral"))
    assert fonts.families() == ("DejaVu Sans", "STIXGeneral")
    assert drawable(letter) == letter
    with styled():
        figure = draw_rows([letter], [Caption(("neg",))], title="script")
        figure.draw_without_rendering()  # a letter that is missing would be a warning


# --- threshold -------------------------------------------------------------------------------------------------


def test_threshold_counts_what_is_answered_from_it_on(runs_dir):
    run = evaluated(runs_dir, some_images(5), targets=[0, 0, 1, 1, 1], probabilities=yes(0.1, 0.6, 0.4, 0.7, 0.9))
    numbers = numbers_of("threshold", run)
    at = {round(threshold, 4): place for place, threshold in enumerate(numbers["threshold"])}
    assert numbers["precision"][at[0.65]] == 1.0
    assert numbers["recall"][at[0.65]] == pytest.approx(2 / 3)
    assert numbers["accuracy"][at[0.65]] == pytest.approx(4 / 5)
    assert numbers["precision"][-1] is None
    assert numbers["recall"][-1] == 0.0
    assert numbers["best_f1"]["threshold"] == pytest.approx(0.25)
    assert numbers["best_f1"]["f1"] == pytest.approx(6 / 7)


@pytest.mark.parametrize("input", [IMAGE, TEXT], ids=["images", "texts"])
def test_threshold_of_the_run_is_the_report(runs_dir, input):
    run = complete_run(runs_dir, class_names=("neg", "pos"), input=input)
    report = json.loads((run.evaluation("test") / "report.json").read_text())
    own = numbers_of("threshold", run)["own"]
    positive = report["per_class"][1]
    assert own["accuracy"] == pytest.approx(report["metrics"]["accuracy"])
    assert [own[name] for name in ("precision", "recall", "f1")] == pytest.approx(
        [positive[name] for name in ("precision", "recall", "f1")]
    )
    shown = words_of(drawn("threshold", run))
    assert f"F1 at 0.5000, the threshold of the run: {positive['f1']:.4f}" in shown
    assert f"best F1: {numbers_of('threshold', run)['best_f1']['f1']:.4f}" in shown


def test_threshold_needs_examples_of_both_classes(runs_dir):
    run = evaluated(runs_dir, some_images(2), targets=[1, 1], probabilities=yes(0.1, 0.6))
    with pytest.raises(NothingToDraw, match="all examples of test are of one class"):
        drawn("threshold", run)


# --- score_hist ------------------------------------------------------------------------------------------------


def test_score_hist_has_the_second_class_by_the_true_class(runs_dir):
    run = evaluated(runs_dir, some_images(4), targets=[0, 0, 1, 1], probabilities=yes(0.0, 0.26, 0.26, 1.0))
    numbers = numbers_of("score_hist", run)
    assert numbers["probability_of"] == "pos"
    filled = {
        name: [place for place, count in enumerate(counts) if count] for name, counts in numbers["counts"].items()
    }
    assert filled == {"neg": [0, 10], "pos": [10, 39]}
    assert "neg (2)" in words_of(drawn("score_hist", run))


def test_score_hist_of_many_classes_has_the_true_class_by_the_answer(runs_dir):
    probabilities = [[0.6, 0.3, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8]]
    run = evaluated(runs_dir, some_images(3), targets=[0, 1, 2], probabilities=probabilities, class_names="abc")
    counts = numbers_of("score_hist", run)["counts"]
    assert {name: sum(found) for name, found in counts.items()} == {"answered rightly": 2, "answered wrongly": 1}
    assert counts["answered wrongly"][12] == 1


def test_score_hist_is_logarithmic_where_sure_answers_would_hide_the_others(runs_dir):
    spread = np.linspace(0.01, 0.99, 40)
    even = evaluated(runs_dir, some_images(40), targets=[0, 1] * 20, probabilities=yes(*spread))
    assert drawn("score_hist", even).axes[0].get_yscale() == "linear"
    sure = [0.001] * 400 + [0.999] * 400 + [*spread]
    run = evaluated(runs_dir, some_images(840), targets=[0] * 400 + [1] * 400 + [0, 1] * 20, probabilities=yes(*sure))
    assert drawn("score_hist", run).axes[0].get_yscale() == "log"


# --- lengths ---------------------------------------------------------------------------------------------------


def of_lengths(*lengths):
    return Texts(tuple("word " * length for length in lengths))


def test_accuracy_by_length_has_bins_of_as_many_texts(runs_dir):
    examples = some_texts(400)
    targets = np.arange(400) % 2
    run = evaluated(runs_dir, examples, targets=targets, probabilities=yes(*np.where(targets, 0.9, 0.2)))
    numbers = numbers_of("accuracy_by_length", run)
    assert sum(numbers["counts"]) == 400
    assert len(numbers["counts"]) == 10
    assert max(numbers["counts"]) < 60
    assert all(end < start for end, start in zip(numbers["longest"], numbers["shortest"][1:], strict=False))
    assert numbers["accuracy"] == [1.0] * 10
    assert all(0.85 < low < 0.95 for low in numbers["low"])
    assert numbers["high"] == [1.0] * 10


def test_accuracy_by_length_counts_the_right_answers_of_each_length(runs_dir):
    lengths = [5] * 30 + [50] * 30
    probabilities = yes(*[0.9] * 30, *[0.1] * 15, *[0.9] * 15)
    run = evaluated(runs_dir, of_lengths(*lengths), targets=[1] * 60, probabilities=probabilities)
    numbers = numbers_of("accuracy_by_length", run)
    assert (numbers["shortest"], numbers["longest"], numbers["counts"]) == ([5, 50], [5, 50], [30, 30])
    assert numbers["accuracy"] == [1.0, 0.5]
    assert numbers["low"][1] == pytest.approx(0.3315, abs=1e-4)
    assert "are cut at" not in words_of(drawn("accuracy_by_length", run))


def test_accuracy_by_length_marks_the_cut_and_takes_empty_texts(runs_dir):
    run = evaluated(runs_dir, of_lengths(0, 3, MAX_LENGTH + 40), targets=[1] * 3, probabilities=yes(0.9, 0.1, 0.9))
    figure = drawn("accuracy_by_length", run)
    assert f"texts are cut at {MAX_LENGTH} words" in words_of(figure)
    assert figure.axes[0].get_xlim()[0] <= 0


def test_accuracy_by_length_is_for_texts(runs_dir):
    run = evaluated(runs_dir, some_images(2), targets=[0, 1], probabilities=yes(0.1, 0.6))
    with pytest.raises(NothingToDraw, match="no texts"):
        drawn("accuracy_by_length", run)


def test_length_hist_shows_the_cut_and_the_share_behind_it(runs_dir):
    run = complete_run(runs_dir, class_names=("neg", "pos"), input=TEXT)
    share = numbers_of("length_hist", run)["cut"]["train"]
    figure = drawn("length_hist", run)
    assert f"train: {share:.1%} of the texts are cut at {MAX_LENGTH} words" in words_of(figure)
    [line] = figure.axes[0].get_lines()
    assert line.get_xdata()[0] == MAX_LENGTH


def read_in_pieces(run):
    """The run as one whose encoder reads pieces."""
    for path, place in ((run.plot_data / "lengths.json", ()), (run.evaluation("test") / "report.json", ("words",))):
        document = json.loads(path.read_text())
        inner = document
        for name in place:
            inner = inner[name]
        inner["unit"] = "pieces"
        path.write_text(json.dumps(document))


def test_pieces_are_never_called_words(runs_dir):
    run = complete_run(runs_dir, class_names=("neg", "pos"), input=TEXT)
    read_in_pieces(run)
    histogram, accuracy = (words_of(drawn(kind, run)) for kind in ("length_hist", "accuracy_by_length"))
    assert "pieces per text" in histogram
    assert f"cut at {MAX_LENGTH} pieces" in histogram
    assert "pieces, [CLS] and [SEP] counted (the last bin holds all longer texts)" in histogram
    assert "length of the text: pieces, [CLS] and [SEP] counted" in accuracy
    assert "words" not in histogram + accuracy


def test_length_hist_of_many_classes_has_the_largest(runs_dir):
    run = complete_run(runs_dir, class_names=tuple("abcdefgh"), input=TEXT)
    shown = words_of(drawn("length_hist", run))
    assert "the 6 largest of 8 classes" in shown


def test_of_a_pair_both_texts_are_drawn():
    numbers = {"texts": ["first " * 200, "short"], "seconds": ["second " * 200, ""]}
    captions = [Caption(("yes",)), Caption(("no",))]
    figure = draw_examples(numbers, captions, title="pairs")
    drawn = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "first" in drawn
    assert "second" in drawn
    assert "short ‖ (empty)" in drawn
