"""Schemathesis: whatever the OpenAPI document allows, and much that it does not, is answered."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

pytest.importorskip("fastapi", reason="the daemon's HTTP side is not installed")
schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

TOKEN = "operator-token-0123456789"
EXAMPLES = 15

OPERATIONS = [
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/api/login"),
    ("POST", "/api/logout"),
    ("GET", "/api/session"),
    ("GET", "/api/status"),
    ("GET", "/api/results"),
    ("GET", "/api/config"),
    ("GET", "/api/tasks"),
    ("GET", "/metrics"),
    ("PUT", "/api/tasks/{name}"),
    ("PUT", "/api/recording"),
    ("GET", "/api/picture.jpg"),
]

WITH_BODIES = [("POST", "/api/login"), ("PUT", "/api/tasks/{name}"), ("PUT", "/api/recording")]
CASES = [(*one, True) for one in OPERATIONS] + [(*one, False) for one in WITH_BODIES]


@pytest.fixture(scope="module")
def document(site):
    return site.get("/openapi.json").json()


def test_every_operation_is_put_to_the_test(document):
    described = {(m.upper(), path) for path, methods in document["paths"].items() for m in methods}
    assert described == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path", "is_allowed"), CASES)
def test_every_answer_is_one_that_is_described(site, document, method, path, is_allowed):
    operation = schemathesis.openapi.from_dict(document)[path][method]
    modes = schemathesis.GenerationMode
    mode = modes.POSITIVE if is_allowed else modes.NEGATIVE
    checks = schemathesis.checks
    strategy = operation.as_strategy(generation_mode=mode)

    @given(case=strategy)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        case.call_and_validate(
            base_url=site.server.address,
            timeout=120,
            checks=[
                checks.not_a_server_error,
                checks.status_code_conformance,
                checks.content_type_conformance,
                checks.response_schema_conformance,
            ],
        )

    ask()
