"""Figures and tables as the tests of rendering take them."""


def figure(value):
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
