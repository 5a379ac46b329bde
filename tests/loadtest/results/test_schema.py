import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loadtest.contenders.cores import Cores
from loadtest.results.schema import SCHEMA, Results, Switches, load, save
from loadtest.workload.demand import ADMISSION, Limit
from loadtest.workload.open import Open
from tests.loadtest.support.fabricated import (
    calibration,
    contender,
    measured,
    not_run,
    open_step,
    options,
    results,
    step,
    stuck,
    use,
)

RUN = results(
    [
        step("flask", 1, measured=measured(latency={0.123: 1, 99.9: 7, 1230.0: 2})),
        step("flask", 50, doubts=["a doubt with “quotes” and \N{SNOWMAN}"]),
        not_run("flask", 400),
        stuck("flask", 5, succeeded=1),
        step(
            "flask",
            50,
            repeat=2,
            measured=measured(
                others_cpu={"database": 0.25, "command": 0.01},
                service_cores=use(0.5, 2, stolen=0.01, interrupts=0.02),
                other_cores=use(0.75),
                switches=Switches(voluntary=700, involuntary=3),
            ),
        ),
        step("stranger", 1, predicted=None, measured=measured(server_cpu=None, busiest_cpu=None, memory=None)),
    ]
)


def changed(**changes: Any) -> str:
    return json.dumps({**json.loads(RUN.model_dump_json()), **changes})


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    path = save(RUN, tmp_path / "now")
    assert path == tmp_path / "now" / "results.json"
    assert load(path) == RUN


def test_the_file_is_readable_json_with_its_schema_version_first(tmp_path: Path) -> None:
    text = save(RUN, tmp_path / "now").read_text(encoding="utf-8")
    assert next(iter(json.loads(text))) == "schema_version"
    assert text.endswith("}\n")


def test_latest_points_to_the_newest(tmp_path: Path) -> None:
    for name in ("one", "two"):
        save(RUN, tmp_path / name)
        assert os.readlink(tmp_path / "latest") == name  # relative, so that the folder can be moved
        assert load(tmp_path / "latest" / "results.json") == RUN
    assert sorted(each.name for each in tmp_path.iterdir()) == ["latest", "one", "two"]


def test_nothing_but_the_results_is_left_in_their_folder(tmp_path: Path) -> None:
    save(RUN, tmp_path / "now")
    assert [each.name for each in (tmp_path / "now").iterdir()] == ["results.json"]


def test_a_file_from_before_requests_were_counted_that_were_sent_again_is_read(tmp_path: Path) -> None:
    older = json.loads(RUN.model_dump_json())
    for each in older["steps"]:
        for name in ("resent", "reconnected", "course") if each["measured"] else ():
            del each["measured"][name]
    (tmp_path / "results.json").write_text(json.dumps(older), encoding="utf-8")
    assert load(tmp_path / "results.json") == RUN


def test_the_cores_of_a_run_and_its_calibrations_can_be_read_again(tmp_path: Path) -> None:
    known = contender("aiohttp", "query", calibration(neighbours=0.25))
    run = RUN.model_copy(update={"contenders": [known], "steps": [], "cores": Cores((0, 2), (1, 3))})
    read = load(save(run, tmp_path / "now"))
    assert read.cores == Cores((0, 2), (1, 3))
    assert read.contenders == [known]
    assert read.contenders[0].calibration == calibration(neighbours=0.25)
    assert read.contenders[0].demand is not None
    assert read.contenders[0].demand.calibrated


@pytest.mark.parametrize(("processes", "busiest"), [([0.1, 0.4, 0.2], 0.4), ([], 0.0), (None, None)])
def test_the_busiest_process_is_found_among_all_of_them(processes: list[float] | None, busiest: float | None) -> None:
    assert measured(processes_cpu=processes).busiest_cpu == busiest


@pytest.mark.parametrize(
    ("name", "scenario"),
    [("flask", "ask"), ("aiohttp", "ask"), ("flask-threads", "query"), ("aiohttp", "mixed"), ("aiohttp", "file")],
)
def test_what_was_foretold_can_be_read_again(tmp_path: Path, name: str, scenario: str) -> None:
    known = contender(name, scenario)
    run = RUN.model_copy(update={"contenders": [known], "steps": []})
    (read,) = load(save(run, tmp_path / "now")).contenders
    assert read == known
    assert (read.demand is None) == (scenario == "file")
    assert read.environment == {"POOL_SIZE": "10"}


def test_a_service_tells_its_software_and_the_lines_of_its_adapter_and_a_stranger_neither() -> None:
    told = {known.name: (known.software, known.adapter_lines) for known in RUN.contenders}
    assert told == {"flask": ({"Flask": "1.0", "gunicorn": "1.0"}, 100), "stranger": ({}, None)}


@pytest.mark.parametrize("fails", ["os.fsync", "pathlib.Path.replace"])
def test_a_write_that_fails_leaves_no_results_and_the_old_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    save(RUN, tmp_path / "old")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(fails, full)
        with pytest.raises(OSError, match="No space left"):
            save(RUN, tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    assert os.readlink(tmp_path / "latest") == "old"


def test_a_write_that_fails_leaves_the_results_that_were_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(RUN, tmp_path / "now")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    interrupted = RUN.model_copy(update={"complete": False})
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            save(interrupted, tmp_path / "now")
    assert load(path) == RUN


def refused(path: Path, text: str, complaint: str) -> None:
    """Check that a file with this text is refused with one sentence that begins with the complaint."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="is not a results file") as refusal:
        load(path)
    told = str(refusal.value)
    assert told.startswith(f"{path} is not a results file of schema version {SCHEMA}: {complaint}")
    assert told.isprintable()  # so without a line end


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the file: Invalid JSON: EOF while parsing"),
        (RUN.model_dump_json()[:1000], "the file: Invalid JSON: EOF while parsing"),
        ("not json", "the file: Invalid JSON: expected ident"),
        ("[]", "the file: Input should be an object"),
        ("{}", "schema_version: Field required"),
        (changed(verdict="a later version's"), "verdict: Extra inputs are not permitted"),
        (changed(steps=[{}]), "steps.0.service: Field required"),
        (changed(contenders=[]), "the file: steps of unknown services: flask, stranger"),
        (changed(complete=None), "complete: Input should be a valid boolean"),
    ],
    ids=["empty", "truncated", "text", "list", "object", "extra", "step", "services", "null"],
)
def test_what_is_no_results_file_is_one_clear_error(tmp_path: Path, text: str, complaint: str) -> None:
    refused(tmp_path / "results.json", text, complaint)


def edited(*path: str | int, value: Any, run: Results = RUN) -> str:
    """Return the JSON text of a run with one value changed."""
    copy = json.loads(run.model_dump_json())
    place = copy
    for each in path[:-1]:
        place = place[each]
    place[path[-1]] = value
    return json.dumps(copy)


TWICE = [json.loads(contender("flask").model_dump_json())] * 2


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        *(
            (edited("contenders", 0, "name", value=name), f"contenders.0.name: the name {name!r} cannot be printed.")
            for name in ("a\nb", "\x00", "\x1b[31m", "\N{RIGHT-TO-LEFT OVERRIDE}")
        ),
        (edited("steps", 0, "service", value="a\nb"), "steps.0.service: the name 'a\\nb' cannot be printed."),
        (changed(contenders=TWICE, steps=[]), "the file: duplicate service name among flask, flask."),
        (edited("options", "scenario", value="nope"), "options.scenario: unknown scenario 'nope'."),
        (edited("options", "loads", 0, "users", value=0), "options.loads.0.closed.users: Input should be greater"),
        (
            edited("steps", 0, "load", "think", value=-1),
            "steps.0.load.closed.think: Input should be greater than or equal",
        ),
        (edited("steps", 0, "load", "kind", value="open"), "steps.0.load.open.rate: Field required."),
        (edited("steps", 0, "load", "kind", value="ramp"), "steps.0.load: Input tag 'ramp' found using 'kind' does "),
        (edited("steps", 0, "load", "rate", value=1), "steps.0.load.closed.rate: Unexpected keyword argument."),
        *(
            (edited("steps", 0, "load", "users", value=users), "steps.0.load.closed.users: Input should be ")
            for users in (0, -1, 1_000_001, 1.5)
        ),
        *(
            (edited("steps", 0, "measured", "seconds", value=seconds), "steps.0.measured.seconds: Input should be ")
            for seconds in (0, -1, float("nan"), float("inf"))
        ),
        *(
            (edited("contenders", 0, name, value=0), f"contenders.0.{name}: Input should be greater than or equal to 1")
            for name in ("processes", "threads", "slots", "adapter_lines")
        ),
        (edited("contenders", 0, "demand", "wait", value=0), "contenders.0.demand: a request must take some time."),
        *(
            (edited("contenders", 0, "demand", name, value=-1), "contenders.0.demand: times must be at least 0, ")
            for name in ("wait", "late", "inside", "transit", "beside")
        ),
        *(
            (edited("contenders", 0, "demand", "limits", 0, name, value=0), "contenders.0.demand: times must be at ")
            for name in ("capacity", "held")
        ),
        (edited("contenders", 0, "demand", "nap", value=1), "contenders.0.demand.nap: Unexpected keyword argument."),
        (edited("cores", "service", value=["a"]), "cores.service.0: Input should be a valid integer"),
        (
            edited("steps", 4, "measured", "service_cores", "cores", value=0),
            "steps.4.measured.service_cores.cores: Input should be greater than or equal to 1.",
        ),
        (edited("steps", 0, "measured", "busiest_cpu", value=1), "steps.0.measured.busiest_cpu: Extra inputs are not "),
        *(
            (edited(name, value="2026-01-01T00:00:00"), f"{name}: Input should have timezone info.")
            for name in ("started", "finished")
        ),
        (edited("steps", 0, "measured", "response_ms", value=float("nan")), "steps.0.measured.response_ms: Input "),
    ],
)
def test_what_no_run_can_have_measured_is_refused_as_well(tmp_path: Path, text: str, complaint: str) -> None:
    refused(tmp_path / "results.json", text, complaint)


@pytest.mark.parametrize(
    "place",
    [
        ("machine", "memory"),
        ("contenders", 0, "demand", "limits", 0, "capacity"),
        ("steps", 0, "measured", "requests"),
        ("steps", 0, "measured", "seconds"),
        ("steps", 0, "measured", "latency", "99.9"),
        ("steps", 0, "measured", "service_times", "requests"),
        ("steps", 0, "load", "think"),
    ],
)
@pytest.mark.parametrize("number", [10**400, 2 * 10**15, 1e300], ids=["400 digits", "16 digits", "1e300"])
def test_a_number_that_is_too_large_to_count_with_is_refused(
    tmp_path: Path, place: tuple[str | int, ...], number: float
) -> None:
    refused(tmp_path / "results.json", edited(*place, value=number), ".".join(map(str, place)))


def test_a_latency_that_is_too_large_to_count_with_is_refused(tmp_path: Path) -> None:
    refused(
        tmp_path / "results.json",
        edited("steps", 0, "measured", "latency", value={"1e300": 1}),
        "steps.0.measured.latency.key: numbers go up to 1e+15.",
    )


def test_a_latency_of_no_request_is_refused(tmp_path: Path) -> None:
    text = edited("steps", 0, "measured", "latency", value={"99.9": 0})
    refused(
        tmp_path / "results.json", text, "steps.0.measured.latency.99.9: Input should be greater than or equal to 1"
    )


def test_a_file_from_before_a_field_was_added_is_read(tmp_path: Path) -> None:
    old = json.loads(RUN.model_dump_json())
    for each in old["steps"]:
        for name in ("resent", "reconnected", "course", "throttled", "good", "arrivals") if each["measured"] else ():
            del each["measured"][name]
    (tmp_path / "results.json").write_text(json.dumps(old), encoding="utf-8")
    assert load(tmp_path / "results.json") == RUN


def test_a_part_of_a_core_is_kept(tmp_path: Path) -> None:
    half = RUN.model_copy(update={"machine": RUN.machine.model_copy(update={"cores": 0.5})})
    assert load(save(half, tmp_path / "now")).machine.cores == 0.5
    assert type(load(save(RUN, tmp_path / "now")).machine.cores) is int


@pytest.mark.parametrize("version", [1, SCHEMA - 1, SCHEMA + 1])
def test_a_file_of_another_schema_version_is_refused_for_its_version_and_not_for_what_it_lacks(
    tmp_path: Path, version: int
) -> None:
    other = json.loads(changed(schema_version=version))
    for each in other["steps"]:
        each["users"] = each.pop("load")["users"]
    path = tmp_path / "results.json"
    path.write_text(json.dumps(other), encoding="utf-8")
    with pytest.raises(ValueError, match="is of schema version") as refusal:
        load(path)
    assert str(refusal.value) == (
        f"{path} is of schema version {version}; this version reads {SCHEMA}: run compare again."
    )


def test_the_load_of_a_step_is_written_with_its_kind() -> None:
    read = json.loads(results([step("flask", 64)]).model_dump_json())
    assert read["steps"][0]["load"] == {"kind": "closed", "users": 64, "think": 0.0}
    assert read["options"]["loads"] == [{"kind": "closed", "users": 64, "think": 0.0}]


OPEN = results(
    [
        open_step("flask", Open(20, "even", seed=7, patience=2.5, clients=9)),
        open_step("flask", Open(400.5)),
        open_step("flask", Open(800), measured=None, bound="not run"),
        open_step("stranger", Open(20)),
    ]
)


def test_an_open_run_is_read_as_it_was_saved(tmp_path: Path) -> None:
    run = OPEN.model_copy(update={"options": options(loads=[Open(20), Open(400.5)], deadlines=[1.0, 0.25])})
    read = load(save(run, tmp_path / "now"))
    assert read == run
    assert read.options.deadlines == [1.0, 0.25]
    assert read.steps[0].load == Open(20, "even", seed=7, patience=2.5, clients=9)
    assert read.steps[0].measured
    assert read.steps[0].measured.arrivals
    assert read.steps[1].predicted
    assert read.steps[1].predicted.arrivals
    assert read.steps[1].predicted.arrivals.diverges


def test_the_load_of_an_open_step_is_written_with_its_kind() -> None:
    read = json.loads(OPEN.model_dump_json())
    known = {"kind": "open", "rate": 20.0, "arrivals": "even", "seed": 7, "patience": 2.5, "clients": 9}
    assert read["steps"][0]["load"] == known
    assert known in read["options"]["loads"]


def test_a_schedule_is_the_same_for_a_load_that_was_saved(tmp_path: Path) -> None:
    read = load(save(OPEN, tmp_path / "now"))
    for saved, again in zip(OPEN.steps, read.steps, strict=True):
        assert isinstance(saved.load, Open)
        assert isinstance(again.load, Open)
        assert next(again.load.schedule(2)) == next(saved.load.schedule(2))


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (("load", "rate"), 0, "load.open.rate: Input should be greater than 0."),
        (("load", "rate"), 100_001, "load.open.rate: Input should be less than or equal to 100000."),
        (("load", "arrivals"), "bursts", "load.open.arrivals: Input should be 'poisson' or 'even'."),
        (("load", "seed"), -1, "load.open.seed: Input should be greater than or equal to 0."),
        (("load", "patience"), 0, "load.open.patience: Input should be greater than 0."),
        (("load", "clients"), 0, "load.open.clients: Input should be greater than or equal to 1."),
        (("load", "users"), 1, "load.open.users: Unexpected keyword argument."),
        (("measured", "arrivals", "lost"), -1, "measured.arrivals.lost: Input should be greater than or equal to 0."),
        (("measured", "arrivals", "seconds"), 0, "measured.arrivals.seconds: Input should be greater than 0."),
        (
            ("measured", "arrivals", "late_ms"),
            {"1": 0},
            "measured.arrivals.late_ms.1: Input should be greater than or ",
        ),
        (("measured", "arrivals", "nap"), 1, "measured.arrivals.nap: Extra inputs are not permitted."),
        (("measured", "arrivals", "slope"), 1e300, "measured.arrivals.slope: numbers go up to 1e+15."),
        (("predicted", "arrivals", "lost"), -1, "predicted.arrivals.lost: Input should be greater than or equal to 0."),
        (("predicted", "arrivals", "in_flight"), float("nan"), "predicted.arrivals.in_flight: Input should be "),
    ],
)
def test_what_no_open_step_can_have_is_refused(
    tmp_path: Path, place: tuple[str, ...], value: Any, complaint: str
) -> None:
    refused(tmp_path / "results.json", edited("steps", 0, *place, value=value, run=OPEN), f"steps.0.{complaint}")


@pytest.mark.parametrize(("capacity", "held"), [(0, 0.1), (32, 0.0)])
def test_a_limit_of_the_requests_in_flight_that_admits_nothing_is_refused(
    tmp_path: Path, capacity: int, held: float
) -> None:
    impossible = {"name": ADMISSION, "capacity": capacity, "held": held}
    text = edited("contenders", 0, "demand", "admission", value=impossible)
    refused(tmp_path / "results.json", text, "contenders.0.demand: times must be at least 0, held above 0, capacity ")


def test_a_limit_of_the_requests_in_flight_is_read_again(tmp_path: Path) -> None:
    known = contender("aiohttp")
    assert known.demand
    limited = known.model_copy(update={"demand": replace(known.demand, admission=Limit(ADMISSION, 32, 0.1))})
    run = RUN.model_copy(update={"contenders": [limited], "steps": []})
    assert load(save(run, tmp_path / "now")).contenders == [limited]


@pytest.mark.parametrize("deadline", [0, -1])
def test_a_deadline_before_the_start_is_refused(tmp_path: Path, deadline: float) -> None:
    text = edited("options", "deadlines", value=[deadline])
    refused(tmp_path / "results.json", text, "options.deadlines.0: Input should be greater than 0.")


def test_bytes_that_are_no_text_are_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=f"is not a results file of schema version {SCHEMA}: the file: Invalid JSON"):
        load(path)
