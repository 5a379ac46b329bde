import pytest

import async_app.people
import sync_app.people

TWINS = pytest.mark.parametrize("askers_of", [sync_app.people.Askers, async_app.people.Askers])
AskersOf = type[sync_app.people.Askers]  # or async_app's, which has the same calls, and Events with the same methods


@TWINS
def test_one_answer_wakes_the_one_who_has_waited_longest(askers_of: AskersOf) -> None:
    askers = askers_of()
    waiting = [askers.join("lunch") for _ in range(3)]
    for count in (1, 2, 3, 3):
        askers.wake("lunch")
        assert [woken.is_set() for woken in waiting] == [number < count for number in range(3)]


@TWINS
def test_only_those_with_the_same_question_are_woken(askers_of: AskersOf) -> None:
    askers = askers_of()
    lunch, dinner = askers.join("lunch"), askers.join("dinner")
    askers.wake("dinner")
    askers.wake("breakfast")
    assert (lunch.is_set(), dinner.is_set()) == (False, True)


@TWINS
def test_an_asker_who_leaves_without_having_used_a_turn_passes_it_on(askers_of: AskersOf) -> None:
    askers = askers_of()
    first, second, third = (askers.join("lunch") for _ in range(3))
    askers.wake("lunch")
    askers.leave("lunch", first)
    assert (second.is_set(), third.is_set()) == (True, False)


@TWINS
def test_an_asker_who_leaves_having_used_a_turn_wakes_nobody(askers_of: AskersOf) -> None:
    askers = askers_of()
    first, second = askers.join("lunch"), askers.join("lunch")
    askers.wake("lunch")
    first.clear()
    askers.leave("lunch", first)
    assert not second.is_set()


@TWINS
def test_an_asker_who_has_left_is_not_woken(askers_of: AskersOf) -> None:
    askers = askers_of()
    first, second = askers.join("lunch"), askers.join("lunch")
    askers.leave("lunch", first)
    askers.wake("lunch")
    assert (first.is_set(), second.is_set()) == (False, True)
    askers.leave("lunch", second)  # the last client takes the unused turn with it
    assert not askers.join("lunch").is_set()


@TWINS
def test_all_can_be_woken_whatever_their_question(askers_of: AskersOf) -> None:
    askers = askers_of()
    waiting = [askers.join(question) for question in ("lunch", "lunch", "dinner")]
    askers.wake_all()
    assert all(woken.is_set() for woken in waiting)
