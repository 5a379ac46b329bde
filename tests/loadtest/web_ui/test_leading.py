from loadtest.web_ui.leading import starting


def test_users_who_start_are_counted_and_so_are_those_too_many() -> None:
    assert starting(80, 200, "users").sentence == "Starting: 80 of 200 users"
    assert starting(3_000, 30, "users").sentence == "Starting: 2970 users still leave"
