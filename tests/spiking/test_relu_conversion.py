"""ReLU networks become spiking ones that agree the better the more steps they get."""

from __future__ import annotations

import pytest
import torch
from torch import nn as torch_nn
from torch.nn import functional

from eventvision.core import ConfigError
from eventvision.spiking import nn
from eventvision.spiking.activity import measure_activity
from eventvision.spiking.convert import convert_relu


def plain_net() -> torch_nn.Module:
    torch.manual_seed(0)
    return torch_nn.Sequential(
        torch_nn.Conv2d(2, 8, 3, padding=1),
        torch_nn.BatchNorm2d(8),
        torch_nn.ReLU(),
        torch_nn.AvgPool2d(2),
        torch_nn.Conv2d(8, 12, 3, stride=2, groups=2),
        torch_nn.ReLU(),
        torch_nn.Flatten(),
        torch_nn.Linear(12 * 9, 20),
        torch_nn.ReLU(),
        torch_nn.Linear(20, 5),
    )


class Residual(torch_nn.Module):
    """Two uses of the same activation, and a call of relu instead of a module."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch_nn.Conv2d(2, 6, 3, padding=1)
        self.second = torch_nn.Conv2d(6, 6, 3, padding=1)
        self.last = torch_nn.Linear(6, 4)

    def forward(self, x):
        h = functional.relu(self.first(x))
        h = torch.relu(self.second(h) + h)
        return self.last(h.mean(dim=(2, 3)))


def inputs(count: int = 3) -> list[torch.Tensor]:
    torch.manual_seed(1)
    return [torch.rand(4, 2, 16, 16) for _ in range(count)]


def worst(net, converted, data) -> float:
    with torch.no_grad():
        return max(float((converted(x) - net.eval()(x)).abs().max()) for x in data)


@pytest.mark.parametrize("make", [plain_net, Residual])
def test_error_shrinks_with_steps(make):
    net = make().eval()
    errors = [convert_relu(net, inputs(), steps=steps)[1].output_error for steps in (1, 4, 16, 64)]
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < 0.1
    assert errors[3] < 0.03


@pytest.mark.parametrize("make", [plain_net, Residual])
def test_the_report_is_what_one_measures(make):
    net = make().eval()
    converted, report = convert_relu(net, inputs(), steps=8)
    with torch.no_grad():
        found = torch.cat([converted(x) for x in inputs()])
        truth = torch.cat([net(x) for x in inputs()])
    share = ((found - truth) ** 2).sum().sqrt() / (truth**2).sum().sqrt()
    assert report.output_error == pytest.approx(float(share), rel=1e-4)
    assert f"{report.output_error:.1%} in 8 steps" in str(report)


def test_bursts_beat_single_spikes_in_few_steps():
    net = plain_net().eval()
    burst = convert_relu(net, inputs(), steps=4, levels=4)[1]
    single = convert_relu(net, inputs(), steps=4, levels=1)[1]
    assert burst.output_error < 0.6 * single.output_error
    assert [layer.name for layer in burst.layers] == ["2", "5", "8"]


def test_signed_neurons_reach_the_activation_too():
    net = plain_net().eval()
    coarse = convert_relu(net, inputs(), steps=4, signed=True)[1].output_error
    fine = convert_relu(net, inputs(), steps=128, signed=True)[1].output_error
    assert fine < 0.5 * coarse


def test_neurons_send_whole_spikes_where_scales_are_folded():
    converted, _ = convert_relu(plain_net(), inputs(), steps=4)
    report = measure_activity(converted.net, inputs(1) * 4)
    assert [layer.synaptic_operations is None for layer in report.layers] == [
        True, True, False, False,
    ]  # fmt: skip  # the first sees the picture, the second the mean of four pixels


def test_each_input_starts_anew_and_the_original_is_untouched():
    net = plain_net().eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    converted, _ = convert_relu(net, inputs(), steps=8)
    first, second = inputs(2)
    with torch.no_grad():
        alone = converted(second)
        converted(first)
        torch.testing.assert_close(converted(second), alone)
    torch.testing.assert_close(net.state_dict(), before)
    assert nn.states(converted) == {}


def test_a_channel_that_was_silent_in_calibration_still_has_a_threshold():
    net = torch_nn.Sequential(torch_nn.Linear(3, 3), torch_nn.ReLU(), torch_nn.Linear(3, 2))
    with torch.no_grad():
        net[0].bias.copy_(torch.tensor([-50.0, 1.0, 1.0]))
    converted, _ = convert_relu(net, [torch.rand(6, 3)], steps=32)
    assert torch.isfinite(converted(torch.full((1, 3), 100.0))).all()
    assert (converted.net.get_submodule("1").threshold > 0).all()


@pytest.mark.parametrize(
    ("net", "data", "options", "said"),
    [
        (torch_nn.Linear(2, 2), [torch.zeros(1, 2)], {}, "no ReLU"),
        (plain_net(), [], {}, "calibration"),
        (plain_net(), inputs(1), {"levels": 0}, "levels"),
        (plain_net(), inputs(1), {"steps": 0}, "steps"),
        (
            torch_nn.Sequential(torch_nn.Conv2d(2, 2, 3), torch_nn.ReLU(), torch_nn.MaxPool2d(2)),
            inputs(1),
            {},
            "average pooling",
        ),
    ],
)
def test_what_cannot_be_converted_is_said(net, data, options, said):
    with pytest.raises(ConfigError, match=said):
        convert_relu(net, data, **options)
