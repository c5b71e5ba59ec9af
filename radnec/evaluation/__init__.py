"""How good a model is, in numbers with intervals, figures and a page."""
