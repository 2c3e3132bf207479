"""`make run`: a whole kiosk on this machine."""
