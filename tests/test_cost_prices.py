"""What amounts cost, by what the operator wrote down."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from translator.settings import Price, load
from translator.usage import Amounts

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("price", "amounts", "cost"),
    [
        ({"audio_hour": 0.36}, {"audio_seconds": 100.0, "session_seconds": 500.0}, 0.01),
        ({"audio_minute": 0.6}, {"audio_seconds": 100.0, "session_seconds": 500.0}, 1.0),
        ({"session_hour": 0.36}, {"audio_seconds": 100.0, "session_seconds": 500.0}, 0.05),
        ({"characters": 50}, {"characters": 2000, "spoken_seconds": 100.0}, 0.1),
        ({"spoken_minute": 0.015}, {"characters": 2000, "spoken_seconds": 120.0}, 0.03),
        (
            {"input_tokens": 1, "cached_tokens": 0.1, "output_tokens": 2},
            {"input_tokens": 1000, "cached_tokens": 10_000, "output_tokens": 500},
            0.003,
        ),
        ({"input_tokens": 1}, {"input_tokens": 1000, "cached_tokens": 10_000}, 0.011),
        ({"audio_input_tokens": 32, "audio_output_tokens": 64}, {"audio_cached_tokens": 1e6}, 32.0),
        ({"audio_hour": 1, "characters": 16}, {"characters": 1e6, "spoken_seconds": 9.0}, 16.0),
        ({"characters": 0}, {"characters": 1e6}, 0.0),
        ({"characters": 50}, {}, 0.0),
    ],
)
def test_amounts_cost_what_their_units_cost(
    price: dict[str, float], amounts: Amounts, cost: float
) -> None:
    assert Price.model_validate(price).of(amounts) == pytest.approx(cost)


def test_what_has_no_price_is_not_free() -> None:
    assert Price(audio_hour=1.0).of({"characters": 100}) is None


@pytest.mark.parametrize(
    "price",
    [{}, {"characters": -1}, {"words": 1}, {"audio_hour": 1, "session_hour": 1}],
)
def test_a_price_that_would_mislead_is_refused(price: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Price.model_validate(price)


def test_every_engine_that_ships_and_is_paid_for_has_a_price() -> None:
    shipped = load(ROOT / "language_pairs.yaml", ROOT / "engines.yaml")
    assert shipped.currency == "USD"
    for name, engine in shipped.engines.items():
        assert (engine.price is None) == (engine.key is None), name
