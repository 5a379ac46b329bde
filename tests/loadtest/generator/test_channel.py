import pytest

from loadtest.generator.channel import Channel, Forged, Lost, opened, sealed

NONCES = ("one", "two")


def sides(secret: str = "secret", other: str = "secret") -> tuple[Channel, Channel]:
    return Channel(secret, NONCES, "generator"), Channel(other, NONCES, "master")


def test_messages_arrive_as_they_were_sent_in_both_directions() -> None:
    generator, master = sides()
    for number in range(3):
        assert master.receive(generator.send({"number": number})) == {"number": number}
        assert generator.receive(master.send({"answer": [number]})) == {"answer": [number]}


def test_a_lost_message_is_noticed_with_the_next_one() -> None:
    generator, master = sides()
    generator.send({})
    with pytest.raises(Lost):
        master.receive(generator.send({}))


def test_a_message_that_comes_twice_is_noticed() -> None:
    generator, master = sides()
    message = generator.send({})
    master.receive(message)
    with pytest.raises(Lost):
        master.receive(message)


@pytest.mark.parametrize(
    "message", [None, "text", {}, {"text": 1, "signature": 2}, {"text": "{}", "signature": "ä"}, sealed("other", {})]
)
def test_what_was_not_sealed_with_the_secret_is_no_message(message: object) -> None:
    with pytest.raises(Forged):
        opened("secret", message)


def test_a_changed_message_is_no_message() -> None:
    generator, master = sides()
    message = generator.send({"users": 1})
    with pytest.raises(Forged):
        master.receive({**message, "text": message["text"].replace("1", "9")})


def test_a_message_of_another_secret_or_another_conversation_or_its_own_side_is_no_message() -> None:
    generator, master = sides(other="another")
    with pytest.raises(Forged):
        master.receive(generator.send({}))
    with pytest.raises(Forged):
        Channel("secret", ("one", "three"), "master").receive(generator.send({}))
    with pytest.raises(Forged):
        generator.receive(generator.send({}))
