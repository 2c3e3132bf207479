"""A third implementation of the protocol, written from kiosk/handbook/PROTOCOL.md alone.

It shares no code with the programs, the page or tests/kit: what the document does not say, it does not
know. wire.py has the bytes, texts.py the JSON, joining.py the invitation, view.py what a phone believes,
app.py a phone that does all of it over a real broker.
"""
