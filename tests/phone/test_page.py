"""The members' page in a real Chromium, through the real proxy and broker."""


def test_enrols_and_shows_quiet(venue):
    kiosk = venue.kiosk()
    page = venue.phone(kiosk)
    assert page.shown("#title") == "Quiet"
    assert page.shown("#answers") is None
    page.until_text("#link", "Connected")
