"""Learns which sentence answers, which span of it is the short answer, and whether there is one:
boosted trees over the features of `rag.answering.select`, kept as `answering.json`.

Asked are natural questions on news (`natural_questions.tsv`, written for this; two fifths of them
have no answer although the news speaks of their subject), as they are and in other words;
questions of CMRC train and DRCD dev, with and without a change that takes their answer away; and
questions on made-up tables. The reader has seen those of CMRC and DRCD, which therefore count
least. Whatever is chosen is chosen on predictions for documents that were not learned from.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eval.asks import holds, normalise
from eval.metrics.folding import share_held
from rag.answering.extract import choose, ordered, ranked_sentences
from rag.answering.select import (
    Judged,
    Observed,
    answer_row,
    by_probability,
    observe,
    out_of_question,
    unbound,
)
from rag.index.local.index import Index
from rag.models.reader import Reader
from rag.retrieval.query import Query, parse_query
from rag.retrieval.search import SearchModels, find, plan
from rag.settings import Settings
from rag.text.quantities import figures
from training import data
from training.changed_questions import Wording
from training.hard_negatives import Changer, names_in
from training.table_questions import Names, table_questions

log = logging.getLogger("training")
Floats = npt.NDArray[np.float64]

ANSWERING = Settings().answering
NATURAL = Path(__file__).with_name("natural_questions.tsv")
TABLES = 320
BODIES = ("公司", "分公司", "集团", "学院", "医院", "项目", "银行", "站")
CHOSEN = 20  # of 256
OTHERS, WIKI_OTHERS = 400, 250  # documents beside those that are asked about
SHORTEST = 250  # characters of a piece of news beside them
LONG_ANSWER, SHARED = 20, 0.6  # an answer of so many characters stands where most of it does
SPAN_SHARE = 0.6  # of an answer that a span must be
NATURAL_WEIGHT, REWORDED_WEIGHT, TABLE_WEIGHT, SEEN_WEIGHT = 10.0, 3.0, 5.0, 0.25
"""What a natural question, one said in other words, one on a table and one that the reader has
seen count."""
TOGETHER, TITLE = 6, 30
"""Articles of one digest; characters of a heading there."""
REWORDINGS = 2
"""Each natural question is also said in other words so many times: people do not repeat those of
the documents."""
FOLDS, SEED = 5, 5
DEPTH, ROUNDS, RATE, LEAST_LEAF, RIDGE = 3, 200, 0.07, 15, 3.0
"""Of the trees, chosen by the precision of short answers on natural questions of documents that
were not learned from, beside depth 3 with 150 and depth 4 with 220 rounds."""
ANSWER_ROUNDS = 60
# Features that can only speak for an answer, and those that can only speak against it.
FOR = frozenset(
    (
        "worth", "covered", "covered_near", "own", "near",
        "wide", "name_own", "name_near", "name_wide", "name_mean",
        "ordinal_near", "ordinal_own", "period_own", "period_near", "attribute_own",
        "attribute_near", "attribute_wide", "read", "has_answer", "score",
        "mass", "edges", "fit", "counted", "clause",
        "clause_attribute", "lead_attribute", "clause_name", "clause_period", "clause_ordinal",
        "sort_fits", "sentence", "span", "subject_own", "subject_near", "subject_wide", "holds_fit",
        "holds_bound", "holds_clause", "holds_clause_attribute", "holds_lead_attribute",
        "holds_mass", "holds_edges",
    )
)  # fmt: skip
AGAINST = frozenset(
    (
        "own_missing", "near_missing", "wide_missing", "rivals", "distance", "content_distance",
        "holds_distance", "rank",
    )
)  # fmt: skip
SHORT_PRECISION = 0.9
"""Of the short answers that are shown to the natural questions, of which two fifths have no answer,
as many must be right."""
REFUSED = 0.75
"""Of the natural questions without an answer, as many must be refused."""
UNTRIED = {"answered": 0.5, "short": 0.5}
"""Thresholds of a try that has no natural question."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A question with its accepted answers, none for one that has none, and its document."""

    text: str
    answers: tuple[str, ...]
    document: str
    reworded: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """What was observed for a question, and which of its sentences and spans are right."""

    asking: Asking
    kind: str
    seen: Observed
    sentences: tuple[bool, ...]
    spans: tuple[bool, ...]
    natural: bool
    read: bool = True
    reworded: bool = False


def natural(news: Sequence[str]) -> tuple[dict[str, str], list[Asking]]:
    """The news that the natural questions are about among others, and the questions."""
    lines = [line.split("\t") for line in NATURAL.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if int(line[0]) < len(news)]  # a try has less of the news
    rows = sorted({int(row) for row, *_ in lines})
    others = [i for i, text in enumerate(news) if len(text) > SHORTEST and i not in set(rows)]
    random = np.random.default_rng(SEED)
    drawn = random.choice(len(others), min(OTHERS, len(others)), replace=False)
    documents = {_name(i): news[i] for i in (*rows, *(others[place] for place in drawn))}
    asked = [
        Asking(question, tuple(filter(None, ["|".join(answers)])), _name(int(row)))
        for row, _, question, *answers in lines
    ]
    return documents, asked


def digests(
    documents: Mapping[str, str], asked: Sequence[Asking]
) -> tuple[dict[str, str], list[Asking]]:
    """The same questions on the same articles, `TOGETHER` of them in one document under headings
    as a digest has them, among the others as they are."""
    digest = _digests(asked)
    parts: dict[str, list[str]] = {}
    for name, text in documents.items():
        if name in digest:
            parts.setdefault(digest[name], []).append(f"## {_title(text)}\n\n{text.strip()}\n")
    made = {name: "\n".join(("# 简报\n", *texts)) for name, texts in parts.items()}
    made |= {name: text for name, text in documents.items() if name not in digest}
    return made, [replace(one, document=digest[one.document]) for one in asked]


def _digests(asked: Iterable[Asking]) -> dict[str, str]:
    """In which digest each article stands that is asked about."""
    names = sorted({one.document for one in asked})
    return {name: f"digest{i // TOGETHER:03d}.md" for i, name in enumerate(names)}


def _title(text: str) -> str:
    """The words with which an article begins, up to the first mark, of `TITLE` characters at most.

    >>> _title("原标题：渡轮停航。今天……")
    '渡轮停航'
    """
    first = re.split("[，。！？；!?;\\s]", text.strip().removeprefix("原标题："))[0]
    return first[:TITLE] or "消息"


def reworded(asked: Sequence[Asking], wording: Wording) -> Iterator[Asking]:
    """The questions in other words, where these can be found."""
    random = np.random.default_rng(SEED)
    for one in asked:
        for _ in range(REWORDINGS):
            text = wording.reworded(one.text, random)
            if text != one.text:
                yield replace(one, text=text, reworded=True)


def _name(number: int) -> str:
    return f"{number:05d}.txt"


def is_chosen(passage: str) -> bool:
    """Whether a passage is one of the 8% whose questions are asked; by its hash."""
    return hashlib.sha256(passage.encode()).digest()[0] < CHOSEN


def encyclopedic() -> tuple[dict[str, str], list[Asking]]:
    """Some passages of CMRC train and DRCD dev among others, and the questions on them, as they
    are and, where that can be done, changed so that there is no answer."""
    cmrc = list(data.cmrc_train())
    asked = [*cmrc, *(q for article in data.drcd_articles() for q in article.questions)]
    changer, random = Changer(asked), np.random.default_rng(SEED)
    held = [question for question in asked if is_chosen(question.passage)]
    others = [p for p in dict.fromkeys(q.passage for q in cmrc) if not is_chosen(p)]
    passages = [*dict.fromkeys(question.passage for question in held), *others[:WIKI_OTHERS]]
    names = {passage: _name(i) for i, passage in enumerate(passages)}
    questions = []
    for one in held:
        questions.append(Asking(one.text, (one.answer,), names[one.passage]))
        changed = changer.unanswered(one, random)
        if changed is not None and changed.text != one.text:
            questions.append(Asking(changed.text, (), names[one.passage]))
    return {names[passage]: passage for passage in passages}, questions


def tabular() -> tuple[dict[str, str], list[Asking]]:
    """Tables made up of names that the questions of CMRC train hold, each a document, and one
    question on each; not all are answered by their table."""
    by_tag: dict[str, dict[str, None]] = {tag: {} for tag in ("nr", "ns", "nt")}
    for question in data.cmrc_train():
        for name in names_in(question.text):
            by_tag.get(name.tag, {})[name.word] = None
    people, places, bodies = (list(by_tag[tag]) for tag in ("nr", "ns", "nt"))
    random = np.random.default_rng(SEED)
    bodies += [place + str(random.choice(BODIES)) for place in places]
    made = list(table_questions(Names(bodies, people, places), TABLES, random))
    documents = {f"{i:05d}.md": _markdown(one.passage) for i, one in enumerate(made)}
    asked = [
        Asking(one.text, (one.answer,) if one.answer else (), f"{i:05d}.md")
        for i, one in enumerate(made)
    ]
    return documents, asked


def _markdown(passage: str) -> str:
    """A table whose cells tabs part, in Markdown."""
    lines: list[str] = []
    for line in passage.splitlines():
        cells = line.split("\t")
        if len(cells) > 1 and lines and not lines[-1].startswith("|"):
            lines += ["", f"| {' | '.join(cells)} |", f"|{'---|' * len(cells)}"]
        else:
            lines.append(f"| {' | '.join(cells)} |" if len(cells) > 1 else line)
    return "\n".join(lines) + "\n"


def cases(
    documents: Mapping[str, str], asked: Iterable[Asking], reader: Reader, *, own: bool
) -> Iterator[Case]:
    """Asks the questions of an index of the documents; `own` are natural ones."""
    with tempfile.TemporaryDirectory(prefix="wenju-answers-") as temporary:
        folder, settings = Path(temporary) / "in", Settings(index=Path(temporary) / "index")
        folder.mkdir()
        for name, text in documents.items():
            (folder / name).write_text(text, encoding="utf-8")
        index = Index.build([folder], settings.index, settings)
        options = settings.retrieval
        for asking in asked:
            query = parse_query(asking.text)
            queries = plan(query, index)
            _, searches = find(queries, index, options, options.k, SearchModels(reader), lists=True)
            search = searches[0]
            ranked = ranked_sentences(search, reader)
            seen = observe(search.query, search.weights, ranked)
            yield Case(
                asking,
                search.query.kind.value,
                seen,
                tuple(_answers(one.text, asking.answers) for one in ranked),
                tuple(any(is_right(c.text, a) for a in asking.answers) for c in seen.spans),
                own,
                reworded=asking.reworded,
            )


BY_READER = frozenset(
    f"{name}{ending}"
    for name in ("read", "has_answer", "mass", "edges")
    for ending in ("", "_lead", "_any")
)
UNREAD_EVERY = 4


def with_unread(found: Sequence[Case]) -> list[Case]:
    """The cases, and some of them again as they are without a reader: for English questions and
    where the settings switch it off."""
    return [*found, *map(_unread, found[::UNREAD_EVERY])]


def _unread(case: Case) -> Case:
    sentence_rows, span_rows = (
        [{name: np.nan if name in BY_READER else value for name, value in row.items()}
         for row in rows]
        for rows in (case.seen.sentence_rows, case.seen.span_rows)
    )  # fmt: skip
    seen = replace(case.seen, sentence_rows=sentence_rows, span_rows=span_rows)
    return replace(case, seen=seen, read=False)


def _answers(sentence: str, answers: Sequence[str]) -> bool:
    flat = normalise(sentence)
    return any(
        holds(flat, answer)
        or (len(answer) > LONG_ANSWER and share_held(sentence, answer) >= SHARED)
        for answer in answers
    )


def is_right(span: str, answer: str) -> bool:
    """Whether a span is an answer: it holds one of its wordings, is the one figure in it or most
    of it.

    >>> is_right("3.66平方公里", "集水面积 3.66平方公里"), is_right("3.66平方公里", "3.7平方公里")
    (True, False)
    """
    flat = normalise(span)
    if holds(flat, answer):
        return True
    for wording in answer.split("|"):
        whole = normalise(wording)
        if flat and flat in whole:
            quantities, periods = figures(wording)
            found = [normalise(one.text) for one in quantities]
            found += [normalise(one.text) for one in periods]
            if found == [flat] or len(flat) >= SPAN_SHARE * len(whole):
                return True
    return False


# --- fitting ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of features: numbers, whether each is right, what it counts, its question's number."""

    names: tuple[str, ...]
    x: Floats
    y: Floats
    weight: Floats
    question: npt.NDArray[np.int64]


def _table(found: Sequence[Case], rows: str, right: str) -> Table:
    names = tuple(next(row for case in found for row in getattr(case.seen, rows)))
    x, y, weight, question = [], [], [], []
    for number, case in enumerate(found):
        for row, label in zip(getattr(case.seen, rows), getattr(case, right), strict=True):
            x.append([row[name] for name in names])
            y.append(label)
            weight.append(_weight(case))
            question.append(number)
    return Table(
        names,
        np.array(x, np.float64),
        np.array(y, np.float64),
        np.array(weight),
        np.array(question, np.int64),
    )


def _weight(case: Case) -> float:
    if case.natural:
        return REWORDED_WEIGHT if case.reworded else NATURAL_WEIGHT
    return TABLE_WEIGHT if case.asking.document.endswith(".md") else SEEN_WEIGHT


def _fit(table: Table, rows: npt.NDArray[np.bool_], rounds: int, depth: int = DEPTH) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    stems = [name.removesuffix("_lead").removesuffix("_any") for name in table.names]
    one_way = [1 if stem in FOR else -1 if stem in AGAINST else 0 for stem in stems]
    one_way = [
        1 if name == "distance_lead" else way
        for name, way in zip(table.names, one_way, strict=True)
    ]
    model = HistGradientBoostingClassifier(
        max_depth=depth,
        max_iter=rounds,
        learning_rate=RATE,
        min_samples_leaf=LEAST_LEAF,
        l2_regularization=RIDGE,
        monotonic_cst=one_way,
        early_stopping=False,
        random_state=SEED,
    )
    x = table.x[rows]
    # A feature that no row of a small table has cannot be binned; as a constant it is unused.
    x[:, np.isnan(x).all(axis=0)] = 0.0
    return model.fit(x, table.y[rows], sample_weight=table.weight[rows])


def _fit_all(table: Table, rounds: int, depth: int = DEPTH) -> Any:
    return _fit(table, np.ones(len(table.y), np.bool_), rounds, depth)


def _unseen(table: Table, groups: Sequence[str], rounds: int, depth: int = DEPTH) -> Floats:
    """The probability of each row by a model that has not seen its document."""
    from sklearn.model_selection import GroupKFold

    found = np.zeros(len(table.y))
    for train, _ in GroupKFold(FOLDS).split(np.arange(len(groups)), groups=groups):
        known = np.isin(table.question, train)
        model = _fit(table, known, rounds, depth)
        found[~known] = model.predict_proba(table.x[~known])[:, 1]
    return found


def trees_json(model: Any, names: Sequence[str], depth: int = DEPTH) -> dict[str, Any]:
    """The trees of a fitted model as `rag.models.trees` reads them, each complete: a leaf above
    the last level is repeated below itself."""
    columns: dict[str, list[list[Any]]] = {
        "feature": [], "threshold": [], "missing": [], "value": [],
    }  # fmt: skip
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        feature, threshold, missing = [], [], []
        level = [0]
        for _ in range(depth):
            below = []
            for place in level:
                node = nodes[place]
                if node["is_leaf"]:
                    feature.append(0)
                    threshold.append(0.0)
                    missing.append(False)
                    below += [place, place]
                else:
                    feature.append(int(node["feature_idx"]))
                    threshold.append(float(node["num_threshold"]))
                    missing.append(bool(node["missing_go_to_left"]))
                    below += [int(node["left"]), int(node["right"])]
            level = below
        columns["feature"].append(feature)
        columns["threshold"].append(threshold)
        columns["missing"].append(missing)
        columns["value"].append([round(float(nodes[place]["value"]), 5) for place in level])
    base = float(np.ravel(model._baseline_prediction)[0])
    return {"names": list(names), "base": round(base, 5), **columns}


def _by_question(table: Table, probability: Floats, count: int) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in range(count)]
    for number, value in zip(table.question.tolist(), probability.tolist(), strict=True):
        found[number].append(value)
    return found


def fit(found: Sequence[Case]) -> dict[str, Any]:
    """The models as `rag.models.trees` reads them; what they reach on documents that they have
    not seen goes to the log."""
    digest = _digests(
        case.asking for case in found if case.natural and not case.asking.document.endswith(".md")
    )  # an article and the digest that holds it are learned from or measured on together
    groups = [
        f"{case.natural}{digest.get(case.asking.document, case.asking.document)}" for case in found
    ]
    sentence = _table(found, "sentence_rows", "sentences")
    span = _table(found, "span_rows", "spans")
    said = _by_question(sentence, _unseen(sentence, groups, ROUNDS), len(found))
    marked = _by_question(span, _unseen(span, groups, ROUNDS), len(found))
    rows, labels, shown, said_right, elsewhere = [], [], [], [], []
    for case, sentences, unbounded in zip(found, said, marked, strict=True):
        spans = [
            0.0 if unbound(row) else probability
            for row, probability in zip(case.seen.span_rows, unbounded, strict=True)
        ]
        query = parse_query(case.asking.text)
        rows.append(answer_row(query, sentences, spans, case.seen))
        best = int(np.argmax(sentences)) if sentences else -1
        labels.append(best >= 0 and case.sentences[best])
        said_right.append(_says_it(case, query, sentences))
        elsewhere.append(best < 0 or out_of_question(query, case.seen, sentences, spans))
        place = int(np.argmax(spans)) if spans else -1
        shown.append((spans[place], case.spans[place]) if place >= 0 else (0.0, False))
    names = tuple(rows[0])
    answered = Table(
        names,
        np.array([[row[name] for name in names] for row in rows], np.float64),
        np.array(labels, np.float64),
        np.array(list(map(_weight, found))),
        np.arange(len(found)),
    )
    likely = _unseen(answered, groups, ANSWER_ROUNDS, 2)
    likely[elsewhere] = 0.0
    thresholds = _thresholds(found, likely, said_right, shown)
    whole = np.ones
    return {
        "sentence": trees_json(
            _fit(sentence, whole(len(sentence.y), bool), ROUNDS), sentence.names
        ),
        "span": trees_json(_fit(span, whole(len(span.y), bool), ROUNDS), span.names),
        "answered": trees_json(_fit(answered, whole(len(found), bool), ANSWER_ROUNDS, 2), names, 2),
        "thresholds": thresholds,
    }


def _says_it(case: Case, query: Query, probabilities: Sequence[float]) -> bool:
    """Whether the sentences that would be said hold an answer."""
    seen = case.seen
    if not seen.sentences or not case.asking.answers:
        return False
    likeliest = sorted(zip(seen.sentences, probabilities, strict=True), key=by_probability)
    chosen = choose(query, ordered(Judged(seen.asked, tuple(likeliest), (), 0.0, {})), ANSWERING)
    return any(_answers(one.text, case.asking.answers) for one in chosen)


def _least(pairs: Iterable[tuple[float, bool]], precision: float) -> float:
    """The least probability from which on at least the share `precision` is right; 1 for none.

    >>> _least([(0.9, True), (0.8, False), (0.7, True), (0.2, False)], 0.6)
    0.7
    """
    least, right = 1.0, 0
    for count, (probability, is_right) in enumerate(sorted(pairs, reverse=True), 1):
        right += is_right
        if right >= precision * count:
            least = probability
    return least


def _thresholds(
    found: Sequence[Case],
    likely: Floats,
    said_right: Sequence[bool],
    shown: Sequence[tuple[float, bool]],
) -> dict[str, float]:
    """From which probability on a question is answered and a short answer shown, by the natural
    questions, none of whose documents the models had seen."""
    own = [i for i, case in enumerate(found) if _measured(case)]
    answerable = np.array([bool(found[i].asking.answers) for i in own], np.bool_)
    if not answerable.any():
        return UNTRIED
    sure = likely[own]
    answered = float(np.quantile(sure[~answerable], REFUSED))
    short = _least((shown[i] for i in own if likely[i] >= answered), SHORT_PRECISION)
    log.info(
        "unseen documents, natural questions: answered from %.3f (of the answerable %.3f, of the "
        "others refused %.3f; %.3f of what is said holds the answer), short from %.3f (shown %.3f "
        "of the answerable, right %.3f)",
        answered, np.mean(sure[answerable] >= answered), np.mean(sure[~answerable] < answered),
        np.mean([said_right[i] for i in own if likely[i] >= answered]),
        short,
        np.mean([shown[i][0] >= short for i, has in zip(own, answerable, strict=True) if has]),
        np.mean([shown[i][1] for i in own if shown[i][0] >= short and likely[i] >= answered]),
    )  # fmt: skip
    log.info("AUROC, natural %.3f, the others %.3f", *_auroc(found, likely))
    return {"answered": round(answered, 3), "short": round(short, 3)}


def _plain(case: Case) -> bool:
    """Whether a question was asked as it stands, of a program with a reader."""
    return case.read and not case.reworded


def _measured(case: Case) -> bool:
    return case.natural and _plain(case)


def _auroc(found: Sequence[Case], likely: Floats) -> tuple[float, float]:
    from sklearn.metrics import roc_auc_score

    values = []
    for is_natural in (True, False):
        own = [i for i, case in enumerate(found) if case.natural is is_natural and _plain(case)]
        truth = [bool(found[i].asking.answers) for i in own]
        values.append(float(roc_auc_score(truth, likely[own])) if len(set(truth)) > 1 else np.nan)
    return values[0], values[1]


def build(folder: Path, share: float = 1.0) -> None:
    """Writes `answering.json` for the reader that lies in `folder`; for a try, a share of the
    questions is enough."""
    files = folder / "reader"
    reader = Reader((files / "model.onnx").read_bytes(), (files / "vocabulary.json").read_bytes())
    found: list[Case] = []
    news, own = natural(list(data.news()))
    wording = Wording.load(files)
    for documents, asked, is_own in (
        (news, [*own, *reworded(own, wording)], True),
        (*digests(news, own), True),
        (*encyclopedic(), False),
        (*tabular(), False),
    ):
        some = asked[: max(12, round(share * len(asked)))] if documents else []
        if not some:
            continue
        found += cases(documents, some, reader, own=is_own)
        log.info("%d questions", len(found))
    text = json.dumps(fit(with_unread(found)), separators=(",", ":")) + "\n"
    (folder / "answering.json").write_text(text, encoding="utf-8")
