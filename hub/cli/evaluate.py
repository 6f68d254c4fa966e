"""`hub evaluate`: labelled data in, how well they were linked out."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from connectors.evaluation import Evaluation, load_evaluation
from hub import wiring
from hub.cli.model import frequencies_file
from hub.cli.output import answers, errors, print_json, require_writable, writing
from hub.domain.errors import SourceUnreadable
from hub.journeys.evaluate import EvaluationReport
from hub.journeys.evaluate import evaluate as run_evaluation
from hub.settings import Settings, read_settings
from matching.measures import Agreement
from matching.model import Model, from_json


def evaluate(
    file: Annotated[Path, typer.Argument(help="The evaluation's YAML.")],
    json_file: Annotated[
        Path | None,
        typer.Option("--json", help="Write the figures here as JSON; - for standard output."),
    ] = None,
    assignments_file: Annotated[
        Path | None, typer.Option("--assignments", help="Write record,cluster here as CSV.")
    ] = None,
) -> None:
    """Link labelled data in a throw-away hub and measure the clusters against the truth."""
    is_piped = json_file is not None and str(json_file) == "-"
    for wanted in (None if is_piped else json_file, assignments_file):
        if wanted is not None:
            require_writable(wanted)
    evaluation = load_evaluation(file)
    settings = read_settings()
    report = _run(evaluation, file, settings)
    figures = as_figures(report)
    if assignments_file is not None:
        write_assignments(report, assignments_file)
    if is_piped:
        print_json(figures)
        return
    if json_file is not None:
        encoded = msgspec.json.encode(figures)
        with writing(json_file):
            json_file.write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")
    _print(evaluation, report, figures)


def _run(evaluation: Evaluation, file: Path, settings: Settings) -> EvaluationReport:
    readers = wiring.evaluation_readers(evaluation, file, settings.chunk_rows)
    model = _model(file.parent / evaluation.model) if evaluation.model else None
    with wiring.throwaway_hub(wiring.limits(settings)) as hub:
        return run_evaluation(
            hub, evaluation, readers, model, lambda step: errors.print(f"{evaluation.id}: {step}")
        )


def _model(path: Path) -> Model:
    """The model file an evaluation names, with its term frequencies beside it where it has any."""
    rarities = frequencies_file(path)
    try:
        return from_json(path.read_bytes(), rarities.read_bytes() if rarities.exists() else None)
    except OSError as error:
        raise SourceUnreadable(str(path), "not_found") from error
    except ValueError as error:
        raise SourceUnreadable(str(path), "not_a_model") from error


def as_figures(report: EvaluationReport) -> dict[str, Any]:
    """The documented JSON of an evaluation (docs/evaluate.md)."""
    found = report.measures
    return {
        "records": found.records_judged,
        "entities_true": found.entities_true,
        "clusters": found.clusters,
        "pairwise": _rates(found.pairwise),
        "bcubed": _rates(found.bcubed),
        "exact_entities": found.exact_entities,
        "largest_cluster": found.largest_cluster,
        "review_pairs": sum(link.reviews_open for link in report.links),
        "seconds": {name: round(spent, 3) for name, spent in report.seconds.items()},
        "peak_rss_mb": report.peak_rss_mb,
        "model": report.model,
    }


def _rates(agreement: Agreement) -> dict[str, float]:
    return {
        "precision": agreement.precision,
        "recall": agreement.recall,
        "f1": agreement.f1,
    }


def write_assignments(report: EvaluationReport, file: Path) -> None:
    """record,cluster for every linked record; record is `source:key`."""
    with writing(file), file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(("record", "cluster"))
        writer.writerows((item.record, item.cluster) for item in report.assignments)


def _print(evaluation: Evaluation, report: EvaluationReport, figures: dict[str, Any]) -> None:
    answers.print(evaluation.label or evaluation.id, style="bold")
    for name in ("pairwise", "bcubed"):
        rates = figures[name]
        answers.print(
            f"{name:<18} precision {rates['precision']:.4f}  recall {rates['recall']:.4f}  F1 {rates['f1']:.4f}"
        )
    for name in (
        "records",
        "entities_true",
        "clusters",
        "exact_entities",
        "largest_cluster",
        "review_pairs",
        "peak_rss_mb",
        "model",
    ):
        answers.print(f"{name:<18} {figures[name]}")
    rejected = sum(load.rejected for load in report.loads)
    answers.print(f"{'rejected rows':<18} {rejected}")
    spent = "  ".join(f"{name} {value:.1f}" for name, value in figures["seconds"].items())
    answers.print(f"{'seconds':<18} {spent}")
