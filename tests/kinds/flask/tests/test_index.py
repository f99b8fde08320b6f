from guestbook import create_app


def test_index():
    assert b"Ada" in create_app().test_client().get("/").data
