"""A meeting has its job, also after the job died, and never two."""

import pytest

from translator.dispatch import PATIENCE, START, Duty

pytestmark = pytest.mark.unit

PEOPLE = ["p-ana", "p-luis"]
BRIDGE = "bridge-town"


def test_a_room_that_people_enter_is_due() -> None:
    assert Duty().is_due("town", PEOPLE, now=100.0)


@pytest.mark.parametrize(
    "identities",
    [[], [BRIDGE, *PEOPLE], ["translator-es"], [BRIDGE, "translator-es"]],
    ids=["empty", "interpreted", "a channel left alone", "machines only"],
)
def test_a_room_without_people_or_with_a_job_is_not(identities: list[str]) -> None:
    assert not Duty().is_due("town", identities, now=100.0)


def test_a_room_is_not_told_again_while_its_job_may_follow() -> None:
    duty = Duty()
    duty.told("town", now=100.0)
    assert not duty.is_due("town", PEOPLE, now=100.0 + PATIENCE - 0.1)
    assert duty.is_due("town", PEOPLE, now=100.0 + PATIENCE)


def test_a_job_that_is_on_its_way_is_waited_for() -> None:
    duty = Duty()
    duty.told("town", now=100.0)
    assert duty.may_still_come("town", now=100.0 + START - 0.1)
    assert not duty.may_still_come("town", now=100.0 + START)


def test_a_room_whose_job_died_long_after_is_due_at_once() -> None:
    duty = Duty()
    duty.told("town", now=100.0)
    assert not duty.is_due("town", [BRIDGE, *PEOPLE], now=500.0)
    assert duty.is_due("town", PEOPLE, now=501.0)


def test_one_room_is_not_another() -> None:
    duty = Duty()
    duty.told("town", now=100.0)
    assert duty.is_due("village", PEOPLE, now=100.0)


def test_a_room_that_closed_and_opens_again_is_due_at_once() -> None:
    duty = Duty()
    duty.told("town", now=100.0)
    duty.forget_all_but(["village"])
    assert duty.is_due("town", PEOPLE, now=101.0)
