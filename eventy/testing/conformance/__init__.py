"""What every consumer and emitter does, whatever its broker: the tests of ours, for whoever writes others.

Tell how your broker is seen from outside by a `Backend`, and say in `conftest.py` what the tests run on:

    # tests/conftest.py
    import pytest
    from eventy.testing.conformance.running import run_on, scene
    from my_backend import MyBackend          # a subclass of eventy.testing.conformance.backend.Backend

    pytest_generate_tests = run_on(at_least_once=["mine"], exactly_once=["mine-exactly-once"])

    @pytest.fixture
    def backend(request):
        delivery = "exactly_once" if request.param.endswith("exactly-once") else "at_least_once"
        return MyBackend({"delivery": delivery})

    # tests/test_conformance.py
    from eventy.testing.conformance.everything import *

Without `exactly_once` those tests aren't run. A single area is a module of its own: `emitter`, `positions`, `retry`, …
`eventy.testing.conformance.memory` is the backend of the in-process broker, some fifty lines. The plugin of eventy must
be loaded, as it is wherever eventy is installed, and pytest-asyncio be in its auto mode.
"""
