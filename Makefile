PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test quick numbers clean

# Everything from a fresh clone: the reduction of the default circuit, both simulations, and the report in demo/.
demo: .venv/installed
	rm -rf demo.new
	$(BIN)/b2reduce run ei_lif -o demo.new
	rm -rf demo && mv demo.new demo
	@echo "open demo/report.html"

# All tests that guard correctness.
test: .venv/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile

# The tests that take seconds.
quick: .venv/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

# The accuracy that the README quotes, measured again.
numbers: .venv/installed
	$(BIN)/python -m b2reduce.experiments.accuracy

# A change of what is to be installed installs again; nothing else does.
.venv/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@

clean:
	rm -rf .venv demo demo.new build *.egg-info
