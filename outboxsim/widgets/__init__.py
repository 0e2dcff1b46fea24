"""The outbox page in Jupyter: everything is decided here, the browser draws what it is told and reports gestures."""
