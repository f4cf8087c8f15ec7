PYTHON ?= python3
# Every version of Python has an environment of its own: .venv for plain python3, .venv-python3.13 for PYTHON=python3.13.
VERSION := $(shell $(PYTHON) -c "import sys; print('%d.%d' % sys.version_info[:2])" 2>/dev/null)
VENV := $(if $(filter python3,$(PYTHON)),.venv,.venv-python$(VERSION))
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed-$(VERSION)
# The same, with what makes pages.
PAGES := $(VENV)/pages-$(VERSION)

.PHONY: demo check test long quick smoke engines elsewhere oldest numbers docs links dist mutants asv paper clean

# Everything from a fresh clone: the reduction of the default circuit, both simulations, and the report in demo/.
demo: $(INSTALLED)
	rm -rf demo.new && mkdir demo.new
	cd demo.new && ../$(BIN)/b2reduce run ei_lif -o demo
	rm -rf demo && mv demo.new/demo demo && rmdir demo.new
	@echo "open demo/report.html"

# The format of the code, what a linter finds in it, and whether the types of what is public fit.
check: $(INSTALLED)
	$(BIN)/python -m ruff format --config .ci/ruff.toml --check b2reduce experiments tests docs
	$(BIN)/python -m ruff check --config .ci/ruff.toml b2reduce experiments tests docs
	$(BIN)/python -m mypy

# All tests that guard correctness; what pages and docstrings show is run by docs.
test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not long and not pages"

# More of the same, on more networks, cells and values: before a release.
long: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m long

# The tests that take seconds.
quick: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow and not long"

# The shortest path through everything, for a version of Python that all tests do not run on.
smoke: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 -m smoke

# The tests of the engine with kernels for other instruction sets and by other compilers.
engines: $(INSTALLED)
	.ci/engines $(BIN)/python

# Kernels and networks on Windows and ARM, emulated, and compiled for macOS.
elsewhere: $(INSTALLED)
	.ci/elsewhere $(BIN)/python

# The smoke tests with the oldest versions that setup.cfg allows.
oldest:
	.ci/oldest

# Every benchmark over time once, on what stands here: that they run. Their README says how the history is timed.
asv: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable ".[asv]"
	cd experiments/benchmarks/asv && $(abspath $(BIN))/python -m asv machine --yes
	cd experiments/benchmarks/asv && $(abspath $(BIN))/python -m asv check --python=same
	cd experiments/benchmarks/asv && $(abspath $(BIN))/python -m asv run --quick --python=same --show-stderr

# The paper with its numbers and figures, measured again.
paper: $(INSTALLED)
	$(BIN)/python -m b2reduce.experiments.paper

# The accuracy that the README quotes, measured again.
numbers: $(INSTALLED)
	$(BIN)/python -m b2reduce.experiments.accuracy

# What pages and docstrings show is run; then pages to read, docs/_build/html/index.html, most of the time for circuits that run; then a
# look at them: links, and a browser as narrow as a telephone.
docs: $(PAGES)
	$(BIN)/python -m pytest -q -n 2 --dist load -m pages tests/test_docs.py tests/test_docstrings.py
	MPLBACKEND=agg $(BIN)/python -m sphinx -W --keep-going -n -q docs docs/_build/html
	$(BIN)/python docs/making/check.py docs/_build/html

# Whether links to elsewhere lead somewhere; needs a network, and the pages.
links: $(PAGES)
	MPLBACKEND=agg $(BIN)/python -m sphinx -b linkcheck -D plot_gallery=0 -q docs docs/_build/links

# What a release consists of, in dist/, and whether it is whole.
dist: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable ".[dist]"
	.ci/dist $(BIN)/python

# Changes of formulas, fits and units that no test notices (setup.cfg says where): about an hour, and again only what was touched since.
mutants: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --editable ".[mutants]"
	$(BIN)/mutmut run --max-children 2
	$(BIN)/mutmut results

# A change of what is to be installed installs again; an environment of another Python is made anew; nothing else does either.
$(INSTALLED): setup.cfg pyproject.toml
	@test -n "$(VERSION)" || { echo "PYTHON=$(PYTHON) does not run here: name another, such as PYTHON=python3.12" >&2; exit 2; }
	test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --quiet --editable ".[test]"
	# What has nothing in common with the package, to hold it against: not for every system and Python, and without it its tests are skipped
	-$(BIN)/python -m pip install --quiet nest-simulator
	-$(BIN)/python -m pip install --quiet nnmt
	touch $@

$(PAGES): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --quiet --editable ".[docs]"
	touch $@

clean:
	rm -rf .venv .venv-python* demo demo.new build dist mutants *.egg-info docs/_build docs/_made docs/benchmark docs/results docs/reference/names \
		docs/tutorials/*.ipynb
