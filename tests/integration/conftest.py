"""Marks: `long` tests run in the suite of that name only (-m), the others in both."""


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes its time; suite 'long' only")
