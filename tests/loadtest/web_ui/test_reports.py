import pytest

from loadtest.web_ui.history import History, Totals
from loadtest.web_ui.reports import Reports


def test_the_moment_of_the_statistics_is_the_mean_of_the_last_reports() -> None:
    reports = Reports()
    assert reports.moment([]) is None
    reports.note("one", 10.0)
    assert reports.moment(["one", "other"]) is None  # nobody knows yet until when the other has counted
    reports.note("other", 11.0)
    assert reports.moment(["one", "other"]) == 10.5
    reports.note("one", 13.0)
    assert (reports.moment(["one", "other"]), reports.moment(["other"])) == (12.0, 11.0)


def test_a_point_has_the_rate_of_all_workers_whichever_of_them_has_reported_in_its_seconds() -> None:
    reports, history, requests = Reports(), History(), 0
    for second in range(12):  # each serves 100 a second, and reports every third second
        for place, worker in enumerate(("one", "other")):
            if second % 3 == place:
                requests += 300
                reports.note(worker, second)
        if (moment := reports.moment(["one", "other"])) is not None:
            history.note(moment, {"service": Totals(requests)})
    assert [point.rate for point in history.points["service"]] == [pytest.approx(200)] * 6


def test_after_an_interruption_nothing_is_compared_with_what_was_before() -> None:
    history = History()
    history.note(1.0, {"service": Totals(100)})
    history.interrupt()
    history.note(2.0, {"service": Totals(900)})
    history.note(3.0, {"service": Totals(910)})
    assert [point.rate for point in history.points["service"]] == [10]
