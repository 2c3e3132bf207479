"""What end-to-end tests, `make run` and `make bench` stand on: real binaries, a real mosquitto, a
private folder below build/, and no process left behind."""
